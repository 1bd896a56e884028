import { z } from 'zod';
import { WorldReference } from './api.js';
import { ConditionId } from './ids.js';

/** Input and output of the actions on markets. Amounts are whole base units as decimal text. */

const Units = z.string().regex(/^\d{1,78}$/, 'a whole number of base units');

/** Which market: by its condition, or by the world whose open push-down it is about. */
const where = {
  world: WorldReference.optional().describe('the world that was pushed down'),
  condition: ConditionId.optional().describe('the condition instead, for one that no world opened'),
};

const MarketOutcome = z.object({
  name: z.string(),
  /** Price in units of 1e-18 as decimal text: what the market takes for its probability. All sum to exactly 1. */
  price: z.string(),
  verseId: z.string(),
});

export const MarketView = z.object({
  conditionId: z.string(),
  token: z.string(),
  /** b of the scoring rule. */
  liquidity: z.string(),
  /** What the maker began with, which is the most it can lose. */
  subsidy: z.string(),
  outcomes: z.array(MarketOutcome),
});
export type MarketView = z.infer<typeof MarketView>;

export const OpenMarketInput = z.strictObject({
  ...where,
  funder: WorldReference.describe('the world whose account pays the subsidy, and gets back what is left'),
  token: z.string().regex(/^[A-Za-z][A-Za-z0-9_.-]{0,31}$/),
  liquidity: Units.describe('the more, the less a trade moves the prices'),
});
export type OpenMarketInput = z.input<typeof OpenMarketInput>;

export const QuoteInput = z.strictObject({
  ...where,
  side: z.enum(['buy', 'sell']).optional().describe('left out, with outcome and shares: the prices alone'),
  outcome: z.string().min(1).max(64).optional(),
  shares: Units.optional(),
});
export type QuoteInput = z.input<typeof QuoteInput>;

export const TradeView = z.object({
  side: z.enum(['buy', 'sell']),
  outcome: z.string(),
  shares: z.string(),
  /** What the buyer pays, or the seller is paid. */
  amount: z.string(),
  /** As they are after the trade. */
  market: MarketView,
});
export type TradeView = z.infer<typeof TradeView>;

export const QuoteView = z.object({ market: MarketView, trade: TradeView.nullable() });
export type QuoteView = z.infer<typeof QuoteView>;

export const TradeInput = z.strictObject({
  ...where,
  trader: WorldReference.describe('the world whose account trades'),
  outcome: z.string().min(1).max(64),
  shares: Units,
  limit: Units.optional().describe('the most a buyer pays, or the least a seller takes'),
});
export type TradeInput = z.input<typeof TradeInput>;

export const CloseMarketInput = z.strictObject(where);
export type CloseMarketInput = z.input<typeof CloseMarketInput>;

export const CloseMarketView = z.object({
  conditionId: z.string(),
  /** The account that gave the subsidy. */
  funder: z.string(),
  token: z.string(),
  /** What was left of it. */
  amount: z.string(),
});
export type CloseMarketView = z.infer<typeof CloseMarketView>;
