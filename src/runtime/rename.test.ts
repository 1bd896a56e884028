import { describe, expect, it } from 'vitest';
import { openTestRuntime } from '../../test/support/test-runtime.js';
import { newWorld, refused, triad } from '../../test/support/verbs.js';
import { TAGS_MAX } from '../model/name-api.js';
import { deleteWorld } from './delete-world.js';
import { pullUp } from './pull-up.js';
import { renameSnapshot, renameWorld } from './rename.js';
import { findSnapshot, findState, lookUpWorld } from './resolve-reference.js';
import { snapshotWorld } from './snapshot-world.js';
import { tagWorld } from './tag-world.js';

describe('a renamed world', () => {
  it('is found by its new name only, also by the next process, and its old name is free', async () => {
    const t = await openTestRuntime();
    const world = await newWorld(t, 'old');
    expect(await renameWorld(t.context, world, 'new', {})).toEqual({ before: 'old' });
    const other = await newWorld(t, 'old');
    const again = await t.reopen();
    expect(lookUpWorld(again.context.model, 'new').id).toBe(world.id);
    expect(lookUpWorld(again.context.model, 'old').id).toBe(other.id);
  });

  it('keeps its children, who keep their names', async () => {
    const t = await openTestRuntime();
    const world = await newWorld(t, 'w');
    const { nash } = await triad(t, world);
    await renameWorld(t.context, world, 'x', {});
    expect(nash.name).toBe('w/nash');
    expect(lookUpWorld(t.context.model, nash.birth.parentId ?? '').name).toBe('x');
  });

  it('cannot have a name that is taken, not even two at once', async () => {
    const t = await openTestRuntime();
    const [a, b] = [await newWorld(t, 'a'), await newWorld(t, 'b')];
    await refused(renameWorld(t.context, a, 'b', {}), 'NAME_TAKEN', /"b"/);
    const both = await Promise.allSettled([
      renameWorld(t.context, a, 'c', {}),
      renameWorld(t.context, b, 'c', {}),
    ]);
    expect(both.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    expect([a.name, b.name]).toEqual(['c', 'b']);
  });

  it('is not renamed to the name it has: that writes nothing', async () => {
    const t = await openTestRuntime();
    const world = await newWorld(t, 'w');
    const entries = t.disk.lines.length;
    await renameWorld(t.context, world, 'w', {});
    expect(t.disk.lines.length).toBe(entries);
  });

  it('must not have ended', async () => {
    const t = await openTestRuntime();
    const world = await newWorld(t, 'w');
    const { nash } = await triad(t, world);
    await pullUp(t.context, world, { oracle: 'manual' }, {});
    await refused(renameWorld(t.context, nash, 'x', {}), 'WORLD_COLLAPSED', /gave its name back/);
    await deleteWorld(t.context, world, {});
    await refused(renameWorld(t.context, world, 'x', {}), 'WORLD_DELETED');
  });
});

it('a renamed snapshot is found by its new name, and names of snapshots stay unique', async () => {
  const t = await openTestRuntime();
  const world = await newWorld(t, 'w');
  const { snapshotId, state } = await snapshotWorld(t.context, world, 'one', {});
  await snapshotWorld(t.context, world, 'two', {});
  const snapshot = findSnapshot(t.context.model, snapshotId);
  await refused(renameSnapshot(t.context, snapshot, 'two', {}), 'NAME_TAKEN');
  await renameSnapshot(t.context, snapshot, 'first', {});
  const { model } = (await t.reopen()).context;
  expect(findSnapshot(model, 'first').id).toBe(snapshotId);
  expect(findState(model, 'first')).toBe(state);
  expect(() => findSnapshot(model, 'one')).toThrow(/wr snapshots/);
});

describe('tags', () => {
  it('are the metadata a world was made with, changed, and outlive the process', async () => {
    const t = await openTestRuntime();
    const world = await newWorld(t, 'w', { metadata: { by: 'test', stage: 'one' } });
    await tagWorld(t.context, world, { set: { stage: 'two', more: '' }, remove: ['by', 'none'] }, {});
    const again = await t.reopen();
    expect(lookUpWorld(again.context.model, 'w').metadata).toEqual({ stage: 'two', more: '' });
    const entries = t.disk.lines.length;
    await tagWorld(again.context, lookUpWorld(again.context.model, 'w'), { set: {}, remove: ['none'] }, {});
    expect(t.disk.lines.length).toBe(entries);
  });

  it('are bounded, and not what the world was born as, nor both set and removed', async () => {
    const t = await openTestRuntime();
    const world = await newWorld(t, 'w');
    const many = Object.fromEntries(Array.from({ length: TAGS_MAX + 1 }, (_, n) => [`k${n}`, '1']));
    const tag = (set: Record<string, string>, remove: string[] = []) =>
      tagWorld(t.context, world, { set, remove }, {});
    await refused(tag(many), 'BAD_INPUT', /64 is the most/);
    await refused(tag({ verse: 'x' }), 'BAD_INPUT', /cannot be changed/);
    await refused(tag({}, ['trit']), 'BAD_INPUT', /cannot be changed/);
    await refused(tag({ a: '1' }, ['a']), 'BAD_INPUT', /both set and removed/);
    expect(world.metadata).toEqual({});
  });
});
