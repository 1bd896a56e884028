import { describe, expect, it } from 'vitest';
import { openTestRuntime } from '../../test/support/test-runtime.js';
import { balanceOf, named, newWorld, refused, run, variable } from '../../test/support/verbs.js';
import { branch } from './branch.js';
import { deleteWorld } from './delete-world.js';
import { deposit } from './move-money.js';
import { rewind } from './rewind.js';
import { snapshotWorld } from './snapshot-world.js';

describe('rewind', () => {
  it('goes back one execution, or as many as asked, to a state or to a snapshot', async () => {
    const t = await openTestRuntime();
    const world = await newWorld(t, 'w');
    const states = [world.head];
    for (let n = 1; n <= 5; n += 1) states.push((await run(t, world, `set x ${n}`)).state!);
    const { snapshotId } = await snapshotWorld(t.context, world, 'five', {});
    expect(await rewind(t.context, world, {}, {})).toMatchObject({ from: states[5], to: states[4] });
    expect(await rewind(t.context, world, { steps: 3 }, {})).toMatchObject({ to: states[1] });
    expect(await variable(t, world, 'x')).toBe('1');
    for (const to of [states[5]!, 'five', snapshotId]) {
      await rewind(t.context, world, { to: states[2]! }, {});
      await rewind(t.context, world, { to }, {});
      expect(await variable(t, world, 'x')).toBe('5');
    }
  });

  it('restores memory and files, never ledger, reports or identity', async () => {
    const t = await openTestRuntime();
    const world = await newWorld(t, 'w');
    await deposit(t.context, world, { token: 'GOLD', amount: '10' }, {});
    await run(t, world, 'set x 1\nwrite f old');
    await run(t, world, 'set x 2\nwrite f new\nreport cost 3\ntransfer bob GOLD 4');
    const identity = t.context.model.identity(world);
    await rewind(t.context, world, {}, {});
    expect((await run(t, world, 'read f')).value).toBe("'old'");
    expect(await variable(t, world, 'x')).toBe('1');
    expect(world.report).toEqual({ cost: '3', value: null });
    expect(balanceOf(t, world)).toBe(6n);
    expect(t.context.model.identity(world)).toEqual(identity);
  });

  it('keeps the random stream of the state, since the world is the same', async () => {
    const t = await openTestRuntime();
    const world = await newWorld(t, 'w');
    await run(t, world, 'random');
    const second = (await run(t, world, 'random')).value;
    await rewind(t.context, world, {}, {});
    expect((await run(t, world, 'random')).value).toBe(second);
  });

  it('reaches what a branch came from, and not what its siblings did', async () => {
    const t = await openTestRuntime();
    const parent = await newWorld(t, 'w');
    await run(t, parent, 'set x 1');
    await run(t, parent, 'set x 2');
    await branch(t.context, parent, { count: 2 }, {});
    const theirs = (await run(t, named(t, 'w/2'), 'set x 3')).state!;
    await rewind(t.context, named(t, 'w/1'), {}, {});
    expect(await variable(t, named(t, 'w/1'), 'x')).toBe('1');
    const refusal = rewind(t.context, named(t, 'w/1'), { to: theirs }, {});
    await refused(refusal, 'STATE_NOT_FOUND', /not in the history of world w\/1/);
  });

  it('is refused beyond the beginning, to nowhere, both ways at once and in a deleted world', async () => {
    const t = await openTestRuntime();
    const world = await newWorld(t, 'w');
    await run(t, world, 'set x 1');
    await refused(rewind(t.context, world, { steps: 2 }, {}), 'STATE_NOT_FOUND', /only 1 states/);
    await refused(rewind(t.context, world, { to: 'nowhere' }, {}), 'STATE_NOT_FOUND', /"nowhere"/);
    await refused(rewind(t.context, world, { to: world.head, steps: 1 }, {}), 'BAD_INPUT', /not both/);
    await deleteWorld(t.context, world, {});
    await refused(rewind(t.context, world, {}, {}), 'WORLD_DELETED');
  });
});
