import { PAGE_BYTES } from '../../../ports/page-store.js';
import { isCell, SegmentSlots, slotOfId } from './page-slots.js';
import { Slab } from './slab.js';
import { type Roots, StateStore } from './state-store.js';

/** Discarded pages are looked for once this much may be free, so that steady use stays in few segments. */
const COLLECT_BYTES_MIN = 8192 * PAGE_BYTES;

/** The slab, the states on it, and the collection that ties them. */
export class PageMemory {
  readonly slab: Slab;
  readonly states = new StateStore();
  readonly #roots: (() => Roots)[] = [];
  readonly #view = new SegmentSlots();

  constructor(budgetBytes: number) {
    this.slab = new Slab(budgetBytes);
  }

  /** Registers someone who refers to slots. */
  addRoots(roots: () => Roots): void {
    this.#roots.push(roots);
  }

  /** `count` slots, collecting garbage where that helps; null when the budget is used up. */
  allocate(count: number): Int32Array | null {
    const { states, slab } = this;
    if (states.reclaimableBytes >= Math.max(COLLECT_BYTES_MIN, (slab.used / 4) * PAGE_BYTES)) this.collect();
    const slots = slab.allocate(count);
    if (slots !== null) return slots;
    this.collect();
    return slab.allocate(count);
  }

  /** Frees every slot in which nothing is referred to any more. Returns how many. */
  collect(): number {
    const all = this.#roots.map((roots) => roots());
    const view = this.view();
    const marked = new Uint8Array(this.slab.budgetSlots);
    const mark = (id: number): void => {
      marked[slotOfId(id)] = 1;
      if (isCell(id)) marked[slotOfId(view.baseOf(id))] = 1;
    };
    this.states.eachId(mark, {
      tables: all.flatMap((roots) => [...roots.tables]),
      files: all.flatMap((roots) => [...roots.files]),
      ids: all.flatMap((roots) => [...roots.ids]),
    });
    this.states.noteCollected();
    return this.slab.sweep(marked);
  }

  /** All pages, as this thread sees them. */
  view(): SegmentSlots {
    for (const segment of this.slab.segments.slice(this.#view.segmentCount)) this.#view.add(segment);
    return this.#view;
  }

  /**
   * (page id, epoch) names one content for the life of the process. The content of a cell also changes when its base
   * is freed, so the later of the two epochs counts: sweeps are numbered in one sequence.
   */
  epochOf(id: number): number {
    const own = this.slab.epochOf(id);
    return isCell(id) ? Math.max(own, this.slab.epochOf(this.view().baseOf(id))) : own;
  }

  /** Whether page `id` still has the content that it had when its epoch was asked for. */
  holds(id: number, epoch: number): boolean {
    const { slab } = this;
    // Freed slots keep their epoch until they are handed out again, so allocation is asked for too. An epoch that
    // is too late means that whatever lies there now need not be a cell at all.
    if (!slab.isAllocated(id) || slab.epochOf(id) > epoch) return false;
    if (isCell(id) && !slab.isAllocated(this.view().baseOf(id))) return false;
    return this.epochOf(id) === epoch;
  }
}
