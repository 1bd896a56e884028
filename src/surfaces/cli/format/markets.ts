import type { CloseMarketView, MarketView, QuoteView, TradeView } from '../../../model/market-api.js';
import { probabilityToText } from '../../../model/probability.js';
import type { Paint } from './paint.js';
import { fields, table } from './table.js';

export function marketText(paint: Paint, market: MarketView): string {
  const head = fields(paint, [
    ['condition', market.conditionId],
    ['token', market.token],
    ['liquidity', market.liquidity],
    ['subsidy', market.subsidy],
  ]);
  return `${head}${pricesTable(paint, market)}`;
}

export function quoteText(paint: Paint, { market, trade }: QuoteView): string {
  if (trade === null) return marketText(paint, market);
  const verb = trade.side === 'buy' ? 'would cost' : 'would bring';
  return `${trade.shares} ${trade.outcome} ${verb} ${trade.amount} ${market.token}; the prices then:\n${pricesTable(paint, trade.market)}`;
}

export function tradeText(paint: Paint, { side, shares, outcome, amount, market }: TradeView): string {
  const verb = side === 'buy' ? 'bought' : 'sold';
  return `${verb} ${shares} ${outcome} for ${amount} ${market.token}\n${pricesTable(paint, market)}`;
}

export function closedMarketText({ funder, amount, token }: CloseMarketView): string {
  return `${funder} got ${amount} ${token} back\n`;
}

function pricesTable(paint: Paint, { outcomes }: MarketView): string {
  const columns = [{ title: 'OUTCOME' }, { title: 'PRICE', right: true }, { title: 'VERSE' }];
  const rows = outcomes.map(({ name, price, verseId }) => [name, probabilityToText(BigInt(price)), verseId]);
  return table(paint, columns, rows);
}
