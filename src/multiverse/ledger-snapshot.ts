import { strict as assert } from 'node:assert';
import { z } from 'zod';
import { parseAmount } from '../model/amount.js';
import { Evidence } from '../model/answer-api.js';
import { ConditionId, VerseId } from '../model/ids.js';
import { Rational } from '../model/rational.js';
import { AccountId, TokenId } from './account.js';
import { boxOf, Constraint, constraintsOf } from './box.js';
import type { ConditionStatus, OutcomeReport } from './condition.js';
import { OracleSource, RationalText } from './ledger-op.js';
import { LedgerState } from './ledger-state.js';
import { LoanId } from './loan.js';
import { indexesOf, setOf } from './outcome-set.js';

const Status = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('open') }),
  z.strictObject({
    kind: z.literal('resolved'),
    outcomes: z.array(z.int().min(0)),
    source: OracleSource,
    evidence: Evidence,
  }),
  z.strictObject({
    kind: z.literal('redeemed'),
    payouts: z.array(z.string().regex(/^\d{1,78}$/)),
    source: OracleSource,
    evidence: Evidence,
  }),
  z.strictObject({ kind: z.literal('void'), evidence: Evidence }),
]);

const Report = z.strictObject({
  outcomeIndex: z.int().min(0),
  cost: RationalText.optional(),
  value: RationalText.optional(),
});

const Moment = z.int().min(0);
const Proposal = z.strictObject({
  outcomeIndex: z.int().min(0),
  by: AccountId,
  source: OracleSource,
  evidence: Evidence,
  at: Moment,
  until: Moment,
});

const Units = z.string().regex(/^\d{1,78}$/);

/** What a snapshot begins with. */
export const LEDGER_SNAPSHOT_HEADER = { format: 'world-runtime/ledger', version: 3 } as const;

/**
 * The whole ledger as plain JSON in one order: conditions and markets as they were opened, the rest sorted. Equal ledgers
 * have equal snapshots.
 */
export const LedgerSnapshot = z.strictObject({
  format: z.literal(LEDGER_SNAPSHOT_HEADER.format),
  version: z.literal(LEDGER_SNAPSHOT_HEADER.version),
  conditions: z.array(
    z.strictObject({
      id: ConditionId,
      verse: VerseId,
      outcomes: z.array(z.string()),
      probabilities: z.array(Units),
      oracle: AccountId,
      disputeWindow: z.int().min(0),
      proposal: Proposal.nullable(),
      disputes: z.int().min(0),
      status: Status,
      reports: z.array(Report),
    }),
  ),
  verses: z.array(z.strictObject({ id: VerseId, constraints: z.array(Constraint) })),
  balances: z.array(z.tuple([VerseId, TokenId, AccountId, Units])),
  escrow: z.array(z.tuple([TokenId, Units])),
  loans: z.array(
    z.strictObject({
      id: LoanId,
      verse: VerseId,
      lender: AccountId,
      borrower: AccountId,
      token: TokenId,
      owed: Units,
      collateralToken: TokenId,
      collateral: Units,
    }),
  ),
  markets: z.array(
    z.strictObject({
      condition: ConditionId,
      token: TokenId,
      liquidity: Units,
      subsidy: Units,
      funder: AccountId,
    }),
  ),
  keys: z.array(z.tuple([z.string(), z.string()])),
});
export type LedgerSnapshot = z.infer<typeof LedgerSnapshot>;

/** Writes the tables down. */
export function snapshotOf(state: LedgerState): LedgerSnapshot {
  return {
    ...LEDGER_SNAPSHOT_HEADER,
    conditions: [...state.conditions()].map((condition) => ({
      id: condition.id,
      verse: condition.verse,
      outcomes: [...condition.outcomes],
      probabilities: condition.probabilities.map(String),
      oracle: condition.oracle,
      disputeWindow: condition.disputeWindow,
      proposal: condition.proposal && { ...condition.proposal },
      disputes: condition.disputes,
      status: statusToJson(condition.status),
      reports: [...condition.reports.values()]
        .sort((a, b) => a.outcomeIndex - b.outcomeIndex)
        .map(({ outcomeIndex, cost, value }) => ({
          outcomeIndex,
          ...(cost === undefined ? {} : { cost: Rational.toText(cost) }),
          ...(value === undefined ? {} : { value: Rational.toText(value) }),
        })),
    })),
    verses: [...state.verses()]
      .map(([id, box]) => ({ id, constraints: constraintsOf(box) }))
      .sort((a, b) => order(a.id, b.id)),
    balances: [...state.entries()]
      .map(({ verse, token, owner, amount }): LedgerSnapshot['balances'][number] => [
        verse,
        token,
        owner,
        `${amount}`,
      ])
      .sort((a, b) => order(a[0], b[0]) || order(a[1], b[1]) || order(a[2], b[2])),
    escrow: [...state.escrows()]
      .filter(([, amount]) => amount > 0n)
      .map(([token, amount]): [string, string] => [token, `${amount}`])
      .sort((a, b) => order(a[0], b[0])),
    loans: [...state.loans()]
      .map((loan) => ({ ...loan, owed: `${loan.owed}`, collateral: `${loan.collateral}` }))
      .sort((a, b) => order(a.id, b.id)),
    markets: [...state.markets()].map((market) => ({
      ...market,
      liquidity: `${market.liquidity}`,
      subsidy: `${market.subsidy}`,
    })),
    keys: [...state.keys()].sort((a, b) => order(a[0], b[0])),
  };
}

/** Rebuilds the tables. Verse ids are computed again and must be the ones written down. */
export function stateOf(snapshot: LedgerSnapshot): LedgerState {
  const state = new LedgerState();
  state.transact(true, () => {
    const shapeOf = (id: ConditionId) => state.condition(id);
    const boxes = new Map(snapshot.verses.map((verse) => [verse.id, verse.constraints]));
    for (const [sequence, written] of snapshot.conditions.entries()) {
      const box = boxOf(boxes.get(written.verse) ?? [], shapeOf);
      state.setCondition({
        ...written,
        box,
        sequence,
        outcomeCount: written.outcomes.length,
        probabilities: written.probabilities.map(BigInt),
        status: statusFromJson(written.status),
        reports: new Map(written.reports.map((report) => [report.outcomeIndex, reportFromJson(report)])),
      });
    }
    for (const { id, constraints } of snapshot.verses) {
      const defined = state.defineVerse(boxOf(constraints, shapeOf));
      assert(defined === id, `the snapshot names ${defined} as ${id}`);
    }
    for (const [verse, token, owner, amount] of snapshot.balances) {
      state.setBalance({ verse: state.verse(verse).id, token, owner, amount: parseAmount(amount) });
    }
    for (const [token, amount] of snapshot.escrow) state.setEscrow(token, parseAmount(amount));
    for (const loan of snapshot.loans) {
      const amounts = { owed: parseAmount(loan.owed), collateral: parseAmount(loan.collateral) };
      state.setLoan({ ...loan, ...amounts });
    }
    for (const market of snapshot.markets) {
      const amounts = { liquidity: parseAmount(market.liquidity), subsidy: parseAmount(market.subsidy) };
      state.setMarket({ ...market, ...amounts });
    }
    for (const [key, digest] of snapshot.keys) state.setKey(key, digest);
  });
  return state;
}

type StatusJson = z.infer<typeof Status>;

function statusToJson(status: ConditionStatus): StatusJson {
  if (status.kind === 'redeemed') return { ...status, payouts: status.payouts.map(String) };
  return status.kind === 'resolved' ? { ...status, outcomes: indexesOf(status.outcomes) } : { ...status };
}

function statusFromJson(status: StatusJson): ConditionStatus {
  if (status.kind === 'redeemed') return { ...status, payouts: status.payouts.map(BigInt) };
  return status.kind === 'resolved' ? { ...status, outcomes: setOf(status.outcomes) } : { ...status };
}

function reportFromJson(report: z.infer<typeof Report>): OutcomeReport {
  return {
    outcomeIndex: report.outcomeIndex,
    ...(report.cost === undefined ? {} : { cost: Rational.parse(report.cost) }),
    ...(report.value === undefined ? {} : { value: Rational.parse(report.value) }),
  };
}

function order(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
