import type { FileNode, FileTree, Registers } from '../executor/executor-contract.js';
import { type Chunk, eachNewSlot, type PageTable } from './page-table.js';
import type { Slab } from './slab.js';
import type { StateFacts } from './wire.js';

/** An immutable state as the host keeps it: everything by reference, shared with its relatives. */
export interface HostState {
  readonly table: PageTable;
  readonly files: FileTree;
  readonly registers: Registers;
  /** Slots it took when it was made: about what discarding it may free. */
  readonly ownSlots: number;
  /** Bookkeeping it does not share with the state it came from, bytes. */
  readonly overheadBytes: number;
}

export function factsOf(state: HostState): StateFacts {
  return {
    memoryBytes: state.registers.heapTop,
    ownPages: state.ownSlots,
    overheadBytes: state.overheadBytes,
  };
}

/** What keeps slots alive besides the named states. */
export interface Roots {
  readonly tables: Iterable<PageTable>;
  readonly files: Iterable<FileTree>;
  readonly slots: Iterable<ArrayLike<number>>;
}

/** States by the handles that the control process chose. */
export class StateStore {
  readonly #states = new Map<number, HostState>();
  /** Estimate of the slots that a collection would free. */
  #reclaimable = 0;

  get size(): number {
    return this.#states.size;
  }

  get reclaimable(): number {
    return this.#reclaimable;
  }

  get(handle: number): HostState | undefined {
    return this.#states.get(handle);
  }

  set(handle: number, state: HostState): void {
    this.#states.set(handle, state);
  }

  delete(handle: number): void {
    const state = this.#states.get(handle);
    if (state === undefined) return;
    this.#states.delete(handle);
    this.#reclaimable += state.ownSlots;
  }

  /** Slots were given up in another way: a worker died with its grant, an upload was abandoned. */
  noteLoose(slots: number): void {
    this.#reclaimable += slots;
  }

  /** Frees every slot that no state and no root refers to. Returns how many. */
  collect(slab: Slab, roots: Roots): number {
    const marked = new Uint8Array(slab.budgetSlots);
    const seenChunks = new Set<Chunk>();
    const seenTrees = new Set<FileTree>();
    const seenNodes = new Set<FileNode>();
    const mark = (slot: number): void => {
      marked[slot] = 1;
    };
    const markTree = (tree: FileTree): void => {
      if (seenTrees.has(tree)) return;
      seenTrees.add(tree);
      for (const node of [...tree.nodes, ...tree.orphans]) {
        if (seenNodes.has(node)) continue;
        seenNodes.add(node);
        node.pages?.forEach(mark);
      }
    };
    for (const state of this.#states.values()) {
      eachNewSlot(state.table, seenChunks, mark);
      markTree(state.files);
    }
    for (const table of roots.tables) eachNewSlot(table, seenChunks, mark);
    for (const tree of roots.files) markTree(tree);
    for (const slots of roots.slots) Array.prototype.forEach.call(slots, mark);
    this.#reclaimable = 0;
    return slab.sweep(marked);
  }
}
