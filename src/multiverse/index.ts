/**
 * The pure core of the multiverse: verses, the ledger of balances in them, oracles and world extractable value.
 *
 * Nothing here does I/O, reads a clock or draws a random number: the same operations give the same ledger,
 * on any machine. Amounts are base units (bigint, 0 <= x < 2^256; decimal text in operations), probabilities are
 * integers in units of 1e-18, costs and values are exact fractions.
 *
 * A *verse* is an event: a conjunction of `(condition, set of outcomes)` constraints. Its id is the hash of
 * them, so an event reached by two routes is one verse. Unions across conditions are not verses.
 *
 * Source: Paradigm, "Multiverse Finance" (Dave White, May 2025), and Gnosis Conditional Tokens for split and merge.
 */

export {
  AccountId,
  COMPUTE_TOKEN,
  DUST_ACCOUNT,
  isSplittable,
  mayActFor,
  SYSTEM_ACCOUNT,
  TokenId,
} from './account.js';
export { CONSTRAINTS_MAX, Constraint, ROOT_VERSE_ID } from './box.js';
export { canonicalJson, digestOf } from './canonical-json.js';
export { COMPUTE_PER_SECOND, type ComputeUse, computePrice } from './compute.js';
export {
  type Condition,
  type ConditionStatus,
  type OracleState,
  type OutcomeReport,
  oracleStateOf,
  type Proposal,
} from './condition.js';
export {
  type Atom,
  BATCH_OPS_MAX,
  type BalanceFilter,
  Ledger,
  ledgerKeyOf,
  type OpOutcome,
  type VerseView,
} from './ledger.js';
export {
  LedgerOp,
  type LedgerOpKind,
  type OpOf,
  OracleSource,
  parseLedgerOp,
  RationalText,
} from './ledger-op.js';
export { LEDGER_SNAPSHOT_HEADER, LedgerSnapshot } from './ledger-snapshot.js';
export type { BalanceEntry } from './ledger-state.js';
export type { Loan } from './loan.js';
export { type Market, marketAccountOf } from './market.js';
export { askOracle, type OracleAnswer, type OracleQuestion } from './oracle.js';
export { indexesOf, OUTCOMES_MAX, type OutcomeSet } from './outcome-set.js';
export { PARTITION_MAX } from './partition.js';
export { losingBalances, type PullUpRequest, planPullUp } from './plan-pull-up.js';
export { type PushDownPlan, type PushDownRequest, planPushDown } from './plan-push-down.js';
export { planStakes, type Stake, type StakesPlan, type StakesRequest } from './plan-stakes.js';
export {
  marketPrices,
  planMarket,
  planMarketClose,
  planTrade,
  quoteTrade,
  type TradeOrder,
  type TradeQuote,
  type TradeRequest,
} from './plan-trade.js';
export { planVoid, type VoidRequest } from './plan-void.js';
export {
  type ConditionValue,
  conditionsOf,
  type OutcomeValue,
  valueByOutcome,
} from './value-by-outcome.js';
export {
  colourOf,
  firstSeeds,
  nextSeeds,
  nextTurn,
  nextTurnSeed,
  type ProposedStep,
  seedsOfTurn,
  seedText,
  WALK_AGENTS,
  WALK_GENESIS,
  type WalkAgent,
  type WalkSeeds,
  walkRoots,
  whyRejected,
} from './walk.js';
export {
  measureWev,
  WEV_FIELDS,
  type WevField,
  type WevInput,
  type WevMeasurement,
  type WevRole,
  type WevVerse,
  wevToNumbers,
  wevToTexts,
} from './wev.js';
