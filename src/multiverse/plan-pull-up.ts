import type { Evidence } from '../model/answer-api.js';
import type { ConditionId } from '../model/ids.js';
import { WorldError } from '../model/world-error.js';
import { type AccountId, SYSTEM_ACCOUNT, type TokenId } from './account.js';
import type { Ledger } from './ledger.js';
import type { LedgerOp, OracleSource } from './ledger-op.js';
import { setOf } from './outcome-set.js';

export interface PullUpRequest {
  readonly condition: ConditionId;
  /** Index of the winning outcome. */
  readonly winner: number;
  readonly source: OracleSource;
  readonly evidence?: Evidence | undefined;
  /** When, in milliseconds of Unix time: what is proposed can only be made final after its window. */
  readonly at?: number | undefined;
  /** Who acts; the system when absent. Merging other owners' balances takes the system. */
  readonly by?: AccountId | undefined;
}

/**
 * Plans to resolve a condition to one outcome and to merge what every owner has in that outcome's verse, in
 * every token, up into the verse the condition was opened in. Balances in verses further inside the winner
 * stay where they are and can be merged by their owners later; so does collateral, until its loan ends.
 *
 * @throws CONDITION_NOT_FOUND, BAD_INPUT for an outcome that does not exist; what else can go wrong is refused when
 * the operations are checked or applied.
 */
export function planPullUp(ledger: Ledger, request: PullUpRequest): LedgerOp[] {
  const { condition, winner, source, evidence, at, by = SYSTEM_ACCOUNT } = request;
  const parent = ledger.condition(condition).verse;
  const survivor = ledger.childVerse(condition, winner);
  const resolve: LedgerOp = {
    kind: 'resolve',
    by,
    condition,
    outcomes: [winner],
    source,
    ...(evidence === undefined ? {} : { evidence }),
    ...(at === undefined ? {} : { at }),
  };
  const merges = ledger.balances({ verse: survivor }).flatMap(({ owner, token }): LedgerOp[] => {
    const amount = ledger.available(survivor, owner, token);
    const common = { by, owner, token, verse: parent, children: [survivor] };
    return amount === 0n ? [] : [{ kind: 'merge', ...common, amount: `${amount}` }];
  });
  return [resolve, ...merges];
}

/**
 * What evaporates by token, in base units, if the open condition comes out as `winner`: the balances of every
 * live verse that would collapse. It is reported, never paid to anyone.
 *
 * @throws CONDITION_NOT_FOUND, ALREADY_RESOLVED when it is no longer open, BAD_INPUT for an outcome that does not
 * exist.
 */
export function losingBalances(
  ledger: Ledger,
  condition: ConditionId,
  winner: number,
): Record<TokenId, bigint> {
  if (ledger.condition(condition).status.kind !== 'open') {
    throw new WorldError('ALREADY_RESOLVED', `${condition} is settled: ask before it is`, {
      details: { condition },
    });
  }
  // Throws for an outcome that does not exist.
  ledger.childVerse(condition, winner);
  const totals = new Map<TokenId, bigint>();
  for (const { verse, token, amount } of ledger.balances()) {
    const constraint = ledger.verse(verse).constraints.find((each) => each.condition === condition);
    if (constraint === undefined || (setOf(constraint.outcomes) & setOf([winner])) !== 0n) continue;
    totals.set(token, (totals.get(token) ?? 0n) + amount);
  }
  return Object.fromEntries(totals);
}
