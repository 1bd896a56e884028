import { describe, expect, it } from 'vitest';
import { openTestRuntime, type TestRuntime } from '../../test/support/test-runtime.js';
import { describeModel, named, newWorld, refused, run, variable } from '../../test/support/verbs.js';
import { createWorld } from './create-world.js';
import { deleteWorld } from './delete-world.js';
import { createImage, removeImage } from './images.js';
import { removeSnapshot } from './remove-snapshot.js';
import { renameSnapshot } from './rename.js';
import { findSnapshot } from './resolve-reference.js';
import { rewind } from './rewind.js';
import { snapshotWorld } from './snapshot-world.js';
import type { Snapshot } from './world-model.js';

const snapshotOf = (t: TestRuntime, name: string): Snapshot => findSnapshot(t.context.model, name);
const remove = (t: TestRuntime, name: string) => removeSnapshot(t.context, snapshotOf(t, name), {});

describe('a removed snapshot', () => {
  it('is known no more, also by the next process, and its name is free', async () => {
    const t = await openTestRuntime();
    const world = await newWorld(t, 'w');
    await run(t, world, 'set x 1');
    const { snapshotId } = await snapshotWorld(t.context, world, 's', {});
    expect(await remove(t, 's')).toMatchObject({ op: 'snapshot.removed', snapshotId, name: 's' });
    const again = await t.crash();
    expect(describeModel(again.context.model)).toEqual(describeModel(t.context.model));
    for (const reference of ['s', snapshotId]) {
      expect(() => snapshotOf(again, reference)).toThrow(/There is no snapshot.*wr snapshots/);
      const made = createWorld(again.context, { snapshot: reference }, {});
      await refused(made, 'SNAPSHOT_NOT_FOUND');
    }
    await refused(rewind(again.context, named(again, 'w'), { to: 's' }, {}), 'STATE_NOT_FOUND');
    await snapshotWorld(again.context, named(again, 'w'), 's', {});
    expect(snapshotOf(again, 's').id).not.toBe(snapshotId);
  });

  it('leaves the worlds that were made from it as they are, and their family', async () => {
    const t = await openTestRuntime({ retention: { states: 1 } });
    const world = await newWorld(t, 'w');
    await run(t, world, 'set x 1');
    await snapshotWorld(t.context, world, 's', {});
    await run(t, world, 'set x 2');
    await createWorld(t.context, { name: 'idle', snapshot: 's' }, {});
    const busy = await createWorld(t.context, { name: 'busy', snapshot: 's' }, {});
    await run(t, busy, 'set x 3');
    await remove(t, 's');
    await t.context.upkeep.collect({}, {});
    const again = await t.crash();
    const values = ['w', 'idle', 'busy'].map((name) => variable(again, named(again, name), 'x'));
    expect(await Promise.all(values)).toEqual(['2', '1', '3']);
    expect(named(again, 'w').childIds).toHaveLength(2);
  });

  it('no longer keeps its state or its durable form, unless another name does', async () => {
    const t = await openTestRuntime({ retention: { states: 1 } });
    const world = await newWorld(t, 'w');
    await run(t, world, 'set x 1');
    const { state } = await snapshotWorld(t.context, world, 'one', {});
    await snapshotWorld(t.context, world, 'two', {});
    await run(t, world, 'set x 2');
    const isKept = async () => {
      await t.context.upkeep.collect({}, {});
      return [t.context.model.states.has(state), t.disk.archive.size];
    };
    expect(await isKept()).toEqual([true, 1]);
    await remove(t, 'one');
    expect(await isKept()).toEqual([true, 1]);
    await remove(t, 'two');
    // What is durable now is the head, which was to be replayed from the state that went.
    expect(await isKept()).toEqual([false, 1]);
    expect(await variable(await t.crash(), world, 'x')).toBe('2');
  });

  it('no longer keeps the image that its world stood on', async () => {
    const t = await openTestRuntime();
    const recipe = { preamble: 'x = 1', wheels: [], packages: [], packageDir: null };
    await createImage(t.context, { name: 'tools', ...recipe }, { wait: {} });
    const world = await createWorld(t.context, { name: 'w', image: 'tools' }, {});
    await snapshotWorld(t.context, world, 's', {});
    await deleteWorld(t.context, world, {});
    await refused(removeImage(t.context, 'tools'), 'IMAGE_IN_USE', /wr snapshots rm/);
    await remove(t, 's');
    await removeImage(t.context, 'tools');
    expect(t.context.model.images.size).toBe(0);
  });

  it('stays when the runtime closes before its turn', async () => {
    const t = await openTestRuntime();
    const world = await newWorld(t, 'w');
    await snapshotWorld(t.context, world, 's', {});
    const late = t.context.locks.hold([world.id], async () => t.context.beginClosing());
    const removing = refused(remove(t, 's'), 'RUNTIME_CLOSED');
    await Promise.all([late, removing]);
    expect((await t.reopen()).context.model.snapshotsByName.has('s')).toBe(true);
  });

  it('can be of a world that ended', async () => {
    const t = await openTestRuntime();
    const world = await newWorld(t, 'w');
    await snapshotWorld(t.context, world, 's', {});
    await deleteWorld(t.context, world, {});
    await remove(t, 's');
    expect(t.context.model.snapshots.size).toBe(0);
  });

  it('is not there for whoever waited for its world meanwhile', async () => {
    const t = await openTestRuntime();
    const world = await newWorld(t, 'w');
    await snapshotWorld(t.context, world, 's', {});
    const snapshot = snapshotOf(t, 's');
    // Somebody has the world until all have looked the snapshot up and wait.
    let leave = (): void => {};
    const busy = t.context.locks.hold([world.id], () => new Promise<void>((done) => (leave = done)));
    const waiting = [
      removeSnapshot(t.context, snapshot, {}),
      removeSnapshot(t.context, snapshot, {}),
      renameSnapshot(t.context, snapshot, 'other', {}),
      createWorld(t.context, { name: 'child', snapshot: 's' }, {}),
    ];
    await new Promise((done) => setImmediate(done));
    leave();
    await busy;
    const [removed, ...late] = await Promise.allSettled(waiting);
    expect(removed?.status).toBe('fulfilled');
    for (const ended of late) {
      expect(ended).toMatchObject({ status: 'rejected', reason: { code: 'SNAPSHOT_NOT_FOUND' } });
    }
    expect([...t.context.model.worldsByName.keys()]).toEqual(['w']);
  });
});
