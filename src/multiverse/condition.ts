import type { Evidence } from '../model/answer-api.js';
import type { ConditionId, VerseId } from '../model/ids.js';
import type { Rational } from '../model/rational.js';
import type { AccountId } from './account.js';
import type { Box, ConditionShape } from './box.js';
import type { OracleSource } from './ledger-op.js';
import { fullSet, type OutcomeSet } from './outcome-set.js';

/** What the world of one outcome measured. Exact; a missing figure was not reported. */
export interface OutcomeReport {
  readonly outcomeIndex: number;
  readonly cost?: Rational | undefined;
  readonly value?: Rational | undefined;
}

/** What an oracle says the outcome is, as long as nobody disputed it. Times are milliseconds of Unix time. */
export interface Proposal {
  readonly outcomeIndex: number;
  readonly by: AccountId;
  readonly source: OracleSource;
  readonly evidence: Evidence;
  readonly at: number;
  /** From then on it can be made final, and no longer be disputed. */
  readonly until: number;
}

/** Where a condition stands, but for proposals, which change nothing about what is live. */
export type ConditionStatus =
  | { readonly kind: 'open' }
  | {
      readonly kind: 'resolved';
      readonly outcomes: OutcomeSet;
      readonly source: OracleSource;
      readonly evidence: Evidence;
    }
  | {
      readonly kind: 'redeemed';
      /** By outcome; the shares are these divided by their sum, which is above zero. */
      readonly payouts: readonly bigint[];
      readonly source: OracleSource;
      readonly evidence: Evidence;
    }
  | { readonly kind: 'void'; readonly evidence: Evidence };

/** A question with named outcomes, opened in a verse. Values are replaced, never changed. */
export interface Condition extends ConditionShape {
  readonly id: ConditionId;
  /** The verse it was opened in, and that verse's box. */
  readonly verse: VerseId;
  readonly box: Box;
  readonly outcomes: readonly string[];
  readonly outcomeCount: number;
  /** One for each outcome, in units of 1e-18; they sum to exactly 10^18. */
  readonly probabilities: readonly bigint[];
  /** Who may report, propose, resolve and void, beside the system. */
  readonly oracle: AccountId;
  /** Seconds for which a proposal can be disputed; 0: no proposal is needed. */
  readonly disputeWindow: number;
  /** The one that stands, or the one that became final. */
  readonly proposal: Proposal | null;
  /** How many proposals were disputed. */
  readonly disputes: number;
  /** How many conditions were opened before it. */
  readonly sequence: number;
  readonly status: ConditionStatus;
  /** The last report for each outcome. */
  readonly reports: ReadonlyMap<number, OutcomeReport>;
}

/** How far an oracle has come: open, proposed, disputed (and proposed again, any number of times), final. */
export type OracleState = 'open' | 'proposed' | 'disputed' | 'final';

export function oracleStateOf({ status, proposal, disputes }: Condition): OracleState {
  if (status.kind !== 'open') return 'final';
  if (proposal !== null) return 'proposed';
  return disputes > 0 ? 'disputed' : 'open';
}

/** Outcomes still possible: all of an open condition, the reported ones of a resolved one, none of a void or redeemed one. */
export function liveOutcomes(condition: Condition): OutcomeSet {
  switch (condition.status.kind) {
    case 'open':
      return fullSet(condition.outcomeCount);
    case 'resolved':
      return condition.status.outcomes;
    case 'redeemed':
    case 'void':
      return 0n;
  }
}
