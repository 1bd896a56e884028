import { PAGE_BYTES } from '../../../ports/page-store.js';
import type { PageSlots } from '../executor/executor-contract.js';

/** Slots in one segment of the slab: 64 MiB. */
export const SEGMENT_SLOTS = 16_384;
export const SEGMENT_BYTES = SEGMENT_SLOTS * PAGE_BYTES;

/** One thread's view of the slab. Segments are shared memory and are only ever added. */
export class SegmentSlots implements PageSlots {
  readonly #segments: Buffer[] = [];

  get segmentCount(): number {
    return this.#segments.length;
  }

  add(segment: SharedArrayBuffer): void {
    this.#segments.push(Buffer.from(segment));
  }

  read(id: number, target: Uint8Array, offset: number): void {
    const start = (id % SEGMENT_SLOTS) * PAGE_BYTES;
    this.#segment(id).copy(target, offset, start, start + PAGE_BYTES);
  }

  write(id: number, source: Uint8Array, offset: number): void {
    // Slot 0 is the page of zeros that every state shares: writing it would change them all.
    if (id === 0) throw new RangeError('slot 0 is read-only');
    const segment = this.#segment(id);
    segment.set(source.subarray(offset, offset + PAGE_BYTES), (id % SEGMENT_SLOTS) * PAGE_BYTES);
  }

  #segment(id: number): Buffer {
    const segment = this.#segments[Math.floor(id / SEGMENT_SLOTS)];
    if (segment === undefined || id < 0) throw new RangeError(`slot ${id} is outside the slab`);
    return segment;
  }
}
