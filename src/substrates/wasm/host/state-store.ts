import { PAGE_BYTES } from '../../../ports/page-store.js';
import type { FileNode, FileTree, Registers } from '../executor/executor-contract.js';
import { eachNewId, type PageTable } from './page-table.js';
import type { StateFacts } from './wire.js';

/** An immutable state as the host keeps it: everything by reference, shared with its relatives. */
export interface HostState {
  readonly table: PageTable;
  readonly files: FileTree;
  readonly registers: Registers;
  /** Bytes of the slab it took when it was made: about what discarding it may free. */
  readonly ownBytes: number;
  /** Bookkeeping it does not share with the state it came from, bytes. */
  readonly overheadBytes: number;
  /** As a worker computed it; null when none did. */
  readonly root: string | null;
}

export function factsOf(state: HostState): StateFacts {
  return {
    memoryBytes: state.registers.heapTop,
    ownBytes: state.ownBytes,
    overheadBytes: state.overheadBytes,
    root: state.root,
  };
}

/** What keeps pages alive besides the named states. */
export interface Roots {
  readonly tables: Iterable<PageTable>;
  readonly files: Iterable<FileTree>;
  readonly ids: Iterable<ArrayLike<number>>;
}

/** States by the handles that the control process chose. */
export class StateStore {
  readonly #states = new Map<number, HostState>();
  #reclaimableBytes = 0;

  get size(): number {
    return this.#states.size;
  }

  /** Estimate of what a collection would free. */
  get reclaimableBytes(): number {
    return this.#reclaimableBytes;
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
    this.#reclaimableBytes += state.ownBytes;
  }

  /** Slots were given up in another way: a worker died with its grant, an upload was abandoned. */
  noteLoose(slots: number): void {
    this.#reclaimableBytes += slots * PAGE_BYTES;
  }

  /** A collection has freed what could be freed. */
  noteCollected(): void {
    this.#reclaimableBytes = 0;
  }

  /** Visits the id of every page that a state or a root refers to, at least once. */
  eachId(mark: (id: number) => void, roots: Roots): void {
    const seenTables = new Set<object>();
    const seenTrees = new Set<FileTree>();
    const seenNodes = new Set<FileNode>();
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
      eachNewId(state.table, seenTables, mark);
      markTree(state.files);
    }
    for (const table of roots.tables) eachNewId(table, seenTables, mark);
    for (const tree of roots.files) markTree(tree);
    for (const ids of roots.ids) Array.prototype.forEach.call(ids, mark);
  }
}
