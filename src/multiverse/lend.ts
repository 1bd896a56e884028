import { WorldError } from '../model/world-error.js';
import { requireActsFor } from './account.js';
import type { OpOf } from './ledger-op.js';
import type { LedgerState } from './ledger-state.js';
import type { Loan } from './loan.js';
import { requireLive } from './partition.js';
import { credit, debit, type Purse, requireAvailable, requirePositive } from './purse.js';

/**
 * Lends inside one verse: the lender's amount becomes the borrower's, and the borrower's collateral can no longer be
 * split, merged, transferred or withdrawn. Whoever sends it acts for both sides, so it takes the system.
 *
 * @throws BAD_AMOUNT, FORBIDDEN, VERSE_NOT_FOUND, BAD_INPUT for a loan to oneself, NAME_TAKEN, VERSE_COLLAPSED,
 * INSUFFICIENT_BALANCE and BALANCE_ENCUMBERED for the lender's amount and then for the collateral, BALANCE_OVERFLOW.
 */
export function borrow(state: LedgerState, op: OpOf<'borrow'>): void {
  const amount = requirePositive(op.amount);
  const owed = op.owed === undefined ? amount : requirePositive(op.owed);
  const collateral = requirePositive(op.collateral);
  requireActsFor(op.by, op.lender);
  requireActsFor(op.by, op.borrower);
  const verse = state.verse(op.verse);
  if (op.lender === op.borrower) {
    throw new WorldError('BAD_INPUT', `${op.lender} cannot borrow from itself: name two accounts`, {
      details: { loan: op.loan },
    });
  }
  if (state.hasLoan(op.loan)) {
    throw new WorldError('NAME_TAKEN', `loan ${op.loan} runs already: choose another name`, {
      details: { loan: op.loan },
    });
  }
  requireLive(verse, state.lambda);
  const { loan: id, lender, borrower, token, collateralToken } = op;
  requireAvailable(state, { verse, owner: lender, token }, amount);
  // Before the money arrives: what is borrowed is no security for itself.
  requireAvailable(state, { verse, owner: borrower, token: collateralToken }, collateral);
  debit(state, { verse, owner: lender, token }, amount);
  credit(state, { verse, owner: borrower, token }, amount);
  state.setLoan({ id, verse: verse.id, lender, borrower, token, owed, collateralToken, collateral });
}

/**
 * Pays back a loan, or a part of it. The last payment frees the collateral.
 *
 * @throws BAD_AMOUNT, also for more than is owed, LOAN_NOT_FOUND, FORBIDDEN unless `by` acts for the borrower,
 * VERSE_COLLAPSED when the debt is gone with its verse, INSUFFICIENT_BALANCE, BALANCE_ENCUMBERED, BALANCE_OVERFLOW.
 */
export function repay(state: LedgerState, op: OpOf<'repay'>): void {
  const amount = requirePositive(op.amount);
  const loan = state.loan(op.loan);
  requireActsFor(op.by, loan.borrower);
  if (amount > loan.owed) {
    throw new WorldError('BAD_AMOUNT', `loan ${loan.id} owes ${loan.owed}, less than ${amount}: repay that`, {
      details: { loan: loan.id, owed: `${loan.owed}`, amount: `${amount}` },
    });
  }
  requireLive(state.verse(loan.verse), state.lambda);
  debit(state, purseOf(loan, 'borrower'), amount);
  credit(state, purseOf(loan, 'lender'), amount);
  if (amount === loan.owed) state.dropLoan(loan.id);
  else state.setLoan({ ...loan, owed: loan.owed - amount });
}

/**
 * Ends a loan that is not paid back: the lender gets the collateral. Like lending it takes someone who acts for
 * both sides; when that is due is not for the ledger to know.
 *
 * @throws LOAN_NOT_FOUND, FORBIDDEN, VERSE_COLLAPSED, BALANCE_OVERFLOW.
 */
export function foreclose(state: LedgerState, op: OpOf<'foreclose'>): void {
  const loan = state.loan(op.loan);
  requireActsFor(op.by, loan.lender);
  requireActsFor(op.by, loan.borrower);
  requireLive(state.verse(loan.verse), state.lambda);
  state.dropLoan(loan.id);
  if (loan.collateral === 0n) return;
  const token = loan.collateralToken;
  debit(state, { ...purseOf(loan, 'borrower'), token }, loan.collateral);
  credit(state, { ...purseOf(loan, 'lender'), token }, loan.collateral);
}

function purseOf(loan: Loan, side: 'borrower' | 'lender'): Purse {
  return { verse: { id: loan.verse }, owner: loan[side], token: loan.token };
}
