import type { ConditionId, VerseId } from '../model/ids.js';
import { Rational } from '../model/rational.js';
import { DUST_ACCOUNT, type TokenId } from './account.js';
import { type Box, boxOf, constraintsOf, without } from './box.js';
import { type Condition, liveOutcomes } from './condition.js';
import { isLive } from './lambda.js';
import type { LedgerState } from './ledger-state.js';
import { indexesOf, type OutcomeSet } from './outcome-set.js';
import { type DustPart, placeDust } from './place-dust.js';
import { credit } from './purse.js';

/** What a condition pays, and those that end with it. */
interface Ending {
  readonly condition: Condition;
  /** Weight of each outcome, not negative. */
  readonly weights: readonly bigint[];
}

/**
 * Pays everything that depends on an open condition into verses that do not: x in a verse of weight w becomes
 * floor(x * w), and what rounding leaves goes to the dust account, so that escrow still equals total wealth
 * on every atom. Conditions opened under its outcomes end with it, weighted by their probabilities. What is
 * owed and what is pledged in such a verse is multiplied alike. The caller then settles the conditions returned.
 *
 * @throws UNSUPPORTED (see `placeDust`).
 */
export function payOutCondition(state: LedgerState, { condition, weights }: Ending): Condition[] {
  const dependents = [...state.conditions()].filter((other) => other.box.has(condition.id));
  const endings = [
    { condition, weights },
    ...dependents.map((each) => ({ condition: each, weights: each.probabilities })),
  ];
  const ended: Endings = new Map(endings.map((each) => [each.condition.id, each]));
  payLoans(state, ended);
  const leftOver = payOut(state, ended);
  for (const [token, parts] of leftOver) collectDust(state, { condition, token, parts: [...parts.values()] });
  return endings.map((each) => each.condition);
}

type Endings = ReadonlyMap<ConditionId, Ending>;

/** True for live boxes that name an ended condition: what lies in them is paid out. */
function isEnding(box: Box, ended: Endings, state: LedgerState): boolean {
  return isLive(box, state.lambda) && [...ended.keys()].some((id) => box.has(id));
}

/** Moves the loans: less is owed and less is pledged, in the same proportion. */
function payLoans(state: LedgerState, ended: Endings): void {
  for (const loan of [...state.loans()]) {
    const { box } = state.verse(loan.verse);
    if (!isEnding(box, ended, state)) continue;
    const weight = weightOf(box, ended);
    const share = (amount: bigint) => Rational.floor(Rational.mul(Rational.of(amount), weight));
    const owed = share(loan.owed);
    if (owed === 0n) state.dropLoan(loan.id);
    else {
      const verse = state.defineVerse(without(box, new Set(ended.keys())));
      state.setLoan({ ...loan, verse, owed, collateral: share(loan.collateral) });
    }
  }
}

/** Fractions left over, by token and by the verse they belong in. */
type LeftOver = Map<TokenId, Map<VerseId, DustPart>>;

/** Pays every balance that depends on an ended condition, and returns the fractions left over. */
function payOut(state: LedgerState, ended: Endings): LeftOver {
  const leftOver: LeftOver = new Map();
  const ids = new Set(ended.keys());
  for (const [verse, box] of [...state.verses()]) {
    const stakes = [...state.entries(verse)];
    if (stakes.length === 0 || !isEnding(box, ended, state)) continue;
    const weight = weightOf(box, ended);
    const target = without(box, ids);
    const targetId = state.defineVerse(target);
    for (const stake of stakes) {
      const exact = Rational.mul(Rational.of(stake.amount), weight);
      const paid = Rational.floor(exact);
      state.setBalance({ ...stake, amount: 0n });
      credit(state, { ...stake, verse: { id: targetId } }, paid);
      const parts = leftOver.get(stake.token) ?? new Map<VerseId, DustPart>();
      const before = parts.get(targetId)?.amount ?? Rational.ZERO;
      const amount = Rational.add(before, Rational.sub(exact, Rational.of(paid)));
      leftOver.set(stake.token, parts.set(targetId, { box: target, amount }));
    }
  }
  return leftOver;
}

/** Weight of the box's constraints on the ended conditions, given what is still possible. */
function weightOf(box: Box, ended: Endings): Rational {
  let weight = Rational.ONE;
  for (const [id, set] of box) {
    const ending = ended.get(id);
    if (ending !== undefined) weight = Rational.mul(weight, shareOf(ending, set));
  }
  return weight;
}

/** Share of the live outcomes' weight that is in the set; equal shares when all of it is 0. */
function shareOf({ condition, weights }: Ending, set: OutcomeSet): Rational {
  const live = indexesOf(liveOutcomes(condition));
  const inside = indexesOf(set & liveOutcomes(condition));
  const sum = (indexes: readonly number[]) =>
    indexes.reduce((total, index) => total + (weights[index] ?? 0n), 0n);
  const all = sum(live);
  return all === 0n ? Rational.of(BigInt(inside.length), BigInt(live.length)) : Rational.of(sum(inside), all);
}

interface Dust {
  readonly condition: Condition;
  readonly token: TokenId;
  readonly parts: readonly DustPart[];
}

function collectDust(state: LedgerState, { condition, token, parts }: Dust): void {
  const placed = placeDust({
    parts,
    within: condition.box,
    lambda: state.lambda,
    orderOf: (id) => state.condition(id).sequence,
  });
  for (const { box, amount } of placed) {
    const canonical = boxOf(constraintsOf(box), (id) => state.condition(id));
    credit(state, { verse: { id: state.defineVerse(canonical) }, owner: DUST_ACCOUNT, token }, amount);
  }
}
