import { describe, expect, test } from 'vitest';
import { streamAt } from '../../../model/split-mix.js';
import { PAGE_BYTES } from '../../../ports/page-store.js';
import type { PageSink, PageSlots } from './executor-contract.js';
import { GuestMemory } from './guest-memory.js';
import type { EngineExports } from './pyodide-internals.js';
import { WASM_PAGE_BYTES } from './sizes.js';
import { NO_RECORD, usableAddon } from './testing/written-pages.js';
import type { WrittenPagesAddon } from './written-pages.js';

const addon = usableAddon();
const STACK_LOW = 20 * PAGE_BYTES + 512;
const STACK_POINTER = 60 * PAGE_BYTES + 100;
const HEAP_START = 64 * PAGE_BYTES;
const MEMORY_MAX = 4096 * PAGE_BYTES;

/** Pages as they were stored, under ascending ids. */
class Pages implements PageSink, PageSlots {
  readonly #stored = new Map<number, Buffer>();
  slotsUsed = 0;
  bytes = 0;

  store(source: Uint8Array, offset: number): number {
    const id = this.#stored.size + 1;
    this.#stored.set(id, Buffer.from(source.subarray(offset, offset + PAGE_BYTES)));
    return id;
  }
  storeChanged(source: Uint8Array, offset: number): number {
    return this.store(source, offset);
  }
  read(id: number, target: Uint8Array, offset: number): void {
    target.set(this.#stored.get(id)!, offset);
  }
}

/** Enough of an engine for a guest's memory: a stack that stands still and a heap whose top a test moves. */
class Guest {
  readonly pages = new Pages();
  readonly memory: GuestMemory;
  readonly #wasm = new WebAssembly.Memory({ initial: 8, maximum: MEMORY_MAX / WASM_PAGE_BYTES });
  heapTop = HEAP_START;
  /** Page number -> id, as whoever holds the states would have it. */
  held = new Map<number, number>();

  constructor(writtenPages: WrittenPagesAddon | null) {
    const exports = {
      memory: this.#wasm,
      emscripten_stack_get_end: () => STACK_LOW,
      __stack_pointer: { value: STACK_POINTER },
      sbrk: () => this.heapTop,
      world_visible_memory_bytes: { value: 0 },
    } as unknown as EngineExports;
    this.memory = new GuestMemory(exports, (bytes) => this.grow(bytes));
    this.memory.loadWhole(this.pages, new Int32Array(0), new Int32Array(0), HEAP_START);
    if (writtenPages !== null) this.memory.trackWrites(writtenPages);
  }

  get bytes(): Buffer {
    return Buffer.from(this.#wasm.buffer);
  }

  grow(bytes: number): boolean {
    if (bytes > this.bytes.length) this.#wasm.grow(Math.ceil((bytes - this.bytes.length) / WASM_PAGE_BYTES));
    return true;
  }

  commit(): { readonly changed: number[]; readonly ids: number[] } {
    const changed = this.memory.changedPages();
    const ids = [...this.memory.save(changed, this.pages)];
    for (const [i, page] of changed.entries()) this.held.set(page, ids[i]!);
    for (const page of this.held.keys()) if (page * PAGE_BYTES >= this.heapTop) this.held.delete(page);
    return { changed, ids };
  }

  load(state: { readonly held: ReadonlyMap<number, number>; readonly heapTop: number }): void {
    const pages = [...new Set([...this.held.keys(), ...state.held.keys()])]
      .filter((page) => this.held.get(page) !== state.held.get(page) && page * PAGE_BYTES < state.heapTop)
      .sort((a, b) => a - b);
    const ids = pages.map((page) => state.held.get(page) ?? 0);
    this.memory.load(this.pages, Int32Array.from(pages), Int32Array.from(ids), state.heapTop);
    this.held = new Map(state.held);
    this.heapTop = state.heapTop;
  }
}

/** As the addon, until it has been asked `calls` times. */
function failingAfter(calls: number, real: WrittenPagesAddon): WrittenPagesAddon {
  let left = calls;
  return { ...real, written: (...values) => (left-- > 0 ? real.written(...values) : -5) };
}

describe.skipIf(addon === null)(`a guest's memory (skipped where ${NO_RECORD})`, () => {
  test('finds the same changes with a record of written pages, without one, and with one that fails half-way', () => {
    const seed = BigInt(process.env['GUEST_MEMORY_SEED'] ?? '20262');
    process.stdout.write(`guest memory seed ${seed} (GUEST_MEMORY_SEED reruns one)\n`);
    let drawn = 0;
    const pick = (below: number) => Number(streamAt(seed, drawn++) % BigInt(below));
    const guests = [new Guest(null), new Guest(addon), new Guest(failingAfter(200, addon!))];
    const [plain, tracked] = guests as [Guest, Guest, Guest];
    const states = [{ held: new Map<number, number>(), heapTop: HEAP_START }];
    const done = { commits: 0, rollbacks: 0, loads: 0, changed: 0 };
    for (let step = 0; step < 400; step++) {
      const what = `seed ${seed}, step ${step}`;
      const heapTop = Math.min(
        MEMORY_MAX,
        HEAP_START + pick(pick(8) === 0 ? 2000 * PAGE_BYTES : 300 * PAGE_BYTES),
      );
      const writes = Array.from({ length: pick(200) }, () => {
        const at = pick(6) === 0 ? pick(STACK_LOW) : STACK_POINTER + pick(heapTop - STACK_POINTER);
        return [at, pick(3) === 0 ? 0 : pick(256)] as const;
      });
      const dead = STACK_LOW + pick(STACK_POINTER - STACK_LOW);
      for (const guest of guests) {
        guest.grow(heapTop);
        guest.heapTop = heapTop;
        for (const [at, byte] of writes) guest.bytes[at] = byte;
        // The dead stack is nobody's, and no difference.
        guest.bytes[dead] = 255;
      }
      const fate = pick(4);
      if (fate === 0) {
        const before = states.at(-1)!;
        for (const guest of guests) {
          guest.heapTop = Math.max(heapTop, before.heapTop);
          guest.memory.rollback();
          guest.heapTop = before.heapTop;
        }
        done.rollbacks++;
      } else {
        const [expected, ...others] = guests.map((guest) => guest.commit());
        for (const other of others) expect(other, what).toEqual(expected);
        done.changed += expected!.changed.length;
        states.push({ held: new Map(plain.held), heapTop });
        done.commits++;
      }
      const end = Math.ceil(plain.heapTop / PAGE_BYTES) * PAGE_BYTES;
      for (const guest of guests.slice(1)) {
        expect(guest.bytes.subarray(0, STACK_LOW).equals(plain.bytes.subarray(0, STACK_LOW)), what).toBe(
          true,
        );
        const live = [STACK_POINTER, end] as const;
        expect(guest.bytes.subarray(...live).equals(plain.bytes.subarray(...live)), what).toBe(true);
      }
      if (pick(3) === 0) {
        const state = states[pick(states.length)]!;
        for (const guest of guests) guest.load(state);
        states.push(state);
        done.loads++;
      }
    }
    process.stdout.write(`${JSON.stringify(done)}\n`);
    expect(done.commits).toBeGreaterThan(200);
    expect(done.rollbacks).toBeGreaterThan(50);
    expect(done.loads).toBeGreaterThan(80);
    expect(done.changed).toBeGreaterThan(10_000);
    expect(tracked.memory.tracksWrites).toBe(true);
    expect(guests.map(({ memory }) => memory.tracksWrites)).toEqual([false, true, false]);
  });
});

describe.each([
  ['with a record of written pages', addon],
  ['without a record', null],
])('what a guest with a forged pointer leaves where no state reaches, %s', (_, record) => {
  const KEPT = Buffer.from('kept');
  /** Far above the heap, and so deep in the dead stack that no function has been there. */
  const places = (guest: Guest) => [
    guest.heapTop + PAGE_BYTES + 7,
    guest.bytes.length - 64,
    STACK_LOW + 2 * PAGE_BYTES,
  ];
  const found = (guest: Guest) => places(guest).filter((at) => guest.bytes.indexOf(KEPT, at) === at);

  const pages = 700;

  test.each(['commit', 'rollback'] as const)(
    'is no change of its state, and gone before another world runs: %s',
    (end) => {
      const guest = new Guest(record);
      guest.heapTop = HEAP_START + pages * PAGE_BYTES;
      guest.grow(guest.heapTop);
      guest.commit();
      const first = { held: new Map(guest.held), heapTop: guest.heapTop };
      // So many pages written in vain, and more memory, that the record begins anew.
      for (let i = 0; i < 6; i++) {
        guest.grow(guest.bytes.length + 20 * PAGE_BYTES);
        for (let page = 0; page < pages; page++) guest.bytes[HEAP_START + page * PAGE_BYTES] = 0;
        for (const at of places(guest)) guest.bytes.set(KEPT, at);
        expect(found(guest)).toHaveLength(3);
        if (end === 'commit') expect(guest.commit().changed).toEqual([]);
        else {
          guest.memory.rollback();
          expect(guest.bytes.includes(KEPT)).toBe(false);
        }
      }
      guest.load(first);
      expect(guest.bytes.includes(KEPT)).toBe(false);
    },
  );
});
