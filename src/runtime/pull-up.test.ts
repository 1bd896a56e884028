import { describe, expect, it } from 'vitest';
import { openTestRuntime, type TestRuntime } from '../../test/support/test-runtime.js';
import { balanceOf, named, newWorld, refused, run, triad, variable } from '../../test/support/verbs.js';
import { DUST_ACCOUNT } from '../multiverse/index.js';
import { branch } from './branch.js';
import { deposit } from './move-money.js';
import { pullUp } from './pull-up.js';
import { pushDown } from './push-down.js';
import { rewind } from './rewind.js';
import { voidPushDown } from './void-push-down.js';
import type { World } from './world-model.js';

async function pushedDown(): Promise<{ t: TestRuntime; parent: World } & Awaited<ReturnType<typeof triad>>> {
  const t = await openTestRuntime();
  const parent = await newWorld(t, 'w');
  await deposit(t.context, parent, { token: 'GOLD', amount: '10' }, {});
  await run(t, parent, 'set x before');
  return { t, parent, ...(await triad(t, parent)) };
}

async function report(t: TestRuntime, worlds: readonly World[], figures: readonly string[]): Promise<void> {
  for (const [index, world] of worlds.entries()) await run(t, world, `report ${figures[index]}`);
}

describe('pull-up', () => {
  it('gives the parent the winner’s state under its own id, and collapses the losers', async () => {
    const { t, parent, nash, optimal, chaos, record } = await pushedDown();
    const former = parent.head;
    await run(t, optimal, 'set x won');
    await run(t, nash, 'set x lost');
    const result = await pullUp(t.context, parent, { oracle: 'manual' }, {});
    expect(result).toMatchObject({ winnerId: optimal.id, winnerOutcome: 'optimal', state: optimal.head });
    expect(result.collapsed).toEqual([nash.id, chaos.id]);
    expect([nash, chaos, optimal, parent].map(({ status }) => status)).toEqual([
      'collapsed',
      'collapsed',
      'stopped',
      'running',
    ]);
    expect(t.context.model.condition(record.conditionId).status).toBe('resolved');
    expect(await variable(t, parent, 'x')).toBe("'won'");
    await rewind(t.context, parent, { to: former }, {});
    expect(await variable(t, parent, 'x')).toBe("'before'");
  });

  it('refuses to run losers and winner afterwards, and says where to go', async () => {
    const { t, parent, nash, optimal } = await pushedDown();
    await pullUp(t.context, parent, { oracle: 'manual' }, {});
    await refused(run(t, nash, 'get x'), 'WORLD_COLLAPSED', /--detached/);
    await refused(run(t, optimal, 'get x'), 'WORLD_COLLAPSED', new RegExp(parent.id));
    await refused(rewind(t.context, nash, {}, {}), 'WORLD_COLLAPSED');
    await refused(pullUp(t.context, parent, { oracle: 'manual' }, {}), 'NO_PUSH_DOWN', /wr push-down w/);
  });

  it('keeps the parent’s verse and trit and gives it a new generation, seed and random numbers', async () => {
    const { t, parent, optimal } = await pushedDown();
    const before = t.context.model.identity(parent);
    const drawn = (await run(t, optimal, 'on-branch set hooked yes\nrandom')).value;
    await pullUp(t.context, parent, { oracle: 'manual' }, {});
    const after = t.context.model.identity(parent);
    expect(after).toMatchObject({ generation: 1, verse: before.verse, trit: before.trit, probability: '1' });
    expect(after.seed).not.toBe(before.seed);
    expect((await run(t, parent, 'random')).value).not.toBe(drawn);
    expect(await variable(t, parent, 'hooked')).toBe("'yes'");
    expect((await run(t, parent, 'whoami')).stdout.split('\n')[0]).toBe(parent.id);
  });

  it('merges what every owner has in the winning verse; what is in the others evaporates', async () => {
    const { t, parent, nash, optimal } = await pushedDown();
    await run(t, nash, 'transfer bob GOLD 9');
    await run(t, optimal, 'transfer carol GOLD 3');
    const result = await pullUp(t.context, parent, { oracle: 'manual' }, {});
    const { ledger } = t.context.model;
    const held = (owner: string): bigint => ledger.balance(parent.verseId, owner, 'GOLD');
    expect([held(parent.id), held('carol'), held('bob')]).toEqual([7n, 3n, 0n]);
    expect(new Set(ledger.balances().map(({ owner }) => owner))).toEqual(new Set([parent.id, 'carol']));
    expect(result.wev.losingBalances).toEqual({ GOLD: '20' });
  });

  it('lets other worlds of the winning verse go on, in the parent’s verse with their balances', async () => {
    const { t, parent, optimal } = await pushedDown();
    await branch(t.context, optimal, { children: [{ name: 'twin' }] }, {});
    const twin = named(t, 'twin');
    await run(t, twin, 'set x twin');
    await run(t, optimal, `transfer ${twin.id} GOLD 4`);
    const result = await pullUp(t.context, parent, { oracle: 'manual' }, {});
    expect(result.rehomed).toEqual([twin.id]);
    expect(twin).toMatchObject({ status: 'running', verseId: parent.verseId });
    expect([balanceOf(t, twin), balanceOf(t, parent)]).toEqual([4n, 6n]);
    expect(await variable(t, twin, 'x')).toBe("'twin'");
    expect((await run(t, twin, 'balance GOLD')).value).toBe('4');
  });

  it('waits for what runs in its verses, and sees it', async () => {
    const { t, parent, optimal } = await pushedDown();
    const slow = run(t, optimal, 'sleep 50\nset x late');
    await pullUp(t.context, parent, { oracle: 'manual' }, {});
    await slow;
    expect(await variable(t, parent, 'x')).toBe("'late'");
  });

  it('by hand of an outcome that does not exist is refused with those there are', async () => {
    const { t, parent } = await pushedDown();
    const bad = pullUp(t.context, parent, { oracle: 'manual', outcome: 'nope' }, {});
    await refused(bad, 'BAD_INPUT', /nash, optimal, chaos/);
    expect(parent.status).toBe('snapshotted');
  });
});

describe('oracles', () => {
  it.each([
    ['least-cost', ['cost 3', 'cost 3/2', 'cost 1.5'], 'optimal'],
    ['least-cost', ['cost 1', 'cost 1', 'cost 1'], 'nash'],
    ['most-value', ['value -3', 'value -7', 'value -2.5'], 'chaos'],
    ['most-value', ['value 1/3', 'value 0.3', 'value 2/6'], 'nash'],
  ] as const)('%s of %j is %s', async (oracle, figures, winner) => {
    const { t, parent, nash, optimal, chaos } = await pushedDown();
    await report(t, [nash, optimal, chaos], figures);
    const result = await pullUp(t.context, parent, { oracle }, {});
    expect(result.winnerOutcome).toBe(winner);
    expect(result.oracle).toMatchObject({ source: oracle, evidence: { outcome: winner } });
  });

  it('refuse when a report is missing, and name who has not reported', async () => {
    const { t, parent, nash, chaos } = await pushedDown();
    await report(t, [nash, chaos], ['cost 1', 'value 5']);
    const error = await refused(pullUp(t.context, parent, { oracle: 'least-cost' }, {}), 'REPORT_MISSING');
    expect(error.details['missing']).toEqual(['optimal', 'chaos']);
    expect(parent.status).toBe('snapshotted');
  });

  it('count the last committed report, and only those of the push-down’s own worlds', async () => {
    const { t, parent, nash, optimal, chaos } = await pushedDown();
    await report(t, [nash, optimal, chaos], ['cost 1', 'cost 5', 'cost 5']);
    await branch(t.context, chaos, { children: [{ name: 'twin' }] }, {});
    await run(t, named(t, 'twin'), 'report cost 0');
    await run(t, nash, 'report cost 9');
    await run(t, optimal, 'report cost 1\nfail no');
    expect((await pullUp(t.context, parent, { oracle: 'least-cost' }, {})).winnerOutcome).toBe('optimal');
  });

  it('that find the outcome themselves take none', async () => {
    const { t, parent, nash, optimal, chaos } = await pushedDown();
    await report(t, [nash, optimal, chaos], ['cost 1', 'cost 2', 'cost 3']);
    const bad = pullUp(t.context, parent, { oracle: 'least-cost', outcome: 'nash' }, {});
    await refused(bad, 'BAD_INPUT', /do not give one/);
  });
});

describe('WEV', () => {
  it('of the Braess network is 1/3', async () => {
    const { t, parent, nash, optimal, chaos } = await pushedDown();
    await report(t, [nash, optimal, chaos], ['cost 2', 'cost 3/2', 'cost 14/9']);
    const { wev } = await pullUp(t.context, parent, { oracle: 'least-cost' }, {});
    expect(wev).toEqual({
      poa: '4/3',
      wev: '1/3',
      wevValue: '1/2',
      regret: '5/9',
      pctExtractable: '1/4',
      wevExpected: '17/72',
      losingBalances: { GOLD: '20' },
      unbounded: false,
      wevReason: null,
    });
  });

  it('without reports is null with the reason, and the resolution goes on', async () => {
    const { t, parent } = await pushedDown();
    const { wev } = await pullUp(t.context, parent, { oracle: 'manual' }, {});
    expect(wev).toMatchObject({
      poa: null,
      wev: null,
      wevReason: expect.stringMatching(/no cost was reported/),
    });
  });

  it('of a verse cheaper than the one called optimal is null with the reason, balances told all the same', async () => {
    const { t, parent, nash, optimal, chaos } = await pushedDown();
    await report(t, [nash, optimal, chaos], ['cost 2', 'cost 3/2', 'cost 1']);
    const { wev, winnerOutcome } = await pullUp(t.context, parent, { oracle: 'least-cost' }, {});
    expect(winnerOutcome).toBe('chaos');
    expect(wev).toMatchObject({ wev: null, wevReason: expect.stringMatching(/^MISLABELLED_OPTIMUM: chaos/) });
    expect(wev.losingBalances).toEqual({ GOLD: '20' });
  });
});

describe('nested push-downs', () => {
  it('a winner with an open push-down is refused, and works once that is resolved', async () => {
    const { t, parent, optimal } = await pushedDown();
    const inner = await triad(t, optimal);
    const refusal = pullUp(t.context, parent, { oracle: 'manual' }, {});
    await refused(refusal, 'PUSH_DOWN_OPEN', /wr pull-up w\/optimal/);
    await run(t, inner.nash, 'set x deep');
    await pullUp(t.context, optimal, { oracle: 'manual', outcome: 'nash' }, {});
    await pullUp(t.context, parent, { oracle: 'manual' }, {});
    expect(await variable(t, parent, 'x')).toBe("'deep'");
    expect(balanceOf(t, parent)).toBe(10n);
  });

  it('a push-down below the winner is refused too, since its balances would be stranded', async () => {
    const { t, parent, optimal } = await pushedDown();
    await branch(t.context, optimal, { children: [{ name: 'twin' }] }, {});
    const twin = named(t, 'twin');
    await run(t, optimal, `transfer ${twin.id} GOLD 4`);
    await triad(t, twin);
    const refusal = pullUp(t.context, parent, { oracle: 'manual' }, {});
    await refused(refusal, 'PUSH_DOWN_OPEN', /wr pull-up w\/optimal\/twin/);
    await pullUp(t.context, twin, { oracle: 'manual' }, {});
    await pullUp(t.context, parent, { oracle: 'manual' }, {});
    expect([balanceOf(t, twin), balanceOf(t, parent)]).toEqual([4n, 6n]);
  });

  it('a loser collapses with everything below it', async () => {
    const { t, parent, nash } = await pushedDown();
    await branch(t.context, nash, { children: [{ name: 'plain' }] }, {});
    await branch(t.context, named(t, 'plain'), { children: [{ name: 'plainer' }] }, {});
    const inner = await triad(t, named(t, 'plain'));
    await triad(t, nash);
    const below = t.context.model.descendants(nash);
    expect(below).toHaveLength(8);
    const { collapsed } = await pullUp(t.context, parent, { oracle: 'manual' }, {});
    expect(collapsed).toHaveLength(10);
    expect(new Set(below.map(({ status }) => status))).toEqual(new Set(['collapsed']));
    await refused(run(t, inner.chaos, 'get x'), 'WORLD_COLLAPSED');
    expect(t.substrate.census().machines).toBe(0);
  });
});

describe('void', () => {
  it('lets the parent run from where it was and collapses all verses', async () => {
    const { t, parent, nash, optimal, chaos, record } = await pushedDown();
    await run(t, nash, 'set x nash');
    const { collapsed } = await voidPushDown(t.context, parent, {});
    expect(collapsed).toEqual([nash.id, optimal.id, chaos.id]);
    expect(t.context.model.condition(record.conditionId).status).toBe('void');
    expect(await variable(t, parent, 'x')).toBe("'before'");
    expect(t.context.model.identity(parent).generation).toBe(0);
    // floor(4.5) + floor(3.5) + floor(2).
    expect(balanceOf(t, parent)).toBe(9n);
    await refused(voidPushDown(t.context, parent, {}), 'NO_PUSH_DOWN', /wr push-down w/);
  });

  it('pays by probability, rounded down, and the remainder is dust', async () => {
    const { t, parent, nash, chaos } = await pushedDown();
    await run(t, nash, 'transfer bob GOLD 10');
    await run(t, chaos, 'transfer bob GOLD 1');
    await voidPushDown(t.context, parent, {});
    const { ledger } = t.context.model;
    const held = (owner: string): bigint => ledger.balance(parent.verseId, owner, 'GOLD');
    // bob: floor(4.5) + floor(0.2); the parent: floor(3.5) + floor(1.8).
    expect([held('bob'), held(parent.id), held(DUST_ACCOUNT)]).toEqual([4n, 4n, 2n]);
    expect(ledger.escrow('GOLD')).toBe(10n);
  });

  it('with an open push-down below is refused, and names it', async () => {
    const { t, parent, nash } = await pushedDown();
    await triad(t, nash);
    await refused(voidPushDown(t.context, parent, {}), 'PUSH_DOWN_OPEN', /wr void w\/nash/);
    await voidPushDown(t.context, nash, {});
    await voidPushDown(t.context, parent, {});
    // The inner one leaves 9 in nash: floor(4.05) + floor(3.5) + floor(2).
    expect(balanceOf(t, parent)).toBe(9n);
  });

  it('frees the parent for another push-down with names and verses of its own', async () => {
    const { t, parent, nash } = await pushedDown();
    await voidPushDown(t.context, parent, {});
    const again = await pushDown(t.context, parent, {}, {});
    expect(again.children.map(({ name }) => name)).toEqual(['w/nash', 'w/optimal', 'w/chaos']);
    expect(again.outcomes[0]!.verseId).not.toBe(nash.verseId);
  });
});
