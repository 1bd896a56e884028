import { describe, expect, test } from 'vitest';
import { PAGE_BYTES } from '../../../ports/page-store.js';
import type { FileTree, Registers } from '../executor/executor-contract.js';
import { PageMemory } from './page-memory.js';
import { pageIdOf, SEGMENT_BYTES, SEGMENT_SLOTS, SegmentSlots } from './page-slots.js';
import { EMPTY_TABLE, withChanges } from './page-table.js';
import { Slab } from './slab.js';
import type { HostState } from './state-store.js';

const REGISTERS: Registers = {
  stackPointer: 0,
  heapTop: 0,
  clockNs: 0n,
  entropySeed: 0n,
  entropyDrawn: 0n,
  cwd: '/',
  umask: 0o22,
  openFiles: [],
};

function stateOf(slots: Int32Array, fileSlots: readonly number[] = []): HostState {
  const indexes = slots.map((_, i) => i);
  const file = { path: '/f', ino: 2, mode: 0o100644, atimeMs: 0, mtimeMs: 0, ctimeMs: 0, rdev: 0 };
  const files: FileTree = {
    nodes: [{ ...file, sizeBytes: fileSlots.length * PAGE_BYTES, pages: fileSlots }],
    orphans: [],
    nextIno: 3,
  };
  return {
    table: withChanges(EMPTY_TABLE, { indexes, ids: slots }).table,
    files,
    registers: REGISTERS,
    ownBytes: (slots.length + fileSlots.length) * PAGE_BYTES,
    overheadBytes: 0,
    root: null,
  };
}

describe('the slab', () => {
  test('never hands out slot 0 or a slot twice, and keeps a spare segment ready', () => {
    const slab = new Slab(3 * SEGMENT_BYTES);
    const seen = new Set<number>([0]);
    for (let i = 0; i < 10; i++) {
      for (const slot of slab.allocate(4000) ?? []) {
        expect(seen.has(slot)).toBe(false);
        seen.add(slot);
      }
      expect(slab.ready).toBeGreaterThanOrEqual(Math.min(SEGMENT_SLOTS / 2, slab.available));
    }
    expect(slab.segments).toHaveLength(3);
    expect(slab.allocate(slab.available + 1), 'over the budget').toBeNull();
    expect(slab.allocate(slab.available)?.length).toBe(3 * SEGMENT_SLOTS - 1 - 40_000);
    expect(slab.allocate(1)).toBeNull();
  });

  test('a freed slot has another epoch when it is handed out again', () => {
    const slab = new Slab(SEGMENT_BYTES);
    const [slot] = slab.allocate(1)!;
    expect(slab.epochOf(slot!)).toBe(0);
    expect(slab.sweep(new Uint8Array(slab.budgetSlots))).toBe(1);
    expect(slab.isAllocated(slot!)).toBe(false);
    expect([...slab.allocate(1)!]).toEqual([slot]);
    expect(slab.epochOf(slot!)).toBe(1);
  });
});

describe('page memory', () => {
  test('frees what only discarded states held: pages, file contents, nothing shared', () => {
    const memory = new PageMemory(SEGMENT_BYTES);
    const shared = memory.allocate(10)!;
    const own = memory.allocate(10)!;
    const file = memory.allocate(5)!;
    memory.states.set(1, stateOf(shared));
    memory.states.set(2, stateOf(Int32Array.from([...shared, ...own]), [...file]));
    expect(memory.collect()).toBe(0);
    memory.states.delete(2);
    expect(memory.collect()).toBe(15);
    expect(memory.slab.used).toBe(10);
    for (const slot of shared) expect(memory.slab.isAllocated(slot)).toBe(true);
  });

  test('what a worker holds or was granted stays although no state names it', () => {
    const memory = new PageMemory(SEGMENT_BYTES);
    const held = stateOf(memory.allocate(3)!, [...memory.allocate(2)!]);
    const grant = memory.allocate(7)!;
    memory.addRoots(() => ({ tables: [held.table], files: [held.files], ids: [grant] }));
    memory.allocate(11);
    expect(memory.collect()).toBe(11);
    expect(memory.slab.used).toBe(12);
  });

  test('a full slab is collected before an allocation is refused', () => {
    const memory = new PageMemory(SEGMENT_BYTES);
    for (let i = 1; i <= 40; i++) {
      const slots = memory.allocate(1000);
      expect(slots, `allocation ${i}`).not.toBeNull();
      memory.states.set(i, stateOf(slots!));
      memory.states.delete(i - 10);
    }
    expect(memory.slab.used).toBeLessThan(SEGMENT_SLOTS);
    let kept = 40;
    for (let slots = memory.allocate(1000); slots !== null; slots = memory.allocate(1000)) {
      memory.states.set(++kept, stateOf(slots));
    }
    expect(kept, 'what is in use is not taken away').toBe(46);
  });
});

describe('page slots', () => {
  test('the zero page cannot be written, and slots outside the slab do not exist', () => {
    const slots = new SegmentSlots();
    slots.add(new SharedArrayBuffer(SEGMENT_BYTES));
    const page = new Uint8Array(PAGE_BYTES).fill(7);
    expect(() => slots.write(0, page, 0)).toThrow(RangeError);
    expect(() => slots.write(pageIdOf(SEGMENT_SLOTS), page, 0)).toThrow(RangeError);
    expect(() => slots.write(pageIdOf(5) + 1, page, 0), 'a cell is no slot').toThrow(RangeError);
    expect(() => slots.read(-256, page, 0)).toThrow(RangeError);
    slots.write(pageIdOf(SEGMENT_SLOTS - 1), page, 0);
    const back = new Uint8Array(2 * PAGE_BYTES);
    slots.read(pageIdOf(SEGMENT_SLOTS - 1), back, PAGE_BYTES);
    expect(back[PAGE_BYTES - 1]).toBe(0);
    expect(back.subarray(PAGE_BYTES)).toEqual(page);
  });
});
