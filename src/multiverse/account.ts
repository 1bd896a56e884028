import { z } from 'zod';

import { WorldError } from '../model/world-error.js';

/** Acts for every account: the runtime itself, when it opens, settles and merges. */
export const SYSTEM_ACCOUNT = '@system';

/** Receives what rounding leaves over when a condition is voided. Only the system acts for it. */
export const DUST_ACCOUNT = '@dust';

/** Owner of balances: 1 to 128 letters, digits and `._:/-`; names that start with `@` are reserved. */
export const AccountId = z
  .string()
  .regex(/^(?:[A-Za-z0-9][A-Za-z0-9._:/-]{0,127}|@system|@dust)$/, 'not an account name');
export type AccountId = z.infer<typeof AccountId>;

/** Kind of asset: 1 to 64 letters, digits and `._:/-`. */
export const TokenId = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._:/-]{0,63}$/, 'not a token name');
export type TokenId = z.infer<typeof TokenId>;

/** True when `by` may move what `owner` has: the owner itself, or the system. */
export function mayActFor(by: AccountId, owner: AccountId): boolean {
  return by === SYSTEM_ACCOUNT || (by === owner && by !== DUST_ACCOUNT);
}

/** @throws FORBIDDEN when `by` may not move what `owner` has. */
export function requireActsFor(by: AccountId, owner: AccountId): void {
  if (mayActFor(by, owner)) return;
  throw new WorldError('FORBIDDEN', `${by} may not act for ${owner}: the owner has to ask for it`, {
    details: { by, owner },
  });
}
