import type { CommitDelta, RunOutcome } from '../executor/executor-contract.js';
import { ExecutorSeat, type Job } from './executor-seat.js';
import type { PageMemory } from './page-memory.js';
import { differenceCount, EMPTY_TABLE, withChanges } from './page-table.js';
import { shareFiles, shareOpenFiles } from './share-files.js';
import type { HostState, Roots } from './state-store.js';
import type { RunFailure } from './wire.js';
import type { Engine, FromWorker } from './worker-messages.js';
import type { SpawnThread } from './worker-thread.js';

export interface PoolEvents {
  /** The base image is known: written by the first worker. */
  ready(baseDigest: string, base: HostState): void;
  started(run: number): void;
  /** The run used more processor time than it may; it goes on until it is interrupted. */
  overCpu(run: number): void;
  output(run: number, stream: 'stdout' | 'stderr', text: string): void;
  ran(run: number, outcome: RunOutcome): void;
  committed(job: Job, state: HostState): void;
  failed(run: number, reason: RunFailure, message: string): void;
  /** The pool cannot go on. */
  fatal(message: string): void;
}

export interface PoolOptions {
  readonly size: number;
  readonly memory: PageMemory;
  readonly engine: Engine;
  readonly startup: Uint8Array;
  readonly spawn: SpawnThread;
  readonly events: PoolEvents;
  /** Which idle worker takes a job: `farthest` is for tests that want every load to be a real one. */
  readonly schedule: 'nearest' | 'farthest';
}

/** Jobs that may wait for a worker. */
export const QUEUE_MAX = 16_384;
/** A worker whose wasm memory grew beyond this is replaced once it holds a much smaller state. */
const RECYCLE_BYTES = 384 * 1024 * 1024;
/** Slots a worker gets ahead of its commits, and the rest at which it gets more. */
const GRANT_SLOTS = 1024;
const GRANT_SLOTS_LOW = 512;
/** Workers that may fail to boot in a row before the pool gives up. */
const BOOT_FAILURES_MAX = 3;

/** Workers with one executor each, and the queue in front of them. */
export class ExecutorPool {
  readonly #options: PoolOptions;
  readonly #seats = new Set<ExecutorSeat>();
  /** Terminated but not known to be gone: they may still write to their grants. */
  readonly #dying = new Set<ExecutorSeat>();
  readonly #queue: Job[] = [];
  #base: { readonly digest: string; readonly state: HostState; readonly delta: CommitDelta } | null = null;
  #basePending: Int32Array | null = null;
  #baseDigest = '';
  #bootFailures = 0;
  #closed = false;
  replaced = 0;
  loads = 0;
  foreignLoads = 0;

  constructor(options: PoolOptions) {
    this.#options = options;
    options.memory.addRoots(() => this.#roots());
    // The others follow when the first is ready, so that it has the processor to itself.
    this.#hire();
  }

  get workers(): number {
    return this.#seats.size;
  }

  /** Workers whose kernel tells them which pages were written. */
  get trackingWrites(): number {
    return [...this.#seats].filter((seat) => seat.tracksWrites).length;
  }

  get idle(): number {
    return [...this.#seats].filter((seat) => seat.status === 'idle').length;
  }

  get queued(): number {
    return this.#queue.length;
  }

  get base(): HostState | null {
    return this.#base?.state ?? null;
  }

  submit(job: Job): void {
    if (this.#queue.length >= QUEUE_MAX) {
      this.#options.events.failed(job.run, 'queueFull', `${QUEUE_MAX} executions are waiting already`);
      return;
    }
    this.#queue.push(job);
    this.#pump();
  }

  /** Takes the run out of the queue, or interrupts its guest. Does nothing when its result is out. */
  interrupt(run: number): void {
    if (this.#unqueue(run)) return;
    const seat = this.#seatOf(run);
    if (seat !== null && !seat.ran) seat.startInterrupting();
  }

  /** Ends the run together with its worker; `failed` follows when the thread is gone. */
  terminate(run: number): void {
    if (this.#unqueue(run)) return;
    const seat = this.#seatOf(run);
    if (seat !== null && !seat.settled) this.#dismiss(seat, 'terminated', 'the worker was terminated');
  }

  close(): void {
    this.#closed = true;
    for (const seat of this.#seats) seat.stopInterrupting();
  }

  #unqueue(run: number): boolean {
    const at = this.#queue.findIndex((job) => job.run === run);
    if (at < 0) return false;
    this.#queue.splice(at, 1);
    this.#options.events.failed(run, 'cancelled', 'it had not started');
    return true;
  }

  #seatOf(run: number): ExecutorSeat | null {
    for (const seat of this.#seats) if (seat.job?.run === run) return seat;
    return null;
  }

  #roots(): Roots {
    const seats = [...this.#seats, ...this.#dying];
    return {
      tables: [...seats.map((seat) => seat.table), ...this.#queue.map((job) => job.from.table)],
      files: [...seats.flatMap((seat) => seat.files ?? []), ...this.#queue.map((job) => job.from.files)],
      ids: [
        ...seats.flatMap((seat) => [seat.grant, [seat.openSlot]]),
        ...(this.#basePending === null ? [] : [this.#basePending]),
      ],
    };
  }

  #hire(): void {
    const seat = new ExecutorSeat();
    this.#seats.add(seat);
    const thread = this.#options.spawn({
      message: (message) => {
        if (this.#seats.has(seat)) this.#receive(seat, message);
      },
      gone: (reason) => this.#lost(seat, reason),
    });
    seat.attach(thread);
    const { engine, startup } = this.#options;
    seat.post({ type: 'boot', engine, startup, interrupt: seat.interrupt });
  }

  #hireMissing(): void {
    while (!this.#closed && this.#base !== null && this.#seats.size < this.#options.size) this.#hire();
  }

  /** Ends a worker and hires another; tells the owner of its job once the thread cannot run any more. */
  #dismiss(seat: ExecutorSeat, reason: RunFailure, message: string): void {
    if (!this.#seats.delete(seat)) return;
    this.#dying.add(seat);
    this.replaced++;
    const { job } = seat;
    seat
      .kill()
      .then(() => {
        this.#bury(seat);
        if (job !== null && !seat.settled) this.#options.events.failed(job.run, reason, message);
      })
      .catch((error: unknown) => this.#options.events.fatal(`a worker does not end: ${String(error)}`));
    this.#hireMissing();
  }

  #bury(seat: ExecutorSeat): void {
    this.#dying.delete(seat);
    this.#options.memory.states.noteLoose(seat.grant.length);
  }

  /** The thread ended by itself. */
  #lost(seat: ExecutorSeat, reason: string): void {
    if (!this.#seats.delete(seat)) return;
    seat.stopInterrupting();
    this.replaced++;
    this.#bury(seat);
    if (seat.status === 'booting' && ++this.#bootFailures >= BOOT_FAILURES_MAX) {
      this.#options.events.fatal(
        `${BOOT_FAILURES_MAX} workers in a row did not start; the last one: ${reason}`,
      );
      return;
    }
    if (seat.job !== null && !seat.settled) {
      this.#options.events.failed(seat.job.run, 'engine', `the worker ended: ${reason}`);
    }
    if (this.#base === null) this.#hire();
    this.#hireMissing();
  }

  #receive(seat: ExecutorSeat, message: FromWorker): void {
    const { events } = this.#options;
    switch (message.type) {
      case 'booted':
        seat.threadId = message.threadId;
        seat.tracksWrites = message.tracksWrites;
        this.#booted(seat, message.baseDigest, message.baseSlots);
        return;
      case 'base':
        this.#baseWritten(seat, message.delta);
        return;
      case 'output':
        seat.noticeStart();
        events.output(message.run, message.stream, message.text);
        return;
      case 'ran':
        this.#ran(seat, message.run, message.outcome);
        return;
      case 'need':
        this.#grantMore(seat, message.slots);
        return;
      case 'committed':
        seat.memoryBytes = message.memoryBytes;
        seat.openSlot = message.openSlot;
        this.#committed(seat, message.delta);
        return;
      case 'rolledBack':
        seat.memoryBytes = message.memoryBytes;
        this.#release(seat);
        return;
      case 'broken':
        this.#broken(seat, message.reason);
        return;
    }
  }

  #broken(seat: ExecutorSeat, reason: string): void {
    if (seat.status === 'booting') {
      this.#bootFailures++;
      if (this.#bootFailures >= BOOT_FAILURES_MAX || this.#base === null) {
        this.#options.events.fatal(`an executor does not boot: ${reason}`);
        return;
      }
    }
    this.#dismiss(seat, 'engine', reason);
  }

  #booted(seat: ExecutorSeat, digest: string, baseSlots: number): void {
    const { memory, events } = this.#options;
    if (this.#base === null) {
      const ids = memory.allocate(baseSlots);
      if (ids === null) {
        events.fatal('the slab budget does not hold the base image: raise slabBudgetBytes');
        return;
      }
      this.#basePending = ids;
      seat.status = 'booting';
      this.#baseDigest = digest;
      seat.post({ type: 'writeBase', segments: seat.takeSegments(memory.slab.segments), ids });
      return;
    }
    if (digest !== this.#base.digest) {
      events.fatal(`two executors booted to different base images: ${this.#base.digest} and ${digest}`);
      return;
    }
    this.#bootFailures = 0;
    seat.hold(this.#base.state);
    const segments = seat.takeSegments(memory.slab.segments);
    seat.post({ type: 'adoptBase', segments, base: this.#base.delta });
    seat.status = 'idle';
    this.#pump();
  }

  #baseWritten(seat: ExecutorSeat, delta: CommitDelta): void {
    const { table, overheadBytes } = withChanges(EMPTY_TABLE, delta);
    const files = delta.files ?? { nodes: [], orphans: [], nextIno: 1 };
    const state: HostState = {
      table,
      files,
      registers: delta.registers,
      ownBytes: delta.ownBytes,
      overheadBytes,
      root: delta.root,
    };
    this.#base = { digest: this.#baseDigest, state, delta };
    this.#basePending = null;
    this.#bootFailures = 0;
    seat.hold(state);
    seat.status = 'idle';
    this.#options.events.ready(this.#baseDigest, state);
    this.#pump();
    this.#hireMissing();
  }

  #pump(): void {
    while (this.#queue.length > 0) {
      const idle = [...this.#seats].filter((seat) => seat.status === 'idle');
      const first = idle[0];
      if (first === undefined) return;
      const job = this.#queue.shift();
      if (job === undefined) return;
      this.#start(this.#choose(idle, first, job), job);
    }
  }

  #choose(idle: readonly ExecutorSeat[], first: ExecutorSeat, job: Job): ExecutorSeat {
    const sign = this.#options.schedule === 'nearest' ? 1 : -1;
    let best = first;
    let bestCost = Number.POSITIVE_INFINITY;
    if (idle.length === 1) return first;
    for (const seat of idle) {
      const cost = sign * differenceCount(seat.table, job.from.table);
      if (cost < bestCost) [best, bestCost] = [seat, cost];
    }
    return best;
  }

  #start(seat: ExecutorSeat, job: Job): void {
    const { memory, events } = this.#options;
    let grant = new Int32Array(0);
    if (seat.grant.length < GRANT_SLOTS_LOW) {
      const more = memory.allocate(GRANT_SLOTS - seat.grant.length);
      if (more === null) {
        events.failed(job.run, 'budget', 'the slab is full');
        return;
      }
      grant = new Int32Array(more);
      seat.addGrant(grant);
    }
    this.loads++;
    if (seat.state !== job.from) this.foreignLoads++;
    const load = seat.begin(job);
    const segments = seat.takeSegments(memory.slab.segments);
    seat.awaitStart(() => {
      seat.watchCpu(job, () => events.overCpu(job.run));
      events.started(job.run);
    });
    seat.post({ type: 'run', run: job.run, segments, grant, load, request: job.request });
  }

  #ran(seat: ExecutorSeat, run: number, outcome: RunOutcome): void {
    seat.noticeStart();
    seat.ran = true;
    // Only a commit has more to tell.
    seat.settled = outcome.kind !== 'done' || !outcome.changed;
    seat.stopInterrupting();
    this.#options.events.ran(run, outcome);
    if (outcome.kind === 'fatal') this.#dismiss(seat, 'engine', outcome.reason);
  }

  #grantMore(seat: ExecutorSeat, needed: number): void {
    const { memory, events } = this.#options;
    const more = memory.allocate(Math.max(0, needed - seat.grant.length) + GRANT_SLOTS_LOW);
    if (more === null) {
      if (seat.job !== null)
        events.failed(seat.job.run, 'budget', `the slab has no room for ${needed} pages`);
      seat.settled = true;
      seat.post({ type: 'grant', segments: [], grant: new Int32Array(0) });
      return;
    }
    seat.addGrant(more);
    seat.post({ type: 'grant', segments: seat.takeSegments(memory.slab.segments), grant: more });
  }

  #committed(seat: ExecutorSeat, delta: CommitDelta): void {
    const { job } = seat;
    if (job === null) {
      this.#broken(seat, 'it committed without a job');
      return;
    }
    const { table, overheadBytes } = withChanges(job.from.table, delta);
    const files = delta.files === undefined ? job.from.files : shareFiles(job.from.files, delta.files);
    const state: HostState = {
      table,
      files,
      registers: shareOpenFiles(job.from.registers, delta.registers),
      ownBytes: delta.ownBytes,
      overheadBytes,
      root: delta.root,
    };
    seat.useGrant(delta.slotsUsed);
    seat.hold(state);
    this.#options.memory.states.set(job.to, state);
    this.#options.events.committed(job, state);
    this.#release(seat);
  }

  #release(seat: ExecutorSeat): void {
    seat.status = 'idle';
    seat.job = null;
    seat.ran = false;
    this.#pump();
    const small = (seat.state?.registers.heapTop ?? 0) < seat.memoryBytes / 2;
    if (seat.job === null && small && seat.memoryBytes > RECYCLE_BYTES) {
      this.#dismiss(seat, 'engine', 'its memory had grown too large');
    }
  }
}
