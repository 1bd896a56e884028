import { describe, expect, it } from 'vitest';

import { ConditionId, type VerseId } from '../model/ids.js';
import { Rational } from '../model/rational.js';
import { DUST_ACCOUNT } from './account.js';
import { ROOT_VERSE_ID } from './box.js';
import { Ledger } from './ledger.js';
import type { LedgerOp } from './ledger-op.js';

const condition = (letter: string) => ConditionId.parse(`cnd_${letter.repeat(26)}`);
const [A, B, C] = [condition('A'), condition('B'), condition('C')];

const open = (id: ConditionId, verse: VerseId, ...probabilities: string[]): LedgerOp => ({
  kind: 'openCondition',
  by: 'oracle',
  condition: id,
  verse,
  outcomes: probabilities.map((_, index) => `o${index}`),
  probabilities,
});

const deposit = (amount: number, owner = 'alice'): LedgerOp => ({
  kind: 'deposit',
  by: owner,
  owner,
  token: 'usd',
  verse: ROOT_VERSE_ID,
  amount: `${amount}`,
});

const split = (amount: number, verse: VerseId, children: VerseId[], owner = 'alice'): LedgerOp => ({
  kind: 'split',
  by: owner,
  owner,
  token: 'usd',
  verse,
  children,
  amount: `${amount}`,
});

const transfer = (amount: number, verse: VerseId, from: string, to: string): LedgerOp => ({
  kind: 'transfer',
  by: from,
  from,
  to,
  token: 'usd',
  verse,
  amount: `${amount}`,
});

const voiding = (id: ConditionId): LedgerOp => ({ kind: 'void', by: 'oracle', condition: id });

function define(ledger: Ledger, ...pairs: [ConditionId, number][]): VerseId {
  const constraints = pairs.map(([id, outcome]) => ({ condition: id, outcomes: [outcome] }));
  ledger.apply({ kind: 'defineVerse', by: 'alice', constraints });
  return ledger.verseIdOf(constraints);
}

const root = (ledger: Ledger, owner: string) => ledger.balance(ROOT_VERSE_ID, owner, 'usd');

describe('void', () => {
  it('pays each stake by probability, rounded down, and the remainder to the dust account', () => {
    const ledger = new Ledger();
    ledger.applyAll([deposit(101), open(A, ROOT_VERSE_ID, '0.45', '0.35', '0.2')]);
    const children = ledger.childVerses(A);
    const [first, second, third] = children as [VerseId, VerseId, VerseId];
    ledger.applyAll([
      split(101, ROOT_VERSE_ID, children),
      transfer(101, second, 'alice', 'bob'),
      transfer(101, third, 'alice', 'carol'),
      voiding(A),
    ]);
    // 45.45, 35.35, 20.2
    expect(['alice', 'bob', 'carol', DUST_ACCOUNT].map((owner) => root(ledger, owner))).toEqual([
      45n,
      35n,
      20n,
      1n,
    ]);
    expect(ledger.verse(first).live).toBe(false);
    expect(ledger.balances({ verses: 'collapsed' })).toEqual([]);
    expect(ledger.wealth('bob', 'usd', {})).toBe(35n);
    expect(ledger.meanWealth('usd')).toEqual(Rational.of(ledger.escrow('usd')));
    expect(ledger.apply(voiding(A))).toEqual({ applied: false });
    expect(() => ledger.apply({ ...split(1, ROOT_VERSE_ID, children), by: '@system' })).toThrow(
      expect.objectContaining({ code: 'VERSE_COLLAPSED' }),
    );
  });

  it('leaves no dust where all is one owner and divides', () => {
    const ledger = new Ledger();
    ledger.applyAll([deposit(100), open(A, ROOT_VERSE_ID, '0.5', '0.5')]);
    ledger.applyAll([split(100, ROOT_VERSE_ID, ledger.childVerses(A)), voiding(A)]);
    expect(ledger.balances()).toEqual([
      { verse: ROOT_VERSE_ID, owner: 'alice', token: 'usd', amount: 100n, live: true },
    ]);
  });

  it('puts dust where the crossing holdings leave it, so that every atom still equals escrow', () => {
    const ledger = new Ledger();
    ledger.applyAll([deposit(1), open(A, ROOT_VERSE_ID, '0.5', '0.5'), open(B, ROOT_VERSE_ID, '0.5', '0.5')]);
    const [b0, b1] = ledger.childVerses(B) as [VerseId, VerseId];
    const corners = [define(ledger, [A, 0], [B, 0]), define(ledger, [A, 1], [B, 0])];
    ledger.applyAll([split(1, ROOT_VERSE_ID, [b0, b1]), split(1, b0, corners), voiding(B)]);
    // Half a unit is left over in the root verse, in A=0 and in A=1: one whole unit on every atom.
    const dust = ledger
      .balances({ owner: DUST_ACCOUNT })
      .map(({ verse, amount }) => [verse, amount] as const);
    expect(new Map(dust)).toEqual(new Map(ledger.childVerses(A).map((verse) => [verse, 1n])));
    for (const outcome of [0, 1]) expect(ledger.wealth(DUST_ACCOUNT, 'usd', { [A]: outcome })).toBe(1n);
  });

  it('voids the conditions opened under its outcomes with it, open or resolved', () => {
    const ledger = new Ledger();
    ledger.applyAll([deposit(1000), open(A, ROOT_VERSE_ID, '0.4', '0.6')]);
    const [a0, a1] = ledger.childVerses(A) as [VerseId, VerseId];
    ledger.applyAll([open(B, a0, '0.25', '0.75'), open(C, a1, '0.1', '0.9')]);
    ledger.applyAll([
      split(1000, ROOT_VERSE_ID, [a0, a1]),
      split(1000, a0, ledger.childVerses(B)),
      split(1000, a1, ledger.childVerses(C)),
      transfer(1000, ledger.childVerse(B, 0), 'alice', 'bob'),
      transfer(1000, ledger.childVerse(C, 1), 'alice', 'carol'),
      { kind: 'resolve', by: 'oracle', condition: C, outcomes: [1], source: 'manual' },
      voiding(A),
    ]);
    // bob: 0.4 * 0.25; carol: 0.6 for sure; alice: 0.4 * 0.75.
    expect(['alice', 'bob', 'carol', DUST_ACCOUNT].map((owner) => root(ledger, owner))).toEqual([
      300n,
      100n,
      600n,
      0n,
    ]);
    expect(ledger.condition(B).status.kind).toBe('void');
    expect(ledger.verse(ledger.childVerse(C, 1)).live).toBe(false);
  });

  it('pays equal shares when all that is still possible has probability 0', () => {
    const ledger = new Ledger();
    ledger.applyAll([deposit(10), open(A, ROOT_VERSE_ID, '0.5', '0.5')]);
    const a0 = ledger.childVerse(A, 0);
    ledger.apply(open(B, a0, '1', '0', '0'));
    ledger.applyAll([
      split(10, ROOT_VERSE_ID, ledger.childVerses(A)),
      split(10, a0, ledger.childVerses(B)),
      { kind: 'resolve', by: 'oracle', condition: B, outcomes: [1, 2], source: 'manual' },
      transfer(10, ledger.childVerse(B, 2), 'alice', 'bob'),
      voiding(A),
    ]);
    // A=1 pays 5, each live outcome of B pays 2.5.
    expect(['alice', 'bob', DUST_ACCOUNT].map((owner) => root(ledger, owner))).toEqual([7n, 2n, 1n]);
  });

  it('pays several tokens apart', () => {
    const ledger = new Ledger();
    const eur = (op: LedgerOp) => ({ ...op, token: 'eur' }) as LedgerOp;
    ledger.applyAll([deposit(3), eur(deposit(5)), open(A, ROOT_VERSE_ID, '0.5', '0.5')]);
    const children = ledger.childVerses(A);
    ledger.applyAll([split(3, ROOT_VERSE_ID, children), eur(split(5, ROOT_VERSE_ID, children)), voiding(A)]);
    expect(root(ledger, 'alice')).toBe(2n);
    expect(root(ledger, DUST_ACCOUNT)).toBe(1n);
    expect(ledger.balance(ROOT_VERSE_ID, 'alice', 'eur')).toBe(4n);
    expect(ledger.balance(ROOT_VERSE_ID, DUST_ACCOUNT, 'eur')).toBe(1n);
  });
});
