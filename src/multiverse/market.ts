import type { ConditionId } from '../model/ids.js';
import type { AccountId, TokenId } from './account.js';

/** A market maker for one condition. What it has is its account's balances; this is the rest of it. */
export interface Market {
  readonly condition: ConditionId;
  readonly token: TokenId;
  /** b of the logarithmic scoring rule, in base units: the more, the less a trade moves the prices. */
  readonly liquidity: bigint;
  /** Base units it began with, at least b ln n. It cannot lose more. */
  readonly subsidy: bigint;
  /** Who gave the subsidy, and gets what is left. */
  readonly funder: AccountId;
}

/** The account in which the maker of a condition's market has its balances. Only the system acts for it. */
export function marketAccountOf(condition: ConditionId): AccountId {
  return `@market:${condition}`;
}
