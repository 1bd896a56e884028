import { Rational } from '../model/rational.js';
import { WorldError } from '../model/world-error.js';
import { requireActsFor, requireSplittable } from './account.js';
import { ROOT_VERSE_ID } from './box.js';
import { coversLambda, measureOf } from './lambda.js';
import type { OpOf } from './ledger-op.js';
import type { LedgerState } from './ledger-state.js';
import { requireLive, requirePartition, type VerseBox } from './partition.js';
import { credit, debit, type Purse, requireAvailable, requirePositive } from './purse.js';

/** The operations that move balances and leave verses and conditions as they are. */
export type MoveOp = OpOf<'deposit' | 'withdraw' | 'transfer' | 'split' | 'merge'>;

/**
 * Moves balances. Split and merge follow Paradigm, "Multiverse Finance" (push down and pull up): `amount` of the
 * parent becomes `amount` of *every* child and back, so what an owner has on any live atom stays the same.
 *
 * @throws BAD_AMOUNT, FORBIDDEN, VERSE_NOT_FOUND, TOKEN_UNSPLITTABLE, VERSE_COLLAPSED, OVERLAP, NOT_EXHAUSTIVE,
 * TRIVIAL_PARTITION, INSUFFICIENT_BALANCE, BALANCE_ENCUMBERED, BALANCE_OVERFLOW.
 */
export function moveBalance(state: LedgerState, op: MoveOp): void {
  const amount = requirePositive(op.amount);
  const owner = op.kind === 'transfer' ? op.from : op.owner;
  requireActsFor(op.by, owner);
  const verse = state.verse(op.verse);
  const purse = { verse, owner, token: op.token };
  switch (op.kind) {
    case 'deposit':
      if (verse.id !== ROOT_VERSE_ID) requireSplittable(op.token);
      requireAllOfLambda(state, verse);
      state.setEscrow(op.token, state.escrow(op.token) + amount);
      credit(state, purse, amount);
      return;
    case 'withdraw':
      requireAllOfLambda(state, verse);
      debit(state, purse, amount);
      state.setEscrow(op.token, state.escrow(op.token) - amount);
      return;
    case 'transfer':
      requireLive(verse, state.lambda);
      debit(state, purse, amount);
      credit(state, { ...purse, owner: op.to }, amount);
      return;
    case 'split':
    case 'merge':
      repartition(state, {
        purse,
        amount,
        children: childrenOf(state, op),
        merge: op.kind === 'merge',
      });
      return;
  }
}

interface Repartition {
  readonly purse: Purse & { readonly verse: VerseBox };
  readonly children: readonly VerseBox[];
  readonly amount: bigint;
  readonly merge: boolean;
}

function repartition(state: LedgerState, { purse, children, amount, merge }: Repartition): void {
  requireSplittable(purse.token);
  requirePartition(purse.verse, children, { lambda: state.lambda, merge });
  const childPurses = children.map((verse) => ({ ...purse, verse }));
  const from = merge ? childPurses : [purse];
  const to = merge ? [purse] : childPurses;
  // All are checked before any is debited.
  for (const source of from) requireAvailable(state, source, amount);
  for (const source of from) debit(state, source, amount);
  for (const target of to) credit(state, target, amount);
}

function childrenOf(state: LedgerState, op: OpOf<'split' | 'merge'>): VerseBox[] {
  return op.children.map((id) => state.verse(id));
}

/** Escrow backs every atom alike, so money enters and leaves only where every live atom is. */
function requireAllOfLambda(state: LedgerState, verse: VerseBox): void {
  requireLive(verse, state.lambda);
  if (coversLambda(verse.box, state.lambda)) return;
  const measure = Rational.toText(measureOf(verse.box, state.lambda));
  throw new WorldError(
    'NOT_EXHAUSTIVE',
    `${verse.id} holds ${measure} of what is still possible: deposit and withdraw in the root verse`,
    { details: { verse: verse.id, measure } },
  );
}
