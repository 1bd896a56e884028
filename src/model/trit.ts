import { z } from 'zod';
import type { TritValue } from './trit-roles.js';
import { WorldError } from './world-error.js';

export { TRIAD_ROLES, type TritRole, tritRole } from './trit-roles.js';

/** A balanced ternary digit. It labels the role of a branch and makes a checksum over siblings, no more. */
export const Trit = z.union([z.literal(-1), z.literal(0), z.literal(1)]);
export type Trit = TritValue;

/** Sum of the trits in the field of three elements: 0, 1 or 2. Balanced siblings give 0. */
export function gf3Sum(trits: readonly Trit[]): 0 | 1 | 2 {
  const sum = plainSum(trits);
  const residue = ((sum % 3) + 3) % 3;
  if (residue === 0) return 0;
  return residue === 1 ? 1 : 2;
}

/**
 * The trits that `count` children get when nobody names them: full triads (-1, 0, +1), then [0] for one
 * child left over or [-1, +1] for two. They always sum to 0.
 *
 * @throws BAD_INPUT when `count` is not a non-negative safe integer.
 */
export function defaultTrits(count: number): Trit[] {
  if (!Number.isSafeInteger(count) || count < 0) {
    throw new WorldError('BAD_INPUT', `cannot make trits for ${count} children: give a whole number >= 0`, {
      details: { count },
    });
  }
  const trits: Trit[] = [];
  for (let full = 0; full < Math.floor(count / 3); full += 1) trits.push(-1, 0, 1);
  const left = count % 3;
  if (left === 1) trits.push(0);
  if (left === 2) trits.push(-1, 1);
  return trits;
}

/**
 * Refuses siblings whose trits do not sum to 0 modulo 3.
 *
 * @throws TRITS_UNBALANCED with the sum and its residue in message and details.
 */
export function requireBalanced(trits: readonly Trit[]): void {
  const residue = gf3Sum(trits);
  if (residue === 0) return;
  const sum = plainSum(trits);
  throw new WorldError(
    'TRITS_UNBALANCED',
    `trits [${trits.join(', ')}] sum to ${sum}, which is ${residue} mod 3: choose trits that sum to 0 mod 3`,
    { details: { trits: [...trits], sum, gf3Sum: residue } },
  );
}

function plainSum(trits: readonly Trit[]): number {
  return trits.reduce<number>((sum, trit) => sum + trit, 0);
}
