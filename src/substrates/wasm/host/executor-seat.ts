import type { FileTree, LoadDelta, RunRequest } from '../executor/executor-contract.js';
import { difference, EMPTY_TABLE, type PageTable } from './page-table.js';
import type { HostState } from './state-store.js';
import { watchThreadCpu } from './thread-cpu.js';
import {
  CELLS,
  INTERRUPT_CELL,
  INTERRUPTED_CELL,
  SIGINT,
  STARTED_CELL,
  type ToWorker,
} from './worker-messages.js';
import type { Thread } from './worker-thread.js';

/** A run that was accepted: from which state, and under which handle to keep what it makes. */
export interface Job {
  readonly run: number;
  readonly from: HostState;
  readonly to: number;
  readonly request: RunRequest;
  /** Processor time it may use, ms. */
  readonly cpuMs: number;
}

/** As much as a run may be given at all: then only the wall clock bounds it. */
const CPU_MS_UNBOUNDED = 86_400_000;
/** How often a running worker is interrupted again: a guest may swallow the first KeyboardInterrupt. */
const INTERRUPT_EVERY_MS = 20;
/** How often a worker is looked at whose run has not been seen to start. */
const LOOK_FOR_START_MS = 2;

/**
 * One worker as the pool knows it: what its executor holds, the slots it was granted, and what it is doing.
 * `busy` lasts until the commit or rollback is done.
 */
export class ExecutorSeat {
  status: 'booting' | 'idle' | 'busy' | 'dying' = 'booting';
  job: Job | null = null;
  /** Its result is out: interrupting comes too late. */
  ran = false;
  /** The owner of the job has been told how it ended, and is not told again. */
  settled = false;
  memoryBytes = 0;
  /** The slot of its last grant that its worker goes on filling; 0 when there is none. */
  openSlot = 0;
  /** Its thread's number in the kernel; null where that does not tell. */
  threadId: number | null = null;
  tracksWrites = false;
  /** What the executor's memory holds, as far as it is not overwritten by the run in progress. */
  table: PageTable = EMPTY_TABLE;
  files: FileTree | null = null;
  /** The state it was loaded with or committed last. */
  state: HostState | null = null;
  readonly interrupt = new Int32Array(new SharedArrayBuffer(4 * CELLS));
  #thread: Thread | null = null;
  #grant: number[] = [];
  #segmentsSent = 0;
  #interrupting: NodeJS.Timeout | null = null;
  #awaitingStart: { readonly timer: NodeJS.Timeout; readonly tell: () => void } | null = null;
  #stopWatching: () => void = () => undefined;

  get grant(): readonly number[] {
    return this.#grant;
  }

  attach(thread: Thread): void {
    this.#thread = thread;
  }

  post(message: ToWorker): void {
    this.#thread?.post(message);
  }

  /** Segments that this worker has not been told of; they count as told from now on. */
  takeSegments(segments: readonly SharedArrayBuffer[]): readonly SharedArrayBuffer[] {
    const unsent = segments.slice(this.#segmentsSent);
    this.#segmentsSent = segments.length;
    return unsent;
  }

  addGrant(slots: Int32Array): void {
    for (const slot of slots) this.#grant.push(slot);
  }

  /** The worker used the first `count` slots of its grant. */
  useGrant(count: number): void {
    this.#grant = this.#grant.slice(count);
  }

  /** Makes the seat busy with `job`; the answer is what its executor must load. */
  begin(job: Job): LoadDelta {
    Atomics.store(this.interrupt, INTERRUPT_CELL, 0);
    Atomics.store(this.interrupt, INTERRUPTED_CELL, 0);
    Atomics.store(this.interrupt, STARTED_CELL, 0);
    const changes = difference(this.table, job.from.table);
    const files = this.files === job.from.files ? {} : { files: job.from.files };
    this.status = 'busy';
    this.job = job;
    this.ran = false;
    this.settled = false;
    this.hold(job.from);
    return { ...changes, registers: job.from.registers, ...files };
  }

  /** From now on its executor stands at `state`. */
  hold(state: HostState): void {
    this.state = state;
    this.table = state.table;
    this.files = state.files;
  }

  /** Calls `tell` once when the run in progress is seen to have started, soon after it has. */
  awaitStart(tell: () => void): void {
    const timer = setInterval(() => {
      if (Atomics.load(this.interrupt, STARTED_CELL) !== 0) this.noticeStart();
    }, LOOK_FOR_START_MS);
    this.#awaitingStart = { timer, tell };
  }

  /** The run is known to have started. */
  noticeStart(): void {
    const awaiting = this.#awaitingStart;
    this.#forgetStart();
    awaiting?.tell();
  }

  #forgetStart(): void {
    clearInterval(this.#awaitingStart?.timer);
    this.#awaitingStart = null;
  }

  /** Raises KeyboardInterrupt in the guest, again and again until the run ends. */
  startInterrupting(): void {
    if (this.#interrupting !== null) return;
    // First the mark, then the signal: a run that saw the signal must find the mark when it ends.
    Atomics.store(this.interrupt, INTERRUPTED_CELL, 1);
    const raise = (): void => {
      Atomics.store(this.interrupt, INTERRUPT_CELL, SIGINT);
    };
    raise();
    this.#interrupting = setInterval(raise, INTERRUPT_EVERY_MS);
  }

  /** Calls `onOver` when the run has used the processor time it may. */
  watchCpu(job: Job, onOver: () => void): void {
    if (job.cpuMs < CPU_MS_UNBOUNDED) {
      this.#stopWatching = watchThreadCpu(this.threadId, { limitMs: job.cpuMs, onOver });
    }
  }

  /** The run is over: no more interrupts, and its processor time is nobody's concern. */
  stopInterrupting(): void {
    this.#forgetStart();
    this.#stopWatching();
    if (this.#interrupting !== null) clearInterval(this.#interrupting);
    this.#interrupting = null;
  }

  /** Ends the thread. Its grant stays allocated until it is really gone. */
  async kill(): Promise<void> {
    this.stopInterrupting();
    this.status = 'dying';
    await this.#thread?.terminate();
  }
}
