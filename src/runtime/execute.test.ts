import { describe, expect, it } from 'vitest';
import { armedFaults, ENGINE_FAULT, EXECUTOR_LOST } from '../../test/support/armed-faults.js';
import { openTestRuntime } from '../../test/support/test-runtime.js';
import { balanceOf, named, newWorld, refused, run, triad, variable } from '../../test/support/verbs.js';
import { CODE_BYTES_MAX } from '../model/limits.js';
import { deposit } from './move-money.js';
import { rewind } from './rewind.js';

const lastRecord = (runtime: { catalog: { entries: readonly { record: { op: string } }[] } }) =>
  runtime.catalog.entries.at(-1)!.record;

describe('an execution', () => {
  it('answers with what the code gave and moves the head', async () => {
    const t = await openTestRuntime();
    const world = await newWorld(t, 'w');
    const before = world.head;
    const record = await run(t, world, 'set x 41\nadd x 1\nprint hello\nwarn careful\nget x');
    expect(record).toMatchObject({ ok: true, value: '42', stdout: 'hello\n', stderr: 'careful\n' });
    expect(record.parentState).toBe(before);
    expect(world.head).toBe(record.state);
    expect(world.executions).toBe(1);
    expect(lastRecord(t)).toEqual(record);
  });

  it('streams its output while it runs', async () => {
    const t = await openTestRuntime();
    const world = await newWorld(t, 'w');
    const seen: string[] = [];
    await run(t, world, 'print a\nwarn b', {
      sink: { write: (stream, text) => seen.push(`${stream}:${text}`) },
    });
    expect(seen).toEqual(['stdout:a\n', 'stderr:b\n']);
  });

  it('that raises commits the state, says ok: false and drops its effects', async () => {
    const t = await openTestRuntime();
    const world = await newWorld(t, 'w');
    await deposit(t.context, world, { token: 'GOLD', amount: '10' }, {});
    const record = await run(t, world, 'set x 1\nreport cost 3\ntransfer bob GOLD 4\nfail oops');
    expect(record).toMatchObject({ ok: false, changed: true, effects: [], ledger: [] });
    expect(record.error).toMatchObject({ type: 'SimulatedError', message: 'oops' });
    expect(world.report).toBeNull();
    expect(balanceOf(t, world)).toBe(10n);
    expect(await variable(t, world, 'x')).toBe('1');
  });

  it('that does not compile changes nothing', async () => {
    const t = await openTestRuntime();
    const world = await newWorld(t, 'w');
    await run(t, world, 'set x 1');
    const before = world.head;
    const record = await run(t, world, 'set x 2\nnonsense');
    expect(record).toMatchObject({ ok: false, changed: false, state: null });
    expect(record.error?.type).toBe('SyntaxError');
    expect(world.head).toBe(before);
    expect(await variable(t, world, 'x')).toBe('1');
  });

  it.each([
    ['set x 2\nhang', 'EXECUTION_TIMEOUT', /rolled back/],
    ['set x 2\nallocate 99999999999', 'MEMORY_LIMIT', /may have/],
    ['set x 2\nfault ENGINE_FAULT', 'ENGINE_FAULT', /./],
  ] as const)('%j rolls back, and the failure is in the log', async (code, error, message) => {
    const t = await openTestRuntime();
    const world = await newWorld(t, 'w');
    await run(t, world, 'set x 1');
    const before = world.head;
    await refused(run(t, world, code, { timeoutMs: 50 }), error, message);
    expect(lastRecord(t)).toMatchObject({
      op: 'execution.failed',
      errorCode: error,
      code,
      parentState: before,
    });
    expect(world.head).toBe(before);
    expect(await variable(t, world, 'x')).toBe('1');
  });

  it('that is interrupted rolls back, and the failure is in the log', async () => {
    const t = await openTestRuntime();
    const world = await newWorld(t, 'w');
    await run(t, world, 'set x 1');
    const stop = new AbortController();
    const attempt = run(t, world, 'set x 2\nprint started\nhang', {
      signal: stop.signal,
      sink: { write: () => stop.abort() },
    });
    await refused(attempt, 'INTERRUPTED');
    expect(lastRecord(t)).toMatchObject({ op: 'execution.failed', errorCode: 'INTERRUPTED' });
    expect(await variable(t, world, 'x')).toBe('1');
  });

  it('that waits in the queue and is interrupted leaves it with INTERRUPTED, and never runs', async () => {
    const t = await openTestRuntime();
    const world = await newWorld(t, 'w');
    const first = run(t, world, 'sleep 100\nset x 1');
    const stop = new AbortController();
    const second = run(t, world, 'set x 2', { signal: stop.signal });
    const third = run(t, world, 'get x');
    stop.abort();
    await refused(second, 'INTERRUPTED', /nothing/);
    await first;
    expect((await third).value).toBe('1');
  });

  it('whose log entry cannot be written still fails with its own error', async () => {
    let full = false;
    const t = await openTestRuntime({ journal: { failAt: () => (full ? 'lost' : undefined) } });
    const world = await newWorld(t, 'w');
    full = true;
    await refused(run(t, world, 'hang', { timeoutMs: 5 }), 'EXECUTION_TIMEOUT');
    await refused(run(t, world, 'get x'), 'STORAGE_FAILED');
  });

  it('runs after whatever came before it in the same world, and worlds do not wait for each other', async () => {
    const t = await openTestRuntime();
    const [a, b] = [await newWorld(t, 'a'), await newWorld(t, 'b')];
    const done: string[] = [];
    const note = (name: string) => () => void done.push(name);
    await Promise.all([
      run(t, a, 'sleep 100\nset x 1').then(note('a1')),
      run(t, a, 'add x 1').then(note('a2')),
      run(t, a, 'add x 40').then(note('a3')),
      run(t, b, 'set x 5').then(note('b')),
    ]);
    expect(done).toEqual(['b', 'a1', 'a2', 'a3']);
    expect(await variable(t, a, 'x')).toBe('42');
  });

  it('that expects another head is refused before it runs', async () => {
    const t = await openTestRuntime();
    const world = await newWorld(t, 'w');
    const seen = world.head;
    await run(t, world, 'set x 1', { expectHead: seen });
    const error = await refused(run(t, world, 'set x 2', { expectHead: seen }), 'HEAD_MOVED', /retry/);
    expect(error.details).toMatchObject({ head: world.head, expected: seen });
    expect(await variable(t, world, 'x')).toBe('1');
  });

  it('with too much code is refused', async () => {
    const t = await openTestRuntime();
    const world = await newWorld(t, 'w');
    await refused(run(t, world, `#${'x'.repeat(CODE_BYTES_MAX)}`), 'CODE_TOO_LARGE', /takes 16777216/);
  });

  it('sees the balances of its own account in its own verse', async () => {
    const t = await openTestRuntime();
    const world = await newWorld(t, 'w');
    await deposit(t.context, world, { token: 'GOLD', amount: '10' }, {});
    expect((await run(t, world, 'balance GOLD')).value).toBe('10');
    expect((await run(t, world, 'balance SILVER')).value).toBe('0');
  });
});

describe('effects', () => {
  it('a transfer commits with its execution', async () => {
    const t = await openTestRuntime();
    const world = await newWorld(t, 'w');
    await deposit(t.context, world, { token: 'GOLD', amount: '10' }, {});
    await run(t, world, 'transfer bob GOLD 3\ntransfer bob GOLD 3');
    expect(balanceOf(t, world)).toBe(4n);
    expect(t.context.model.ledger.balance(world.verseId, 'bob', 'GOLD')).toBe(6n);
  });

  it('several transfers of one execution commit all or none, and a forged one leaves nothing behind', async () => {
    const t = await openTestRuntime();
    const world = await newWorld(t, 'w');
    await deposit(t.context, world, { token: 'GOLD', amount: '10' }, {});
    await run(t, world, 'set x 1');
    const before = world.head;
    const forged = 'set x 2\nreport cost 1\noverdraw bob GOLD 6\noverdraw bob GOLD 6';
    await refused(run(t, world, forged), 'INSUFFICIENT_BALANCE', /less than/);
    expect(world).toMatchObject({ head: before, report: null });
    expect(balanceOf(t, world)).toBe(10n);
    expect(await variable(t, world, 'x')).toBe('1');
  });

  it.each(['report cost abc', 'report cost -1', 'report value 1/0'])(
    'a forged %j leaves nothing behind either',
    async (report) => {
      const t = await openTestRuntime();
      const world = await newWorld(t, 'w');
      await run(t, world, 'set x 1\nreport cost 5');
      const before = world.head;
      await refused(run(t, world, `set x 2\n${report}`), 'BAD_NUMBER');
      expect(world).toMatchObject({ head: before, report: { cost: '5', value: null } });
      expect(await variable(t, world, 'x')).toBe('1');
    },
  );

  it('only the last committed report counts', async () => {
    const t = await openTestRuntime();
    const world = await newWorld(t, 'w');
    await run(t, world, 'report cost 5 value 1\nreport cost 4');
    expect(world.report).toEqual({ cost: '4', value: null });
    await run(t, world, 'report cost 3\nfail no');
    expect(world.report).toEqual({ cost: '4', value: null });
  });
});

describe('a world that may not run', () => {
  it('says what to do when it waits for its verses', async () => {
    const t = await openTestRuntime();
    const world = await newWorld(t, 'w');
    await triad(t, world);
    await refused(run(t, world, 'get x'), 'WORLD_FROZEN', /wr pull-up w.*wr void w/s);
  });

  it('is checked when its turn comes, not when it was asked', async () => {
    const t = await openTestRuntime();
    const world = await newWorld(t, 'w');
    const slow = run(t, world, 'sleep 50');
    const pushed = triad(t, world);
    const late = run(t, world, 'set x 1');
    await slow;
    await pushed;
    await refused(late, 'WORLD_FROZEN');
  });
});

describe('an executor that is lost', () => {
  it('costs the caller nothing when no output was streamed', async () => {
    const faults = armedFaults();
    const t = await openTestRuntime({ faults });
    const world = await newWorld(t, 'w');
    await run(t, world, 'set x 1');
    faults.next('execute', EXECUTOR_LOST);
    expect((await run(t, world, 'add x 1\nget x')).value).toBe('2');
    expect(t.catalog.entries.filter(({ record }) => record.op === 'execution.failed')).toEqual([]);
    faults.next('execute', { kind: 'loseReply' });
    expect((await run(t, world, 'add x 1\nget x')).value).toBe('3');
  });

  it('is reported when output was streamed already, and the world goes on', async () => {
    const faults = armedFaults();
    const t = await openTestRuntime({ faults });
    const world = await newWorld(t, 'w');
    await run(t, world, 'set x 1');
    faults.next('execute', { kind: 'loseReply' });
    await refused(run(t, world, 'add x 1\nprint seen'), 'EXECUTOR_LOST');
    expect(await variable(t, world, 'x')).toBe('1');
  });

  it('is reported when the second attempt loses its executor too, and the world goes on', async () => {
    const faults = armedFaults();
    const t = await openTestRuntime({ faults });
    const world = await newWorld(t, 'w');
    faults.always('execute', EXECUTOR_LOST);
    await refused(run(t, world, 'set x 1'), 'EXECUTOR_LOST');
    expect(faults.count('execute')).toBe(2);
    faults.clear();
    await run(t, world, 'set x 1');
    expect(await variable(t, world, 'x')).toBe('1');
  });

  it('takes all states with it, and replay brings them back', async () => {
    const t = await openTestRuntime();
    const world = await newWorld(t, 'w');
    for (let n = 1; n <= 5; n += 1) await run(t, world, `set x${n} ${n}\nrandom`);
    await rewind(t.context, world, { steps: 2 }, {});
    const drawn = (await run(t, world, 'random')).value;
    await rewind(t.context, world, { steps: 1 }, {});
    t.loseExecutor();
    expect((await run(t, world, 'random')).value).toBe(drawn);
    expect(await variable(t, world, 'x3')).toBe('3');
    expect((await run(t, world, 'get x4')).error?.type).toBe('NameError');
  });
});

it('a state whose capture failed or was slow is still the state of that moment', async () => {
  const faults = armedFaults();
  const t = await openTestRuntime({ faults });
  const world = await newWorld(t, 'w');
  const states = [];
  for (const fault of [ENGINE_FAULT, EXECUTOR_LOST, { kind: 'delay', ms: 500 }] as const) {
    faults.next('snapshot', fault);
    states.push((await run(t, world, `set x ${states.length}`)).state!);
  }
  await run(t, world, 'set x after');
  for (const [index, state] of states.entries()) {
    await rewind(t.context, world, { to: state }, {});
    expect(await variable(t, world, 'x')).toBe(String(index));
  }
  expect(named(t, 'w')).toBe(world);
});
