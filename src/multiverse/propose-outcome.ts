import { WorldError } from '../model/world-error.js';
import { requireOutcome } from './box.js';
import type { Condition } from './condition.js';
import type { OpOf } from './ledger-op.js';
import type { LedgerState } from './ledger-state.js';
import { requireLive } from './partition.js';
import { momentText, noProposal, proposalStands } from './proposal.js';
import { alreadyResolved, requireOracle } from './resolve-condition.js';

const MS_PER_SECOND = 1000;

/**
 * Proposes an outcome. It stands until somebody disputes it; once the condition's window is over it can be resolved to.
 * Returns false, and changes nothing, when the same outcome is proposed already.
 *
 * @throws CONDITION_NOT_FOUND, FORBIDDEN, BAD_INPUT for an outcome that does not exist, ALREADY_RESOLVED, VERSE_COLLAPSED,
 * PROPOSAL_STANDS for another outcome than the one that is proposed.
 */
export function proposeOutcome(state: LedgerState, op: OpOf<'propose'>): boolean {
  const condition = state.condition(op.condition);
  requireOracle(condition, op.by);
  requireOutcome(condition.id, op.outcome, condition.outcomeCount);
  requireOpen(state, condition);
  if (condition.proposal !== null) {
    if (condition.proposal.outcomeIndex === op.outcome) return false;
    throw proposalStands(condition);
  }
  const { outcome: outcomeIndex, by, source, evidence = {}, at } = op;
  const until = at + condition.disputeWindow * MS_PER_SECOND;
  state.setCondition({ ...condition, proposal: { outcomeIndex, by, source, evidence, at, until } });
  return true;
}

/**
 * Disputes what is proposed: the oracle has to propose again. Anyone may, and nothing is at stake.
 *
 * @throws CONDITION_NOT_FOUND, ALREADY_RESOLVED, VERSE_COLLAPSED, NO_PROPOSAL, DISPUTE_WINDOW_OVER
 */
export function disputeProposal(state: LedgerState, op: OpOf<'dispute'>): void {
  const condition = state.condition(op.condition);
  requireOpen(state, condition);
  const { proposal } = condition;
  if (proposal === null) throw noProposal(condition);
  if (op.at >= proposal.until) {
    throw new WorldError(
      'DISPUTE_WINDOW_OVER',
      `what is proposed for ${condition.id} could be disputed until ${momentText(proposal.until)}: it can be made final now`,
      { details: { condition: condition.id, until: proposal.until } },
    );
  }
  state.setCondition({ ...condition, proposal: null, disputes: condition.disputes + 1 });
}

function requireOpen(state: LedgerState, condition: Condition): void {
  if (condition.status.kind !== 'open') throw alreadyResolved(condition);
  requireLive(state.verse(condition.verse), state.lambda);
}
