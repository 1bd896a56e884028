import type { ConditionId, VerseId } from '../model/ids.js';
import { WorldError } from '../model/world-error.js';
import { type AccountId, requireActsFor, SYSTEM_ACCOUNT, type TokenId } from './account.js';
import { requireOutcome } from './box.js';
import type { Ledger } from './ledger.js';
import type { LedgerOp } from './ledger-op.js';
import { chargeFor, leastOf, pricesOf, subsidyOf } from './lmsr.js';
import { type Market, marketAccountOf } from './market.js';

/** Base units of one outcome to buy or to sell. Each pays 1 base unit of the market's token if that outcome wins. */
export interface TradeRequest {
  readonly condition: ConditionId;
  readonly side: 'buy' | 'sell';
  readonly outcome: number;
  readonly shares: bigint;
}

/** What a trade costs (the seller is paid it), and what the prices are after it, in units of 1e-18. */
export interface TradeQuote {
  readonly market: Market;
  readonly amount: bigint;
  readonly pricesBefore: readonly bigint[];
  readonly pricesAfter: readonly bigint[];
}

export interface TradeOrder extends TradeRequest {
  readonly trader: AccountId;
  /** The most a buyer pays, or the least a seller takes; any amount when absent. */
  readonly limit?: bigint | undefined;
  /** Who asks; the system when absent. It must be allowed to act for the trader. */
  readonly by?: AccountId | undefined;
}

/** The maker's price of each outcome, in units of 1e-18. @throws MARKET_NOT_FOUND */
export function marketPrices(ledger: Ledger, condition: ConditionId): bigint[] {
  const market = ledger.market(condition);
  return pricesOf(market.liquidity, purseOf(ledger, market).holdings);
}

/**
 * What a trade would cost now. It changes nothing.
 *
 * @throws MARKET_NOT_FOUND, ALREADY_RESOLVED, BAD_AMOUNT for no shares, BAD_INPUT for an outcome that does not exist.
 */
export function quoteTrade(ledger: Ledger, request: TradeRequest): TradeQuote {
  const market = ledger.market(request.condition);
  requireTradable(ledger, request);
  const { holdings } = purseOf(ledger, market);
  const change = request.side === 'buy' ? -request.shares : request.shares;
  const after = holdings.map((each, index) => (index === request.outcome ? each + change : each));
  const charge = chargeFor(market.liquidity, { before: holdings, after });
  // Selling is never charged for, and a share pays at most 1.
  const amount = request.side === 'buy' ? charge : atLeastZero(-charge);
  const paid = request.side === 'buy' ? amount : -amount;
  return {
    market,
    amount,
    pricesBefore: pricesOf(market.liquidity, holdings),
    pricesAfter: pricesOf(
      market.liquidity,
      after.map((each) => each + paid),
    ),
  };
}

/**
 * Plans a trade as moves of balances: `applyAll(ops)` does it or refuses it whole. The journal holds these moves, so
 * replaying one computes no price. A buyer's payment goes to the maker, which splits what it lacks into all outcomes and
 * hands over the one; a seller's shares go to the maker, which merges complete sets and pays.
 *
 * @throws as `quoteTrade`, FORBIDDEN, PRICE_MOVED when the amount is beyond the limit; what else can go wrong is
 * refused when the operations are checked or applied.
 */
export function planTrade(ledger: Ledger, order: TradeOrder): { ops: LedgerOp[]; quote: TradeQuote } {
  requireActsFor(order.by ?? SYSTEM_ACCOUNT, order.trader);
  const quote = quoteTrade(ledger, order);
  requireWithin(order, quote.amount);
  const { market, amount } = quote;
  const maker = marketAccountOf(market.condition);
  const { verse, children, shares } = purseOf(ledger, market);
  const outcomeVerse = children[order.outcome] ?? verse;
  const common = { by: SYSTEM_ACCOUNT, token: market.token };
  const pay = (where: VerseId, from: AccountId, to: AccountId, units: bigint): LedgerOp[] =>
    units === 0n ? [] : [{ kind: 'transfer', ...common, verse: where, from, to, amount: `${units}` }];
  const convert = (kind: 'split' | 'merge', units: bigint): LedgerOp[] =>
    units === 0n ? [] : [{ kind, ...common, owner: maker, verse, children, amount: `${units}` }];
  if (order.side === 'buy') {
    const missing = atLeastZero(order.shares - (shares[order.outcome] ?? 0n));
    const left = shares.map((held, index) => held + missing - (index === order.outcome ? order.shares : 0n));
    const ops = [
      ...pay(verse, order.trader, maker, amount),
      ...convert('split', missing),
      ...pay(outcomeVerse, maker, order.trader, order.shares),
      ...convert('merge', leastOf(left)),
    ];
    return { ops, quote };
  }
  const held = shares.map((each, index) => each + (index === order.outcome ? order.shares : 0n));
  const ops = [
    ...pay(outcomeVerse, order.trader, maker, order.shares),
    ...convert('merge', leastOf(held)),
    ...pay(verse, maker, order.trader, amount),
  ];
  return { ops, quote };
}

/**
 * Plans a new market. The subsidy is what the maker can lose, b ln n rounded up.
 *
 * @throws CONDITION_NOT_FOUND; what else can go wrong is refused when the operation is checked or applied.
 */
export function planMarket(
  ledger: Ledger,
  request: { condition: ConditionId; token: TokenId; liquidity: bigint; funder: AccountId },
): LedgerOp & { kind: 'openMarket' } {
  const { condition, token, liquidity, funder } = request;
  const subsidy = subsidyOf(liquidity, ledger.condition(condition).outcomeCount);
  const op = { kind: 'openMarket', by: SYSTEM_ACCOUNT, condition, funder, token } as const;
  return { ...op, liquidity: `${liquidity}`, subsidy: `${subsidy}` };
}

/** Plans to give what a settled market has left in the condition's verse back to its funder. @throws MARKET_NOT_FOUND */
export function planMarketClose(ledger: Ledger, condition: ConditionId): LedgerOp[] {
  const { funder } = ledger.market(condition);
  const { verse, status } = ledger.condition(condition);
  if (status.kind === 'open') {
    throw new WorldError('CONTRADICTION', `${condition} is open: its market is closed when it is settled`, {
      details: { condition },
    });
  }
  const maker = marketAccountOf(condition);
  return ledger.balances({ verse, owner: maker }).map(
    ({ token, amount }): LedgerOp => ({
      kind: 'transfer',
      by: SYSTEM_ACCOUNT,
      verse,
      from: maker,
      to: funder,
      token,
      amount: `${amount}`,
    }),
  );
}

/** The maker's cash in the condition's verse and its shares of each outcome; `holdings` are both together. */
function purseOf(ledger: Ledger, { condition, token }: Market) {
  const { verse } = ledger.condition(condition);
  const children = ledger.childVerses(condition);
  const maker = marketAccountOf(condition);
  const shares = children.map((child) => ledger.balance(child, maker, token));
  const cash = ledger.balance(verse, maker, token);
  return { verse, children, shares, holdings: shares.map((held) => held + cash) };
}

function requireTradable(ledger: Ledger, { condition, outcome, shares }: TradeRequest): void {
  const { status, outcomeCount } = ledger.condition(condition);
  requireOutcome(condition, outcome, outcomeCount);
  if (shares <= 0n) {
    throw new WorldError('BAD_AMOUNT', `a trade moves at least 1 share, not ${shares}`, {
      details: { shares: `${shares}` },
    });
  }
  if (status.kind === 'open') return;
  throw new WorldError('ALREADY_RESOLVED', `${condition} is settled: its market trades no more`, {
    details: { condition, status: status.kind },
  });
}

function requireWithin({ side, limit }: TradeOrder, amount: bigint): void {
  if (limit === undefined || (side === 'buy' ? amount <= limit : amount >= limit)) return;
  const wanted = side === 'buy' ? `at most ${limit}` : `at least ${limit}`;
  throw new WorldError(
    'PRICE_MOVED',
    `this costs ${amount} now, and ${wanted} was wanted: ask for a new quote`,
    {
      details: { side, amount: `${amount}`, limit: `${limit}` },
    },
  );
}

function atLeastZero(amount: bigint): bigint {
  return amount < 0n ? 0n : amount;
}
