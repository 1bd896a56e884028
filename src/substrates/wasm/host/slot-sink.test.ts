import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PAGE_BYTES } from '../../../ports/page-store.js';
import { type Registers, UNKNOWN_PAGE } from '../executor/executor-contract.js';
import { PageMemory } from './page-memory.js';
import {
  CELL_LINES_MAX,
  cellBytes,
  isCell,
  LINE_BYTES,
  SEGMENT_BYTES,
  SegmentSlots,
  slotOfId,
} from './page-slots.js';
import { difference, EMPTY_TABLE, type PageTable, withChanges } from './page-table.js';
import { NO_OPEN_SLOT, type OpenSlot, SlotSink } from './slot-sink.js';

const PAGES = 8;
const NO_FILES = { nodes: [], orphans: [], nextIno: 1 };
const REGISTERS: Registers = {
  stackPointer: 0,
  heapTop: 0,
  clockNs: 0n,
  entropySeed: 0n,
  entropyDrawn: 0n,
  cwd: '/',
  umask: 0,
  openFiles: [],
};

/** One worker: memory, what it holds, the slots it was granted. */
interface Worker {
  readonly memory: Buffer;
  readonly ids: Int32Array;
  readonly slots: SegmentSlots;
  grant: Int32Array;
  open: OpenSlot;
  table: PageTable;
}

interface Known {
  readonly id: number;
  readonly epoch: number;
  readonly bytes: Buffer;
}

type Fault = 'none' | 'bases are not marked' | 'epoch of the slot only';

class FaultyMemory extends PageMemory {
  readonly fault: Fault;

  constructor(fault: Fault) {
    super(SEGMENT_BYTES);
    this.fault = fault;
  }

  override view(): SegmentSlots {
    const view = super.view();
    if (this.fault !== 'bases are not marked') return view;
    return Object.create(view, { baseOf: { value: (id: number) => id } }) as SegmentSlots;
  }

  override epochOf(id: number): number {
    return this.fault === 'epoch of the slot only' ? this.slab.epochOf(id) : super.epochOf(id);
  }

  override holds(id: number, epoch: number): boolean {
    if (this.fault !== 'epoch of the slot only') return super.holds(id, epoch);
    return this.slab.isAllocated(id) && this.slab.epochOf(id) === epoch;
  }
}

/** Several workers that load, change and commit random states of one memory, against plain copies. */
class Model {
  readonly memory: PageMemory;
  readonly reader = new SegmentSlots();
  readonly workers: Worker[];
  readonly copies = new Map<number, Buffer>();
  readonly known: Known[] = [];
  readonly random: (below: number) => number;
  cells = 0;
  #next = 1;

  constructor(seed: number, fault: Fault) {
    let state = seed >>> 0;
    this.random = (below) => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return Math.floor((state / 2 ** 32) * below);
    };
    this.memory = new FaultyMemory(fault);
    for (const segment of this.memory.slab.segments) this.reader.add(segment);
    this.workers = [0, 1, 2].map(() => this.#worker());
    this.memory.addRoots(() => ({
      tables: this.workers.map(({ table }) => table),
      files: [],
      ids: this.workers.flatMap(({ grant, open }) => [grant, [open.id]]),
    }));
    this.commit(this.workers[0]!);
  }

  #worker(): Worker {
    const slots = new SegmentSlots();
    for (const segment of this.memory.slab.segments) slots.add(segment);
    const ids = new Int32Array(PAGES);
    const grant = new Int32Array(0);
    return {
      memory: Buffer.alloc(PAGES * PAGE_BYTES),
      ids,
      slots,
      grant,
      open: NO_OPEN_SLOT,
      table: EMPTY_TABLE,
    };
  }

  load(worker: Worker, handle: number): void {
    const { table } = this.memory.states.get(handle)!;
    const { indexes, ids } = difference(worker.table, table);
    indexes.forEach((page, i) => {
      worker.slots.read(ids[i]!, worker.memory, page * PAGE_BYTES);
      worker.ids[page] = ids[i]!;
    });
    worker.table = table;
    expect(worker.memory.equals(this.copies.get(handle)!), `load of state ${handle}`).toBe(true);
  }

  /** Changes some pages: few lines, many, all, none left, or those of another state. */
  change(worker: Worker): void {
    for (let times = this.random(3); times >= 0; times--) {
      const at = this.random(PAGES) * PAGE_BYTES;
      const kind = this.random(8);
      if (kind === 0) worker.memory.fill(0, at, at + PAGE_BYTES);
      else if (kind === 1) {
        const copies = [...this.copies.values()];
        copies[this.random(copies.length)]?.copy(worker.memory, at, at, at + PAGE_BYTES);
      } else if (kind === 2) for (let i = 0; i < PAGE_BYTES; i++) worker.memory[at + i] = this.random(256);
      else {
        for (let n = this.random(12); n >= 0; n--)
          worker.memory[at + this.random(PAGE_BYTES)] = this.random(256);
      }
    }
  }

  commit(worker: Worker): void {
    const { memory } = this;
    if (worker.grant.length < PAGES)
      worker.grant = Int32Array.from([...worker.grant, ...memory.allocate(PAGES)!]);
    const before = Buffer.alloc(PAGE_BYTES);
    const sink = new SlotSink(worker.slots, worker.grant, worker.open);
    const changed: [number, number][] = [];
    for (let page = 0; page < PAGES; page++) {
      const at = page * PAGE_BYTES;
      worker.slots.read(worker.ids[page]!, before, 0);
      if (worker.memory.compare(before, 0, PAGE_BYTES, at, at + PAGE_BYTES) === 0) continue;
      const zero = worker.memory.subarray(at, at + PAGE_BYTES).every((byte) => byte === 0);
      const id = zero ? 0 : sink.storeChanged(worker.memory, at, worker.ids[page]!);
      if (isCell(id)) this.cells++;
      worker.ids[page] = id;
      changed.push([page, id]);
    }
    worker.grant = worker.grant.slice(sink.slotsUsed);
    worker.open = sink.open;
    const indexes = Int32Array.from(changed, ([page]) => page);
    const ids = Int32Array.from(changed, ([, id]) => id);
    const { table, overheadBytes } = withChanges(worker.table, { indexes, ids });
    worker.table = table;
    const handle = this.#next++;
    const state = {
      table,
      files: NO_FILES,
      registers: REGISTERS,
      ownBytes: sink.bytes,
      overheadBytes,
      root: null,
    };
    memory.states.set(handle, state);
    this.copies.set(handle, Buffer.from(worker.memory));
    for (const [page, id] of changed) {
      const bytes = Buffer.from(worker.memory.subarray(page * PAGE_BYTES, (page + 1) * PAGE_BYTES));
      if (id !== 0) this.known.push({ id, epoch: memory.epochOf(id), bytes });
    }
  }

  step(): void {
    const worker = this.workers[this.random(this.workers.length)]!;
    const handles = [...this.copies.keys()];
    this.load(worker, handles[this.random(handles.length)]!);
    this.change(worker);
    this.commit(worker);
    while (this.copies.size > 4) {
      const [victim] = [...this.copies.keys()].slice(this.random(4));
      this.copies.delete(victim!);
      this.memory.states.delete(victim!);
    }
    if (this.random(2) === 0) this.memory.collect();
  }

  check(): void {
    const page = Buffer.alloc(PAGE_BYTES);
    for (const [handle, copy] of this.copies) {
      const { indexes, ids } = difference(EMPTY_TABLE, this.memory.states.get(handle)!.table);
      const whole = Buffer.alloc(copy.length);
      indexes.forEach((index, i) => {
        this.reader.read(ids[i]!, whole, index * PAGE_BYTES);
      });
      expect(whole.equals(copy), `state ${handle}`).toBe(true);
    }
    for (const { id, epoch, bytes } of this.known) {
      if (!this.memory.holds(id, epoch)) continue;
      this.reader.read(id, page, 0);
      expect(page.equals(bytes), `page ${id} of epoch ${epoch}`).toBe(true);
    }
  }
}

function play(seed: number, fault: Fault = 'none'): Model {
  const model = new Model(seed, fault);
  for (let step = 0; step < 250; step++) {
    model.step();
    if (step % 8 === 0) model.check();
  }
  model.check();
  return model;
}

describe('cells', () => {
  test('random commits of several workers keep every state, through discards and collections', () => {
    let cells = 0;
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        cells += play(seed).cells;
      }),
      { numRuns: 15 },
    );
    expect(cells).toBeGreaterThan(100);
  });

  test.each(['bases are not marked', 'epoch of the slot only'] as const)(
    'the check above notices when %s',
    (fault) => {
      const failures = [1, 2, 3, 4, 5, 6].filter((seed) => {
        try {
          play(seed, fault);
          return false;
        } catch {
          return true;
        }
      });
      expect(failures.length).toBeGreaterThan(0);
    },
  );

  const open = (slots: number) => {
    const memory = new PageMemory(SEGMENT_BYTES);
    const view = memory.view();
    const grant = memory.allocate(slots)!;
    return { memory, view, grant, sink: new SlotSink(view, grant, NO_OPEN_SLOT) };
  };
  const filled = (): Buffer => Buffer.alloc(PAGE_BYTES, 7);

  test('a cell costs its header and its lines, is never built on a cell, and too many lines make a page', () => {
    const { view, sink } = open(10);
    const page = filled();
    const whole = sink.storeChanged(page, 0, UNKNOWN_PAGE);
    expect(isCell(whole)).toBe(false);
    expect(sink.bytes).toBe(PAGE_BYTES);
    page[100] = 1;
    const cell = sink.storeChanged(page, 0, whole);
    expect(isCell(cell)).toBe(true);
    expect(sink.bytes - PAGE_BYTES).toBe(cellBytes(1));
    page[4095] = 2;
    const next = sink.storeChanged(page, 0, cell);
    expect(view.baseOf(next)).toBe(whole);
    const back = Buffer.alloc(PAGE_BYTES);
    view.read(next, back, 0);
    expect(back.equals(page)).toBe(true);
    for (let line = 0; line < CELL_LINES_MAX; line++) page[line * LINE_BYTES] = 99;
    expect(isCell(sink.storeChanged(page, 0, next))).toBe(false);
    expect(sink.storeChanged(filled(), 0, next), 'back to the base').toBe(whole);
    expect(sink.slotsUsed).toBe(3);
  });

  test('a commit goes on filling the slot of the one before, and takes another when that is full', () => {
    const { view, grant, sink } = open(10);
    const page = filled();
    const whole = sink.store(page, 0);
    page.fill(1, 0, 4 * LINE_BYTES);
    const first = sink.storeChanged(page, 0, whole);
    const second = new SlotSink(view, grant.slice(sink.slotsUsed), sink.open);
    const slots = new Set<number>([slotOfId(first)]);
    for (let i = 0; i < 20; i++) {
      page[0] = i + 2;
      slots.add(slotOfId(second.storeChanged(page, 0, whole)));
    }
    expect(slots.size).toBe(2);
    expect(second.slotsUsed).toBe(1);
    const back = Buffer.alloc(PAGE_BYTES);
    view.read(first, back, 0);
    expect(back[0]).toBe(1);
  });

  test('a sink refuses to take more slots than were granted, and slots that are none', () => {
    const { view, sink } = open(1);
    sink.store(filled(), 0);
    expect(() => sink.store(filled(), 0)).toThrow(RangeError);
    expect(() => new SlotSink(view, Int32Array.of(257), NO_OPEN_SLOT).store(filled(), 0)).toThrow(RangeError);
  });

  test('a damaged cell is an error and not another page', () => {
    const { view, sink } = open(4);
    const page = filled();
    const whole = sink.store(page, 0);
    page[0] = 1;
    const cell = sink.storeChanged(page, 0, whole);
    const { words, at } = view.placeOf(cell);
    words[at] = cell;
    expect(() => view.read(cell, page, 0)).toThrow(RangeError);
    words[at] = whole;
    words[at + 1] = -1;
    words[at + 2] = -1;
    expect(() => view.read(cell, page, 0)).toThrow(RangeError);
  });

  test('a page that is new and nearly empty is kept as a difference from the page of zeros', () => {
    const { view, sink } = open(4);
    const page = Buffer.alloc(PAGE_BYTES);
    page[777] = 1;
    const id = sink.storeChanged(page, 0, 0);
    expect(view.baseOf(id)).toBe(0);
    const back = filled();
    view.read(id, back, 0);
    expect(back.equals(page)).toBe(true);
  });
});
