import type { ConditionId } from '../model/ids.js';
import { PROBABILITY_ONE } from '../model/probability.js';
import { Rational } from '../model/rational.js';
import type { AccountId, TokenId } from './account.js';
import { type Condition, liveOutcomes } from './condition.js';
import type { Ledger } from './ledger.js';

/** What an account has if a condition comes out in one way, by token; exact. */
export interface OutcomeValue {
  readonly outcome: string;
  readonly probability: Rational;
  readonly tokens: ReadonlyMap<TokenId, Rational>;
}

/** The portfolio of an account over the outcomes of one condition. */
export interface ConditionValue {
  readonly condition: ConditionId;
  readonly outcomes: readonly OutcomeValue[];
  /** The mean, weighed by the probabilities. */
  readonly expected: ReadonlyMap<TokenId, Rational>;
}

/**
 * The balances of an account as seen from one condition: a balance counts in an outcome as far as its verse is possible
 * there, other conditions being independent and at their own probabilities.
 *
 * @throws CONDITION_NOT_FOUND
 */
export function valueByOutcome(ledger: Ledger, owner: AccountId, id: ConditionId): ConditionValue {
  const condition = ledger.condition(id);
  const balances = ledger.balances({ owner });
  const outcomes = condition.outcomes.map((outcome, index): OutcomeValue => {
    const tokens = new Map<TokenId, Rational>();
    for (const { verse, token, amount } of balances) {
      const share = Rational.mul(Rational.of(amount), shareIn(ledger, verse, id, index));
      tokens.set(token, Rational.add(tokens.get(token) ?? Rational.ZERO, share));
    }
    return { outcome, probability: probabilityOf(condition, [index]), tokens };
  });
  const expected = new Map<TokenId, Rational>();
  for (const { probability, tokens } of outcomes) {
    for (const [token, value] of tokens) {
      const weighed = Rational.mul(probability, value);
      expected.set(token, Rational.add(expected.get(token) ?? Rational.ZERO, weighed));
    }
  }
  return { condition: id, outcomes, expected };
}

/** Open conditions that some live balance of the account depends on, in the order in which they were opened. */
export function conditionsOf(ledger: Ledger, owner: AccountId): ConditionId[] {
  const found = new Set(
    ledger
      .balances({ owner })
      .flatMap(({ verse }) => ledger.verse(verse).constraints.map(({ condition }) => condition)),
  );
  return ledger
    .conditions()
    .flatMap(({ id, status }) => (found.has(id) && status.kind === 'open' ? [id] : []));
}

/** How likely the verse is when the condition comes out as `index`. */
function shareIn(
  ledger: Ledger,
  verse: Parameters<Ledger['verse']>[0],
  given: ConditionId,
  index: number,
): Rational {
  let share = Rational.ONE;
  for (const { condition, outcomes } of ledger.verse(verse).constraints) {
    if (condition === given) {
      if (!outcomes.includes(index)) return Rational.ZERO;
    } else share = Rational.mul(share, probabilityOf(ledger.condition(condition), outcomes));
  }
  return share;
}

/** Of what is still possible. */
function probabilityOf(condition: Condition, outcomes: readonly number[]): Rational {
  const live = liveOutcomes(condition);
  const isPossible = (index: number): boolean => ((live >> BigInt(index)) & 1n) === 1n;
  const sum = (indexes: readonly number[]): bigint =>
    indexes.filter(isPossible).reduce((total, index) => total + (condition.probabilities[index] ?? 0n), 0n);
  const all =
    condition.status.kind === 'open' ? PROBABILITY_ONE : sum(condition.outcomes.map((_, index) => index));
  if (all > 0n) return Rational.of(sum(outcomes), all);
  // What was held to be impossible came true: what is left is equally likely.
  const count = condition.outcomes.filter((_, index) => isPossible(index)).length;
  return count === 0 ? Rational.ZERO : Rational.of(BigInt(outcomes.filter(isPossible).length), BigInt(count));
}
