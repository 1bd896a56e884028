import { PROBABILITY_ONE } from '../model/probability.js';
import { expOfMinus, FIXED_ONE, FRACTION_BITS, lnOf, UNITS_OFF_MAX } from './fixed-point.js';

/**
 * The logarithmic market scoring rule (Robin Hanson, "Logarithmic market scoring rules for modular combinatorial
 * information aggregation", 2007) seen from the maker's purse. `holdings` is what the maker has on each outcome, in
 * base units; with q sold of an outcome it has q less there. The usual cost function C(q) = b ln sum e^(q_i/b)
 * becomes b ln sum e^(-h_i/b), and a trade is charged so that this never grows. It begins at or below 0, so no
 * holding ever becomes negative: the maker loses at most its subsidy.
 *
 * Everything is done in whole numbers with known error bounds (see `fixed-point.ts`), always rounded for the maker.
 */

/** The least subsidy, in base units: b ln n, rounded up. */
export function subsidyOf(liquidity: bigint, outcomeCount: number): bigint {
  return ceil(liquidity * (lnOf(BigInt(outcomeCount) << FRACTION_BITS) + UNITS_OFF_MAX));
}

/**
 * What the trader pays for a trade that changes the maker's holdings from `before` to `after`, the payment apart:
 * negative when the trader is paid. It is the exact amount rounded up, or one more where that amount is within
 * b * 2^-364 of a whole number (below 2^-107 for every b).
 */
export function chargeFor(
  liquidity: bigint,
  { before, after }: { readonly before: readonly bigint[]; readonly after: readonly bigint[] },
): bigint {
  const old = logSumBounds(before, liquidity);
  const now = logSumBounds(after, liquidity);
  return ceil(((old.least - now.least) << FRACTION_BITS) + liquidity * (now.high - old.low));
}

/** The price of each outcome in units of 1e-18; they sum to exactly 10^18, and each is within 1 of the exact price. */
export function pricesOf(liquidity: bigint, holdings: readonly bigint[]): bigint[] {
  const { weights } = weigh(holdings, liquidity);
  const total = sum(weights);
  const shares = weights.map((weight, index) => {
    const exact = weight * PROBABILITY_ONE;
    return { index, whole: exact / total, rest: exact % total };
  });
  let missing = PROBABILITY_ONE - sum(shares.map(({ whole }) => whole));
  const prices = shares.map(({ whole }) => whole);
  // What rounding down left over goes to the largest remainders, the lowest index first.
  for (const { index, whole } of shares.sort((a, b) => compare(b.rest, a.rest) || a.index - b.index)) {
    if (missing === 0n) break;
    prices[index] = whole + 1n;
    missing -= 1n;
  }
  return prices;
}

/** e^(-(h - least) / b) for each holding: the least one weighs exactly 1, so the sum is from 1 to n. */
function weigh(holdings: readonly bigint[], liquidity: bigint): { least: bigint; weights: bigint[] } {
  const least = leastOf(holdings);
  return { least, weights: holdings.map((each) => expOfMinus(each - least, liquidity)) };
}

/** Bounds of ln sum e^(-(h - least) / b), fixed. The sum is off by at most the weights together. */
function logSumBounds(holdings: readonly bigint[], liquidity: bigint) {
  const { least, weights } = weigh(holdings, liquidity);
  const total = sum(weights);
  const off = BigInt(weights.length) * UNITS_OFF_MAX;
  const low = lnOf(total - off < FIXED_ONE ? FIXED_ONE : total - off) - UNITS_OFF_MAX;
  return { least, low, high: lnOf(total + off) + UNITS_OFF_MAX };
}

/** A fixed number rounded up to a whole one. */
function ceil(fixed: bigint): bigint {
  return -(-fixed >> FRACTION_BITS);
}

/** The least of some amounts; at least one must be given. */
export function leastOf(amounts: readonly bigint[]): bigint {
  const [first = 0n, ...others] = amounts;
  let least = first;
  for (const each of others) if (each < least) least = each;
  return least;
}

function sum(numbers: readonly bigint[]): bigint {
  return numbers.reduce((a, b) => a + b, 0n);
}

function compare(a: bigint, b: bigint): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
