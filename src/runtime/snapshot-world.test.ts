import { describe, expect, it } from 'vitest';
import { armedFaults, EXECUTOR_LOST } from '../../test/support/armed-faults.js';
import { openTestRuntime } from '../../test/support/test-runtime.js';
import { named, newWorld, refused, run } from '../../test/support/verbs.js';
import { branch } from './branch.js';
import { deleteWorld } from './delete-world.js';
import { snapshotWorld } from './snapshot-world.js';

describe('snapshot', () => {
  it('names the head and makes it durable', async () => {
    const t = await openTestRuntime();
    const world = await newWorld(t, 'w');
    await run(t, world, 'set x 1');
    const record = await snapshotWorld(t.context, world, 'mine', {});
    expect(record).toMatchObject({ name: 'mine', worldId: world.id, state: world.head });
    expect(t.disk.archive.size).toBe(1);
    expect(t.context.model.state(world.head).durable).toEqual(record.durable);
  });

  it('gets the next free number as its name when none is given', async () => {
    const t = await openTestRuntime();
    const world = await newWorld(t, 'w');
    await snapshotWorld(t.context, world, 'snapshot-2', {});
    const records = await Promise.all([1, 2, 3].map(() => snapshotWorld(t.context, world, undefined, {})));
    expect(records.map(({ name }) => name)).toEqual(['snapshot-3', 'snapshot-4', 'snapshot-5']);
  });

  it('cannot take a name that is taken, not even by one that is still being taken', async () => {
    const t = await openTestRuntime();
    const [a, b] = [await newWorld(t, 'a'), await newWorld(t, 'b')];
    const first = snapshotWorld(t.context, a, 's', {});
    await refused(snapshotWorld(t.context, b, 's', {}), 'NAME_TAKEN', /Choose another/);
    await first;
    await refused(snapshotWorld(t.context, a, 's', {}), 'NAME_TAKEN');
  });

  it('of a deleted world is refused', async () => {
    const t = await openTestRuntime();
    const world = await newWorld(t, 'w');
    await deleteWorld(t.context, world, {});
    await refused(snapshotWorld(t.context, world, undefined, {}), 'WORLD_DELETED');
  });

  it('that cannot be written leaves nothing behind, and the name free', async () => {
    const faults = armedFaults();
    const t = await openTestRuntime({ faults });
    const world = await newWorld(t, 'w');
    faults.next('persist', { kind: 'fail', code: 'STORAGE_FAILED' });
    await refused(snapshotWorld(t.context, world, 's', {}), 'STORAGE_FAILED');
    expect(t.context.model.snapshots.size).toBe(0);
    expect((await snapshotWorld(t.context, world, 's', {})).name).toBe('s');
  });

  it('works after the executor died, and while it dies', async () => {
    const faults = armedFaults();
    const t = await openTestRuntime({ faults });
    const world = await newWorld(t, 'w');
    await run(t, world, 'set x 1');
    t.loseExecutor();
    await snapshotWorld(t.context, world, 'after', {});
    await run(t, world, 'set x 2');
    for (const operation of ['persist', 'measure'] as const) faults.next(operation, EXECUTOR_LOST);
    await snapshotWorld(t.context, world, 'while', {});
    expect(t.context.model.snapshots.size).toBe(2);
  });

  it('does not fail because another world’s snapshot of the same state was interrupted', async () => {
    const faults = armedFaults();
    const t = await openTestRuntime({ faults });
    const parent = await newWorld(t, 'w');
    await run(t, parent, 'set x 1');
    await branch(t.context, parent, { count: 1 }, {});
    const stop = new AbortController();
    faults.next('persist', { kind: 'delay', ms: 50 });
    const first = snapshotWorld(t.context, parent, 'a', { signal: stop.signal });
    const second = snapshotWorld(t.context, named(t, 'w/1'), 'b', {});
    await Promise.resolve();
    stop.abort();
    await refused(first, 'INTERRUPTED');
    expect((await second).name).toBe('b');
  });

  it('has its measured time in the record', async () => {
    const faults = armedFaults();
    const t = await openTestRuntime({ faults });
    const world = await newWorld(t, 'w');
    faults.next('persist', { kind: 'delay', ms: 120 });
    const slow = await snapshotWorld(t.context, world, undefined, {});
    expect(slow.metrics[0]).toMatchObject({ worldId: world.id, snapshotTimeMs: 120 });
    expect(slow.metrics[0]!.memoryOverheadMb).toBeGreaterThan(0);
  });
});
