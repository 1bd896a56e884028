import type {
  CloseMarketInput,
  CloseMarketView,
  MarketView,
  OpenMarketInput,
  QuoteInput,
  QuoteView,
  TradeInput,
  TradeView,
} from '../../model/market-api.js';
import type { Transport } from './transport.js';

/** The markets of a runtime: `runtime.markets`. Amounts are base units as decimal text. */
export class MarketsClient {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** @throws FORBIDDEN for a funder of another verse, NAME_TAKEN, NO_PUSH_DOWN, INSUFFICIENT_BALANCE */
  open(input: OpenMarketInput): Promise<MarketView> {
    return this.#call('market-open', input);
  }

  /** Prices, and with side, outcome and shares what a trade would cost. @throws MARKET_NOT_FOUND */
  quote(input: QuoteInput = {}): Promise<QuoteView> {
    return this.#call('market-quote', input);
  }

  /** @throws PRICE_MOVED beyond the limit, INSUFFICIENT_BALANCE, MARKET_NOT_FOUND, ALREADY_RESOLVED */
  buy(input: TradeInput): Promise<TradeView> {
    return this.#call('market-buy', input);
  }

  /** @throws as `buy` */
  sell(input: TradeInput): Promise<TradeView> {
    return this.#call('market-sell', input);
  }

  /** @throws CONTRADICTION while the condition is open, MARKET_NOT_FOUND */
  close(input: CloseMarketInput): Promise<CloseMarketView> {
    return this.#call('market-close', input);
  }

  #call<T>(action: string, input: object): Promise<T> {
    return this.#transport.call(action, input, {}) as Promise<T>;
  }
}
