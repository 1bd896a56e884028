import { Rational } from '../../../model/rational.js';

const { add, mul, of, sum } = Rational;

/** What Pigou's game with latencies x^d and 1 costs, computed another way than its verses do. */
export interface PowerCosts {
  readonly nash: Rational;
  /** A double: the optimum is irrational. */
  readonly optimal: number;
  readonly chaos: Rational;
}

/**
 * The equilibrium has everybody on the steep road, at 1. The optimum is where (d + 1) x^d = 1: there it costs
 * 1 - d / (d + 1) * (d + 1)^(-1/d). Random drivers expect E[x^(d+1)] + 1/2, with the moments of the binomial from Stirling's
 * numbers of the second kind.
 */
export function checkPower(exponent: number, drivers: number): PowerCosts {
  const d = exponent;
  return {
    nash: Rational.ONE,
    optimal: 1 - (d / (d + 1)) * (d + 1) ** (-1 / d),
    chaos: add(momentOfShare(d + 1, drivers), of(1n, 2n)),
  };
}

/** E[(k/n)^m] of a binomial k of n and 1/2: the sum over j of S(m, j) n (n-1) ... (n-j+1) / 2^j, over n^m. */
function momentOfShare(m: number, n: number): Rational {
  const terms = Array.from({ length: m + 1 }, (_, j) =>
    of(stirling(m, j) * falling(BigInt(n), j), 2n ** BigInt(j)),
  );
  return mul(sum(terms), of(1n, BigInt(n) ** BigInt(m)));
}

function falling(n: bigint, j: number): bigint {
  return Array.from({ length: j }, (_, i) => n - BigInt(i)).reduce((product, one) => product * one, 1n);
}

function stirling(m: number, j: number): bigint {
  if (m === 0 || j === 0) return m === j ? 1n : 0n;
  return BigInt(j) * stirling(m - 1, j) + stirling(m - 1, j - 1);
}
