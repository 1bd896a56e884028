import { describe, expect, it } from 'vitest';
import { armedFaults, ENGINE_FAULT } from '../../test/support/armed-faults.js';
import { openTestRuntime } from '../../test/support/test-runtime.js';
import { named, newWorld, refused, run, triad, variable } from '../../test/support/verbs.js';
import type { RecordOf } from '../ports/journal-record.js';
import { branch } from './branch.js';
import { pullUp } from './pull-up.js';
import { rewind } from './rewind.js';
import { snapshotWorld } from './snapshot-world.js';

describe('a state that nobody holds any more', () => {
  it('is made again by replay from the boot, across branches and pull-ups', async () => {
    const t = await openTestRuntime();
    const world = await newWorld(t, 'w');
    await run(t, world, 'set x 1\nrandom\nnow');
    const { optimal } = await triad(t, world);
    await run(t, optimal, 'add x 1\nset drawn 0\nrandom');
    await pullUp(t.context, world, { oracle: 'manual' }, {});
    const drawn = (await run(t, world, 'add x 1\nrandom')).value;
    await run(t, world, 'set y 1');
    const again = await t.crash();
    const same = named(again, 'w');
    expect(await variable(again, same, 'x')).toBe('3');
    // Back to where it adopted the winner: the same state and identity give the same numbers.
    await rewind(again.context, same, { steps: 3 }, {});
    expect((await run(again, same, 'random')).value).toBe(drawn);
    await rewind(again.context, same, { steps: 2 }, {});
    expect(await variable(again, same, 'x')).toBe('1');
  });

  it('is replayed only from the nearest durable state', async () => {
    const t = await openTestRuntime();
    const world = await newWorld(t, 'w');
    for (let n = 0; n < 5; n += 1) await run(t, world, `set x ${n}`);
    await snapshotWorld(t.context, world, 's', {});
    await run(t, world, 'set y 1');
    const faults = armedFaults();
    const again = await t.crash({ faults });
    await run(again, named(again, 'w'), 'get x');
    expect([faults.count('boot'), faults.count('recall'), faults.count('execute')]).toEqual([0, 1, 2]);
  });

  it('becomes durable by itself after enough executions, or enough of the guest’s time', async () => {
    const t = await openTestRuntime();
    const [many, long] = [await newWorld(t, 'many'), await newWorld(t, 'long')];
    for (let n = 0; n < 63; n += 1) await run(t, many, 'now');
    await run(t, long, 'sleep 999');
    await t.context.backgroundDone();
    expect(t.disk.archive.size).toBe(0);
    await run(t, many, 'now');
    await run(t, long, 'sleep 1');
    await t.context.backgroundDone();
    expect(t.disk.archive.size).toBe(2);
    const faults = armedFaults();
    const again = await t.crash({ faults });
    await run(again, named(again, 'many'), 'now');
    expect(faults.count('execute')).toBe(1);
  });

  it('becomes durable when the settings say so, earlier or later than by itself', async () => {
    const early = await openTestRuntime({ durability: { executions: 3, closeRunMs: 0 } });
    const world = await newWorld(early, 'w');
    for (const [n, durable] of [0, 0, 1, 1, 1, 2].entries()) {
      await run(early, world, `set x ${n}`);
      await early.context.backgroundDone();
      expect(early.disk.archive.size, `after ${n + 1}`).toBe(durable);
    }
    await run(early, world, 'set x 9');
    await early.close();
    expect(early.disk.archive.size, 'closing makes any head durable').toBe(3);
    const late = await openTestRuntime({ durability: { executions: 100, runMs: 5000, closeRunMs: 5000 } });
    const other = await newWorld(late, 'w');
    await run(late, other, 'sleep 4000');
    for (let n = 0; n < 98; n += 1) await run(late, other, 'now');
    await late.context.backgroundDone();
    expect(late.disk.archive.size).toBe(0);
    await run(late, other, 'now');
    await late.context.backgroundDone();
    expect(late.disk.archive.size).toBe(1);
  });

  it('becomes durable on close when a replay would be slow', async () => {
    const t = await openTestRuntime();
    await run(t, await newWorld(t, 'fast'), 'sleep 99');
    await run(t, await newWorld(t, 'slow'), 'sleep 100');
    await t.reopen();
    expect(t.disk.archive.size).toBe(1);
  });

  it('becomes durable once its world is idle, when a replay would be slow and nothing else runs in it', async () => {
    const t = await openTestRuntime({ durability: { idleMs: 400 } });
    const { clock } = t.disk;
    const [slow, fast, busy] = [
      await newWorld(t, 'slow'),
      await newWorld(t, 'fast'),
      await newWorld(t, 'busy'),
    ];
    const from = clock.monotonicMs();
    await run(t, fast, 'sleep 99');
    await run(t, busy, 'sleep 100');
    await run(t, slow, 'sleep 200');
    // 300 ms after it was used, so that it is not idle for another 400.
    await clock.sleep(100);
    await run(t, busy, 'set x 1');
    await clock.sleep(from + 798 - clock.monotonicMs());
    await t.context.backgroundDone();
    expect(t.disk.archive.size, 'slow was used last at 399').toBe(0);
    await clock.sleep(3);
    await t.context.backgroundDone();
    expect(t.context.model.state(slow.head).durable).not.toBeNull();
    expect(t.disk.archive.size).toBe(1);
    await clock.sleep(100);
    await t.context.backgroundDone();
    expect(t.context.model.state(busy.head).durable).not.toBeNull();
    await clock.sleep(1000);
    await t.context.backgroundDone();
    expect(t.disk.archive.size, 'fast is cheap to run again').toBe(2);

    const never = await openTestRuntime({ durability: { idleMs: 0 } });
    await run(never, await newWorld(never, 'w'), 'sleep 900');
    await never.disk.clock.sleep(100_000);
    await never.context.backgroundDone();
    expect(never.disk.archive.size).toBe(0);
  });

  it('is made again when the capture of one before it failed', async () => {
    const faults = armedFaults();
    const t = await openTestRuntime({ faults });
    const world = await newWorld(t, 'w');
    faults.next('snapshot', { kind: 'delay', ms: 20 });
    faults.next('snapshot', ENGINE_FAULT, 1);
    await run(t, world, 'set x 1');
    const { state } = await run(t, world, 'set y 2');
    await run(t, world, 'set x 3');
    await branch(t.context, world, { count: 1 }, {});
    await rewind(t.context, world, { to: state! }, {});
    expect((await run(t, world, 'get x')).value).toBe('1');
  });
});

describe('what cannot be made again', () => {
  it('because the replay answers otherwise is named, and the states before it still work', async () => {
    const t = await openTestRuntime();
    const world = await newWorld(t, 'w');
    const good = (await run(t, world, 'set x 1')).state!;
    const bad = await run(t, world, 'set x 2\nget x');
    t.abandon();
    const again = await openTestRuntime({ disk: t.disk });
    const origin = again.context.model.state(bad.state!).origin;
    if (origin.kind !== 'execution') throw new Error('it has one');
    Object.assign(origin.execution, { code: 'set x 3\nget x' });
    const same = named(again, 'w');
    const error = await refused(
      run(again, same, 'get x'),
      'RECOVERY_DIVERGED',
      new RegExp(`rewind to ${good}`),
    );
    expect(error.message).toContain(bad.executionId);
    const failed = again.catalog.entries.at(-1)!.record as RecordOf<'execution.failed'>;
    expect(failed).toMatchObject({ op: 'execution.failed', errorCode: 'RECOVERY_DIVERGED' });
    await rewind(again.context, same, { to: good }, {});
    expect(await variable(again, same, 'x')).toBe('1');
  });

  it('because the base image is another one is refused with both hashes', async () => {
    const t = await openTestRuntime();
    const world = await newWorld(t, 'w');
    await run(t, world, 'set x 1');
    await snapshotWorld(t.context, await newWorld(t, 'durable'), 's', {});
    const other = await t.crash({ base: 'another-image' });
    const error = await refused(run(other, named(other, 'w'), 'get x'), 'IMAGE_MISMATCH', /Use the version/);
    expect(error.details['expected']).not.toBe(error.details['found']);
    await refused(run(other, named(other, 'durable'), 'now'), 'IMAGE_MISMATCH');
    expect((await run(other, await newWorld(other, 'new'), 'set x 1')).ok).toBe(true);
  });

  it('because its durable form is damaged and its past forgotten is an error that names state and world', async () => {
    const t = await openTestRuntime({ retention: { states: 1 } });
    const world = await newWorld(t, 'w');
    for (let n = 0; n < 3; n += 1) await run(t, world, `set x ${n}`);
    await snapshotWorld(t.context, world, 's', {});
    await t.context.upkeep.collect({}, {});
    for (const key of t.disk.archive.keys()) t.disk.archive.set(key, '{}');
    const damaged = await t.crash();
    const error = await refused(
      run(damaged, named(damaged, 'w'), 'get x'),
      'PAGE_CORRUPT',
      /of world w .* Rewind the world to another state/,
    );
    expect(error.details).toMatchObject({ state: world.head, world: world.id });
    t.disk.archive.clear();
    const gone = await damaged.crash();
    await refused(run(gone, named(gone, 'w'), 'get x'), 'STATE_LOST', /cannot be made again by replay/);
  });
});

describe('a durable form that is damaged', () => {
  it.each(['damaged', 'gone'] as const)('(%s) is passed over by replay and written anew', async (how) => {
    const t = await openTestRuntime();
    const world = await newWorld(t, 'w');
    await run(t, world, 'set x 1');
    await snapshotWorld(t.context, world, 'early', {});
    await run(t, world, 'add x 1');
    await snapshotWorld(t.context, world, 'late', {});
    await run(t, world, 'set y 5');
    const intact = new Map(t.disk.archive);
    if (how === 'gone') t.disk.archive.clear();
    else for (const key of intact.keys()) t.disk.archive.set(key, '{}');
    const notes: string[] = [];
    const faults = armedFaults();
    const again = await t.crash({ log: (note) => notes.push(note), faults });
    expect(await variable(again, named(again, 'w'), 'x')).toBe('2');
    expect([faults.count('recall'), faults.count('boot')]).toEqual([2, 1]);
    await again.context.backgroundDone();
    expect(new Map(t.disk.archive)).toEqual(intact);
    expect(notes.filter((note) => note.includes('is damaged'))).toHaveLength(2);
    expect(notes.filter((note) => note.includes('written anew'))).toHaveLength(2);
    // Healed: another process replays only what came after.
    const after = armedFaults();
    const healed = await again.crash({ faults: after });
    expect(await variable(healed, named(healed, 'w'), 'y')).toBe('5');
    expect([after.count('recall'), after.count('boot')]).toEqual([1, 0]);
  });
});
