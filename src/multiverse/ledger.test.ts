import { describe, expect, it } from 'vitest';

import { AMOUNT_MAX } from '../model/amount.js';
import { ConditionId, type VerseId } from '../model/ids.js';
import { equalProbabilities, probabilityToText } from '../model/probability.js';
import { Rational } from '../model/rational.js';
import { SYSTEM_ACCOUNT } from './account.js';
import { ROOT_VERSE_ID } from './box.js';
import { Ledger } from './ledger.js';
import { type LedgerOp, parseLedgerOp } from './ledger-op.js';

const A = ConditionId.parse(`cnd_${'A'.repeat(26)}`);
const B = ConditionId.parse(`cnd_${'B'.repeat(26)}`);
const alice = { by: 'alice', owner: 'alice', token: 'usd' };

function open(condition: ConditionId, verse: VerseId, count = 2): LedgerOp {
  return {
    kind: 'openCondition',
    by: 'oracle',
    condition,
    verse,
    outcomes: Array.from({ length: count }, (_, index) => `o${index}`),
    probabilities: equalProbabilities(count).map(probabilityToText),
  };
}

const deposit = (amount: bigint | number, verse: VerseId = ROOT_VERSE_ID): LedgerOp => ({
  kind: 'deposit',
  ...alice,
  verse,
  amount: `${amount}`,
});

const resolve = (condition: ConditionId, ...outcomes: number[]): LedgerOp => ({
  kind: 'resolve',
  by: 'oracle',
  condition,
  outcomes,
  source: 'manual',
});

function move(
  kind: 'split' | 'merge',
  amount: string,
  children: VerseId[],
  verse: VerseId = ROOT_VERSE_ID,
): LedgerOp {
  return { kind, ...alice, verse, children, amount };
}

function codeOf(work: () => unknown): string | undefined {
  try {
    work();
    return undefined;
  } catch (thrown) {
    return (thrown as { code: string }).code;
  }
}

/** alice has 100 in the root verse; A and B, two outcomes each, are open there. */
function example() {
  const ledger = new Ledger();
  ledger.applyAll([deposit(100), open(A, ROOT_VERSE_ID), open(B, ROOT_VERSE_ID)]);
  const [a0, a1] = ledger.childVerses(A) as [VerseId, VerseId];
  const [b0, b1] = ledger.childVerses(B) as [VerseId, VerseId];
  return { ledger, a0, a1, b0, b1 };
}

/** The refusal's code, after checking that nothing changed and that `check` says the same. */
function refused(ledger: Ledger, op: LedgerOp): string | undefined {
  const before = ledger.digest();
  const checked = codeOf(() => ledger.check(op));
  const code = codeOf(() => ledger.apply(op));
  expect(ledger.digest()).toBe(before);
  expect(checked).toBe(code);
  return code;
}

describe('split and merge', () => {
  it('turn x in a verse into x in every child and back', () => {
    const { ledger, a0, a1 } = example();
    const before = ledger.digest();
    ledger.apply(move('split', '60', [a0, a1]));
    expect(ledger.balance(ROOT_VERSE_ID, 'alice', 'usd')).toBe(40n);
    expect(ledger.balance(a0, 'alice', 'usd')).toBe(60n);
    expect(ledger.balance(a1, 'alice', 'usd')).toBe(60n);
    for (const outcome of [0, 1]) expect(ledger.wealth('alice', 'usd', { [A]: outcome })).toBe(100n);
    expect(ledger.meanWealth('usd')).toEqual(Rational.of(100n));
    ledger.apply(move('merge', '60', [a1, a0]));
    expect(ledger.digest()).toBe(before);
  });

  it('reach the same verse by two routes', () => {
    const { ledger, a0, a1, b0, b1 } = example();
    const both = (a: number, b: number) => {
      const constraints = [
        { condition: A, outcomes: [a] },
        { condition: B, outcomes: [b] },
      ];
      ledger.apply({ kind: 'defineVerse', by: 'alice', constraints });
      return ledger.verseIdOf(constraints);
    };
    const corners = [both(0, 0), both(0, 1), both(1, 0), both(1, 1)] as const;
    ledger.applyAll([
      move('split', '10', [a0, a1]),
      move('split', '10', [corners[0], corners[1]], a0),
      move('split', '10', [corners[2], corners[3]], a1),
      // Put together along the other condition.
      move('merge', '10', [corners[0], corners[2]], b0),
      move('merge', '10', [corners[1], corners[3]], b1),
      move('merge', '10', [b0, b1]),
    ]);
    expect(ledger.balance(ROOT_VERSE_ID, 'alice', 'usd')).toBe(100n);
    expect(ledger.verse(corners[0]).measure).toEqual(Rational.of(1n, 4n));
  });

  it('refuse what is no partition, amounts out of range, strangers and empty purses', () => {
    const { ledger, a0, a1, b0 } = example();
    const split = (children: VerseId[], amount = '1') => refused(ledger, move('split', amount, children));
    for (const amount of ['0', '-1', '1.5', '', 'x', `${AMOUNT_MAX + 1n}`]) {
      expect(split([a0, a1], amount)).toBe('BAD_AMOUNT');
    }
    expect(split([a0, a0, a1])).toBe('OVERLAP');
    expect(split([a0, b0])).toBe('OVERLAP');
    expect(split([a0])).toBe('NOT_EXHAUSTIVE');
    expect(split([])).toBe('NOT_EXHAUSTIVE');
    expect(split([ROOT_VERSE_ID])).toBe('TRIVIAL_PARTITION');
    expect(split([a0, a1], '101')).toBe('INSUFFICIENT_BALANCE');
    expect(refused(ledger, { ...move('split', '1', [a0, a1]), by: 'mallory' })).toBe('FORBIDDEN');
    expect(split([a0, `vrs_${'0'.repeat(32)}` as VerseId])).toBe('VERSE_NOT_FOUND');
    expect(refused(ledger, move('merge', '1', [a0, a1]))).toBe('INSUFFICIENT_BALANCE');
  });
});

describe('many conditions', () => {
  it('40 binary ones and one of 256 outcomes, split one after the other and merged back, exactly', () => {
    const ledger = new Ledger();
    const id = (n: number) => ConditionId.parse(`cnd_${String(n).padStart(26, '0')}`);
    const counts = [...Array.from({ length: 40 }, () => 2), 256];
    ledger.applyAll([deposit(7), ...counts.map((count, n) => open(id(n), ROOT_VERSE_ID, count))]);
    const path: { condition: ConditionId; outcomes: number[] }[] = [];
    const steps = counts.map((count, n) => {
      const parent = ledger.verseIdOf(path);
      const children = Array.from({ length: count }, (_, outcome) => {
        const constraints = [...path, { condition: id(n), outcomes: [outcome] }];
        ledger.apply({ kind: 'defineVerse', by: 'alice', constraints });
        return ledger.verseIdOf(constraints);
      });
      path.push({ condition: id(n), outcomes: [n % count] });
      return { parent, children };
    });
    for (const { parent, children } of steps) ledger.apply(move('split', '7', children, parent));
    const deepest = steps[40]?.children[40] as VerseId;
    expect(ledger.verse(deepest).measure).toEqual(Rational.of(1n, 2n ** 40n * 256n));
    expect(ledger.meanWealth('usd')).toEqual(Rational.of(7n));
    const missing = steps[40]?.children.slice(1) as VerseId[];
    expect(refused(ledger, move('merge', '7', missing, steps[40]?.parent))).toBe('NOT_EXHAUSTIVE');
    for (const { parent, children } of steps.reverse()) ledger.apply(move('merge', '7', children, parent));
    expect(ledger.balances()).toMatchObject([{ verse: ROOT_VERSE_ID, amount: 7n }]);
  });
});

describe('mistakes seen elsewhere', () => {
  it('a split of x does not give x / n to each of n children, nor a merge n times x', () => {
    const { ledger, a0, a1 } = example();
    ledger.apply(move('split', '10', [a0, a1]));
    expect([a0, a1].map((verse) => ledger.balance(verse, 'alice', 'usd'))).toEqual([10n, 10n]);
    ledger.apply(move('merge', '10', [a0, a1]));
    expect(ledger.balance(ROOT_VERSE_ID, 'alice', 'usd')).toBe(100n);
  });

  it('children that miss an outcome or name one twice are refused, in split and in merge', () => {
    const { ledger, a0, a1 } = example();
    ledger.apply(move('split', '10', [a0, a1]));
    for (const kind of ['split', 'merge'] as const) {
      expect(refused(ledger, move(kind, '1', [a0]))).toBe('NOT_EXHAUSTIVE');
      expect(refused(ledger, move(kind, '1', [a0, a0]))).toBe('OVERLAP');
    }
  });

  it('winners can merge after resolution, also when the parent itself has been decided', () => {
    const { ledger, a0, a1 } = example();
    const inner = ConditionId.parse(`cnd_${'D'.repeat(26)}`);
    ledger.apply(open(inner, a0));
    const [d0, d1] = ledger.childVerses(inner) as [VerseId, VerseId];
    ledger.applyAll([move('split', '10', [a0, a1]), move('split', '10', [d0, d1], a0), resolve(A, 0)]);
    // The parent a0 is settled, the inner condition is not: combining still works.
    ledger.apply(move('merge', '4', [d0, d1], a0));
    ledger.apply(resolve(inner, 1));
    ledger.apply(move('merge', '6', [d1], a0));
    ledger.apply(move('merge', '10', [a0]));
    expect(ledger.balance(ROOT_VERSE_ID, 'alice', 'usd')).toBe(100n);
  });

  it('a resolved question can no longer be split or merged as if it were open', () => {
    const { ledger, a0, a1 } = example();
    ledger.applyAll([move('split', '10', [a0, a1]), resolve(A, 1)]);
    expect(refused(ledger, move('split', '1', [a0, a1]))).toBe('VERSE_COLLAPSED');
    expect(refused(ledger, move('merge', '1', [a0, a1]))).toBe('VERSE_COLLAPSED');
    expect(refused(ledger, move('merge', '1', [a0]))).toBe('VERSE_COLLAPSED');
    expect(refused(ledger, open(ConditionId.parse(`cnd_${'E'.repeat(26)}`), a0))).toBe('VERSE_COLLAPSED');
    const transfer: LedgerOp = {
      kind: 'transfer',
      by: 'alice',
      from: 'alice',
      to: 'bob',
      token: 'usd',
      verse: a0,
      amount: '1',
    };
    expect(refused(ledger, transfer)).toBe('VERSE_COLLAPSED');
  });
});

describe('deposit, withdraw, transfer', () => {
  it('keep escrow and wealth equal', () => {
    const { ledger } = example();
    ledger.apply({
      kind: 'transfer',
      by: 'alice',
      from: 'alice',
      to: 'bob',
      token: 'usd',
      verse: ROOT_VERSE_ID,
      amount: '30',
    });
    ledger.apply({ ...deposit(70), kind: 'withdraw' } as LedgerOp);
    expect(ledger.escrow('usd')).toBe(30n);
    expect(ledger.wealth('bob', 'usd', {})).toBe(30n);
    expect(ledger.tokens()).toEqual(['usd']);
    expect(ledger.balances()).toEqual([
      { verse: ROOT_VERSE_ID, owner: 'bob', token: 'usd', amount: 30n, live: true },
    ]);
  });

  it('leave a transfer to oneself without effect, and refuse it beyond the balance', () => {
    const { ledger } = example();
    const toSelf = (amount: string): LedgerOp => ({
      kind: 'transfer',
      by: 'alice',
      from: 'alice',
      to: 'alice',
      token: 'usd',
      verse: ROOT_VERSE_ID,
      amount,
    });
    ledger.apply(toSelf('100'));
    expect(ledger.balance(ROOT_VERSE_ID, 'alice', 'usd')).toBe(100n);
    expect(refused(ledger, toSelf('101'))).toBe('INSUFFICIENT_BALANCE');
  });

  it('move escrow only where every live atom is', () => {
    const { ledger, a0, a1 } = example();
    ledger.apply(move('split', '10', [a0, a1]));
    expect(refused(ledger, deposit(1, a0))).toBe('NOT_EXHAUSTIVE');
    expect(refused(ledger, { ...deposit(1, a0), kind: 'withdraw' } as LedgerOp)).toBe('NOT_EXHAUSTIVE');
    ledger.apply(resolve(A, 0));
    ledger.apply({ ...deposit(10, a0), kind: 'withdraw' } as LedgerOp);
    expect(ledger.escrow('usd')).toBe(90n);
    expect(refused(ledger, deposit(1, a1))).toBe('VERSE_COLLAPSED');
  });

  it('refuse what does not fit into 256 bits', () => {
    const { ledger } = example();
    expect(refused(ledger, deposit(AMOUNT_MAX - 99n))).toBe('BALANCE_OVERFLOW');
    ledger.apply(deposit(AMOUNT_MAX - 100n));
    expect(ledger.escrow('usd')).toBe(AMOUNT_MAX);
    expect(refused(ledger, { ...deposit(1), by: 'bob', owner: 'bob' } as LedgerOp)).toBe('BALANCE_OVERFLOW');
  });
});

describe('conditions', () => {
  it('resolve once: the same report is a no-op, another is refused', () => {
    const { ledger, a0, a1 } = example();
    ledger.apply(move('split', '10', [a0, a1]));
    expect(ledger.apply(resolve(A, 1))).toEqual({ applied: true });
    expect(ledger.apply(resolve(A, 1))).toEqual({ applied: false });
    expect(refused(ledger, resolve(A, 0))).toBe('ALREADY_RESOLVED');
    expect(refused(ledger, { kind: 'void', by: 'oracle', condition: A })).toBe('ALREADY_RESOLVED');
    expect(refused(ledger, { kind: 'report', by: 'oracle', condition: A, outcome: 0 })).toBe(
      'ALREADY_RESOLVED',
    );
    expect(ledger.verse(a0).live).toBe(false);
    expect(ledger.balances({ verses: 'collapsed' }).map(({ verse }) => verse)).toEqual([a0]);
    expect(codeOf(() => ledger.wealth('alice', 'usd', { [A]: 0 }))).toBe('CONTRADICTION');
    expect(ledger.wealth('alice', 'usd', { [A]: 1 })).toBe(100n);
  });

  it('may resolve to several outcomes, whose verses then share the parent', () => {
    const ledger = new Ledger();
    ledger.applyAll([deposit(10), open(A, ROOT_VERSE_ID, 3), resolve(A, 0, 2)]);
    const [first, middle, last] = ledger.childVerses(A) as [VerseId, VerseId, VerseId];
    expect(ledger.verse(middle).live).toBe(false);
    ledger.apply(move('split', '10', [first, last]));
    expect(ledger.verse(first).measure).toEqual(Rational.of(1n, 2n));
  });

  it('refuse contradictions, strangers, unknown ids and dead verses', () => {
    const { ledger, a0 } = example();
    const inner = ConditionId.parse(`cnd_${'D'.repeat(26)}`);
    ledger.apply(open(inner, a0));
    expect(refused(ledger, resolve(A))).toBe('CONTRADICTION');
    expect(refused(ledger, resolve(A, 2))).toBe('BAD_INPUT');
    expect(refused(ledger, { ...resolve(A, 0), by: 'alice' })).toBe('FORBIDDEN');
    expect(refused(ledger, { kind: 'void', by: 'alice', condition: A })).toBe('FORBIDDEN');
    expect(refused(ledger, resolve(ConditionId.parse(`cnd_${'Z'.repeat(26)}`), 0))).toBe(
      'CONDITION_NOT_FOUND',
    );
    ledger.apply({ ...resolve(A, 1), by: SYSTEM_ACCOUNT });
    expect(refused(ledger, resolve(inner, 0))).toBe('VERSE_COLLAPSED');
    expect(refused(ledger, { kind: 'void', by: 'oracle', condition: inner })).toBe('VERSE_COLLAPSED');
    const dead = [{ condition: A, outcomes: [0] }];
    expect(refused(ledger, { kind: 'defineVerse', by: 'alice', constraints: dead })).toBe('VERSE_COLLAPSED');
  });

  it('are opened once, with distinct names and probabilities that sum to 1', () => {
    const { ledger } = example();
    const fresh = { ...open(ConditionId.parse(`cnd_${'D'.repeat(26)}`), ROOT_VERSE_ID) };
    expect(refused(ledger, open(A, ROOT_VERSE_ID))).toBe('NAME_TAKEN');
    expect(refused(ledger, { ...fresh, outcomes: ['x', 'x'] } as LedgerOp)).toBe('BAD_INPUT');
    expect(refused(ledger, { ...fresh, outcomes: ['x'] } as LedgerOp)).toBe('BAD_INPUT');
    expect(refused(ledger, { ...fresh, outcomes: ['x', 'y', 'z'] } as LedgerOp)).toBe('BAD_INPUT');
    expect(refused(ledger, { ...fresh, probabilities: ['0.5', '0.4'] } as LedgerOp)).toBe(
      'PROBABILITIES_UNBALANCED',
    );
    expect(refused(ledger, { ...fresh, probabilities: ['0.5', 'x'] } as LedgerOp)).toBe('BAD_NUMBER');
  });

  it('keep the last report for each outcome, exactly', () => {
    const { ledger } = example();
    const report = { kind: 'report', by: 'oracle', condition: A, outcome: 1 } as const;
    ledger.applyAll([
      { ...report, cost: '3' },
      { ...report, cost: '28/18', value: '-0.5' },
    ]);
    expect([...ledger.condition(A).reports.values()]).toEqual([
      { outcomeIndex: 1, cost: Rational.parse('14/9'), value: Rational.parse('-1/2') },
    ]);
    expect(refused(ledger, { ...report, cost: '-1' })).toBe('BAD_NUMBER');
    expect(refused(ledger, { ...report, outcome: 2 })).toBe('BAD_INPUT');
    expect(refused(ledger, { ...report, by: 'alice' })).toBe('FORBIDDEN');
  });
});

describe('batches, keys and replay', () => {
  it('a batch is applied whole or not at all', () => {
    const { ledger, a0, a1 } = example();
    const before = ledger.digest();
    const batch = [move('split', '60', [a0, a1]), resolve(A, 0), deposit(5), move('merge', '61', [a0])];
    expect(codeOf(() => ledger.applyAll(batch))).toBe('INSUFFICIENT_BALANCE');
    expect(ledger.digest()).toBe(before);
    expect(ledger.check(batch.slice(0, 3))).toHaveLength(3);
    expect(ledger.digest()).toBe(before);
  });

  it('the same key with the same operation works once; with another it is refused', () => {
    const { ledger } = example();
    const keyed: LedgerOp = { ...deposit(10), idempotencyKey: 'k1' };
    expect(ledger.apply(keyed)).toEqual({ applied: true });
    // The order of members is of no importance.
    expect(ledger.apply(Object.fromEntries(Object.entries(keyed).reverse()) as LedgerOp)).toEqual({
      applied: false,
    });
    expect(ledger.escrow('usd')).toBe(110n);
    expect(refused(ledger, { ...deposit(11), idempotencyKey: 'k1' })).toBe('IDEMPOTENCY_KEY_REUSED');
    // Another account's keys are its own, and a refused operation uses none up.
    ledger.apply({ ...keyed, by: 'bob', owner: 'bob' } as LedgerOp);
    expect(refused(ledger, { ...deposit(0), idempotencyKey: 'k2' })).toBe('BAD_AMOUNT');
    ledger.apply({ ...deposit(1), idempotencyKey: 'k2' });
    expect(ledger.escrow('usd')).toBe(121n);
  });

  it('only the system sends operations in another name', () => {
    const { ledger } = example();
    expect(codeOf(() => ledger.check(deposit(1), 'bob'))).toBe('FORBIDDEN');
    expect(codeOf(() => ledger.check(deposit(1), 'alice'))).toBeUndefined();
    expect(codeOf(() => ledger.check(deposit(1), SYSTEM_ACCOUNT))).toBeUndefined();
    const fromDust = { ...deposit(1), by: '@dust', owner: '@dust' } as LedgerOp;
    expect(refused(ledger, fromDust)).toBe('FORBIDDEN');
  });

  it('operations and snapshots survive JSON', () => {
    const { ledger, a0, a1 } = example();
    ledger.applyAll([
      move('split', '60', [a0, a1]),
      { kind: 'report', by: 'oracle', condition: A, outcome: 0, cost: '3/2' },
      { ...resolve(A, 0), evidence: { why: ['seen'] } } as LedgerOp,
      { kind: 'void', by: 'oracle', condition: B, idempotencyKey: 'v' },
    ]);
    const again = Ledger.restore(JSON.parse(JSON.stringify(ledger.snapshot())));
    expect(again.digest()).toBe(ledger.digest());
    expect(again.snapshot()).toEqual(ledger.snapshot());
    expect(again.apply(move('merge', '60', [a0]))).toEqual({ applied: true });
    expect(codeOf(() => Ledger.restore({ format: 'other' }))).toBe('BAD_INPUT');
    const op = move('split', '1', [a0, a1]);
    expect(parseLedgerOp(JSON.parse(JSON.stringify(op)))).toEqual(op);
    expect(codeOf(() => parseLedgerOp({ ...op, owner: '@else' }))).toBe('BAD_INPUT');
    expect(codeOf(() => parseLedgerOp({ ...op, kind: 'steal' }))).toBe('BAD_INPUT');
    expect(codeOf(() => ledger.apply({ ...op, owner: 'a\u0000b' } as LedgerOp))).toBe('BAD_INPUT');
  });
});
