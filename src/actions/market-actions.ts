import { parseAmount } from '../model/amount.js';
import type { ConditionId } from '../model/ids.js';
import {
  CloseMarketInput,
  CloseMarketView,
  MarketView,
  OpenMarketInput,
  QuoteInput,
  QuoteView,
  TradeInput,
  TradeView,
} from '../model/market-api.js';
import { WorldError } from '../model/world-error.js';
import { marketPrices, quoteTrade, type TradeQuote } from '../multiverse/index.js';
import { findWorld } from '../runtime/find-world.js';
import { lookUpWorld } from '../runtime/resolve-reference.js';
import type { RuntimeContext } from '../runtime/runtime-context.js';
import { closeMarket, openMarket, trade } from '../runtime/trade.js';
import { type Call, defineAction, given, waitOf } from './action.js';

export const marketOpen = defineAction({
  name: 'market-open',
  summary: 'open a market maker for the outcomes of a push-down',
  effect: 'changes',
  input: OpenMarketInput,
  output: MarketView,
  async run(context, input, call) {
    const condition = conditionOf(context, input);
    const funder = lookUpWorld(context.model, input.funder);
    const what = { condition, token: input.token, liquidity: parseAmount(input.liquidity) };
    await openMarket(context, funder, what, waitOf(call));
    return marketView(context, condition);
  },
});

export const marketQuote = defineAction({
  name: 'market-quote',
  summary: 'show what outcomes cost, and what a trade would cost; it changes nothing',
  effect: 'reads',
  input: QuoteInput,
  output: QuoteView,
  async run(context, input) {
    const condition = conditionOf(context, input);
    const market = marketView(context, condition);
    const { side, outcome, shares } = input;
    if (side === undefined && outcome === undefined && shares === undefined) return { market, trade: null };
    if (side === undefined || outcome === undefined || shares === undefined) {
      throw new WorldError('BAD_INPUT', 'A quote needs side, outcome and shares together, or none of them.');
    }
    const request = { ...requestOf(context, { condition, outcome, shares }), side };
    const quote = quoteTrade(context.model.ledger, request);
    return { market, trade: tradeView(context, { side, outcome, shares }, quote) };
  },
});

export const marketBuy = defineAction({
  name: 'market-buy',
  summary: 'buy units of an outcome: each pays 1 if it wins',
  effect: 'changes',
  input: TradeInput,
  output: TradeView,
  run: (context, input, call) => runTrade(context, 'buy', input, call),
});

export const marketSell = defineAction({
  name: 'market-sell',
  summary: 'sell units of an outcome back to its market',
  effect: 'changes',
  input: TradeInput,
  output: TradeView,
  run: (context, input, call) => runTrade(context, 'sell', input, call),
});

export const marketClose = defineAction({
  name: 'market-close',
  summary: "give what a settled market has left back to its funder's account",
  effect: 'changes',
  input: CloseMarketInput,
  output: CloseMarketView,
  async run(context, input) {
    const condition = conditionOf(context, input);
    const { funder, token } = context.model.ledger.market(condition);
    const amount = await closeMarket(context, condition);
    return { conditionId: condition, funder, token, amount: `${amount}` };
  },
});

type Side = 'buy' | 'sell';

async function runTrade(
  context: RuntimeContext,
  side: Side,
  input: TradeInput,
  call: Call,
): Promise<TradeView> {
  const condition = conditionOf(context, input);
  const trader = lookUpWorld(context.model, input.trader);
  const { outcome, shares, limit } = input;
  const request = { ...requestOf(context, { condition, outcome, shares }), side };
  const bounded = { ...request, ...given('limit', limit === undefined ? undefined : parseAmount(limit)) };
  const quote = await trade(context, trader, bounded, waitOf(call));
  return tradeView(context, { side, outcome, shares }, quote);
}

/** @throws CONDITION_NOT_FOUND, NO_PUSH_DOWN for a world without an open push-down, BAD_INPUT for both at once */
function conditionOf(
  context: RuntimeContext,
  input: { readonly world?: string | undefined; readonly condition?: string | undefined },
): ConditionId {
  if (input.condition !== undefined) {
    if (input.world === undefined) return context.model.ledger.condition(input.condition as ConditionId).id;
    throw new WorldError('BAD_INPUT', 'Name a world or a condition, not both.');
  }
  const world = findWorld(context, input.world);
  if (world.openCondition !== null) return world.openCondition;
  throw new WorldError(
    'NO_PUSH_DOWN',
    `World ${world.name} has no open push-down. Push it down first, or name a condition (wr query "SELECT * FROM conditions").`,
    { details: { world: world.id } },
  );
}

/** @throws BAD_INPUT for an outcome that the condition does not have */
function requestOf(
  { model }: RuntimeContext,
  { condition, outcome, shares }: { condition: ConditionId; outcome: string; shares: string },
): { condition: ConditionId; outcome: number; shares: bigint } {
  const { outcomes } = model.ledger.condition(condition);
  const index = outcomes.indexOf(outcome);
  if (index >= 0) return { condition, outcome: index, shares: parseAmount(shares) };
  throw new WorldError('BAD_INPUT', `There is no outcome "${outcome}". There are: ${outcomes.join(', ')}.`, {
    details: { outcome, outcomes },
  });
}

function marketView(
  { model }: RuntimeContext,
  condition: ConditionId,
  prices = marketPrices(model.ledger, condition),
): MarketView {
  const { ledger } = model;
  const { token, liquidity, subsidy } = ledger.market(condition);
  return {
    conditionId: condition,
    token,
    liquidity: `${liquidity}`,
    subsidy: `${subsidy}`,
    outcomes: ledger.condition(condition).outcomes.map((name, index) => ({
      name,
      price: `${prices[index]}`,
      verseId: ledger.childVerse(condition, index),
    })),
  };
}

function tradeView(
  context: RuntimeContext,
  what: { side: Side; outcome: string; shares: string },
  { market, amount, pricesAfter }: TradeQuote,
): TradeView {
  return { ...what, amount: `${amount}`, market: marketView(context, market.condition, [...pricesAfter]) };
}
