import type { Executor, RunOutcome } from '../executor/executor-contract.js';
import { boundOutcome, piecesOf } from './bound-outcome.js';
import { createOutputBatch } from './output-batch.js';
import { SegmentSlots } from './page-slots.js';
import { NO_OPEN_SLOT, type OpenSlot, SlotSink } from './slot-sink.js';
import { type FromWorker, INTERRUPTED_CELL, STARTED_CELL, type ToWorker } from './worker-messages.js';

export interface WorkerLoopOptions {
  readonly post: (message: FromWorker) => void;
  readonly boot: (message: Extract<ToWorker, { type: 'boot' }>) => Promise<Executor>;
  readonly nowMs: () => number;
  /** The thread's number in the kernel; null where that does not tell. */
  readonly threadId: number | null;
}

type RunOrder = Extract<ToWorker, { type: 'run' }>;

/** What one worker thread does with the messages of the host's main thread. Everything but boot is synchronous. */
export function createWorkerLoop(options: WorkerLoopOptions): (message: ToWorker) => void {
  const { post } = options;
  const slots = new SegmentSlots();
  let executor: Executor | null = null;
  let interrupt: Int32Array | null = null;
  let grant = new Int32Array(0);
  let open: OpenSlot = NO_OPEN_SLOT;
  /** The run that waits for slots. */
  let uncommitted: number | null = null;

  const booted = (): Executor => {
    if (executor === null) throw new Error('the executor has not booted');
    return executor;
  };

  const receive = (segments: readonly SharedArrayBuffer[], more: Int32Array): void => {
    for (const segment of segments) slots.add(segment);
    if (more.length === 0) return;
    const merged = new Int32Array(grant.length + more.length);
    merged.set(grant);
    merged.set(more, grant.length);
    grant = merged;
  };

  const commit = (run: number): void => {
    const sink = new SlotSink(slots, grant, open);
    const delta = booted().commit(sink);
    open = sink.open;
    grant = grant.slice(delta.slotsUsed);
    post({ type: 'committed', run, delta, openSlot: open.id, memoryBytes: booted().memoryBytes });
  };

  const rollback = (run: number): void => {
    booted().rollback();
    post({ type: 'rolledBack', run, memoryBytes: booted().memoryBytes });
  };

  const run = (order: RunOrder): void => {
    receive(order.segments, order.grant);
    booted().load(slots, order.load);
    if (interrupt !== null) Atomics.store(interrupt, STARTED_CELL, 1);
    const output = createOutputBatch({
      nowMs: options.nowMs,
      send: (stream, text) => {
        for (const piece of piecesOf(text)) post({ type: 'output', run: order.run, stream, text: piece });
      },
    });
    let outcome: RunOutcome = boundOutcome(booted().run(order.request, output.write));
    output.flush();
    // An interrupt that arrived at any time during the run, even one the guest swallowed, undoes it.
    if (outcome.kind === 'done' && interrupt !== null && Atomics.load(interrupt, INTERRUPTED_CELL) !== 0) {
      outcome = { kind: 'interrupted', runMs: outcome.runMs };
    }
    post({ type: 'ran', run: order.run, outcome });
    if (outcome.kind === 'fatal') return;
    if (outcome.kind === 'interrupted' || !outcome.changed) {
      rollback(order.run);
      return;
    }
    const needed = booted().slotsNeeded();
    if (needed <= grant.length) {
      commit(order.run);
      return;
    }
    uncommitted = order.run;
    post({ type: 'need', run: order.run, slots: needed });
  };

  const granted = (order: Extract<ToWorker, { type: 'grant' }>): void => {
    const waiting = uncommitted;
    if (waiting === null) throw new Error('a grant came although nothing waits for one');
    uncommitted = null;
    receive(order.segments, order.grant);
    if (order.grant.length === 0) rollback(waiting);
    else commit(waiting);
  };

  const handle = async (message: ToWorker): Promise<void> => {
    switch (message.type) {
      case 'boot': {
        interrupt = message.interrupt;
        executor = await options.boot(message);
        const { baseDigest, baseSlots, tracksWrites } = executor;
        return post({ type: 'booted', baseDigest, baseSlots, tracksWrites, threadId: options.threadId });
      }
      case 'writeBase':
        receive(message.segments, new Int32Array(0));
        return post({
          type: 'base',
          delta: booted().writeBase(new SlotSink(slots, message.ids, NO_OPEN_SLOT)),
        });
      case 'adoptBase':
        receive(message.segments, new Int32Array(0));
        booted().adoptBase(message.base);
        return;
      case 'run':
        return run(message);
      case 'grant':
        return granted(message);
    }
  };

  return (message) => {
    handle(message).catch((error: unknown) => {
      post({
        type: 'broken',
        reason: error instanceof Error ? (error.stack ?? error.message) : String(error),
      });
    });
  };
}
