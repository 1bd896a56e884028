import { z } from 'zod';

import { DISPUTE_WINDOW_MAX_S, Evidence, ORACLE_SOURCES } from '../model/answer-api.js';
import { ConditionId, VerseId } from '../model/ids.js';
import { Rational } from '../model/rational.js';
import { WorldError } from '../model/world-error.js';
import { AccountId, TokenId } from './account.js';
import { CONSTRAINTS_MAX, Constraint } from './box.js';
import { LoanId } from './loan.js';
import { OUTCOMES_MAX } from './outcome-set.js';
import { PARTITION_MAX } from './partition.js';

/** How the outcome was found. */
export const OracleSource = z.enum(ORACLE_SOURCES);
export type OracleSource = z.infer<typeof OracleSource>;

/** An exact number as text, in lowest terms when we write it: "3/2". */
export const RationalText = z.string().max(20_002).refine(isRational, 'not a number: write 12, -0.5 or 14/9');

/** Base units as decimal text. The range is checked by the ledger, which answers BAD_AMOUNT. */
const AmountText = z.string().max(100);

const OutcomeIndex = z
  .int()
  .min(0)
  .max(OUTCOMES_MAX - 1);

/** When something was said, in milliseconds of Unix time. The ledger has no clock: whoever sends the operation says it. */
const Moment = z.int().min(0).max(8_640_000_000_000_000);

/** Every operation says who acts; a key makes sending it twice the same as sending it once. */
const common = {
  by: AccountId,
  idempotencyKey: z.string().min(1).max(128).optional(),
};

const inVerse = { verse: VerseId, token: TokenId, amount: AmountText };
const partition = { owner: AccountId, ...inVerse, children: z.array(VerseId).max(PARTITION_MAX) };

/** Puts `amount` under escrow and credits it to the owner, in a verse that covers all live atoms. */
export const DepositOp = z.strictObject({
  kind: z.literal('deposit'),
  ...common,
  owner: AccountId,
  ...inVerse,
});
/** The reverse of a deposit. */
export const WithdrawOp = z.strictObject({
  kind: z.literal('withdraw'),
  ...common,
  owner: AccountId,
  ...inVerse,
});
/** Moves an amount between owners inside one verse. */
export const TransferOp = z.strictObject({
  kind: z.literal('transfer'),
  ...common,
  from: AccountId,
  to: AccountId,
  ...inVerse,
});
/** Turns `amount` in `verse` into `amount` in every one of `children`, a partition of it. */
export const SplitOp = z.strictObject({ kind: z.literal('split'), ...common, ...partition });
/** Turns `amount` in every one of `children` back into `amount` in `verse`. */
export const MergeOp = z.strictObject({ kind: z.literal('merge'), ...common, ...partition });
/** Makes an event known, so that balances can be in it. Doing it again changes nothing. */
export const DefineVerseOp = z.strictObject({
  kind: z.literal('defineVerse'),
  ...common,
  constraints: z.array(Constraint).max(CONSTRAINTS_MAX),
});
/** Opens a condition in a verse and defines one verse for each outcome. */
export const OpenConditionOp = z.strictObject({
  kind: z.literal('openCondition'),
  ...common,
  condition: ConditionId,
  verse: VerseId,
  outcomes: z.array(z.string().min(1).max(64)).min(2).max(OUTCOMES_MAX),
  /** Decimal text, one for each outcome; they sum to exactly 1. */
  probabilities: z.array(z.string().max(64)).min(2).max(OUTCOMES_MAX),
  /** Who may report, propose, resolve and void; the opener when absent. */
  oracle: AccountId.optional(),
  /** Seconds for which a proposed outcome can be disputed; absent is 0: it may be resolved at once. */
  disputeWindow: z.int().min(0).max(DISPUTE_WINDOW_MAX_S).optional(),
});
/** What the world of one outcome measured. The last report for an outcome counts. */
export const ReportOp = z.strictObject({
  kind: z.literal('report'),
  ...common,
  condition: ConditionId,
  outcome: OutcomeIndex,
  cost: RationalText.optional(),
  value: RationalText.optional(),
});
/** Says what the outcome is; it can be disputed until the condition's window is over. */
export const ProposeOp = z.strictObject({
  kind: z.literal('propose'),
  ...common,
  condition: ConditionId,
  outcome: OutcomeIndex,
  source: OracleSource,
  evidence: Evidence.optional(),
  at: Moment,
});
/** Contradicts what is proposed, which then stands no longer. */
export const DisputeOp = z.strictObject({
  kind: z.literal('dispute'),
  ...common,
  condition: ConditionId,
  evidence: Evidence.optional(),
  at: Moment,
});
/** Says, for ever, in which set the outcome lies. */
export const ResolveOp = z.strictObject({
  kind: z.literal('resolve'),
  ...common,
  condition: ConditionId,
  outcomes: z.array(OutcomeIndex).max(OUTCOMES_MAX),
  source: OracleSource,
  evidence: Evidence.optional(),
  /** Needed where there is a window for disputes, which must be over. */
  at: Moment.optional(),
});
/** Gives up on an open condition: its verses pay out by probability and collapse. */
export const VoidOp = z.strictObject({
  kind: z.literal('void'),
  ...common,
  condition: ConditionId,
  evidence: Evidence.optional(),
});

/**
 * Settles an open condition by shares instead of by one outcome: of a stake in the verse of outcome i,
 * payouts[i] / (sum of all payouts) goes to the verse the condition was opened in.
 */
export const RedeemOp = z.strictObject({
  kind: z.literal('redeem'),
  ...common,
  condition: ConditionId,
  payouts: z.array(AmountText).max(OUTCOMES_MAX),
  source: OracleSource,
  evidence: Evidence.optional(),
});
/**
 * A loan inside one verse: the borrower gets `amount` of `token` and owes `owed` (the amount when absent); its
 * `collateral` stays where it is and is encumbered. Whoever sends it acts for both sides.
 */
export const BorrowOp = z.strictObject({
  kind: z.literal('borrow'),
  ...common,
  loan: LoanId,
  lender: AccountId,
  borrower: AccountId,
  ...inVerse,
  owed: AmountText.optional(),
  collateralToken: TokenId,
  collateral: AmountText,
});
/** Pays back all or a part of what a loan owes. When nothing is owed any more the collateral is free. */
export const RepayOp = z.strictObject({
  kind: z.literal('repay'),
  ...common,
  loan: LoanId,
  amount: AmountText,
});
/** Ends a loan the other way: the lender gets the collateral, and nothing is owed any more. */
export const ForecloseOp = z.strictObject({ kind: z.literal('foreclose'), ...common, loan: LoanId });
/** Starts a market maker for a condition: `subsidy` of the funder becomes what it trades with. */
export const OpenMarketOp = z.strictObject({
  kind: z.literal('openMarket'),
  ...common,
  condition: ConditionId,
  funder: AccountId,
  token: TokenId,
  liquidity: AmountText,
  subsidy: AmountText,
});

/** One operation on the ledger as plain JSON: it goes into the journal as it is, amounts as decimal text. */
export const LedgerOp = z.discriminatedUnion('kind', [
  DepositOp,
  WithdrawOp,
  TransferOp,
  SplitOp,
  MergeOp,
  DefineVerseOp,
  OpenConditionOp,
  ReportOp,
  ProposeOp,
  DisputeOp,
  ResolveOp,
  VoidOp,
  RedeemOp,
  BorrowOp,
  RepayOp,
  ForecloseOp,
  OpenMarketOp,
]);
export type LedgerOp = z.infer<typeof LedgerOp>;
export type LedgerOpKind = LedgerOp['kind'];
export type OpOf<K extends LedgerOpKind> = Extract<LedgerOp, { kind: K }>;

/**
 * Reads an operation from untrusted data.
 *
 * @throws BAD_INPUT that says what is wrong with it.
 */
export function parseLedgerOp(input: unknown): LedgerOp {
  const parsed = LedgerOp.safeParse(input);
  if (parsed.success) return parsed.data;
  throw new WorldError('BAD_INPUT', `not a ledger operation: ${z.prettifyError(parsed.error)}`, {
    cause: parsed.error,
  });
}

function isRational(text: string): boolean {
  try {
    Rational.parse(text);
    return true;
  } catch {
    return false;
  }
}
