import { z } from 'zod';

import { Rational } from './rational.js';
import { WorldError } from './world-error.js';

/** One, in the units probabilities are kept in: a probability is an integer number of 1e-18. */
export const PROBABILITY_ONE: bigint = 10n ** 18n;

const DECIMAL = /^(?:(\d{1,3})(?:\.(\d{0,40}))?|\.(\d{1,40}))$/;

/**
 * Reads a probability such as "0.45" into units of 1e-18.
 *
 * @throws BAD_NUMBER when the text is not a plain decimal, has more than 18 significant decimals, or is above 1.
 */
export function parseProbability(text: string): bigint {
  const match = DECIMAL.exec(text.trim());
  const decimals = (match?.[2] ?? match?.[3] ?? '').replace(/0+$/, '');
  if (match === null || decimals.length > 18) {
    throw new WorldError(
      'BAD_NUMBER',
      `"${text.slice(0, 60)}" is not a probability: write a decimal such as 0.45, at most 18 places`,
    );
  }
  const units = BigInt(match[1] ?? '0') * PROBABILITY_ONE + BigInt(decimals.padEnd(18, '0'));
  if (units > PROBABILITY_ONE) {
    throw new WorldError('BAD_NUMBER', `probability ${text} is above 1: give a value from 0 to 1`);
  }
  return units;
}

/** Zod schema at the edges: decimal text in, units of 1e-18 out. */
export const Probability = z.string().transform((text, context) => {
  try {
    return parseProbability(text);
  } catch (thrown) {
    context.addIssue({
      code: 'custom',
      message: thrown instanceof Error ? thrown.message : 'bad probability',
    });
    return z.NEVER;
  }
});

/**
 * Refuses probabilities (units of 1e-18) that are negative or do not sum to exactly 1.
 *
 * @throws PROBABILITIES_UNBALANCED with the sum in message and details.
 */
export function requireSumToOne(probabilities: readonly bigint[]): void {
  const sum = probabilities.reduce((total, units) => total + units, 0n);
  if (sum === PROBABILITY_ONE && probabilities.every((units) => units >= 0n)) return;
  throw new WorldError(
    'PROBABILITIES_UNBALANCED',
    `probabilities [${probabilities.map(probabilityToText).join(', ')}] sum to ${probabilityToText(sum)}: ` +
      'give values >= 0 that sum to exactly 1',
    { details: { probabilities: probabilities.map(probabilityToText), sum: probabilityToText(sum) } },
  );
}

/**
 * `count` equal probabilities in units of 1e-18; what does not divide goes to the first.
 *
 * @throws BAD_INPUT when count is not a positive safe integer.
 */
export function equalProbabilities(count: number): bigint[] {
  if (!Number.isSafeInteger(count) || count < 1) {
    throw new WorldError('BAD_INPUT', `cannot share probability among ${count} outcomes`, {
      details: { count },
    });
  }
  const share = PROBABILITY_ONE / BigInt(count);
  const rest = PROBABILITY_ONE - share * BigInt(count);
  return Array.from({ length: count }, (_, index) => (index === 0 ? share + rest : share));
}

/** Decimal text without trailing zeros: "0.45"; `parseProbability` reads it back. */
export function probabilityToText(units: bigint): string {
  const sign = units < 0n ? '-' : '';
  const absolute = units < 0n ? -units : units;
  const decimals = (absolute % PROBABILITY_ONE).toString().padStart(18, '0').replace(/0+$/, '');
  const whole = `${sign}${absolute / PROBABILITY_ONE}`;
  return decimals === '' ? whole : `${whole}.${decimals}`;
}

/** The probability as an exact fraction: units / 10^18 in lowest terms. */
export function probabilityToFraction(units: bigint): Rational {
  return Rational.of(units, PROBABILITY_ONE);
}
