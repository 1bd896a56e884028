import { z } from 'zod';

import type { VerseId } from '../model/ids.js';
import type { AccountId, TokenId } from './account.js';

/** Names a loan as long as it runs: 1 to 64 letters, digits and `._:/-`. */
export const LoanId = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._:/-]{0,63}$/, 'not a loan name');
export type LoanId = z.infer<typeof LoanId>;

/**
 * A running loan. Principal and collateral lie in one verse, so they collapse together. The collateral is part of
 * the borrower's balance; it counts as its wealth and cannot be moved until the loan ends.
 */
export interface Loan {
  readonly id: LoanId;
  readonly verse: VerseId;
  readonly lender: AccountId;
  readonly borrower: AccountId;
  readonly token: TokenId;
  /** Base units of `token` still to be paid back, above zero. */
  readonly owed: bigint;
  readonly collateralToken: TokenId;
  /** Base units of `collateralToken` that are encumbered. */
  readonly collateral: bigint;
}
