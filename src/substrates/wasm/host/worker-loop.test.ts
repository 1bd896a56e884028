import { describe, expect, test } from 'vitest';
import type {
  CommitDelta,
  Executor,
  PageSink,
  Registers,
  RunOutcome,
} from '../executor/executor-contract.js';
import { pageIdOf, SEGMENT_BYTES } from './page-slots.js';
import { createWorkerLoop } from './worker-loop.js';
import { CELLS, type FromWorker, INTERRUPTED_CELL, STARTED_CELL, type ToWorker } from './worker-messages.js';

const REGISTERS: Registers = {
  stackPointer: 0,
  heapTop: 0,
  clockNs: 0n,
  entropySeed: 0n,
  entropyDrawn: 0n,
  cwd: '/',
  umask: 0,
  openFiles: [],
};
const NONE = new Int32Array(0);
const PAGE = new Uint8Array(4096).fill(1);
const DONE: RunOutcome = {
  kind: 'done',
  ok: true,
  changed: true,
  value: null,
  error: null,
  effects: [],
  stdoutTruncated: false,
  stderrTruncated: false,
  runMs: 1,
};

/** An executor that writes down what is asked of it; each run ends with `outcome` and needs `slots`. */
class FakeExecutor implements Executor {
  readonly baseDigest = 'd';
  readonly baseSlots = 1;
  readonly tracksWrites = true;
  readonly memoryBytes = 1;
  readonly calls: string[] = [];
  outcome: RunOutcome = DONE;
  slots = 2;
  duringRun: () => void = () => undefined;

  #delta(sink: PageSink): CommitDelta {
    const ids = Int32Array.from({ length: this.slots }, () => sink.store(PAGE, 0));
    const { slotsUsed, bytes } = sink;
    return { indexes: NONE, ids, registers: REGISTERS, root: null, slotsUsed, ownBytes: bytes };
  }
  writeBase(sink: PageSink): CommitDelta {
    return this.#delta(sink);
  }
  adoptBase(): void {
    this.calls.push('adoptBase');
  }
  load(): void {
    this.calls.push('load');
  }
  run(): RunOutcome {
    this.calls.push('run');
    this.duringRun();
    return this.outcome;
  }
  slotsNeeded(): number {
    return this.slots;
  }
  commit(sink: PageSink): CommitDelta {
    this.calls.push('commit');
    return this.#delta(sink);
  }
  rollback(): void {
    this.calls.push('rollback');
  }
}

function pages(...slots: readonly number[]): Int32Array {
  return Int32Array.from(slots, pageIdOf);
}

async function open() {
  const executor = new FakeExecutor();
  const posted: FromWorker[] = [];
  const interrupt = new Int32Array(new SharedArrayBuffer(4 * CELLS));
  const handle = createWorkerLoop({
    post: (message) => posted.push(message),
    boot: async () => executor,
    threadId: null,
    nowMs: () => 0,
  });
  const send = async (message: ToWorker): Promise<string[]> => {
    posted.length = 0;
    handle(message);
    await new Promise((resolve) => setImmediate(resolve));
    return posted.map(({ type }) => type);
  };
  await send({ type: 'boot', engine: {} as never, startup: new Uint8Array(), interrupt });
  const order = (run: number, grant: number): ToWorker => ({
    type: 'run',
    run,
    segments: run === 1 ? [new SharedArrayBuffer(SEGMENT_BYTES)] : [],
    grant: Int32Array.from({ length: grant }, (_, i) => pageIdOf(100 * run + i)),
    load: { indexes: NONE, ids: NONE, registers: REGISTERS },
    request: {} as never,
  });
  const last = (): FromWorker => posted.at(-1)!;
  return { executor, interrupt, send, order, last };
}

describe('a worker', () => {
  test('commits what changed, from its grant, in order, keeping the rest for later', async () => {
    const { executor, send, order, last } = await open();
    expect(await send(order(1, 5))).toEqual(['ran', 'committed']);
    expect(last()).toMatchObject({ delta: { ids: pages(100, 101) } });
    await send(order(2, 0));
    expect(last()).toMatchObject({ delta: { ids: pages(102, 103) } });
    expect(executor.calls).toEqual(['load', 'run', 'commit', 'load', 'run', 'commit']);
  });

  test('says that the code has begun in shared memory, once the state is loaded', async () => {
    const { executor, interrupt, send, order } = await open();
    const begun: number[] = [];
    executor.duringRun = () =>
      begun.push(Atomics.load(interrupt, STARTED_CELL), executor.calls.indexOf('load'));
    await send(order(1, 5));
    expect(begun).toEqual([1, 0]);
  });

  test('asks for more slots when its grant is too small, and rolls back when there are none', async () => {
    const { executor, send, order, last } = await open();
    executor.slots = 4;
    expect(await send(order(1, 3))).toEqual(['ran', 'need']);
    expect(last()).toMatchObject({ slots: 4 });
    expect(await send({ type: 'grant', segments: [], grant: pages(7) })).toEqual(['committed']);
    expect(last()).toMatchObject({ delta: { ids: pages(100, 101, 102, 7) } });
    expect(await send(order(2, 0))).toEqual(['ran', 'need']);
    expect(await send({ type: 'grant', segments: [], grant: NONE })).toEqual(['rolledBack']);
  });

  test.each<[string, RunOutcome, string[]]>([
    ['code that did not compile', { ...DONE, changed: false }, ['ran', 'rolledBack']],
    ['an interrupted run', { kind: 'interrupted', runMs: 1 }, ['ran', 'rolledBack']],
    ['a fatal one, which leaves nothing to roll back', { kind: 'fatal', reason: 'x', runMs: 1 }, ['ran']],
  ])('never commits %s', async (_, outcome, expected) => {
    const { executor, send, order } = await open();
    executor.outcome = outcome;
    expect(await send(order(1, 5))).toEqual(expected);
    expect(executor.calls).not.toContain('commit');
  });

  test('never commits a run in which an interrupt arrived, whatever the guest made of it', async () => {
    const { executor, interrupt, send, order } = await open();
    executor.duringRun = () => void Atomics.store(interrupt, INTERRUPTED_CELL, 1);
    expect(await send(order(1, 5))).toEqual(['ran', 'rolledBack']);
  });

  test('says so when its executor throws', async () => {
    const { executor, send, order } = await open();
    executor.duringRun = () => {
      throw new Error('unreachable executed');
    };
    expect(await send(order(1, 5))).toEqual(['broken']);
  });
});
