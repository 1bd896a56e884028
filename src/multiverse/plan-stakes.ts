import type { ConditionId, VerseId } from '../model/ids.js';
import { type AccountId, SYSTEM_ACCOUNT, type TokenId } from './account.js';
import type { Ledger } from './ledger.js';
import type { LedgerOp } from './ledger-op.js';

/** Base units that an account puts on an outcome. */
export interface Stake {
  readonly outcome: number;
  readonly account: AccountId;
  readonly amount: bigint;
}

export interface StakesRequest {
  /** An open condition. */
  readonly condition: ConditionId;
  /** Index of the outcome that it is about to resolve to. */
  readonly winner: number;
  readonly token: TokenId;
  /** One for each outcome on which something is staked. */
  readonly stakes: readonly Stake[];
  /** Account that holds the pot on its way. */
  readonly pot: AccountId;
}

/** Moves of stakes: `before` come before the condition resolves, `after` behind it, all in one batch. */
export interface StakesPlan {
  readonly before: LedgerOp[];
  readonly after: LedgerOp[];
  /** What the verses that lose hold of it, and what goes with them. */
  readonly evaporates: bigint;
}

/**
 * Plans to stake accounts' money on the outcomes of a condition that resolves in the same batch. All stakes go into one pot, in
 * the verse in which the condition was opened; the pot is split into the outcomes' verses, and in each of them it is given to the
 * account that staked on that outcome. The verse that survives then merges the whole pot into its owner's balance; the
 * others take theirs with them. Nothing is staked before, so nothing is to be given back when it never comes to that.
 *
 * @throws CONDITION_NOT_FOUND, BAD_INPUT for an outcome that does not exist; what else can go wrong is refused when the
 * operations are checked or applied.
 */
export function planStakes(ledger: Ledger, request: StakesRequest): StakesPlan {
  const { condition, token, stakes, pot, winner } = request;
  const { verse, outcomeCount } = ledger.condition(condition);
  const children = Array.from({ length: outcomeCount }, (_, index) => ledger.childVerse(condition, index));
  const paid = stakes.filter(({ amount }) => amount !== 0n);
  const total = paid.reduce((sum, { amount }) => sum + amount, 0n);
  if (total === 0n) return { before: [], after: [], evaporates: 0n };
  const by = SYSTEM_ACCOUNT;
  const move = (from: AccountId, to: AccountId, where: VerseId, amount: bigint): LedgerOp[] =>
    from === to ? [] : [{ kind: 'transfer', by, from, to, verse: where, token, amount: `${amount}` }];
  const survivor = ledger.childVerse(condition, winner);
  const heir = stakes.find(({ outcome }) => outcome === winner)?.account ?? pot;
  return {
    before: [
      ...paid.flatMap(({ account, amount }) => move(account, pot, verse, amount)),
      { kind: 'split', by, owner: pot, token, verse, children, amount: `${total}` },
      ...stakes.flatMap(({ account, outcome }) => move(pot, account, children[outcome] ?? verse, total)),
    ],
    after: [{ kind: 'merge', by, owner: heir, token, verse, children: [survivor], amount: `${total}` }],
    evaporates: total * BigInt(outcomeCount - 1),
  };
}
