import assert from 'node:assert/strict';
import { pageIdOf, SEGMENT_BYTES, SEGMENT_SLOTS, SLOTS_MAX, slotOfId } from './page-slots.js';

/**
 * Which slots of the shared memory are in use. Owned by the host's main thread; workers get slots granted
 * and never choose one. Slots are freed only by a sweep, because a state, a worker's held table and a
 * grant in flight may all refer to the same one; one that holds cells is freed when none of them is in use.
 */
export class Slab {
  readonly budgetSlots: number;
  readonly segments: SharedArrayBuffer[] = [];
  readonly #allocated: Uint8Array;
  /** In which sweep a slot was freed last: (page id, epoch) names one content for the life of the process. */
  readonly #epochs: Uint32Array;
  #sweeps = 0;
  #free: number[] = [];
  /** First slot never handed out. Slot 0 is the page of zeros. */
  #fresh = 1;

  constructor(budgetBytes: number) {
    const most = SLOTS_MAX / SEGMENT_SLOTS;
    const segments = Math.min(most, Math.max(1, Math.floor(budgetBytes / SEGMENT_BYTES)));
    this.budgetSlots = segments * SEGMENT_SLOTS;
    this.#allocated = new Uint8Array(this.budgetSlots);
    this.#epochs = new Uint32Array(this.budgetSlots);
    this.#grow();
  }

  /** Slots that can be handed out without another segment. */
  get ready(): number {
    return this.#free.length + this.segments.length * SEGMENT_SLOTS - this.#fresh;
  }

  /** Slots that can be handed out at all. */
  get available(): number {
    return this.#free.length + this.budgetSlots - this.#fresh;
  }

  get used(): number {
    return this.#fresh - 1 - this.#free.length;
  }

  /** Whether the slot of the page is in use. */
  isAllocated(id: number): boolean {
    return this.#allocated[slotOfId(id)] === 1;
  }

  /** Epoch of the slot of the page. */
  epochOf(id: number): number {
    return this.#epochs[slotOfId(id)] ?? 0;
  }

  /** `count` slots, as the ids of whole pages in them, or null when the budget does not allow it. */
  allocate(count: number): Int32Array | null {
    if (count > this.available) return null;
    const slots = new Int32Array(count);
    for (let i = 0; i < count; i++) {
      const slot = this.#free.pop() ?? this.#fresh++;
      assert(this.#allocated[slot] === 0, `slot ${slot} handed out twice`);
      this.#allocated[slot] = 1;
      slots[i] = pageIdOf(slot);
    }
    this.keepSpare();
    return slots;
  }

  /** Adds segments until half a segment is ready, so that no commit waits for one to be made. */
  keepSpare(): void {
    while (this.ready < SEGMENT_SLOTS / 2 && this.segments.length * SEGMENT_SLOTS < this.budgetSlots)
      this.#grow();
  }

  /** Frees every slot for whose number `marked` has no 1. Returns how many were freed. */
  sweep(marked: Uint8Array): number {
    this.#sweeps++;
    const free: number[] = [];
    let freed = 0;
    // Downwards, so that the lowest slots are handed out first and the memory in use stays compact.
    for (let slot = this.#fresh - 1; slot >= 1; slot--) {
      if (marked[slot] === 1) continue;
      if (this.#allocated[slot] === 1) {
        this.#allocated[slot] = 0;
        this.#epochs[slot] = this.#sweeps;
        freed++;
      }
      free.push(slot);
    }
    this.#free = free;
    return freed;
  }

  #grow(): void {
    this.segments.push(new SharedArrayBuffer(SEGMENT_BYTES));
  }
}
