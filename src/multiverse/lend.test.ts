import { describe, expect, it } from 'vitest';

import { ConditionId, type VerseId } from '../model/ids.js';
import { Rational } from '../model/rational.js';
import { COMPUTE_TOKEN, DUST_ACCOUNT, SYSTEM_ACCOUNT } from './account.js';
import { ROOT_VERSE_ID } from './box.js';
import { Ledger } from './ledger.js';
import type { LedgerOp, OpOf } from './ledger-op.js';
import { planPullUp } from './plan-pull-up.js';
import { planPushDown } from './plan-push-down.js';

const A = ConditionId.parse(`cnd_${'A'.repeat(26)}`);

const deposit = (owner: string, token: string, amount: number, verse = ROOT_VERSE_ID): LedgerOp => ({
  kind: 'deposit',
  by: SYSTEM_ACCOUNT,
  owner,
  verse,
  token,
  amount: `${amount}`,
});

const open = (probabilities: string[]): LedgerOp => ({
  kind: 'openCondition',
  by: 'oracle',
  condition: A,
  verse: ROOT_VERSE_ID,
  outcomes: probabilities.map((_, index) => `o${index}`),
  probabilities,
});

const redeem = (...payouts: string[]): OpOf<'redeem'> => ({
  kind: 'redeem',
  by: 'oracle',
  condition: A,
  payouts,
  source: 'manual',
});

function codeOf(work: () => unknown): string | undefined {
  try {
    work();
    return undefined;
  } catch (thrown) {
    return (thrown as { code: string }).code;
  }
}

/** bank has 100 usd and ann 50 gold, all split over two outcomes. */
function twoVerses() {
  const ledger = new Ledger();
  ledger.applyAll([deposit('bank', 'usd', 100), deposit('ann', 'gold', 50), open(['0.5', '0.5'])]);
  const children = ledger.childVerses(A) as [VerseId, VerseId];
  const split = (owner: string, token: string, amount: number): LedgerOp => ({
    kind: 'split',
    by: owner,
    owner,
    token,
    verse: ROOT_VERSE_ID,
    children,
    amount: `${amount}`,
  });
  ledger.applyAll([split('bank', 'usd', 100), split('ann', 'gold', 50)]);
  return { ledger, children, split };
}

const borrow = (verse: VerseId, more: Partial<OpOf<'borrow'>> = {}): OpOf<'borrow'> => ({
  kind: 'borrow',
  by: SYSTEM_ACCOUNT,
  loan: 'one',
  lender: 'bank',
  borrower: 'ann',
  verse,
  token: 'usd',
  amount: '40',
  owed: '44',
  collateralToken: 'gold',
  collateral: '30',
  ...more,
});

describe('a loan', () => {
  it('moves the amount, encumbers the collateral where it is, and frees it with the last payment', () => {
    const { ledger, children } = twoVerses();
    const [up] = children;
    ledger.apply(borrow(up));
    expect(ledger.balance(up, 'ann', 'usd')).toBe(40n);
    expect([ledger.balance(up, 'ann', 'gold'), ledger.available(up, 'ann', 'gold')]).toEqual([50n, 20n]);
    const pay = (amount: string, by = 'ann'): LedgerOp => ({ kind: 'repay', by, loan: 'one', amount });
    ledger.apply({
      kind: 'transfer',
      by: 'bank',
      from: 'bank',
      to: 'ann',
      verse: up,
      token: 'usd',
      amount: '4',
    });
    ledger.apply(pay('14'));
    expect(ledger.loans()).toMatchObject([{ id: 'one', owed: 30n, collateral: 30n }]);
    const restored = Ledger.restore(JSON.parse(JSON.stringify(ledger.snapshot())));
    expect(restored.digest()).toBe(ledger.digest());
    expect(restored.loans()).toEqual(ledger.loans());
    expect(codeOf(() => ledger.apply(pay('31')))).toBe('BAD_AMOUNT');
    expect(codeOf(() => ledger.apply(pay('1', 'bank')))).toBe('FORBIDDEN');
    ledger.apply(pay('30'));
    expect(ledger.loans()).toEqual([]);
    expect(ledger.available(up, 'ann', 'gold')).toBe(50n);
    expect(ledger.balance(up, 'bank', 'usd')).toBe(100n);
    expect(codeOf(() => ledger.apply(pay('1')))).toBe('LOAN_NOT_FOUND');
  });

  it('keeps the collateral from being split, merged, transferred and pledged twice', () => {
    const { ledger, children } = twoVerses();
    const [up, down] = children;
    ledger.apply(borrow(up));
    const gold = { by: 'ann', token: 'gold', amount: '21' };
    const transfer: LedgerOp = { kind: 'transfer', ...gold, from: 'ann', to: 'bob', verse: up };
    const merge: LedgerOp = { kind: 'merge', ...gold, owner: 'ann', verse: ROOT_VERSE_ID, children };
    const before = ledger.digest();
    for (const op of [transfer, merge, borrow(up, { loan: 'two', amount: '1', collateral: '21' })]) {
      expect(
        codeOf(() => ledger.apply(op)),
        op.kind,
      ).toBe('BALANCE_ENCUMBERED');
    }
    expect(codeOf(() => ledger.apply({ ...merge, amount: '51' } as LedgerOp))).toBe('INSUFFICIENT_BALANCE');
    expect(ledger.digest()).toBe(before);
    ledger.apply({ ...merge, amount: '20' } as LedgerOp);
    expect(ledger.balance(down, 'ann', 'gold')).toBe(30n);
  });

  it('in the root verse keeps the collateral from being split and withdrawn', () => {
    const ledger = new Ledger();
    ledger.applyAll([deposit('bank', 'usd', 9), deposit('ann', 'gold', 5), open(['0.5', '0.5'])]);
    ledger.apply(borrow(ROOT_VERSE_ID, { amount: '9', owed: undefined, collateral: '5' }));
    const gold = { by: 'ann', owner: 'ann', token: 'gold', verse: ROOT_VERSE_ID, amount: '1' };
    expect(codeOf(() => ledger.apply({ kind: 'withdraw', ...gold }))).toBe('BALANCE_ENCUMBERED');
    const children = ledger.childVerses(A);
    expect(codeOf(() => ledger.apply({ kind: 'split', ...gold, children }))).toBe('BALANCE_ENCUMBERED');
    expect(ledger.loans()).toMatchObject([{ owed: 9n }]);
  });

  it('refuses one-sided, doubled and uncovered loans', () => {
    const { ledger, children } = twoVerses();
    const [up] = children;
    const code = (more: Partial<OpOf<'borrow'>>) => codeOf(() => ledger.check(borrow(up, more)));
    expect(code({ by: 'ann' })).toBe('FORBIDDEN');
    expect(code({ by: 'bank' })).toBe('FORBIDDEN');
    expect(code({ borrower: 'bank' })).toBe('BAD_INPUT');
    expect(code({ amount: '101' })).toBe('INSUFFICIENT_BALANCE');
    expect(code({ collateral: '51' })).toBe('INSUFFICIENT_BALANCE');
    // What is borrowed is no security for itself.
    expect(code({ collateralToken: 'usd', collateral: '1' })).toBe('INSUFFICIENT_BALANCE');
    expect(code({ owed: '0' })).toBe('BAD_AMOUNT');
    ledger.apply(borrow(up));
    expect(code({ amount: '1', collateral: '1' })).toBe('NAME_TAKEN');
    expect(codeOf(() => ledger.apply({ kind: 'foreclose', by: 'bank', loan: 'one' }))).toBe('FORBIDDEN');
    ledger.apply({ kind: 'foreclose', by: SYSTEM_ACCOUNT, loan: 'one' });
    expect(ledger.balance(up, 'bank', 'gold')).toBe(30n);
    expect(ledger.available(up, 'ann', 'gold')).toBe(20n);
  });

  it('collapses with its verse: debt and collateral are gone together', () => {
    const { ledger, children } = twoVerses();
    ledger.apply(borrow(children[0]));
    ledger.applyAll(planPullUp(ledger, { condition: A, winner: 1, source: 'manual' }));
    expect(codeOf(() => ledger.apply({ kind: 'repay', by: 'ann', loan: 'one', amount: '1' }))).toBe(
      'VERSE_COLLAPSED',
    );
    expect(ledger.balance(ROOT_VERSE_ID, 'ann', 'gold')).toBe(50n);
    expect(ledger.balance(ROOT_VERSE_ID, 'bank', 'usd')).toBe(100n);
  });

  it('in the verse that wins stays there with its collateral; the rest goes up', () => {
    const { ledger, children } = twoVerses();
    ledger.apply(borrow(children[0]));
    ledger.applyAll(planPullUp(ledger, { condition: A, winner: 0, source: 'manual' }));
    expect(ledger.balance(ROOT_VERSE_ID, 'ann', 'gold')).toBe(20n);
    expect(ledger.balance(children[0], 'ann', 'gold')).toBe(30n);
    expect(ledger.loans()).toHaveLength(1);
  });

  it('in a voided verse is multiplied by the probability like any balance, and goes up', () => {
    const { ledger, children } = twoVerses();
    ledger.apply(borrow(children[0], { owed: '45', collateral: '31' }));
    ledger.apply({ kind: 'void', by: 'oracle', condition: A });
    expect(ledger.loans()).toMatchObject([{ verse: ROOT_VERSE_ID, owed: 22n, collateral: 15n }]);
    expect(ledger.balance(ROOT_VERSE_ID, 'ann', 'gold')).toBe(50n);
    expect(ledger.available(ROOT_VERSE_ID, 'ann', 'gold')).toBe(35n);
    expect(ledger.balance(ROOT_VERSE_ID, 'ann', 'usd')).toBe(20n);
  });
});

describe('redeem', () => {
  it('pays every stake its share, rounded down, and the remainder to the dust account', () => {
    const ledger = new Ledger();
    ledger.applyAll([deposit('ann', 'usd', 101), open(['0.2', '0.3', '0.5'])]);
    const children = ledger.childVerses(A);
    const common = { by: 'ann', token: 'usd', amount: '101' };
    ledger.apply({ kind: 'split', ...common, owner: 'ann', verse: ROOT_VERSE_ID, children });
    ledger.apply({ kind: 'transfer', ...common, from: 'ann', to: 'bob', verse: children[1] as VerseId });
    expect(codeOf(() => ledger.apply({ ...redeem('2', '1', '0'), by: 'ann' }))).toBe('FORBIDDEN');
    expect(codeOf(() => ledger.apply(redeem('2', '1')))).toBe('BAD_INPUT');
    expect(codeOf(() => ledger.apply(redeem('2', '-1', '0')))).toBe('BAD_AMOUNT');
    expect(codeOf(() => ledger.apply(redeem('0', '0', '0')))).toBe('CONTRADICTION');
    expect(ledger.apply(redeem('2', '1', '0'))).toEqual({ applied: true });
    const has = (owner: string) => ledger.balance(ROOT_VERSE_ID, owner, 'usd');
    expect([has('ann'), has('bob'), has(DUST_ACCOUNT)]).toEqual([67n, 33n, 1n]);
    expect(ledger.balances()).toHaveLength(3);
    expect(ledger.meanWealth('usd')).toEqual(Rational.of(101n));
    expect(ledger.apply(redeem('2', '1', '0'))).toEqual({ applied: false });
    expect(codeOf(() => ledger.apply(redeem('1', '2', '0')))).toBe('ALREADY_RESOLVED');
    expect(codeOf(() => ledger.apply({ kind: 'void', by: 'oracle', condition: A }))).toBe('ALREADY_RESOLVED');
    const resolve: LedgerOp = {
      kind: 'resolve',
      by: 'oracle',
      condition: A,
      outcomes: [0],
      source: 'manual',
    };
    expect(codeOf(() => ledger.apply(resolve))).toBe('ALREADY_RESOLVED');
    expect(Ledger.restore(JSON.parse(JSON.stringify(ledger.snapshot()))).digest()).toBe(ledger.digest());
  });
});

describe(`${COMPUTE_TOKEN}`, () => {
  it('lies in the root verse: it moves between accounts and cannot be split or merged', () => {
    const ledger = new Ledger();
    ledger.applyAll([deposit('ann', COMPUTE_TOKEN, 10), deposit('ann', 'usd', 10), open(['0.5', '0.5'])]);
    const children = ledger.childVerses(A);
    const compute = { by: 'ann', token: COMPUTE_TOKEN, verse: ROOT_VERSE_ID, amount: '1' };
    for (const kind of ['split', 'merge'] as const) {
      expect(codeOf(() => ledger.apply({ kind, ...compute, owner: 'ann', children }))).toBe(
        'TOKEN_UNSPLITTABLE',
      );
    }
    ledger.apply({ kind: 'transfer', ...compute, from: 'ann', to: 'bob' });
    ledger.apply({ kind: 'withdraw', ...compute, by: 'bob', owner: 'bob' });
    expect(ledger.balance(ROOT_VERSE_ID, 'ann', COMPUTE_TOKEN)).toBe(9n);
  });

  it('stays behind in a push-down, and cannot be put under escrow elsewhere', () => {
    const ledger = new Ledger();
    ledger.applyAll([deposit('ann', COMPUTE_TOKEN, 10), deposit('ann', 'usd', 10)]);
    const outcomes = ['a', 'b'].map((name) => ({ name, probability: 5n * 10n ** 17n }));
    const plan = planPushDown(ledger, { condition: A, verse: ROOT_VERSE_ID, outcomes, account: 'ann' });
    ledger.applyAll(plan.ops);
    expect(ledger.balance(ROOT_VERSE_ID, 'ann', COMPUTE_TOKEN)).toBe(10n);
    expect(plan.children.map((verse) => ledger.balance(verse, 'ann', 'usd'))).toEqual([10n, 10n]);
    ledger.applyAll(planPullUp(ledger, { condition: A, winner: 0, source: 'manual' }));
    // The survivor holds every live atom, and yet is not the root verse.
    const [survivor = ROOT_VERSE_ID] = plan.children;
    expect(codeOf(() => ledger.apply(deposit('ann', COMPUTE_TOKEN, 1, survivor)))).toBe('TOKEN_UNSPLITTABLE');
    ledger.apply(deposit('ann', 'usd', 1, survivor));
  });
});
