import { Slab } from './slab.js';
import { type Roots, StateStore } from './state-store.js';

/** Discarded slots are looked for once this many may be free, so that steady use stays in few segments. */
const COLLECT_SLOTS_MIN = 8192;

/** The slab, the states on it, and the collection that ties them. */
export class PageMemory {
  readonly slab: Slab;
  readonly states = new StateStore();
  readonly #roots: (() => Roots)[] = [];

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
    if (states.reclaimable >= Math.max(COLLECT_SLOTS_MIN, slab.used / 4)) this.collect();
    const slots = slab.allocate(count);
    if (slots !== null) return slots;
    this.collect();
    return slab.allocate(count);
  }

  collect(): number {
    const all = this.#roots.map((roots) => roots());
    return this.states.collect(this.slab, {
      tables: all.flatMap((roots) => [...roots.tables]),
      files: all.flatMap((roots) => [...roots.files]),
      slots: all.flatMap((roots) => [...roots.slots]),
    });
  }
}
