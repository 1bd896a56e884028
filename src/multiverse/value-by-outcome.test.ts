import { describe, expect, it } from 'vitest';
import { ConditionId } from '../model/ids.js';
import { Rational } from '../model/rational.js';
import { SYSTEM_ACCOUNT } from './account.js';
import { ROOT_VERSE_ID } from './box.js';
import { Ledger } from './ledger.js';
import { planPushDown } from './plan-push-down.js';
import { conditionsOf, valueByOutcome } from './value-by-outcome.js';

const [WEATHER, COIN] = [1, 2].map((n) => ConditionId.parse(`cnd_${String(n).padStart(26, '0')}`)) as [
  ConditionId,
  ConditionId,
];
const by = SYSTEM_ACCOUNT;

function ledgerWith(amount: bigint): Ledger {
  const ledger = new Ledger();
  ledger.apply({
    kind: 'deposit',
    by,
    owner: 'ann',
    verse: ROOT_VERSE_ID,
    token: 'usd',
    amount: `${amount}`,
  });
  return ledger;
}

function open(
  ledger: Ledger,
  condition: ConditionId,
  verse = ROOT_VERSE_ID,
  amounts?: Record<string, bigint>,
) {
  const outcomes = [
    { name: 'yes', probability: 750_000_000_000_000_000n },
    { name: 'no', probability: 250_000_000_000_000_000n },
  ];
  const plan = planPushDown(ledger, { condition, verse, outcomes, account: 'ann', amounts });
  ledger.applyAll(plan.ops);
  return plan.children;
}

const texts = (ledger: Ledger, condition: ConditionId) => {
  const { outcomes, expected } = valueByOutcome(ledger, 'ann', condition);
  const text = (value: Rational | undefined) => value && Rational.toText(value);
  return [...outcomes.map(({ tokens }) => text(tokens.get('usd'))), text(expected.get('usd'))];
};

describe('what an account has by outcome', () => {
  it('is the same in all of them after a split, until something moves inside one', () => {
    const ledger = ledgerWith(100n);
    const [yes] = open(ledger, WEATHER, ROOT_VERSE_ID, { usd: 60n });
    expect(texts(ledger, WEATHER)).toEqual(['100', '100', '100']);
    ledger.apply({ kind: 'transfer', by, from: 'ann', to: 'bob', verse: yes!, token: 'usd', amount: '20' });
    expect(texts(ledger, WEATHER)).toEqual(['80', '100', '85']);
    expect(conditionsOf(ledger, 'ann')).toEqual([WEATHER]);
    expect(conditionsOf(ledger, 'nobody')).toEqual([]);
  });

  it('weighs conditions below and beside it, also from their own point of view', () => {
    const ledger = ledgerWith(100n);
    const [yes] = open(ledger, WEATHER);
    const [heads] = open(ledger, COIN, yes);
    ledger.apply({ kind: 'transfer', by, from: 'ann', to: 'bob', verse: heads!, token: 'usd', amount: '40' });
    // If it is yes, heads (3/4) leaves 60 and tails 100.
    expect(texts(ledger, WEATHER)).toEqual(['70', '100', '155/2']);
    // Heads: 3/4 of 60 and 1/4 of the 100 of no; tails: 100 both ways.
    expect(texts(ledger, COIN)).toEqual(['70', '100', '155/2']);
    expect(conditionsOf(ledger, 'ann')).toEqual([WEATHER, COIN]);
    ledger.apply({ kind: 'resolve', by, condition: COIN, outcomes: [1], source: 'manual' });
    expect(texts(ledger, WEATHER)).toEqual(['100', '100', '100']);
    expect(conditionsOf(ledger, 'ann')).toEqual([WEATHER]);
  });

  it('is of no meaning for a condition that is not there', () => {
    expect(() => valueByOutcome(new Ledger(), 'ann', WEATHER)).toThrow(/no condition|not/);
  });
});
