import { WorldError } from '../model/world-error.js';
import { requireActsFor, requireSplittable } from './account.js';
import type { OpOf } from './ledger-op.js';
import type { LedgerState } from './ledger-state.js';
import { subsidyOf } from './lmsr.js';
import { marketAccountOf } from './market.js';
import { requireLive } from './partition.js';
import { credit, debit, requirePositive } from './purse.js';
import { alreadyResolved } from './resolve-condition.js';

/**
 * Starts the market maker of an open condition with a subsidy from the funder's balance in the verse the condition was
 * opened in. Trades are not operations of their own: they are transfers, splits and merges (see `plan-trade.ts`).
 *
 * @throws BAD_AMOUNT, also for a subsidy below b ln n, FORBIDDEN, CONDITION_NOT_FOUND, TOKEN_UNSPLITTABLE, NAME_TAKEN
 * for a condition that has a market, ALREADY_RESOLVED, VERSE_COLLAPSED, INSUFFICIENT_BALANCE, BALANCE_ENCUMBERED.
 */
export function openMarket(state: LedgerState, op: OpOf<'openMarket'>): void {
  const liquidity = requirePositive(op.liquidity);
  const subsidy = requirePositive(op.subsidy);
  requireActsFor(op.by, op.funder);
  const condition = state.condition(op.condition);
  requireSplittable(op.token);
  if (state.hasMarket(condition.id)) {
    throw new WorldError('NAME_TAKEN', `${condition.id} has a market already: trade there`, {
      details: { condition: condition.id },
    });
  }
  if (condition.status.kind !== 'open') throw alreadyResolved(condition);
  const verse = state.verse(condition.verse);
  requireLive(verse, state.lambda);
  const least = subsidyOf(liquidity, condition.outcomeCount);
  if (subsidy < least) {
    throw new WorldError(
      'BAD_AMOUNT',
      `a market of liquidity ${liquidity} over ${condition.outcomeCount} outcomes can lose ${least}: give that much`,
      { details: { subsidy: `${subsidy}`, least: `${least}` } },
    );
  }
  const { token, funder } = op;
  debit(state, { verse, owner: funder, token }, subsidy);
  credit(state, { verse, owner: marketAccountOf(condition.id), token }, subsidy);
  state.setMarket({ condition: condition.id, token, liquidity, subsidy, funder });
}
