import { describe, expect, it } from 'vitest';
import { openTestRuntime } from '../../test/support/test-runtime.js';
import { newWorld, refused, triad } from '../../test/support/verbs.js';
import { deleteWorld } from './delete-world.js';
import { findWorld } from './find-world.js';
import { pullUp } from './pull-up.js';
import { findSnapshot, findState, lookUpWorld } from './resolve-reference.js';
import { snapshotWorld } from './snapshot-world.js';

const attempt = async <T>(work: () => T): Promise<T> => work();

describe('a world', () => {
  it('is found by id, by name, by the last part of its name and by a prefix of its id', async () => {
    const t = await openTestRuntime();
    const world = await newWorld(t, 'w');
    const { nash } = await triad(t, world);
    const { model } = t.context;
    for (const reference of [nash.id, 'w/nash', 'nash']) expect(lookUpWorld(model, reference)).toBe(nash);
    const alone = await openTestRuntime();
    const only = await newWorld(alone, 'only');
    expect(lookUpWorld(alone.context.model, only.id.slice(0, 8))).toBe(only);
  });

  it('is refused when a prefix or an ending is ambiguous, with what matches', async () => {
    const t = await openTestRuntime();
    const [a, b] = [await newWorld(t, 'a'), await newWorld(t, 'b')];
    const { model } = t.context;
    const prefix = attempt(() => lookUpWorld(model, a.id.slice(0, 10)));
    expect((await refused(prefix, 'AMBIGUOUS_ID', /matches 2 worlds/)).details['matches']).toEqual([
      a.id,
      b.id,
    ]);
    await triad(t, a);
    await triad(t, b);
    await refused(
      attempt(() => lookUpWorld(model, 'nash')),
      'AMBIGUOUS_ID',
      /a\/nash.*b\/nash/,
    );
    await refused(
      attempt(() => lookUpWorld(model, 'wld_')),
      'WORLD_NOT_FOUND',
    );
    await refused(
      attempt(() => lookUpWorld(model, 'nope')),
      'WORLD_NOT_FOUND',
      /"nope".*wr list --all/,
    );
  });

  it('that ended is found by id and by the name it had, unless another has the name now', async () => {
    const t = await openTestRuntime();
    const first = await newWorld(t, 'w');
    await deleteWorld(t.context, first, {});
    const { model } = t.context;
    expect([lookUpWorld(model, first.id), lookUpWorld(model, 'w')]).toEqual([first, first]);
    const second = await newWorld(t, 'w');
    expect(lookUpWorld(model, 'w')).toBe(second);
  });
});

describe('the current world', () => {
  it('is the last one made or named, and outlives the process', async () => {
    const t = await openTestRuntime();
    await refused(
      attempt(() => findWorld(t.context, undefined)),
      'NO_CURRENT_WORLD',
      /wr create/,
    );
    const [a, b] = [await newWorld(t, 'a'), await newWorld(t, 'b')];
    expect(findWorld(t.context, undefined)).toBe(b);
    findWorld(t.context, 'a');
    expect(findWorld(t.context, undefined)).toBe(a);
    const again = await t.reopen();
    expect(findWorld(again.context, undefined).name).toBe('a');
  });

  it('is none that ended', async () => {
    const t = await openTestRuntime();
    const world = await newWorld(t, 'w');
    const { nash } = await triad(t, world);
    await pullUp(t.context, world, { oracle: 'manual' }, {});
    findWorld(t.context, nash.id);
    expect(findWorld(t.context, undefined)).toBe(world);
  });
});

it('snapshots and states are found by name, id and prefix', async () => {
  const t = await openTestRuntime();
  const world = await newWorld(t, 'w');
  const { snapshotId, state } = await snapshotWorld(t.context, world, 's', {});
  const { model } = t.context;
  for (const reference of ['s', snapshotId, snapshotId.slice(0, 10)]) {
    expect(findSnapshot(model, reference).id).toBe(snapshotId);
  }
  for (const reference of [state, state.slice(0, 10)]) expect(findState(model, reference)).toBe(state);
  await snapshotWorld(t.context, world, 'other', {});
  await refused(
    attempt(() => findSnapshot(model, snapshotId.slice(0, 10))),
    'AMBIGUOUS_ID',
  );
  await refused(
    attempt(() => findSnapshot(model, 'none')),
    'SNAPSHOT_NOT_FOUND',
    /wr snapshots/,
  );
  await refused(
    attempt(() => findState(model, 'stt_ZZZZ')),
    'STATE_NOT_FOUND',
    /wr log/,
  );
});
