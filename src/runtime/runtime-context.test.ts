import { describe, expect, it } from 'vitest';
import { newDisk, openTestRuntime, type TestDisk } from '../../test/support/test-runtime.js';
import { describeModel, named, newWorld, refused, run } from '../../test/support/verbs.js';
import { branch } from './branch.js';
import { closeRuntime } from './open-runtime.js';

describe('a journal that cannot be written', () => {
  it.each(['lost', 'kept'] as const)('stops everything until reopened (the record was %s)', async (fault) => {
    let armed = false;
    const t = await openTestRuntime({ journal: { failAt: () => (armed ? fault : undefined) } });
    const world = await newWorld(t, 'w');
    await run(t, world, 'set x 1');
    armed = true;
    await refused(run(t, world, 'set x 2'), 'STORAGE_FAILED', /Open the data directory again/);
    armed = false;
    await refused(run(t, world, 'get x'), 'STORAGE_FAILED');
    await refused(newWorld(t, 'other'), 'STORAGE_FAILED');
    await refused(branch(t.context, world, {}, {}), 'STORAGE_FAILED');
    const again = await t.reopen();
    expect((await run(again, named(again, 'w'), 'get x')).value).toBe(fault === 'lost' ? '1' : '2');
  });

  it('fails every verb that was waiting for it, and none is half there afterwards', async () => {
    let armed = false;
    const disk = newDisk();
    const delay = (): Promise<void> => disk.clock.sleep(10);
    const t = await openTestRuntime({ disk, journal: { delay, failAt: () => (armed ? 'lost' : undefined) } });
    const [a, b] = [await newWorld(t, 'a'), await newWorld(t, 'b')];
    const before = describeModel(t.context.model);
    armed = true;
    const attempts = [run(t, a, 'set x 1'), branch(t.context, b, {}, {}), newWorld(t, 'c')];
    await Promise.all(attempts.map((attempt) => refused(attempt, 'STORAGE_FAILED')));
    expect(t.substrate.census().machines).toBeLessThanOrEqual(2);
    const again = await t.reopen();
    expect(describeModel(again.context.model)).toEqual(before);
  });
});

it('a closed runtime refuses everything, what waits in line included, after finishing what runs', async () => {
  const t = await openTestRuntime();
  const world = await newWorld(t, 'w');
  const running = run(t, world, 'sleep 50\nset x 1');
  const waiting = run(t, world, 'set x 2');
  await new Promise((resolve) => setImmediate(resolve));
  const closing = closeRuntime(t.context);
  expect((await running).ok).toBe(true);
  await refused(waiting, 'RUNTIME_CLOSED', /Open the data directory again/);
  await closing;
  await refused(newWorld(t, 'late'), 'RUNTIME_CLOSED');
  expect(t.substrate.census().machines).toBe(0);
});

it('closing does not fail because the executor is dead: what it held will be replayed', async () => {
  const t = await openTestRuntime();
  const world = await newWorld(t, 'w');
  await run(t, world, 'set x 1\nsleep 5000');
  t.substrate.crash();
  await t.close();
  const again = await t.crash();
  expect((await run(again, named(again, 'w'), 'get x')).value).toBe('1');
});

describe('times of records', () => {
  const stepping = (...ns: bigint[]): TestDisk => {
    const disk = newDisk();
    let last = 0n;
    const nowNs = (): bigint => {
      last = ns.shift() ?? last;
      return last;
    };
    return { ...disk, clock: { ...disk.clock, nowNs } };
  };

  it('increase from one record to the next, also within a microsecond and when the clock goes back', async () => {
    const t = await openTestRuntime({ disk: stepping(5_000n, 5_001n, 5_999n, 6_000n, 1_000n, 7_000n) });
    const times = Array.from({ length: 7 }, () => t.context.at());
    for (const [index, time] of times.entries()) expect(time > (times[index - 1] ?? '')).toBe(true);
  });

  it('are later than everything in the journal even if the clock was set back meanwhile', async () => {
    const t = await openTestRuntime();
    await newWorld(t, 'a');
    const disk = { ...stepping(1_000_000_000n), lines: t.disk.lines, ids: t.disk.ids };
    const again = await openTestRuntime({ disk });
    const later = await newWorld(again, 'b');
    expect(later.createdAt > named(again, 'a').createdAt).toBe(true);
  });
});
