import type { CommitDelta, LoadDelta, RunOutcome, RunRequest } from '../executor/executor-contract.js';
import type { compileEngine } from '../executor/startup-snapshot.js';

/** Between the host's main thread and one worker thread; structured-cloned. */

/** The compiled engine: one for all threads of the host. */
export type Engine = Awaited<ReturnType<typeof compileEngine>>['module'];

/** Cells of the shared array through which a running worker is interrupted. */
export const INTERRUPT_CELL = 0;
/** Set with the first interrupt of a run and never cleared by the guest: such a run must not commit. */
export const INTERRUPTED_CELL = 1;
/** Set when the state is loaded and the code begins: a message would wake the host's main thread in the middle of short runs. */
export const STARTED_CELL = 2;
export const CELLS = 3;
/** What CPython takes for SIGINT. */
export const SIGINT = 2;

export type ToWorker =
  | {
      readonly type: 'boot';
      readonly engine: Engine;
      readonly startup: Uint8Array;
      readonly interrupt: Int32Array;
    }
  | {
      readonly type: 'writeBase';
      readonly segments: readonly SharedArrayBuffer[];
      readonly ids: Int32Array;
    }
  /** Where the worker that wrote the base image put it: this one stands at the same base. */
  | {
      readonly type: 'adoptBase';
      readonly segments: readonly SharedArrayBuffer[];
      readonly base: CommitDelta;
    }
  | {
      readonly type: 'run';
      readonly run: number;
      /** Segments made since the last message to this worker. */
      readonly segments: readonly SharedArrayBuffer[];
      /** Slots added to those it may use for commits. */
      readonly grant: Int32Array;
      readonly load: LoadDelta;
      readonly request: RunRequest;
    }
  /** Answer to `need`; an empty grant means that there are none left and the run must be rolled back. */
  | { readonly type: 'grant'; readonly segments: readonly SharedArrayBuffer[]; readonly grant: Int32Array };

export type FromWorker =
  | {
      readonly type: 'booted';
      readonly baseDigest: string;
      readonly baseSlots: number;
      /** The kernel tells it which pages were written. */
      readonly tracksWrites: boolean;
      /** Its number in the kernel; null where that does not tell. */
      readonly threadId: number | null;
    }
  | { readonly type: 'base'; readonly delta: CommitDelta }
  | {
      readonly type: 'output';
      readonly run: number;
      readonly stream: 'stdout' | 'stderr';
      readonly text: string;
    }
  | { readonly type: 'ran'; readonly run: number; readonly outcome: RunOutcome }
  /** The commit takes more slots than were granted. */
  | { readonly type: 'need'; readonly run: number; readonly slots: number }
  | {
      readonly type: 'committed';
      readonly run: number;
      readonly delta: CommitDelta;
      /** The slot that the worker will fill further; 0 when there is none. */
      readonly openSlot: number;
      readonly memoryBytes: number;
    }
  | { readonly type: 'rolledBack'; readonly run: number; readonly memoryBytes: number }
  /** The executor threw: its memory can no longer be trusted. */
  | { readonly type: 'broken'; readonly reason: string };
