import { describe, expect, it } from 'vitest';
import { openTestRuntime, type TestRuntime } from '../../test/support/test-runtime.js';
import { describeModel, named, newWorld, refused, run, triad, variable } from '../../test/support/verbs.js';
import { branch } from './branch.js';
import { createWorld } from './create-world.js';
import { deleteWorld } from './delete-world.js';
import { editFiles } from './edit-files.js';
import { pullUp } from './pull-up.js';
import { removeSnapshot } from './remove-snapshot.js';
import { lookUpWorld } from './resolve-reference.js';
import { rewind } from './rewind.js';
import { snapshotWorld } from './snapshot-world.js';
import type { World } from './world-model.js';

const gc = (t: TestRuntime, request = {}) => t.context.upkeep.collect(request, {});
const retaining = (deletedWorlds: number) => ({ retention: { states: 2, deletedWorlds } });

async function children(t: TestRuntime, parent: World, count: number): Promise<World[]> {
  const made = await branch(t.context, parent, { count }, {});
  return made.children.map(({ worldId }) => t.context.model.world(worldId));
}

async function remove(t: TestRuntime, ...worlds: World[]): Promise<void> {
  for (const world of worlds) await deleteWorld(t.context, world, {});
}

describe('deleted worlds', () => {
  it('are forgotten once nothing needs them, with the branches of which nobody is left', async () => {
    const t = await openTestRuntime(retaining(0));
    const { model } = t.context;
    const world = await newWorld(t, 'w');
    const made = await children(t, world, 3);
    for (const child of made) await run(t, child, 'set x 1');
    await remove(t, made[0]!, made[1]!);
    expect(await gc(t, { dryRun: true })).toMatchObject({ worldsForgotten: 0 });
    expect(await gc(t)).toMatchObject({ worldsForgotten: 2 });
    expect([...model.worlds.keys()]).toEqual([world.id, made[2]!.id]);
    expect(world.childIds).toEqual([made[2]!.id]);
    expect([...model.branches.values()].map(({ childIds }) => childIds)).toEqual([[made[2]!.id]]);
    await refused(
      Promise.resolve().then(() => lookUpWorld(model, made[0]!.id)),
      'WORLD_NOT_FOUND',
      /it was deleted and is forgotten/,
    );
    await remove(t, made[2]!);
    await gc(t);
    expect([model.worlds.size, model.branches.size, model.worldsBorn]).toEqual([1, 0, 4]);
    const again = await t.crash(retaining(0));
    expect(describeModel(again.context.model)).toEqual(describeModel(model));
    // Names and seeds go on from where they were.
    const [next] = await children(again, named(again, 'w'), 1);
    expect(made.map(({ birth }) => birth.identity.seed)).not.toContain(next?.birth.identity.seed);
    expect((await createWorld(again.context, {}, {})).name).toBe('world-6');
  });

  it('stay listed as long as they are among the youngest, and so do their parents', async () => {
    const t = await openTestRuntime(retaining(2));
    const world = await newWorld(t, 'w');
    const [below] = await children(t, world, 1);
    const others = await children(t, world, 4);
    const deep = await children(t, below!, 2);
    await remove(t, ...others, ...deep, below!);
    expect(await gc(t)).toMatchObject({ worldsForgotten: 4 });
    expect([...t.context.model.worlds.keys()]).toEqual([world, below!, ...deep].map(({ id }) => id));
  });

  it('that won stay as long as their states do: a replay runs as who they were', async () => {
    const t = await openTestRuntime(retaining(0));
    const world = await newWorld(t, 'w');
    const { nash, optimal, chaos } = await triad(t, world);
    const x = (await run(t, nash, 'set x 7')).state!;
    await pullUp(t.context, world, { oracle: 'manual', outcome: 'nash' }, {});
    await remove(t, nash, optimal, chaos);
    expect(await gc(t)).toMatchObject({ worldsForgotten: 2 });
    expect(t.context.model.worlds.has(nash.id)).toBe(true);
    expect(t.context.model.conditions.size).toBe(1);
    const again = await t.crash(retaining(0));
    const parent = named(again, 'w');
    await run(again, parent, 'set x 8');
    await rewind(again.context, parent, { to: x }, {});
    expect(await variable(again, parent, 'x')).toBe('7');
    // Further on its last state is given up, and then nothing is left of the push-down.
    for (let n = 0; n < 4; n += 1) await run(again, parent, `set x ${n}`);
    expect(await gc(again)).toMatchObject({ worldsForgotten: 1 });
    expect(again.context.model.conditions.size).toBe(0);
    expect(again.context.model.worlds.size).toBe(1);
  });

  it('as whom code ran last stay while files from outside are on top of it', async () => {
    const t = await openTestRuntime({ retention: { states: 1, deletedWorlds: 0 } });
    const { model } = t.context;
    const world = await newWorld(t, 'w');
    const { nash, optimal, chaos } = await triad(t, world);
    await run(t, nash, 'set x 7');
    await pullUp(t.context, world, { oracle: 'manual', outcome: 'nash' }, {});
    const edits = [{ kind: 'write' as const, path: '/f', content: Buffer.from('f') }];
    await editFiles(t.context, { world, edits }, {});
    await remove(t, nash, optimal, chaos);
    expect(await gc(t)).toMatchObject({ worldsForgotten: 2 });
    expect([...model.states.keys()]).toEqual([world.head]);
    expect(model.lastRun(world.head).worldId).toBe(nash.id);
    expect(model.worlds.has(nash.id)).toBe(true);
    await run(t, world, 'set x 8');
    expect(await gc(t)).toMatchObject({ worldsForgotten: 1 });
  });

  it('stay while a snapshot is of them that was taken where their parent stood', async () => {
    const t = await openTestRuntime(retaining(0));
    const world = await newWorld(t, 'w');
    const [child] = await children(t, world, 1);
    await snapshotWorld(t.context, child!, 'name', {});
    await remove(t, child!);
    expect(await gc(t)).toMatchObject({ worldsForgotten: 0 });
    await removeSnapshot(t.context, t.context.model.snapshotsByName.get('name')!, {});
    expect(await gc(t)).toMatchObject({ worldsForgotten: 1 });
  });

  it('stay while somebody has them', async () => {
    const t = await openTestRuntime(retaining(0));
    const world = await newWorld(t, 'w');
    const [child] = await children(t, world, 1);
    await remove(t, child!);
    await t.context.locks.hold([child!.id], async () => {
      expect(await gc(t)).toMatchObject({ worldsForgotten: 0 });
    });
    expect(await gc(t)).toMatchObject({ worldsForgotten: 1 });
  });

  it('stay while a snapshot is of them, and while worlds that are not deleted are below them', async () => {
    const t = await openTestRuntime(retaining(0));
    const [kept, above] = [await newWorld(t, 'kept'), await newWorld(t, 'above')];
    await snapshotWorld(t.context, kept, 'name', {});
    const [child] = await children(t, above, 1);
    await remove(t, kept, above);
    expect(await gc(t)).toMatchObject({ worldsForgotten: 0 });
    await remove(t, child!);
    expect(await gc(t)).toMatchObject({ worldsForgotten: 2 });
    expect([...t.context.model.worlds.keys()]).toEqual([kept.id]);
    const fork = await createWorld(t.context, { snapshot: 'name', detached: true }, {});
    expect(fork.status).toBe('running');
  });
});
