import { describe, expect, it } from 'vitest';

import { ConditionId, type VerseId } from '../model/ids.js';
import { parseProbability } from '../model/probability.js';
import { Rational } from '../model/rational.js';
import { SYSTEM_ACCOUNT } from './account.js';
import { ROOT_VERSE_ID } from './box.js';
import { Ledger } from './ledger.js';
import { LedgerOp } from './ledger-op.js';
import { losingBalances, planPullUp } from './plan-pull-up.js';
import { planPushDown } from './plan-push-down.js';
import { planVoid } from './plan-void.js';

const A = ConditionId.parse(`cnd_${'A'.repeat(26)}`);
const outcomes = [
  { name: 'nash', probability: parseProbability('0.45') },
  { name: 'optimal', probability: parseProbability('0.35') },
  { name: 'chaos', probability: parseProbability('0.2') },
];

function funded(): Ledger {
  const ledger = new Ledger();
  for (const [owner, token, amount] of [
    ['world', 'usd', '100'],
    ['world', 'eur', '7'],
    ['bob', 'usd', '50'],
  ] as const) {
    ledger.apply({ kind: 'deposit', by: SYSTEM_ACCOUNT, owner, token, verse: ROOT_VERSE_ID, amount });
  }
  return ledger;
}

function pushedDown(): { ledger: Ledger; children: VerseId[] } {
  const ledger = funded();
  const plan = planPushDown(ledger, { condition: A, verse: ROOT_VERSE_ID, outcomes, account: 'world' });
  ledger.applyAll(plan.ops);
  return { ledger, children: plan.children };
}

describe('plans', () => {
  it('push down opens the condition and splits every token of the account, nothing of others', () => {
    const { ledger, children } = pushedDown();
    expect(children).toEqual(ledger.childVerses(A));
    for (const verse of children) {
      expect(ledger.balance(verse, 'world', 'usd')).toBe(100n);
      expect(ledger.balance(verse, 'world', 'eur')).toBe(7n);
    }
    expect(ledger.balances({ verse: ROOT_VERSE_ID }).map(({ owner }) => owner)).toEqual(['bob']);
    expect(ledger.condition(A).oracle).toBe('world');
    expect(ledger.openConditions(ROOT_VERSE_ID).map(({ id }) => id)).toEqual([A]);
  });

  it('push down splits given amounts only, and skips zeros', () => {
    const ledger = funded();
    const request = { condition: A, verse: ROOT_VERSE_ID, outcomes, account: 'world' };
    const plan = planPushDown(ledger, { ...request, amounts: { usd: 40n, eur: 0n } });
    expect(plan.ops.map(({ kind }) => kind)).toEqual(['openCondition', 'split']);
    ledger.applyAll(plan.ops);
    expect(ledger.balance(ROOT_VERSE_ID, 'world', 'usd')).toBe(60n);
    const broke = planPushDown(funded(), { ...request, amounts: { usd: 101n } });
    expect(() => funded().applyAll(broke.ops)).toThrow(
      expect.objectContaining({ code: 'INSUFFICIENT_BALANCE' }),
    );
  });

  it('pull up resolves and merges every owner and token of the surviving verse', () => {
    const { ledger, children } = pushedDown();
    const [nash, optimal] = children as [VerseId, VerseId];
    const pay = (verse: VerseId, amount: string): LedgerOp => ({
      kind: 'transfer',
      by: 'world',
      from: 'world',
      to: 'carol',
      token: 'usd',
      verse,
      amount,
    });
    ledger.applyAll([pay(optimal, '30'), pay(nash, '99')]);
    expect(losingBalances(ledger, A, 1)).toEqual({ usd: 200n, eur: 14n });
    const ops = planPullUp(ledger, { condition: A, winner: 1, source: 'manual', evidence: { by: 'hand' } });
    expect(ops.map(({ kind }) => kind)).toEqual(['resolve', 'merge', 'merge', 'merge']);
    ledger.applyAll(ops);
    expect(ledger.balances().map(({ verse, owner, token, amount }) => [verse, owner, token, amount])).toEqual(
      [
        [ROOT_VERSE_ID, 'world', 'eur', 7n],
        [ROOT_VERSE_ID, 'bob', 'usd', 50n],
        [ROOT_VERSE_ID, 'carol', 'usd', 30n],
        [ROOT_VERSE_ID, 'world', 'usd', 70n],
      ],
    );
    expect(ledger.meanWealth('usd')).toEqual(Rational.of(150n));
    expect(ledger.condition(A).status).toMatchObject({ kind: 'resolved', evidence: { by: 'hand' } });
    expect(() => losingBalances(ledger, A, 1)).toThrow(expect.objectContaining({ code: 'ALREADY_RESOLVED' }));
  });

  it('nests: an inner pull up goes into its parent verse, the outer one into the root', () => {
    const { ledger, children } = pushedDown();
    const inner = ConditionId.parse(`cnd_${'B'.repeat(26)}`);
    const optimal = children[1] as VerseId;
    ledger.applyAll(
      planPushDown(ledger, { condition: inner, verse: optimal, outcomes, account: 'world' }).ops,
    );
    expect(losingBalances(ledger, A, 0)).toEqual({ usd: 400n, eur: 28n });
    ledger.applyAll(planPullUp(ledger, { condition: inner, winner: 2, source: 'manual' }));
    expect(ledger.balance(optimal, 'world', 'usd')).toBe(100n);
    ledger.applyAll(planPullUp(ledger, { condition: A, winner: 1, source: 'manual' }));
    expect(ledger.balance(ROOT_VERSE_ID, 'world', 'usd')).toBe(100n);
  });

  it('void returns what was split', () => {
    const { ledger } = pushedDown();
    ledger.applyAll(planVoid(ledger, { condition: A, evidence: { why: 'abandoned' } }));
    expect(ledger.balance(ROOT_VERSE_ID, 'world', 'usd')).toBe(100n);
    expect(ledger.wealth('world', 'eur', {}) + ledger.wealth('@dust', 'eur', {})).toBe(7n);
  });

  it('are plain JSON that the schema accepts', () => {
    const { ledger } = pushedDown();
    const ops = [
      ...planPushDown(funded(), { condition: A, verse: ROOT_VERSE_ID, outcomes, account: 'world' }).ops,
      ...planPullUp(ledger, { condition: A, winner: 1, source: 'least-cost' }),
      ...planVoid(ledger, { condition: A }),
    ];
    for (const op of ops) expect(LedgerOp.parse(JSON.parse(JSON.stringify(op)))).toEqual(op);
  });

  it('refuse conditions and outcomes that do not exist', () => {
    const { ledger } = pushedDown();
    const unknown = ConditionId.parse(`cnd_${'Z'.repeat(26)}`);
    const notFound = expect.objectContaining({ code: 'CONDITION_NOT_FOUND' });
    expect(() => planVoid(ledger, { condition: unknown })).toThrow(notFound);
    expect(() => planPullUp(ledger, { condition: unknown, winner: 0, source: 'manual' })).toThrow(notFound);
    const badInput = expect.objectContaining({ code: 'BAD_INPUT' });
    expect(() => planPullUp(ledger, { condition: A, winner: 3, source: 'manual' })).toThrow(badInput);
    expect(() => losingBalances(ledger, A, 3)).toThrow(badInput);
  });
});
