import type { ConditionId, VerseId } from '../model/ids.js';
import { Rational } from '../model/rational.js';
import { DUST_ACCOUNT, type TokenId } from './account.js';
import { type Box, boxOf, constraintsOf, without } from './box.js';
import { type Condition, liveOutcomes } from './condition.js';
import { isLive } from './lambda.js';
import type { OpOf } from './ledger-op.js';
import type { LedgerState } from './ledger-state.js';
import { indexesOf, type OutcomeSet } from './outcome-set.js';
import { requireLive } from './partition.js';
import { type DustPart, placeDust } from './place-dust.js';
import { alreadyResolved, requireOracle } from './resolve-condition.js';

/**
 * Voids an open condition. Whoever has x in the verse of an outcome of probability p gets floor(x * p) in the
 * verse the condition was opened in; what rounding leaves goes to the dust account, so that escrow still
 * equals total wealth on every atom. Conditions opened under its outcomes are voided with it, their
 * probabilities multiplied in. All its verses collapse. Returns false when it was voided before.
 *
 * @throws CONDITION_NOT_FOUND, FORBIDDEN, ALREADY_RESOLVED, VERSE_COLLAPSED, UNSUPPORTED (see `placeDust`).
 */
export function voidCondition(state: LedgerState, op: OpOf<'void'>): boolean {
  const condition = state.condition(op.condition);
  requireOracle(condition, op.by);
  if (condition.status.kind === 'void') return false;
  if (condition.status.kind === 'resolved') throw alreadyResolved(condition);
  requireLive(state.verse(condition.verse), state.lambda);
  const dropped = withDependents(state, condition);
  const leftOver = payOut(state, dropped);
  for (const [token, parts] of leftOver) collectDust(state, { condition, token, parts: [...parts.values()] });
  for (const each of dropped.values()) {
    if (each.status.kind !== 'open') continue;
    state.setCondition({ ...each, status: { kind: 'void', evidence: op.evidence ?? {} } });
  }
  return true;
}

/** The condition and those opened, directly or not, under one of its outcomes. */
function withDependents(state: LedgerState, condition: Condition): Map<ConditionId, Condition> {
  const dependents = [...state.conditions()].filter((other) => other.box.has(condition.id));
  return new Map([condition, ...dependents].map((each) => [each.id, each]));
}

/** Fractions left over, by token and by the verse they belong in. */
type LeftOver = Map<TokenId, Map<VerseId, DustPart>>;

/** Pays every balance that depends on a dropped condition, and returns the fractions left over. */
function payOut(state: LedgerState, dropped: ReadonlyMap<ConditionId, Condition>): LeftOver {
  const leftOver: LeftOver = new Map();
  const ids = new Set(dropped.keys());
  for (const [verse, box] of [...state.verses()]) {
    const stakes = [...state.entries(verse)];
    if (stakes.length === 0 || !isLive(box, state.lambda) || ![...ids].some((id) => box.has(id))) continue;
    const weight = weightOf(box, dropped);
    const target = without(box, ids);
    const targetId = state.defineVerse(target);
    for (const stake of stakes) {
      const exact = Rational.mul(Rational.of(stake.amount), weight);
      const paid = Rational.floor(exact);
      state.setBalance({ ...stake, amount: 0n });
      credit(state, { ...stake, verse: targetId, amount: paid });
      const parts = leftOver.get(stake.token) ?? new Map<VerseId, DustPart>();
      const before = parts.get(targetId)?.amount ?? Rational.ZERO;
      const amount = Rational.add(before, Rational.sub(exact, Rational.of(paid)));
      leftOver.set(stake.token, parts.set(targetId, { box: target, amount }));
    }
  }
  return leftOver;
}

/** Probability of the box's constraints on the dropped conditions, given what is still possible. */
function weightOf(box: Box, dropped: ReadonlyMap<ConditionId, Condition>): Rational {
  let weight = Rational.ONE;
  for (const [id, set] of box) {
    const condition = dropped.get(id);
    if (condition !== undefined) weight = Rational.mul(weight, shareOf(condition, set));
  }
  return weight;
}

/** Share of the live outcomes' probability that is in the set; equal shares when all of it is 0. */
function shareOf(condition: Condition, set: OutcomeSet): Rational {
  const live = indexesOf(liveOutcomes(condition));
  const inside = indexesOf(set & liveOutcomes(condition));
  const sum = (indexes: readonly number[]) =>
    indexes.reduce((total, index) => total + (condition.probabilities[index] ?? 0n), 0n);
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
    credit(state, { verse: state.defineVerse(canonical), owner: DUST_ACCOUNT, token, amount });
  }
}

function credit(
  state: LedgerState,
  entry: { verse: VerseId; owner: string; token: TokenId; amount: bigint },
): void {
  const before = state.balance(entry.verse, entry.owner, entry.token);
  state.setBalance({ ...entry, amount: before + entry.amount });
}
