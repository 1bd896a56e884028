import type { ConditionId } from '../model/ids.js';
import { WorldError } from '../model/world-error.js';
import {
  type LedgerOp,
  planMarket,
  planMarketClose,
  planTrade,
  type TradeQuote,
  type TradeRequest,
} from '../multiverse/index.js';
import type { Wait } from '../ports/substrate.js';
import { requireRunning } from './find-world.js';
import type { RuntimeContext } from './runtime-context.js';
import type { World } from './world-model.js';

/**
 * Opens the market of a condition with a subsidy from a world's account.
 *
 * @throws FORBIDDEN for a world of another verse, WORLD_FROZEN, and what the ledger refuses (`openMarket`)
 */
export function openMarket(
  context: RuntimeContext,
  funder: World,
  what: { readonly condition: ConditionId; readonly token: string; readonly liquidity: bigint },
  wait: Wait,
): Promise<void> {
  return asTrader(context, { world: funder, condition: what.condition }, wait, async () => {
    const { ledger } = context.model;
    await commit(context, [planMarket(ledger, { ...what, funder: funder.birth.account })]);
  });
}

/**
 * Buys or sells for a world's account. The price is computed and the moves are recorded in one step, so nobody trades
 * in between.
 *
 * @throws PRICE_MOVED beyond the limit, FORBIDDEN for a world of another verse, WORLD_FROZEN, MARKET_NOT_FOUND,
 * ALREADY_RESOLVED, INSUFFICIENT_BALANCE
 */
export function trade(
  context: RuntimeContext,
  trader: World,
  request: TradeRequest & { readonly limit?: bigint | undefined },
  wait: Wait,
): Promise<TradeQuote> {
  return asTrader(context, { world: trader, condition: request.condition }, wait, async () => {
    const { ops, quote } = planTrade(context.model.ledger, { ...request, trader: trader.birth.account });
    await commit(context, ops);
    return quote;
  });
}

/**
 * Gives what a settled market has left back to its funder; returns how much.
 *
 * @throws MARKET_NOT_FOUND, CONTRADICTION while the condition is open
 */
export async function closeMarket(context: RuntimeContext, condition: ConditionId): Promise<bigint> {
  context.requireOpen();
  const ops = planMarketClose(context.model.ledger, condition);
  if (ops.length === 0) return 0n;
  await commit(context, ops);
  return ops.reduce((total, op) => total + (op.kind === 'transfer' ? BigInt(op.amount) : 0n), 0n);
}

/** Waits for the world's turn, and lets it act only with what it has in the verse of the condition. */
function asTrader<T>(
  context: RuntimeContext,
  { world, condition }: { world: World; condition: ConditionId },
  wait: Wait,
  work: () => Promise<T>,
): Promise<T> {
  const act = () => {
    context.requireOpen();
    requireRunning(world);
    const { verse } = context.model.ledger.condition(condition);
    if (world.verseId === verse) return work();
    throw new WorldError(
      'FORBIDDEN',
      `World ${world.name} is not in the verse in which ${condition} was opened: its account cannot trade there. ` +
        'Name a world of that verse.',
      { details: { world: world.id, verse: world.verseId, condition } },
    );
  };
  return context.locks.hold([world.id], act, wait.signal);
}

async function commit(context: RuntimeContext, ledger: LedgerOp[]): Promise<void> {
  context.model.ledger.check(ledger);
  await context.commit({ op: 'ledger.applied', at: context.at(), ledger });
}
