import { readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { streamAt } from '../../../model/split-mix.js';
import { PAGE_BYTES } from '../../../ports/page-store.js';
import { WASM_PAGE_BYTES } from './sizes.js';
import { NO_RECORD, usableAddon } from './testing/written-pages.js';
import { WrittenPages, type WrittenPagesAddon } from './written-pages.js';

const found = usableAddon();
const EINVAL = -22;

function begun(pages: number, addon: WrittenPagesAddon = found!) {
  const memory = new WebAssembly.Memory({ initial: pages, maximum: 512 });
  const bytes = () => Buffer.from(memory.buffer);
  bytes().fill(7, 0, bytes().length / 2);
  const record = WrittenPages.begin(() => memory.buffer, addon);
  const listed = () => [...record!.list(0, memory.buffer.byteLength)];
  return { memory, bytes, record, listed };
}

function openFiles(): number {
  return readdirSync('/proc/self/fd').length;
}

describe.skipIf(found === null)(`a record of written pages (skipped where ${NO_RECORD})`, () => {
  test('lists what was written, once each, and nothing that was only read', () => {
    const { bytes, listed, record } = begun(4);
    expect(listed()).toEqual([]);
    expect(bytes().includes(9)).toBe(false);
    expect(listed()).toEqual([]);
    for (const at of [5 * PAGE_BYTES, 5 * PAGE_BYTES + 1, 6 * PAGE_BYTES - 1, 40 * PAGE_BYTES])
      bytes()[at] = 9;
    // Also where the same byte is written again.
    bytes()[0] = bytes()[0]!;
    expect(listed()).toEqual([0, 5, 40]);
    expect([...record!.list(PAGE_BYTES, 40 * PAGE_BYTES)]).toEqual([5]);
  });

  test('every difference is found in what it lists, over growth and settling', () => {
    const seed = BigInt(process.env['WRITTEN_PAGES_SEED'] ?? '20261');
    process.stdout.write(`written pages seed ${seed} (WRITTEN_PAGES_SEED reruns one)\n`);
    let drawn = 0;
    const pick = (below: number) => Number(streamAt(seed, drawn++) % BigInt(below));
    const { memory, bytes, record, listed } = begun(48);
    let copy = Buffer.from(bytes());
    const seen = { grown: 0, settled: 0, keptListed: 0, changes: 0, spared: 0 };
    for (let step = 0; step < 400; step++) {
      if (pick(20) === 0 && memory.buffer.byteLength < 128 * WASM_PAGE_BYTES) {
        memory.grow(1 + pick(8));
        copy = Buffer.concat([copy, Buffer.alloc(memory.buffer.byteLength - copy.length)]);
        seen.grown++;
      }
      const pages = memory.buffer.byteLength / PAGE_BYTES;
      // Now and then so much that settling is worth it.
      for (let left = pick(10) === 0 ? 600 : pick(30); left > 0; left--) {
        bytes()[pick(pages) * PAGE_BYTES + pick(PAGE_BYTES)] = pick(256);
      }
      const before = listed();
      const suspects = new Set(before);
      const changed: number[] = [];
      for (let page = 0; page < pages; page++) {
        const at = page * PAGE_BYTES;
        if (bytes().compare(copy, at, at + PAGE_BYTES, at, at + PAGE_BYTES) === 0) continue;
        expect(suspects.has(page), `seed ${seed}, step ${step}: page ${page}`).toBe(true);
        bytes().copy(copy, at, at, at + PAGE_BYTES);
        changed.push(page);
      }
      record!.compared(before.length, changed, [[0, pages * PAGE_BYTES]]);
      expect(bytes().equals(copy), `seed ${seed}, step ${step}`).toBe(true);
      const after = listed();
      if (after.length < before.length) {
        seen.settled++;
        seen.keptListed += after.length;
        expect(changed).toEqual(expect.arrayContaining(after));
      }
      seen.changes += changed.length;
      seen.spared += pages - before.length;
    }
    process.stdout.write(`${JSON.stringify(seen)}\n`);
    expect(seen.grown).toBeGreaterThan(5);
    expect(seen.settled).toBeGreaterThan(5);
    expect(seen.keptListed).toBeGreaterThan(50);
    expect(seen.changes).toBeGreaterThan(5000);
    expect(seen.spared).toBeGreaterThan(20_000);
  });

  test('a memory that moved is covered anew before anything of it is settled', () => {
    const first = new WebAssembly.Memory({ initial: 32 });
    const second = new WebAssembly.Memory({ initial: 32 });
    let present = first;
    const record = WrittenPages.begin(() => present.buffer, found!);
    Buffer.from(second.buffer).fill(3);
    present = second;
    const all = second.buffer.byteLength;
    for (let i = 0; i < 4; i++) record!.compared(record!.list(0, all).length, [], [[0, all]]);
    expect(record!.list(0, all)).toHaveLength(0);
    expect(Buffer.from(second.buffer).equals(Buffer.alloc(all, 3))).toBe(true);
    Buffer.from(second.buffer)[PAGE_BYTES] = 4;
    expect([...record!.list(0, all)]).toEqual([1]);
  });

  test('what was not compared stays listed, also where the memory has grown', () => {
    const { memory, bytes, record, listed } = begun(48);
    const compared = 600 * PAGE_BYTES;
    const apart = [700, 750, 800];
    memory.grow(8);
    for (let i = 0; i < 4; i++) {
      for (let page = 0; page < 600; page++) bytes()[page * PAGE_BYTES] = bytes()[page * PAGE_BYTES] ?? 0;
      for (const page of apart) bytes()[page * PAGE_BYTES + 5] = 77;
      record!.compared(record!.list(0, compared).length, [], [[0, compared]]);
    }
    expect(record!.list(0, compared)).toHaveLength(0);
    expect(listed()).toEqual(expect.arrayContaining(apart));
    expect(apart.map((page) => bytes()[page * PAGE_BYTES + 5])).toEqual([77, 77, 77]);
  });

  test('there is none, and no file stays open, where a call fails or the kernel means something else', () => {
    const addon = found!;
    const liars: Record<string, Partial<WrittenPagesAddon>> = {
      'no memory file': { createImage: () => -1 },
      'no address': { address: () => -1 },
      'no mapping': { map: () => -12 },
      'no listing': { written: () => -25 },
      'no settling': { unwrite: () => -22 },
      'never written': { written: () => 0 },
      'always written': {
        written: (memory, start, bytes, pagemap, out) => {
          addon.written(memory, start, bytes, pagemap, out);
          return bytes / PAGE_BYTES;
        },
      },
      'settling does nothing': { unwrite: () => 0 },
    };
    const before = openFiles();
    for (const [what, lie] of Object.entries(liars)) {
      const { record, bytes } = begun(2, { ...addon, ...lie });
      expect(record, what).toBeNull();
      expect(bytes().equals(Buffer.alloc(bytes().length).fill(7, 0, bytes().length / 2)), what).toBe(true);
    }
    expect(openFiles()).toBe(before);
    expect(begun(2).record).not.toBeNull();
  });

  test('no argument reaches memory outside of the buffer', () => {
    const addon = found!;
    const { buffer } = new WebAssembly.Memory({ initial: 1 });
    const image = addon.createImage();
    const out = new ArrayBuffer(4 * 16);
    for (const [start, bytes] of [
      [0, WASM_PAGE_BYTES + PAGE_BYTES],
      [WASM_PAGE_BYTES, PAGE_BYTES],
      [-PAGE_BYTES, PAGE_BYTES],
      [2 ** 52, PAGE_BYTES],
      [PAGE_BYTES, 2 ** 53 - PAGE_BYTES],
      [1, PAGE_BYTES],
      [0, 1],
    ] as const) {
      expect(addon.map(buffer, start, bytes, image), `map ${start} ${bytes}`).toBe(EINVAL);
      expect(addon.unwrite(buffer, start, bytes), `unwrite ${start} ${bytes}`).toBe(EINVAL);
      expect(addon.written(buffer, start, bytes, 0, out), `written ${start} ${bytes}`).toBe(EINVAL);
    }
    expect(addon.written(buffer, 0, WASM_PAGE_BYTES, 0, new ArrayBuffer(4 * 15)), 'too little room').toBe(
      EINVAL,
    );
    const call = addon.map as (...values: unknown[]) => number;
    for (const values of [[], [buffer, 0, 0], [{}, 0, 0, 0], [buffer, '0', 0, 0], [buffer, 0, 0, 0, 0, 0]]) {
      expect(call(...values)).toBe(EINVAL);
    }
  });
});
