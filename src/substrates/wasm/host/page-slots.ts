import { PAGE_BYTES } from '../../../ports/page-store.js';
import type { PageSlots } from '../executor/executor-contract.js';

/** Slots in one segment of the slab: 64 MiB. */
export const SEGMENT_SLOTS = 16_384;
export const SEGMENT_BYTES = SEGMENT_SLOTS * PAGE_BYTES;

/**
 * A page id is `slot * 256 + unit`. Unit 0 is the whole page that fills the slot. Another unit is a cell: it begins at
 * byte `unit * 16` of its slot and says in which lines of 64 bytes a page differs from a whole one:
 * `base id u32 | bitmap of lines, u32 low, u32 high | 0 u32 | changed lines`, so that no cell ever builds on a cell.
 */
export const SLOT_UNITS = 256;
const UNIT_MASK = SLOT_UNITS - 1;
export const UNIT_BYTES = PAGE_BYTES / SLOT_UNITS;
const UNIT_WORDS = UNIT_BYTES / 4;
export const LINE_BYTES = 64;
export const LINE_WORDS = LINE_BYTES / 4;
export const PAGE_WORDS = PAGE_BYTES / 4;
export const CELL_HEADER_WORDS = 4;
/**
 * Most lines a cell may have. A cell keeps its base alive, so half a page bounds what a page can cost to one and a half.
 */
export const CELL_LINES_MAX = 32;
/** Slots that ids below 2^31 can name: 32 GiB. */
export const SLOTS_MAX = 2 ** 31 / SLOT_UNITS;

export function pageIdOf(slot: number): number {
  return slot * SLOT_UNITS;
}

export function slotOfId(id: number): number {
  return id >>> 8;
}

/** Whether the id names a difference from another page. */
export function isCell(id: number): boolean {
  return (id & UNIT_MASK) !== 0;
}

/** Bytes of the slab that a cell with `lines` changed lines takes. */
export function cellBytes(lines: number): number {
  return CELL_HEADER_WORDS * 4 + lines * LINE_BYTES;
}

/** Where a page or cell is: words of its segment, and its first word in them. */
export interface Place {
  readonly words: Int32Array;
  readonly at: number;
}

interface Segment {
  readonly bytes: Buffer;
  readonly words: Int32Array;
}

/** One thread's view of the slab. Segments are shared memory and are only ever added. */
export class SegmentSlots implements PageSlots {
  readonly #segments: Segment[] = [];

  get segmentCount(): number {
    return this.#segments.length;
  }

  add(segment: SharedArrayBuffer): void {
    this.#segments.push({ bytes: Buffer.from(segment), words: new Int32Array(segment) });
  }

  read(id: number, target: Uint8Array, offset: number): void {
    const base = this.baseOf(id);
    const start = (slotOfId(base) % SEGMENT_SLOTS) * PAGE_BYTES;
    this.#segment(base).bytes.copy(target, offset, start, start + PAGE_BYTES);
    if (base !== id) this.#applyLines(id, target, offset);
  }

  /** Fills the slot of a whole page. */
  write(id: number, source: Uint8Array, offset: number): void {
    // Slot 0 is the page of zeros that every state shares: writing it would change them all.
    if (id === 0 || isCell(id)) throw new RangeError(`page ${id} is read-only`);
    const { bytes } = this.#segment(id);
    bytes.set(source.subarray(offset, offset + PAGE_BYTES), (slotOfId(id) % SEGMENT_SLOTS) * PAGE_BYTES);
  }

  /** The whole page that a cell differs from; a whole page is its own base. @throws RangeError on a damaged cell. */
  baseOf(id: number): number {
    if (!isCell(id)) return id;
    const { words, at } = this.placeOf(id);
    const base = words[at] ?? -1;
    if (base < 0 || isCell(base)) throw new RangeError(`cell ${id} builds on ${base}`);
    return base;
  }

  placeOf(id: number): Place {
    const { words } = this.#segment(id);
    const at = (slotOfId(id) % SEGMENT_SLOTS) * PAGE_WORDS + (id & UNIT_MASK) * UNIT_WORDS;
    return { words, at };
  }

  #applyLines(id: number, target: Uint8Array, offset: number): void {
    const { bytes, words } = this.#segment(id);
    const { at } = this.placeOf(id);
    let from = (at + CELL_HEADER_WORDS) * 4;
    const slotEnd = ((slotOfId(id) % SEGMENT_SLOTS) + 1) * PAGE_BYTES;
    for (const half of [0, 1]) {
      let bits = words[at + 1 + half] ?? 0;
      while (bits !== 0) {
        const line = half * 32 + (31 - Math.clz32(bits & -bits));
        if (from + LINE_BYTES > slotEnd) throw new RangeError(`cell ${id} is longer than its slot`);
        bytes.copy(target, offset + line * LINE_BYTES, from, from + LINE_BYTES);
        from += LINE_BYTES;
        bits &= bits - 1;
      }
    }
  }

  #segment(id: number): Segment {
    const segment = this.#segments[Math.floor(slotOfId(id) / SEGMENT_SLOTS)];
    if (segment === undefined || id < 0) throw new RangeError(`page ${id} is outside the slab`);
    return segment;
  }
}
