import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { MIB } from '../../../model/limits.js';
import { engineFolder } from './engine-files.js';
import { EXPORT_NAMES, patchWasm, rewriteWasm } from './patch-wasm.js';

async function engineBinary(): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = await readFile(join(engineFolder(), 'pyodide.asm.wasm'));
  return new Uint8Array(bytes);
}

test('the pinned engine can be patched, and compiles with the exports that the executor needs', async () => {
  const patched = patchWasm(await engineBinary(), { memoryMaxBytes: 256 * MIB });
  const module = (await WebAssembly.compile(patched)) as never;
  const exported = (
    WebAssembly as unknown as { Module: { exports(m: never): { name: string; kind: string }[] } }
  ).Module.exports(module);
  const kinds = new Map(exported.map(({ name, kind }) => [name, kind]));
  expect(kinds.get(EXPORT_NAMES.immortalReferences)).toBe('table');
  expect(kinds.get(EXPORT_NAMES.mortalReferences)).toBe('table');
  expect(kinds.get(EXPORT_NAMES.visibleMemoryBytes)).toBe('global');
});

test('a memory maximum that is no whole number of pages, or below the minimum, is refused', async () => {
  const binary = await engineBinary();
  expect(() => patchWasm(binary, { memoryMaxBytes: 256 * MIB + 1 })).toThrow('memory maximum');
  expect(() => patchWasm(binary, { memoryMaxBytes: MIB })).toThrow('memory maximum');
});

test('a binary of another shape is refused', async () => {
  const binary = await engineBinary();
  const options = { memoryMaxBytes: 256 * MIB };
  const broken = (change: (bytes: Uint8Array) => void) => {
    const copy = binary.slice();
    change(copy);
    return copy;
  };
  const body = Buffer.from([0x07, 0x00, 0x3f, 0x00, 0x41, 0x10, 0x74, 0x0b]);
  const heapSize = Buffer.from(binary).indexOf(body);
  expect(heapSize).toBeGreaterThan(0);
  const cases: readonly Uint8Array<ArrayBuffer>[] = [
    broken((bytes) => bytes.set([1], 0)),
    broken((bytes) => bytes.set([0x11], heapSize + 5)),
    binary.slice(0, 100_000),
    new Uint8Array(8),
  ];
  for (const patch of [patchWasm, rewriteWasm]) {
    for (const bytes of cases) expect(() => patch(bytes, options)).toThrow('not the pinned one');
  }
  // In the middle of the code, where nothing but the hash sees it.
  const changed = broken((bytes) => bytes.set([(bytes[5_000_000] ?? 0) ^ 1], 5_000_000));
  expect(() => patchWasm(changed, options)).toThrow('not the pinned one');
});
