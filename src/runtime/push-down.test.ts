import { describe, expect, it } from 'vitest';
import { openTestRuntime } from '../../test/support/test-runtime.js';
import { balanceOf, named, newWorld, refused, run, triad, variable } from '../../test/support/verbs.js';
import { branch } from './branch.js';
import { deposit } from './move-money.js';
import { type OutcomeRequest, pushDown } from './push-down.js';
import { rewind } from './rewind.js';
import { snapshotWorld } from './snapshot-world.js';

describe('push-down', () => {
  it('opens nash, optimal and chaos by default and freezes the parent', async () => {
    const t = await openTestRuntime();
    const parent = await newWorld(t, 'w');
    await run(t, parent, 'set x 1');
    const { record, nash } = await triad(t, parent);
    expect(record.outcomes.map(({ name, role, probability }) => [name, role, probability])).toEqual([
      ['nash', 'nash', '0.45'],
      ['optimal', 'optimal', '0.35'],
      ['chaos', null, '0.2'],
    ]);
    expect(record.children.map(({ identity }) => identity.trit)).toEqual([-1, 0, 1]);
    expect(record.children.every(({ entityType }) => entityType === 'verse')).toBe(true);
    expect(parent).toMatchObject({ status: 'snapshotted', openCondition: record.conditionId });
    expect(t.context.model.identity(nash)).toMatchObject({ verse: 'nash', trit: -1, probability: '0.45' });
    expect(await variable(t, nash, 'x')).toBe('1');
    expect(t.disk.currentWorld).toBe(parent.id);
  });

  it('gives outcomes equal probabilities, default trits and roles by name', async () => {
    const t = await openTestRuntime();
    const outcomes = [{ name: 'nash' }, { name: 'b' }, { name: 'c' }, { name: 'd' }];
    const record = await pushDown(t.context, await newWorld(t, 'w'), { outcomes }, {});
    expect(record.outcomes.map(({ probability }) => probability)).toEqual(['0.25', '0.25', '0.25', '0.25']);
    expect(record.children.map(({ identity }) => identity.trit)).toEqual([-1, 0, 1, 0]);
    expect(record.outcomes.map(({ role }) => role)).toEqual(['nash', null, null, null]);
  });

  it('takes explicit roles instead of names once one is given', async () => {
    const t = await openTestRuntime();
    const outcomes = [{ name: 'optimal', role: 'nash' as const }, { name: 'nash' }];
    const record = await pushDown(t.context, await newWorld(t, 'w'), { outcomes }, {});
    expect(record.outcomes.map(({ role }) => role)).toEqual(['nash', null]);
  });

  it.each<[string, OutcomeRequest[], Parameters<typeof refused>[1], RegExp]>([
    ['two of one name', [{ name: 'a' }, { name: 'a' }], 'BAD_INPUT', /own name/],
    ['some trits', [{ name: 'a', trit: 0 }, { name: 'b' }], 'BAD_INPUT', /every outcome a trit/],
    ['some probabilities', [{ name: 'a', probability: '1' }, { name: 'b' }], 'BAD_INPUT', /a probability/],
    [
      'trits that do not add up',
      [
        { name: 'a', trit: 1 },
        { name: 'b', trit: 0 },
      ],
      'TRITS_UNBALANCED',
      /sum to 1/,
    ],
    [
      'probabilities that do not add up',
      [
        { name: 'a', probability: '0.5' },
        { name: 'b', probability: '0.4' },
      ],
      'PROBABILITIES_UNBALANCED',
      /sum to 0.9/,
    ],
    [
      'no probability',
      [
        { name: 'a', probability: 'x' },
        { name: 'b', probability: '1' },
      ],
      'BAD_NUMBER',
      /decimal/,
    ],
  ])('with %s is refused, and the parent runs on', async (_, outcomes, code, message) => {
    const t = await openTestRuntime();
    const parent = await newWorld(t, 'w');
    await refused(pushDown(t.context, parent, { outcomes }, {}), code, message);
    expect(parent.status).toBe('running');
    expect(t.catalog.entries).toHaveLength(1);
  });

  it('splits all balances of the account into every verse, or the amounts given', async () => {
    const t = await openTestRuntime();
    const parent = await newWorld(t, 'w');
    await deposit(t.context, parent, { token: 'GOLD', amount: '10' }, {});
    await deposit(t.context, parent, { token: 'IRON', amount: '4' }, {});
    const { nash, chaos } = await triad(t, parent);
    expect(nash.birth.account).toBe(parent.birth.account);
    for (const world of [nash, chaos]) {
      expect([balanceOf(t, world), balanceOf(t, world, 'IRON')]).toEqual([10n, 4n]);
    }
    expect(balanceOf(t, parent)).toBe(0n);
    const amounts = { GOLD: 3n, IRON: 0n };
    const nested = await pushDown(t.context, nash, { amounts }, {});
    const child = t.context.model.world(nested.children[0]!.worldId);
    expect([balanceOf(t, child), balanceOf(t, child, 'IRON')]).toEqual([3n, 0n]);
    expect([balanceOf(t, nash), balanceOf(t, nash, 'IRON')]).toEqual([7n, 4n]);
  });

  it('of more than the account has is refused before any machine starts', async () => {
    const t = await openTestRuntime();
    const parent = await newWorld(t, 'w');
    const { steps } = t.substrate.census();
    await refused(pushDown(t.context, parent, { amounts: { GOLD: 1n } }, {}), 'INSUFFICIENT_BALANCE');
    expect(t.substrate.census().steps).toBe(steps);
    expect(parent.status).toBe('running');
  });

  it('splits what others paid in while the machines were starting', async () => {
    const t = await openTestRuntime();
    const [parent, payer] = [await newWorld(t, 'w'), await newWorld(t, 'payer')];
    await deposit(t.context, payer, { token: 'GOLD', amount: '10' }, {});
    await run(t, payer, 'get nothing');
    const [pushed] = await Promise.all([triad(t, parent), run(t, payer, `transfer ${parent.id} GOLD 6`)]);
    expect(balanceOf(t, pushed.nash) + balanceOf(t, parent)).toBe(6n);
  });
});

describe('a frozen parent', () => {
  it('refuses execute, push-down, rewind and deposit, and says what to do', async () => {
    const t = await openTestRuntime();
    const parent = await newWorld(t, 'w');
    await run(t, parent, 'set x 1');
    await triad(t, parent);
    const hint = /wr pull-up w/;
    await refused(run(t, parent, 'get x'), 'WORLD_FROZEN', hint);
    await refused(pushDown(t.context, parent, {}, {}), 'WORLD_FROZEN', hint);
    await refused(rewind(t.context, parent, {}, {}), 'WORLD_FROZEN', hint);
    await refused(deposit(t.context, parent, { token: 'GOLD', amount: '1' }, {}), 'WORLD_FROZEN', hint);
  });

  it('can be branched and snapshotted', async () => {
    const t = await openTestRuntime();
    const parent = await newWorld(t, 'w');
    await run(t, parent, 'set x 1');
    await triad(t, parent);
    await branch(t.context, parent, { count: 1 }, {});
    expect(await variable(t, named(t, 'w/1'), 'x')).toBe('1');
    expect((await snapshotWorld(t.context, parent, 'frozen', {})).state).toBe(parent.head);
  });
});

it('a push-down in a verse nests: its verses are inside that verse', async () => {
  const t = await openTestRuntime();
  const parent = await newWorld(t, 'w');
  await deposit(t.context, parent, { token: 'GOLD', amount: '10' }, {});
  const { nash } = await triad(t, parent);
  const inner = await triad(t, nash);
  expect(inner.record.parentVerseId).toBe(nash.verseId);
  expect(inner.nash.name).toBe('w/nash/nash');
  expect(balanceOf(t, inner.chaos)).toBe(10n);
  expect(t.context.model.ledger.verse(inner.chaos.verseId).constraints).toHaveLength(2);
});
