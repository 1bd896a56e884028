import { PAGE_BYTES } from '../../../ports/page-store.js';
import { type PageSink, type PageSlots, UNKNOWN_PAGE } from './executor-contract.js';
import { PageTree } from './page-tree.js';
import type { EngineExports } from './pyodide-internals.js';
import { roundDown, roundUp, WASM_PAGE_BYTES, ZERO_BLOCK } from './sizes.js';
import { type ByteRange, runsOf, WrittenPages, type WrittenPagesAddon } from './written-pages.js';

const ZERO_PAGE = Buffer.alloc(PAGE_BYTES);

/** Lowest part of the stack, which CPython's margin of 24 KiB never reaches, bytes. */
const STACK_CANARY_BYTES = 1024;

/**
 * The guest's linear memory and a contiguous copy of what it held at the last load or commit. Changed pages are
 * found by comparing the two, all of it or those pages that the kernel knows to have been written. Two regions are not part of a state: the dead C stack below the stack pointer, and
 * everything above `sbrk(0)`; whatever a world left there is cleared before another runs.
 */
export class GuestMemory {
  readonly #exports: EngineExports;
  readonly #grow: (bytes: number) => boolean;
  readonly #stackLow: number;
  #shadow: Buffer;
  /** Ids of the pages as of the last load or commit. */
  #ids: Int32Array<ArrayBuffer>;
  /** `sbrk(0)` at the last load or commit. */
  #heapTop: number;
  /** Hashes of the pages as of the last load or commit. */
  #tree = new PageTree();
  #written: WrittenPages | null = null;

  constructor(exports: EngineExports, grow: (bytes: number) => boolean) {
    this.#exports = exports;
    this.#grow = grow;
    this.#stackLow = exports.emscripten_stack_get_end();
    this.#shadow = Buffer.alloc(exports.memory.buffer.byteLength);
    this.#ids = new Int32Array(this.#shadow.length / PAGE_BYTES).fill(UNKNOWN_PAGE);
    this.#heapTop = 0;
  }

  get sizeBytes(): number {
    return this.#exports.memory.buffer.byteLength;
  }

  get heapTop(): number {
    return this.#exports.sbrk(0);
  }

  get tracksWrites(): boolean {
    return this.#written !== null;
  }

  /** Compares only written pages from now on. Memory and copy are equal now, as they are after a load. */
  trackWrites(addon: WrittenPagesAddon): void {
    this.#written = WrittenPages.begin(() => this.#exports.memory.buffer, addon);
  }

  /** Growth on the guest's behalf: what the guest sees never exceeds `limit`, what the thread holds may. */
  resize(bytes: number, limitBytes: number): boolean {
    const visible = roundUp(bytes, WASM_PAGE_BYTES);
    if (visible > limitBytes) return false;
    if (visible > this.sizeBytes && !this.#grow(visible)) return false;
    this.#exports.world_visible_memory_bytes.value = visible;
    return true;
  }

  /**
   * Whether the C stack ran over its end during this execution. CPython checks its own recursion, with a margin; code
   * that does not would overwrite the guest's data.
   */
  get stackOverflowed(): boolean {
    const edge = this.#bytes().subarray(this.#stackLow, this.#stackLow + STACK_CANARY_BYTES);
    return edge.some((byte) => byte !== 0);
  }

  /** Page numbers that differ from the last load or commit, ascending. */
  changedPages(): number[] {
    this.#clearDeadEdges();
    const memory = this.#bytes();
    const top = this.heapTop;
    if (top < this.#heapTop) memory.fill(0, top, this.#heapTop);
    this.#growShadow();
    const changed: number[] = [];
    let compared = 0;
    const ranges = this.#liveRanges(Math.max(top, this.#heapTop));
    for (const [start, end] of ranges) {
      for (const [page, count] of this.#suspects(start, end)) {
        compared += count;
        comparePages(memory, this.#shadow, page * PAGE_BYTES, (page + count) * PAGE_BYTES, changed);
      }
    }
    this.#record((written) => written.compared(compared, changed, ranges));
    return changed;
  }

  /** Numbers of all pages of the state that are not zero, ascending. */
  nonZeroPages(): number[] {
    this.#clearDeadEdges();
    const memory = this.#bytes();
    const pages: number[] = [];
    for (const [start, end] of this.#liveRanges(this.heapTop)) {
      for (let at = start; at < end; at += PAGE_BYTES) if (!isZero(memory, at)) pages.push(at / PAGE_BYTES);
    }
    return pages;
  }

  /** The ids of pages are no longer those of the present slots: what changes next is stored whole. */
  forgetPages(): void {
    this.#ids.fill(UNKNOWN_PAGE);
  }

  /** The ids of the present content, when another executor stored it; pages that are not named are zero. */
  adoptPages(indexes: Int32Array, ids: Int32Array): void {
    this.#ids.fill(0);
    for (const [i, page] of indexes.entries()) this.#ids[page] = ids[i] ?? UNKNOWN_PAGE;
  }

  /** Stores the changed pages. The answer are their ids, 0 for one that became zero. */
  save(changed: readonly number[], sink: PageSink): Int32Array {
    const memory = this.#bytes();
    const pageIds = new Int32Array(changed.length);
    for (const [i, page] of changed.entries()) {
      const at = page * PAGE_BYTES;
      memory.copy(this.#shadow, at, at, at + PAGE_BYTES);
      const id = isZero(memory, at) ? 0 : sink.storeChanged(memory, at, this.#ids[page] ?? UNKNOWN_PAGE);
      this.#ids[page] = id;
      this.#note(page, id);
      pageIds[i] = id;
    }
    this.#heapTop = this.heapTop;
    return pageIds;
  }

  load(slots: PageSlots, indexes: Int32Array, ids: Int32Array, heapTop: number): void {
    const needed = roundUp(heapTop, WASM_PAGE_BYTES);
    if (needed > this.sizeBytes && !this.#grow(needed)) {
      throw new RangeError(`the engine cannot grow its memory to ${needed} bytes`);
    }
    this.#growShadow();
    const memory = this.#bytes();
    for (const [i, page] of indexes.entries()) {
      const at = page * PAGE_BYTES;
      const id = ids[i] ?? 0;
      if (id === 0) memory.fill(0, at, at + PAGE_BYTES);
      else slots.read(id, memory, at);
      memory.copy(this.#shadow, at, at, at + PAGE_BYTES);
      this.#ids[page] = id;
      this.#note(page, id);
    }
    const end = roundUp(heapTop, PAGE_BYTES);
    if (this.#heapTop > end) {
      memory.fill(0, end, roundUp(this.#heapTop, PAGE_BYTES));
      this.#shadow.fill(0, end, roundUp(this.#heapTop, PAGE_BYTES));
      for (let at = end; at < this.#heapTop; at += PAGE_BYTES) this.#tree.clear(at / PAGE_BYTES);
    }
    this.#heapTop = heapTop;
    this.#exports.world_visible_memory_bytes.value = needed;
    this.#clearDead();
  }

  /** Replaces everything, whatever the memory holds. For the first load of an executor. */
  loadWhole(slots: PageSlots, indexes: Int32Array, ids: Int32Array, heapTop: number): void {
    this.#bytes().fill(0);
    // Not `fill`: memory that was never written costs nothing.
    this.#shadow = Buffer.alloc(this.sizeBytes);
    this.#ids = new Int32Array(this.sizeBytes / PAGE_BYTES);
    this.#tree = new PageTree();
    this.load(slots, indexes, ids, heapTop);
  }

  /** Root over the pages as of the last load or commit; nothing may have run since. */
  root(): Buffer {
    const memory = this.#bytes();
    return this.#tree.root((page) => memory.subarray(page * PAGE_BYTES, (page + 1) * PAGE_BYTES));
  }

  #note(page: number, id: number): void {
    if (id === 0) this.#tree.clear(page);
    else this.#tree.forget(page);
  }

  /** Back to the last load or commit. */
  rollback(): void {
    const memory = this.#bytes();
    for (const page of this.changedPages()) {
      const at = page * PAGE_BYTES;
      this.#shadow.copy(memory, at, at, at + PAGE_BYTES);
    }
    this.#exports.world_visible_memory_bytes.value = roundUp(this.#heapTop, WASM_PAGE_BYTES);
    this.#clearDead();
  }

  /** What may have changed in a range: runs of pages. All of it when there is no record. */
  #suspects(start: number, end: number): Iterable<readonly [page: number, count: number]> {
    const listed = this.#record((written) => runsOf(written.list(start, end)));
    return listed ?? [[start / PAGE_BYTES, (end - start) / PAGE_BYTES]];
  }

  /** Asks the record of written pages. One that fails is not asked again: comparing everything needs none. */
  #record<Answer>(ask: (written: WrittenPages) => Answer): Answer | null {
    if (this.#written === null) return null;
    try {
      return ask(this.#written);
    } catch {
      this.#written = null;
      return null;
    }
  }

  /** Without the dead stack. */
  #liveRanges(top: number): readonly ByteRange[] {
    return [
      [0, roundUp(this.#stackLow, PAGE_BYTES)],
      [roundDown(this.#exports.__stack_pointer.value, PAGE_BYTES), roundUp(top, PAGE_BYTES)],
    ];
  }

  /** The dead stack, and what is above the heap. */
  #deadRanges(): readonly ByteRange[] {
    return [
      [roundUp(this.#stackLow, PAGE_BYTES), roundDown(this.#exports.__stack_pointer.value, PAGE_BYTES)],
      [roundUp(this.#heapTop, PAGE_BYTES), this.sizeBytes],
    ];
  }

  /** The pages in which the dead stack begins and ends also hold live bytes: the dead ones become zero. */
  #clearDeadEdges(): void {
    const memory = this.#bytes();
    const pointer = this.#exports.__stack_pointer.value;
    memory.fill(0, this.#stackLow, roundUp(this.#stackLow, PAGE_BYTES));
    memory.fill(0, roundDown(pointer, PAGE_BYTES), pointer);
  }

  /**
   * Zeros where no state reaches: the dead stack and what is above the heap. All of it, not only what functions have used: whoever
   * forged a pointer can write to any part, and would read it in the next world. Memory and copy are equal otherwise.
   */
  #clearDead(): void {
    this.#clearDeadEdges();
    const memory = this.#bytes();
    let looked = 0;
    for (const [start, end] of this.#deadRanges()) {
      for (const [page, count] of this.#suspects(start, end)) {
        looked += count;
        clearBlocks(memory, page * PAGE_BYTES, (page + count) * PAGE_BYTES);
      }
    }
    this.#record((written) => written.compared(looked, [], this.#deadRanges()));
  }

  #growShadow(): void {
    if (this.#shadow.length >= this.sizeBytes) return;
    const larger = Buffer.alloc(this.sizeBytes);
    this.#shadow.copy(larger);
    this.#shadow = larger;
    const ids = new Int32Array(larger.length / PAGE_BYTES);
    ids.set(this.#ids);
    this.#ids = ids;
  }

  /** A fresh view every time: growth detaches the old ones. */
  #bytes(): Buffer {
    return Buffer.from(this.#exports.memory.buffer);
  }
}

function comparePages(memory: Buffer, shadow: Buffer, start: number, end: number, changed: number[]): void {
  for (let block = start; block < end; block += WASM_PAGE_BYTES) {
    const blockEnd = Math.min(block + WASM_PAGE_BYTES, end);
    if (memory.compare(shadow, block, blockEnd, block, blockEnd) === 0) continue;
    for (let at = block; at < blockEnd; at += PAGE_BYTES) {
      if (memory.compare(shadow, at, at + PAGE_BYTES, at, at + PAGE_BYTES) !== 0)
        changed.push(at / PAGE_BYTES);
    }
  }
}

/** Writes zeros only where something else is: writing costs more than looking. */
function clearBlocks(memory: Buffer, start: number, end: number): void {
  for (let at = start; at < end; at += WASM_PAGE_BYTES) {
    const blockEnd = Math.min(at + WASM_PAGE_BYTES, end);
    if (memory.compare(ZERO_BLOCK, 0, blockEnd - at, at, blockEnd) !== 0) memory.fill(0, at, blockEnd);
  }
}

function isZero(memory: Buffer, at: number): boolean {
  return memory.compare(ZERO_PAGE, 0, PAGE_BYTES, at, at + PAGE_BYTES) === 0;
}
