/**
 * Exponentials and logarithms in whole numbers, so that every machine finds the same: a *fixed* number x stands for
 * x / 2^384, and one unit below is 2^-384. No result is off by more than `UNITS_OFF_MAX` units. The bounds are added
 * up beside each step; series are cut off where a term has become 0.
 */
export const FRACTION_BITS = 384n;
export const FIXED_ONE: bigint = 1n << FRACTION_BITS;
/** How far a result of `expOfMinus` and `lnOf` may be from the exact one, in units of 2^-384. */
export const UNITS_OFF_MAX = 1024n;

/** e^-300 is below 2^-432, which is 0 here. */
const EXPONENT_MAX = 300n << FRACTION_BITS;

/** ln 2 = 18 atanh(1/26) - 2 atanh(1/4801) + 8 atanh(1/8749), with 64 bits more and then cut: below it by at most 1 unit. */
const LN_2: bigint = (() => {
  const one = FIXED_ONE << 64n;
  const atanhOfOneOver = (n: bigint): bigint => {
    let total = 0n;
    for (let power = one / n, odd = 1n; power > 0n; power /= n * n, odd += 2n) total += power / odd;
    return total;
  };
  return (18n * atanhOfOneOver(26n) - 2n * atanhOfOneOver(4801n) + 8n * atanhOfOneOver(8749n)) >> 64n;
})();

/**
 * e^(-numerator / denominator) for a quotient >= 0, between 0 and 1.
 *
 * The argument is cut (1 unit) and loses at most 433 times ln 2 (1 unit each), which is as much in the result; the at
 * most 90 terms are each off by at most 5 units: 2 for two cuts, and 0.7 of the one before. 434 + 450 < 1024.
 */
export function expOfMinus(numerator: bigint, denominator: bigint): bigint {
  if (numerator === 0n) return FIXED_ONE;
  const argument = (numerator << FRACTION_BITS) / denominator;
  if (argument >= EXPONENT_MAX) return 0n;
  const halvings = argument / LN_2;
  const rest = argument - halvings * LN_2;
  let total = 0n;
  let sign = 1n;
  for (let term = FIXED_ONE, n = 1n; term > 0n; term = ((term * rest) >> FRACTION_BITS) / n, n += 1n) {
    total += sign * term;
    sign = -sign;
  }
  return total >> halvings;
}

/**
 * ln x for a fixed x from 1 to 2^16, as k ln 2 + 2 atanh((m - 1) / (m + 1)) with 1 <= m < 2.
 *
 * Cutting m and the quotient costs at most 4 units; the at most 125 terms are each off by at most 3, and count twice;
 * ln 2 is taken at most 16 times. 4 + 750 + 16 < 1024.
 */
export function lnOf(x: bigint): bigint {
  let doublings = 0n;
  while (x >> doublings >= 2n * FIXED_ONE) doublings += 1n;
  const mantissa = x >> doublings;
  const z = ((mantissa - FIXED_ONE) << FRACTION_BITS) / (mantissa + FIXED_ONE);
  const square = (z * z) >> FRACTION_BITS;
  let total = 0n;
  for (let power = z, odd = 1n; power > 0n; power = (power * square) >> FRACTION_BITS, odd += 2n) {
    total += power / odd;
  }
  return doublings * LN_2 + 2n * total;
}
