import type { ConditionId, VerseId } from '../model/ids.js';
import { probabilityToText } from '../model/probability.js';
import { type AccountId, isSplittable, SYSTEM_ACCOUNT, type TokenId } from './account.js';
import { boxOf, childBox, verseIdOf } from './box.js';
import type { Ledger } from './ledger.js';
import type { LedgerOp } from './ledger-op.js';

export interface PushDownRequest {
  /** Id of the condition to open; it must be new. */
  readonly condition: ConditionId;
  /** Verse it is opened in. */
  readonly verse: VerseId;
  /** Names and probabilities (units of 1e-18) of the outcomes. */
  readonly outcomes: readonly { readonly name: string; readonly probability: bigint }[];
  /** Seconds for which an answer can be disputed; default 0. */
  readonly disputeWindow?: number | undefined;
  /** Account whose balances are split, and which may settle the condition. */
  readonly account: AccountId;
  /** Base units to split by token; all that can be split of every token when absent. Zeros are skipped. */
  readonly amounts?: Readonly<Record<TokenId, bigint>> | undefined;
  /** Who acts; the system when absent. */
  readonly by?: AccountId | undefined;
}

/** What a push-down does to the ledger: `applyAll(ops)` does it or refuses it whole. */
export interface PushDownPlan {
  readonly ops: LedgerOp[];
  /** The verse of each outcome, by outcome index. */
  readonly children: VerseId[];
}

/**
 * Plans to open a condition in a verse and to split an account's balances into the verses of its outcomes.
 * It reads the ledger and changes nothing.
 *
 * @throws VERSE_NOT_FOUND; what else can go wrong is refused when the operations are checked or applied.
 */
export function planPushDown(ledger: Ledger, request: PushDownRequest): PushDownPlan {
  const { condition, verse, account, by = SYSTEM_ACCOUNT } = request;
  const parent = boxOf(ledger.verse(verse).constraints, (id) => ledger.condition(id));
  const children = request.outcomes.map((_, index) => verseIdOf(childBox(parent, condition, index)));
  const open: LedgerOp = {
    kind: 'openCondition',
    by,
    condition,
    verse,
    outcomes: request.outcomes.map(({ name }) => name),
    probabilities: request.outcomes.map(({ probability }) => probabilityToText(probability)),
    oracle: account,
    ...(request.disputeWindow ? { disputeWindow: request.disputeWindow } : {}),
  };
  const splits = amountsOf(ledger, request).map(
    ([token, amount]): LedgerOp => ({
      kind: 'split',
      by,
      owner: account,
      token,
      verse,
      children,
      amount: `${amount}`,
    }),
  );
  return { ops: [open, ...splits], children };
}

function amountsOf(ledger: Ledger, { verse, account, amounts }: PushDownRequest): [TokenId, bigint][] {
  if (amounts !== undefined) return Object.entries(amounts).filter(([, amount]) => amount !== 0n);
  return ledger
    .balances({ verse, owner: account })
    .filter(({ token }) => isSplittable(token))
    .map(({ token }): [string, bigint] => [token, ledger.available(verse, account, token)])
    .filter(([, amount]) => amount !== 0n);
}
