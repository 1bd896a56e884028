import { WorldError } from '../model/world-error.js';
import type { Condition } from './condition.js';
import type { OpOf } from './ledger-op.js';

/** What a standing proposal, or the lack of one, forbids. */

/**
 * Refuses to resolve to `outcomes` before disputes had their time: a standing proposal must be the one outcome and its
 * window over, and where there is a window something must have been proposed.
 *
 * @throws PROPOSAL_STANDS, DISPUTE_WINDOW_OPEN, NO_PROPOSAL
 */
export function requireUndisputed(condition: Condition, { outcomes, at = 0 }: OpOf<'resolve'>): void {
  const { proposal, disputeWindow } = condition;
  if (proposal === null) {
    if (disputeWindow === 0) return;
    throw noProposal(condition);
  }
  if (outcomes.some((index) => index !== proposal.outcomeIndex)) throw proposalStands(condition);
  if (at >= proposal.until) return;
  throw new WorldError(
    'DISPUTE_WINDOW_OPEN',
    `what is proposed for ${condition.id} can be disputed until ${momentText(proposal.until)}: make it final then`,
    { details: { condition: condition.id, until: proposal.until } },
  );
}

/** Refuses to settle in another way while something is proposed. @throws PROPOSAL_STANDS */
export function requireNoProposal(condition: Condition): void {
  if (condition.proposal !== null) throw proposalStands(condition);
}

/** The refusal of what needs a proposal. */
export function noProposal(condition: Condition): WorldError {
  const why = condition.disputes === 0 ? 'nothing is proposed' : 'what was proposed was disputed';
  return new WorldError('NO_PROPOSAL', `${why} for ${condition.id}: propose an outcome first`, {
    details: { condition: condition.id, disputeWindow: condition.disputeWindow },
  });
}

/** The refusal of anything else than what is proposed. */
export function proposalStands(condition: Condition): WorldError {
  const { proposal, outcomes, id } = condition;
  const outcome = proposal === null ? '' : (outcomes[proposal.outcomeIndex] ?? '');
  return new WorldError(
    'PROPOSAL_STANDS',
    `${outcome} is proposed for ${id}: dispute it first, or make it final`,
    { details: { condition: id, outcome: proposal?.outcomeIndex, until: proposal?.until } },
  );
}

/** A moment as people read it. */
export function momentText(ms: number): string {
  return new Date(ms).toISOString();
}
