import type { BranchIdentity, Effect, GuestError } from '../../../ports/substrate.js';

/**
 * What the executor (one CPython in one worker thread) and the executor host (which owns the page tables)
 * agree on. Page ids name the content of 4 KiB pages in the slab that all threads of the host share, whole or as a
 * difference; id 0 is the zero page. What is data here can be structured-cloned between threads.
 */

/** Where a thread finds the bytes of a page. A page never changes once its id has been handed out. */
export interface PageSlots {
  /** Copies page `id` to `target` at `offset`. */
  read(id: number, target: Uint8Array, offset: number): void;
}

/** Not an id: nothing is known of what a page held before. */
export const UNKNOWN_PAGE = -1;

/** Where one commit puts the pages that it found changed. Takes granted slots in order. */
export interface PageSink {
  /** Slots taken so far. */
  readonly slotsUsed: number;
  /** Bytes of the slab taken so far. */
  readonly bytes: number;
  /** Stores a page; answers its id. `source` at `offset` is word-aligned and not all zeros. */
  store(source: Uint8Array, offset: number): number;
  /** As `store`, where it is smaller as a difference from what page `held` builds on. */
  storeChanged(source: Uint8Array, offset: number, held: number): number;
}

/** One node of the guest's file tree, parents before children, in directory order. */
export interface FileNode {
  readonly path: string;
  readonly ino: number;
  readonly mode: number;
  readonly atimeMs: number;
  readonly mtimeMs: number;
  readonly ctimeMs: number;
  readonly rdev: number;
  /** Target of a symbolic link. */
  readonly link?: string;
  /** Length and pages of a regular file's content. */
  readonly sizeBytes?: number;
  readonly pages?: readonly number[];
}

/** The file tree. Two states with the same `version` have the same tree. */
export interface FileTree {
  readonly nodes: readonly FileNode[];
  /** Files that are open but have no name any more. */
  readonly orphans: readonly FileNode[];
  readonly nextIno: number;
}

export interface OpenFile {
  readonly fd: number;
  readonly ino: number;
  readonly path: string;
  readonly flags: number;
  readonly position: number;
  /** Descriptors made by dup share a group and so a position. */
  readonly group: number;
}

/** What a state has besides pages and file tree. Small: sent with every load and commit. */
export interface Registers {
  readonly stackPointer: number;
  /** sbrk(0): nothing above it is part of the state. */
  readonly heapTop: number;
  /** Guest clock, ns since the epoch. */
  readonly clockNs: bigint;
  /** Entropy stream: SplitMix64 seed and how many bytes were drawn. */
  readonly entropySeed: bigint;
  readonly entropyDrawn: bigint;
  readonly cwd: string;
  readonly umask: number;
  readonly openFiles: readonly OpenFile[];
}

/** From what the executor holds to what it shall hold. Page k of guest memory: `indexes[i] = k, ids[i] = slot`. */
export interface LoadDelta {
  readonly indexes: Int32Array;
  readonly ids: Int32Array;
  readonly registers: Registers;
  /** Absent: the tree it holds is the right one already. */
  readonly files?: FileTree;
}

/** What a commit found changed against the last load or commit. `ids[i] = 0` where a page became zero. */
export interface CommitDelta {
  readonly indexes: Int32Array;
  readonly ids: Int32Array;
  readonly registers: Registers;
  /** Absent when no file operation changed anything. */
  readonly files?: FileTree;
  /** Names the state by its content (state-root.ts); null for the base. */
  readonly root: string | null;
  /** Slots taken from the grant for pages and file contents, in order. */
  readonly slotsUsed: number;
  /** Bytes of the slab that pages and file contents took. */
  readonly ownBytes: number;
}

export interface RunRequest {
  readonly code: string;
  readonly clockNs: bigint;
  /** Set when the guest must become another: new world, verse, trit, entropy (BranchIdentity). */
  readonly rekey: BranchIdentity | null;
  readonly balances: Readonly<Record<string, string>>;
  readonly memoryBytes: number;
  readonly outputBytes: number;
  readonly fileBytes: number;
  readonly files: number;
  readonly openFiles: number;
}

/** How a run ended. `fatal` means the engine can no longer be trusted: the worker must be replaced. */
export type RunOutcome =
  | {
      readonly kind: 'done';
      readonly ok: boolean;
      readonly changed: boolean;
      readonly value: string | null;
      readonly error: GuestError | null;
      readonly effects: readonly Effect[];
      readonly stdoutTruncated: boolean;
      readonly stderrTruncated: boolean;
      readonly runMs: number;
    }
  /** A KeyboardInterrupt that the host asked for reached the top, or was swallowed: never commits. */
  | { readonly kind: 'interrupted'; readonly runMs: number }
  | { readonly kind: 'fatal'; readonly reason: string; readonly runMs: number };

/** One CPython. Not reentrant; all methods but `boot` are synchronous. */
export interface Executor {
  /** SHA-256 over the base state; equal in every executor of the same engine, guest files and platform. */
  readonly baseDigest: string;
  /** Present size of the wasm memory, bytes. It never shrinks. */
  readonly memoryBytes: number;
  /** True while the kernel says which pages were written, so that no others are compared. */
  readonly tracksWrites: boolean;
  /**
   * The base state, at which a booted executor stands: number of slots `writeBase` needs, then the write: every page
   * whole, first those of the memory, then those of files.
   */
  readonly baseSlots: number;
  writeBase(sink: PageSink): CommitDelta;
  /**
   * Tells an executor that stands at its base under which ids another executor's `writeBase` stored it. Optional:
   * without it the first commit that changes a file stores the unchanged files once more, and pages are stored whole.
   */
  adoptBase(base: CommitDelta): void;
  load(slots: PageSlots, delta: LoadDelta): void;
  /** `write` receives output as it appears. After it, exactly one of `commit` and `rollback` (unless fatal). */
  run(request: RunRequest, write: (stream: 'stdout' | 'stderr', text: string) => void): RunOutcome;
  /** Most slots that `commit` takes now. */
  slotsNeeded(): number;
  commit(sink: PageSink): CommitDelta;
  /** Back to the last load or commit, comparing real bytes. */
  rollback(): void;
}
