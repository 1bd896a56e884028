import { parseAmount } from '../model/amount.js';
import { WorldError } from '../model/world-error.js';
import type { OpOf } from './ledger-op.js';
import type { LedgerState } from './ledger-state.js';
import { requireLive } from './partition.js';
import { payOutCondition } from './pay-out.js';
import { noProposal, requireNoProposal } from './proposal.js';
import { alreadyResolved, requireOracle } from './resolve-condition.js';

/**
 * Settles an open condition by shares: whoever has x in the verse of outcome i gets floor(x * payouts[i] / sum) in
 * the verse the condition was opened in, and the remainders go to the dust account. All its verses collapse;
 * conditions opened under its outcomes are voided with it. Returns false for the payouts already given.
 * Source: reported payout numerators as in Gnosis Conditional Tokens; here everyone is paid at once.
 *
 * @throws CONDITION_NOT_FOUND, FORBIDDEN, BAD_INPUT for another number of payouts than outcomes, BAD_AMOUNT for one
 * that is none, ALREADY_RESOLVED, VERSE_COLLAPSED, PROPOSAL_STANDS, NO_PROPOSAL where answers can be disputed, CONTRADICTION when all are 0, UNSUPPORTED (see `placeDust`).
 */
export function redeemCondition(state: LedgerState, op: OpOf<'redeem'>): boolean {
  const condition = state.condition(op.condition);
  requireOracle(condition, op.by);
  if (op.payouts.length !== condition.outcomeCount) {
    throw new WorldError(
      'BAD_INPUT',
      `${condition.id} has ${condition.outcomeCount} outcomes and needs as many payouts, not ${op.payouts.length}`,
      { details: { condition: condition.id } },
    );
  }
  const payouts = op.payouts.map(parseAmount);
  const { status } = condition;
  if (status.kind === 'redeemed' && status.payouts.every((one, index) => one === payouts[index]))
    return false;
  if (status.kind !== 'open') throw alreadyResolved(condition);
  requireLive(state.verse(condition.verse), state.lambda);
  requireNoProposal(condition);
  // Shares cannot be proposed, so where there is a window they would escape it.
  if (condition.disputeWindow > 0) throw noProposal(condition);
  if (payouts.every((one) => one === 0n)) {
    throw new WorldError(
      'CONTRADICTION',
      `payouts that are all 0 leave nothing possible of ${condition.id}`,
      {
        details: { condition: condition.id },
      },
    );
  }
  const evidence = op.evidence ?? {};
  for (const each of payOutCondition(state, { condition, weights: payouts })) {
    if (each.status.kind !== 'open') continue;
    const isThis = each.id === condition.id;
    const redeemed = { kind: 'redeemed', payouts, source: op.source, evidence } as const;
    state.setCondition({ ...each, status: isThis ? redeemed : { kind: 'void', evidence } });
  }
  return true;
}
