import { strict as assert } from 'node:assert';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { MIB } from '../../src/model/limits.js';
import { WorldError } from '../../src/model/world-error.js';
import { engineFolder } from '../../src/substrates/wasm/executor/engine-files.js';
import { type PatchOptions, patchWasm, rewriteWasm } from '../../src/substrates/wasm/executor/patch-wasm.js';
import type { Case, Fuzzer } from './fuzzer.js';
import { mutated } from './mutate.js';

type Patch = (binary: Uint8Array<ArrayBuffer>, options: PatchOptions) => Uint8Array;

const OPTIONS = { memoryMaxBytes: 256 * MIB };
/** One in so many cases takes the real engine, which is large. */
const ENGINE_ONCE_IN = 20;
/** Most of what can be wrong in the engine's structure is in its first bytes. */
const START_BYTES = 64 * 1024;

/** No damaged engine is accepted, and no damaged module makes the rewriting fail without a name or for ever. */
export function fuzzPatchWasm(patch: Patch = patchWasm): Fuzzer {
  const engine = new Uint8Array(readFileSync(join(engineFolder(), 'pyodide.asm.wasm')));
  const small = smallModule();
  rewriteWasm(small, OPTIONS);
  return {
    name: 'patch-wasm',
    async run(one) {
      if (one.random.onceIn(ENGINE_ONCE_IN)) patchEngine(one, engine, patch);
      rewriteSmall(one, small);
    },
    async [Symbol.asyncDispose]() {},
  };
}

function patchEngine({ random, saw }: Case, engine: Uint8Array, patch: Patch): void {
  const at = random.onceIn(2) ? 0 : random.below(engine.length - START_BYTES);
  const piece = mutated(random, engine.subarray(at, at + START_BYTES));
  const damaged = new Uint8Array(
    Buffer.concat([engine.subarray(0, at), piece, engine.subarray(at + START_BYTES)]),
  );
  try {
    patch(damaged, OPTIONS);
  } catch (thrown) {
    if (!(thrown instanceof WorldError)) throw thrown;
    assert.equal(thrown.code, 'IMAGE_MISMATCH', thrown.message);
    saw('damaged engines refused');
    return;
  }
  assert.fail('an engine that is not the pinned one was accepted');
}

function rewriteSmall({ random, saw }: Case, small: Uint8Array): void {
  try {
    rewriteWasm(new Uint8Array(mutated(random, small)), OPTIONS);
    saw('damaged modules rewritten');
  } catch (thrown) {
    if (!(thrown instanceof WorldError)) throw thrown;
    saw('damaged modules refused');
  }
}

/** A few bytes with everything in them that the rewriting looks at. */
function smallModule(): Uint8Array<ArrayBuffer> {
  const name = (text: string): number[] => [text.length, ...Buffer.from(text)];
  const section = (id: number, ...body: number[]): number[] => [id, body.length, ...body];
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...section(1, 1, 0x60, 0, 1, 0x7f),
    ...section(2, 2, ...name('env'), ...name('f'), 0, 0, ...name('env'), ...name('g'), 3, 0x7f, 0),
    ...section(3, 1, 0),
    // The engine's tables, as they are pinned.
    ...section(4, 3, 0x70, 0, 157, 68, 0x6f, 0, 0, 0x6f, 0, 0),
    ...section(5, 1, 1, 1, 2),
    ...section(6, 1, 0x7f, 1, 0x41, 0, 0x0b),
    ...section(7, 1, ...name('emscripten_get_heap_size'), 0, 1),
    ...section(10, 1, 7, 0x00, 0x3f, 0x00, 0x41, 0x10, 0x74, 0x0b),
  ]);
}
