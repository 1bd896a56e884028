import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { digestEngine, engineFolder } from './engine-files.js';
import { ImageFault } from './image-bundle.js';
import { patchWasm } from './patch-wasm.js';
import { EXECUTOR_STACK_MIB, MEMORY_MAX_BYTES } from './sizes.js';
import type { StartupAnswer, StartupOrder } from './startup-snapshot-worker.js';

/** Engine with our patches, compiled once per process; worker threads share it. */
export async function compileEngine(): Promise<{ module: WebAssembly.Module; engineDigest: string }> {
  const binary = await readFile(join(engineFolder(), 'pyodide.asm.wasm'));
  const patched = patchWasm(new Uint8Array(binary.buffer, binary.byteOffset, binary.length), {
    memoryMaxBytes: MEMORY_MAX_BYTES,
  });
  const [module, engineDigest] = await Promise.all([WebAssembly.compile(patched), digestEngine()]);
  return { module, engineDigest };
}

/**
 * Makes what executors start from: takes seconds, so the result should be cached under the `engineDigest` of
 * `compileEngine` and the image. Byte-identical whenever these are the same.
 *
 * @param image from `encodeBundle`; null: the standard library alone.
 * @throws ImageFault when the image is the reason.
 */
export async function makeStartupSnapshot(
  module: WebAssembly.Module,
  image: Uint8Array | null = null,
): Promise<Uint8Array> {
  const worker = new Worker(new URL('./startup-snapshot-worker.js', import.meta.url), {
    env: {},
    execArgv: [],
    resourceLimits: { stackSizeMb: EXECUTOR_STACK_MIB },
  });
  try {
    return await new Promise<Uint8Array>((resolve, reject) => {
      worker.once('error', reject);
      worker.once('exit', () => reject(new Error('the worker that makes the startup snapshot ended early')));
      worker.once('message', (answer: StartupAnswer) => {
        if ('error' in answer) {
          reject(answer.image ? new ImageFault(answer.error) : new Error(answer.error));
        } else resolve(answer.snapshot);
      });
      worker.postMessage({ module, image } satisfies StartupOrder);
    });
  } finally {
    await worker.terminate();
  }
}
