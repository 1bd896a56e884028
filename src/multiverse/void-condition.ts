import type { OpOf } from './ledger-op.js';
import type { LedgerState } from './ledger-state.js';
import { requireLive } from './partition.js';
import { payOutCondition } from './pay-out.js';
import { requireNoProposal } from './proposal.js';
import { alreadyResolved, requireOracle } from './resolve-condition.js';

/**
 * Voids an open condition. Whoever has x in the verse of an outcome of probability p gets floor(x * p) in the
 * verse the condition was opened in; what rounding leaves goes to the dust account, so that escrow still
 * equals total wealth on every atom. Conditions opened under its outcomes are voided with it, their
 * probabilities multiplied in. All its verses collapse. Returns false when it was voided before.
 *
 * @throws CONDITION_NOT_FOUND, FORBIDDEN, ALREADY_RESOLVED, VERSE_COLLAPSED, PROPOSAL_STANDS, UNSUPPORTED (see `placeDust`).
 */
export function voidCondition(state: LedgerState, op: OpOf<'void'>): boolean {
  const condition = state.condition(op.condition);
  requireOracle(condition, op.by);
  if (condition.status.kind === 'void') return false;
  if (condition.status.kind !== 'open') throw alreadyResolved(condition);
  requireLive(state.verse(condition.verse), state.lambda);
  requireNoProposal(condition);
  const evidence = op.evidence ?? {};
  for (const each of payOutCondition(state, { condition, weights: condition.probabilities })) {
    if (each.status.kind === 'open') state.setCondition({ ...each, status: { kind: 'void', evidence } });
  }
  return true;
}
