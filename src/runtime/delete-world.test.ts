import { describe, expect, it } from 'vitest';
import { openTestRuntime } from '../../test/support/test-runtime.js';
import { newWorld, refused, run, triad } from '../../test/support/verbs.js';
import { deleteWorld } from './delete-world.js';
import { deposit } from './move-money.js';
import { pullUp } from './pull-up.js';
import { voidPushDown } from './void-push-down.js';

describe('delete', () => {
  it('ends a world, gives its name back and keeps its history', async () => {
    const t = await openTestRuntime();
    const world = await newWorld(t, 'w');
    await run(t, world, 'set x 1');
    await deleteWorld(t.context, world, {});
    expect(world.status).toBe('deleted');
    expect(t.substrate.census().machines).toBe(0);
    await refused(run(t, world, 'get x'), 'WORLD_DELETED', /w/);
    await refused(deleteWorld(t.context, world, {}), 'WORLD_DELETED');
    await refused(pullUp(t.context, world, { oracle: 'manual' }, {}), 'WORLD_DELETED');
    expect((await newWorld(t, 'w')).id).not.toBe(world.id);
    expect(t.context.model.states.has(world.head)).toBe(true);
  });

  it('is refused for every part of an open push-down, and allowed once it is settled', async () => {
    const t = await openTestRuntime();
    const parent = await newWorld(t, 'w');
    const { nash } = await triad(t, parent);
    await refused(deleteWorld(t.context, parent, {}), 'PUSH_DOWN_OPEN', /wr pull-up w, or: wr void w/);
    await refused(deleteWorld(t.context, nash, {}), 'PUSH_DOWN_OPEN', /wr pull-up w, or: wr void w/);
    await voidPushDown(t.context, parent, {});
    await deleteWorld(t.context, nash, {});
    await deleteWorld(t.context, parent, {});
  });

  it('is allowed for verses that collapsed while their own push-down was open', async () => {
    const t = await openTestRuntime();
    const parent = await newWorld(t, 'w');
    const { nash } = await triad(t, parent);
    const inner = await triad(t, nash);
    await pullUp(t.context, parent, { oracle: 'manual' }, {});
    await deleteWorld(t.context, inner.chaos, {});
    await deleteWorld(t.context, nash, {});
    expect([inner.chaos.status, nash.status]).toEqual(['deleted', 'deleted']);
  });
});

describe('deposit', () => {
  it('credits the account in the root verse', async () => {
    const t = await openTestRuntime();
    const world = await newWorld(t, 'w');
    await deposit(t.context, world, { token: 'GOLD', amount: '5' }, {});
    await deposit(t.context, world, { token: 'GOLD', amount: '6' }, {});
    expect(t.context.model.ledger.balance(world.verseId, world.id, 'GOLD')).toBe(11n);
    expect(t.context.model.ledger.escrow('GOLD')).toBe(11n);
  });

  it('is refused in a verse, of nothing, of too much and for a world that ended', async () => {
    const t = await openTestRuntime();
    const parent = await newWorld(t, 'w');
    const other = await newWorld(t, 'other');
    const { nash } = await triad(t, parent);
    const give = (world: typeof nash, amount: string) =>
      deposit(t.context, world, { token: 'GOLD', amount }, {});
    await refused(give(nash, '1'), 'FORBIDDEN', /root verse/);
    await refused(give(other, '0'), 'BAD_AMOUNT', /at least 1/);
    await refused(give(other, '-1'), 'BAD_AMOUNT');
    const most = (2n ** 256n - 1n).toString();
    await give(other, most);
    await refused(give(other, '1'), 'BALANCE_OVERFLOW', /move less/);
    await pullUp(t.context, parent, { oracle: 'manual' }, {});
    await refused(give(nash, '1'), 'WORLD_COLLAPSED');
    await deleteWorld(t.context, other, {});
    await refused(give(other, '1'), 'WORLD_DELETED');
    expect(t.context.model.ledger.escrow('GOLD').toString()).toBe(most);
  });
});
