import { boxOf, verseIdOf } from './box.js';
import type { LedgerOp, OpOf } from './ledger-op.js';
import type { LedgerState } from './ledger-state.js';
import { borrow, foreclose, repay } from './lend.js';
import { moveBalance } from './move-balance.js';
import { openCondition } from './open-condition.js';
import { openMarket } from './open-market.js';
import { requireLive } from './partition.js';
import { disputeProposal, proposeOutcome } from './propose-outcome.js';
import { redeemCondition } from './redeem-condition.js';
import { recordReport, resolveCondition } from './resolve-condition.js';
import { voidCondition } from './void-condition.js';

/** Does one operation inside a transaction. Returns false when it was done before, so that nothing changed. */
export function runOp(state: LedgerState, op: LedgerOp): boolean {
  switch (op.kind) {
    case 'deposit':
    case 'withdraw':
    case 'transfer':
    case 'split':
    case 'merge':
      moveBalance(state, op);
      return true;
    case 'defineVerse':
      return defineVerse(state, op);
    case 'openCondition':
      openCondition(state, op);
      return true;
    case 'report':
      recordReport(state, op);
      return true;
    case 'propose':
      return proposeOutcome(state, op);
    case 'dispute':
      disputeProposal(state, op);
      return true;
    case 'resolve':
      return resolveCondition(state, op);
    case 'void':
      return voidCondition(state, op);
    case 'redeem':
      return redeemCondition(state, op);
    case 'borrow':
      borrow(state, op);
      return true;
    case 'repay':
      repay(state, op);
      return true;
    case 'foreclose':
      foreclose(state, op);
      return true;
    case 'openMarket':
      openMarket(state, op);
      return true;
  }
}

function defineVerse(state: LedgerState, op: OpOf<'defineVerse'>): boolean {
  const box = boxOf(op.constraints, (id) => state.condition(id));
  const id = verseIdOf(box);
  requireLive({ id, box }, state.lambda);
  if (state.hasVerse(id)) return false;
  state.defineVerse(box);
  return true;
}
