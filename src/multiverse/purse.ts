import { parseAmount } from '../model/amount.js';
import { WorldError } from '../model/world-error.js';
import type { AccountId, TokenId } from './account.js';
import type { LedgerState } from './ledger-state.js';
import type { VerseBox } from './partition.js';

/** Where an amount is, or goes. */
export interface Purse {
  readonly verse: Pick<VerseBox, 'id'>;
  readonly owner: AccountId;
  readonly token: TokenId;
}

/** Adds to a balance. @throws BALANCE_OVERFLOW */
export function credit(state: LedgerState, purse: Purse, amount: bigint): void {
  setBalance(state, purse, balanceOf(state, purse) + amount);
}

/** Takes from a balance. @throws INSUFFICIENT_BALANCE, BALANCE_ENCUMBERED */
export function debit(state: LedgerState, purse: Purse, amount: bigint): void {
  setBalance(state, purse, requireAvailable(state, purse, amount) - amount);
}

/**
 * The balance, when `amount` of it can be moved: what is collateral of a loan cannot.
 *
 * @throws INSUFFICIENT_BALANCE, BALANCE_ENCUMBERED
 */
export function requireAvailable(state: LedgerState, purse: Purse, amount: bigint): bigint {
  const balance = balanceOf(state, purse);
  const { verse, owner, token } = purse;
  const encumbered = state.encumbered(verse.id, owner, token);
  if (balance - encumbered >= amount) return balance;
  const details = {
    owner,
    token,
    verse: verse.id,
    available: `${balance - encumbered}`,
    needed: `${amount}`,
  };
  if (balance >= amount) {
    throw new WorldError(
      'BALANCE_ENCUMBERED',
      `${encumbered} of the ${balance} ${token} that ${owner} has in ${verse.id} are collateral: repay the loan first`,
      { details: { ...details, encumbered: `${encumbered}` } },
    );
  }
  throw new WorldError(
    'INSUFFICIENT_BALANCE',
    `${owner} has ${balance} ${token} in ${verse.id}, which is less than ${amount}`,
    { details },
  );
}

/** Operations move at least one base unit. @throws BAD_AMOUNT */
export function requirePositive(text: string): bigint {
  const amount = parseAmount(text);
  if (amount > 0n) return amount;
  throw new WorldError('BAD_AMOUNT', 'an operation moves at least 1 base unit, not 0', {
    details: { amount: text },
  });
}

function balanceOf(state: LedgerState, { verse, owner, token }: Purse): bigint {
  return state.balance(verse.id, owner, token);
}

function setBalance(state: LedgerState, { verse, owner, token }: Purse, amount: bigint): void {
  state.setBalance({ verse: verse.id, owner, token, amount });
}
