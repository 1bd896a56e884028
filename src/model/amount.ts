import { z } from 'zod';

import { WorldError } from './world-error.js';

/** The largest amount: 2^256 - 1 base units, as in a contract's uint256. */
export const AMOUNT_MAX: bigint = 2n ** 256n - 1n;

const DIGITS = /^(0|[1-9]\d{0,77})$/;

/**
 * Reads an amount in base units: a decimal integer string without sign or leading zeros, a bigint, or a
 * safe integer.
 *
 * @throws BAD_AMOUNT for anything else and for values outside 0 <= x < 2^256.
 */
export function parseAmount(input: unknown): bigint {
  const amount = toBigInt(input);
  if (amount === undefined || amount < 0n || amount > AMOUNT_MAX) {
    const shown = typeof input === 'string' ? `"${input.slice(0, 100)}"` : String(input);
    throw new WorldError(
      'BAD_AMOUNT',
      `${shown} is not an amount: give a whole number of base units from 0 to 2^256 - 1`,
      { details: { amount: shown } },
    );
  }
  return amount;
}

/** Zod schema at the edges; the output is a bigint. */
export const Amount = z.union([z.string(), z.bigint(), z.number()]).transform((input, context) => {
  try {
    return parseAmount(input);
  } catch (thrown) {
    context.addIssue({ code: 'custom', message: thrown instanceof Error ? thrown.message : 'bad amount' });
    return z.NEVER;
  }
});

/** An amount as it is stored and serialised: a decimal string. */
export function amountToText(amount: bigint): string {
  return amount.toString();
}

function toBigInt(input: unknown): bigint | undefined {
  if (typeof input === 'bigint') return input;
  if (typeof input === 'number') return Number.isSafeInteger(input) ? BigInt(input) : undefined;
  return typeof input === 'string' && DIGITS.test(input) ? BigInt(input) : undefined;
}
