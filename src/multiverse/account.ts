import { z } from 'zod';

import { WorldError } from '../model/world-error.js';

/** Acts for every account: the runtime itself, when it opens, settles and merges. */
export const SYSTEM_ACCOUNT = '@system';

/** Receives what rounding leaves over when a condition is voided. Only the system acts for it. */
export const DUST_ACCOUNT = '@dust';

/** A token under which computing is paid for. It is spent in every verse alike, so it cannot be split. */
export const COMPUTE_TOKEN = 'COMPUTE';

/** Owner of balances: 1 to 128 letters, digits and `._:/-`; names that start with `@` are reserved. */
export const AccountId = z
  .string()
  .regex(
    /^(?:[A-Za-z0-9][A-Za-z0-9._:/-]{0,127}|@system|@dust|@market:cnd_[0-9A-Z]{26})$/,
    'not an account name',
  );
export type AccountId = z.infer<typeof AccountId>;

/** Kind of asset: 1 to 64 letters, digits and `._:/-`. */
export const TokenId = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._:/-]{0,63}$/, 'not a token name');
export type TokenId = z.infer<typeof TokenId>;

/** True when the token may lie in other verses than the root: every token but COMPUTE. */
export function isSplittable(token: TokenId): boolean {
  return token !== COMPUTE_TOKEN;
}

/** @throws TOKEN_UNSPLITTABLE for a token that stays whole in the root verse. */
export function requireSplittable(token: TokenId): void {
  if (isSplittable(token)) return;
  throw new WorldError(
    'TOKEN_UNSPLITTABLE',
    `${token} stays whole in the root verse, because it is spent even in verses that collapse: use another token`,
    { details: { token } },
  );
}

/** True when `by` may move what `owner` has: the owner itself, or the system. For reserved accounts only the system acts. */
export function mayActFor(by: AccountId, owner: AccountId): boolean {
  return by === SYSTEM_ACCOUNT || (by === owner && !by.startsWith('@'));
}

/** @throws FORBIDDEN when `by` may not move what `owner` has. */
export function requireActsFor(by: AccountId, owner: AccountId): void {
  if (mayActFor(by, owner)) return;
  throw new WorldError('FORBIDDEN', `${by} may not act for ${owner}: the owner has to ask for it`, {
    details: { by, owner },
  });
}
