import { Rational } from '../model/rational.js';
import { WorldError } from '../model/world-error.js';
import { type AccountId, SYSTEM_ACCOUNT } from './account.js';
import { requireOutcome } from './box.js';
import { type Condition, liveOutcomes } from './condition.js';
import type { OpOf } from './ledger-op.js';
import type { LedgerState } from './ledger-state.js';
import { indexesOf, setOf } from './outcome-set.js';
import { requireLive } from './partition.js';
import { requireUndisputed } from './proposal.js';

/**
 * Stores what the world of one outcome measured; an earlier report for that outcome is replaced.
 *
 * @throws CONDITION_NOT_FOUND, FORBIDDEN, ALREADY_RESOLVED, VERSE_COLLAPSED, BAD_INPUT for an outcome that does not
 * exist, BAD_NUMBER for a figure that is no number or a negative cost.
 */
export function recordReport(state: LedgerState, op: OpOf<'report'>): void {
  const condition = state.condition(op.condition);
  requireOracle(condition, op.by);
  if (condition.status.kind !== 'open') throw alreadyResolved(condition);
  requireLive(state.verse(condition.verse), state.lambda);
  requireOutcome(condition.id, op.outcome, condition.outcomeCount);
  const report = {
    outcomeIndex: op.outcome,
    ...(op.cost === undefined ? {} : { cost: requireCost(op.cost) }),
    ...(op.value === undefined ? {} : { value: Rational.parse(op.value) }),
  };
  state.setCondition({ ...condition, reports: new Map(condition.reports).set(op.outcome, report) });
}

/**
 * Resolves a condition: the live atoms shrink to those whose outcome is in the reported set, and every verse
 * without one of them collapses for ever. Returns false, and changes nothing, for the report already given.
 *
 * @throws CONDITION_NOT_FOUND, FORBIDDEN, ALREADY_RESOLVED for another report, VERSE_COLLAPSED when the verse it was
 * opened in is gone, BAD_INPUT for an outcome that does not exist, CONTRADICTION when no live atom would be left, and as
 * `requireUndisputed`.
 */
export function resolveCondition(state: LedgerState, op: OpOf<'resolve'>): boolean {
  const condition = state.condition(op.condition);
  requireOracle(condition, op.by);
  for (const index of op.outcomes) requireOutcome(condition.id, index, condition.outcomeCount);
  const reported = setOf(op.outcomes);
  switch (condition.status.kind) {
    case 'resolved':
      if (condition.status.outcomes === reported) return false;
      throw alreadyResolved(condition);
    case 'redeemed':
    case 'void':
      throw alreadyResolved(condition);
    case 'open':
      break;
  }
  requireLive(state.verse(condition.verse), state.lambda);
  if ((reported & liveOutcomes(condition)) === 0n) {
    throw new WorldError(
      'CONTRADICTION',
      `resolving ${condition.id} to no outcome would leave nothing possible`,
      {
        details: { condition: condition.id, outcomes: op.outcomes },
      },
    );
  }
  requireUndisputed(condition, op);
  state.setCondition({
    ...condition,
    status: { kind: 'resolved', outcomes: reported, source: op.source, evidence: op.evidence ?? {} },
  });
  return true;
}

/** @throws FORBIDDEN unless `by` is the condition's oracle or the system. */
export function requireOracle(condition: Condition, by: AccountId): void {
  if (by === condition.oracle || by === SYSTEM_ACCOUNT) return;
  throw new WorldError(
    'FORBIDDEN',
    `${by} may not settle ${condition.id}: its oracle is ${condition.oracle}`,
    {
      details: { by, condition: condition.id, oracle: condition.oracle },
    },
  );
}

/** The refusal to settle a second time. */
export function alreadyResolved(condition: Condition): WorldError {
  const outcomes = indexesOf(liveOutcomes(condition));
  const how =
    condition.status.kind !== 'resolved'
      ? `was ${condition.status.kind === 'void' ? 'voided' : 'redeemed'}`
      : `was resolved to ${outcomes.map((index) => condition.outcomes[index]).join(' or ')}`;
  return new WorldError('ALREADY_RESOLVED', `${condition.id} ${how}, and that is final`, {
    details: { condition: condition.id, status: condition.status.kind, outcomes },
  });
}

function requireCost(text: string): Rational {
  const cost = Rational.parse(text);
  if (cost.num >= 0n) return cost;
  throw new WorldError('BAD_NUMBER', `a cost is at least 0, not ${text}: report gains as a value`, {
    details: { cost: text },
  });
}
