import { describe, expect, it } from 'vitest';
import { openTestRuntime } from '../../test/support/test-runtime.js';
import { balanceOf, named, newWorld, refused, run, triad, variable } from '../../test/support/verbs.js';
import { branch } from './branch.js';
import { deleteWorld } from './delete-world.js';
import { deposit } from './move-money.js';
import { pullUp } from './pull-up.js';
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

  it('moves nothing back that an execution has transferred, and running that again transfers again', async () => {
    const t = await openTestRuntime();
    const world = await newWorld(t, 'w');
    await deposit(t.context, world, { token: 'GOLD', amount: '10' }, {});
    await run(t, world, 'set paid no');
    const held = () => t.context.model.ledger.balance(world.verseId, 'bob', 'GOLD');
    for (const paid of [4n, 8n]) {
      await run(t, world, 'set paid yes\ntransfer bob GOLD 4');
      await rewind(t.context, world, {}, {});
      expect(await variable(t, world, 'paid')).toBe("'no'");
      // The memory of having paid is gone. The payment is not.
      expect([balanceOf(t, world), held()]).toEqual([10n - paid, paid]);
    }
    const again = await t.crash();
    expect(balanceOf(again, named(again, 'w'))).toBe(2n);
  });

  it('leaves what was settled settled: neither a verse nor the world behind its pull-up gets anything back', async () => {
    const t = await openTestRuntime();
    const world = await newWorld(t, 'w');
    await deposit(t.context, world, { token: 'GOLD', amount: '10' }, {});
    await run(t, world, 'set x before');
    const before = world.head;
    const { nash, optimal } = await triad(t, world);
    await run(t, optimal, 'set x 1');
    await run(t, optimal, 'transfer bob GOLD 3');
    await run(t, nash, 'transfer eve GOLD 9');
    // Inside the open verse: its world goes back, its balance does not.
    await rewind(t.context, optimal, {}, {});
    expect(balanceOf(t, optimal)).toBe(7n);
    await pullUp(t.context, world, { oracle: 'manual' }, {});
    const settled = t.context.model.ledger.snapshot();
    const lambda = t.context.model.ledger.balances();
    expect(lambda.map(({ owner, amount }) => [owner, amount])).toEqual(
      expect.arrayContaining([
        [world.id, 7n],
        ['bob', 3n],
      ]),
    );
    expect(lambda).toHaveLength(2);

    await rewind(t.context, world, { to: before }, {});
    expect(await variable(t, world, 'x')).toBe("'before'");
    expect(t.context.model.ledger.snapshot()).toEqual(settled);
    // Nor does the question open again: what was resolved stays so, and a push-down from here asks another.
    await refused(pullUp(t.context, world, { oracle: 'manual' }, {}), 'NO_PUSH_DOWN');
    expect((await triad(t, world)).record.conditionId).not.toBe(optimal.outcome?.conditionId);
    const again = await t.crash();
    expect(again.context.model.ledger.balance(named(again, 'w/nash').verseId, world.id, 'GOLD')).toBe(7n);
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
