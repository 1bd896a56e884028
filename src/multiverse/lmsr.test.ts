import { describe, expect, it } from 'vitest';

import { PROBABILITY_ONE } from '../model/probability.js';
import { Rational } from '../model/rational.js';
import { expOfMinus, FIXED_ONE, lnOf, UNITS_OFF_MAX } from './fixed-point.js';
import { chargeFor, pricesOf, subsidyOf } from './lmsr.js';

/** e^-x as an exact sum of fractions, on after the point where a term is below 2^-420. Shares nothing with the code. */
function expByFractions(x: Rational): Rational {
  let term = Rational.ONE;
  let total = Rational.ONE;
  const tiny = Rational.of(1n, 1n << 420n);
  for (let n = 1n; ; n += 1n) {
    term = Rational.div(Rational.mul(term, x), Rational.of(n));
    total = Rational.add(total, term);
    if (Rational.cmp(term, tiny) < 0 && Rational.cmp(Rational.of(n), x) > 0) break;
  }
  return Rational.div(Rational.ONE, total);
}

/** How far a fixed number is from an exact one, in units. */
function unitsOff(fixed: bigint, exact: Rational): bigint {
  const difference = Rational.sub(Rational.of(fixed), Rational.mul(exact, Rational.of(FIXED_ONE)));
  const units = Rational.floor(difference);
  return units < 0n ? -units : units;
}

describe('fixed-point exponentials and logarithms', () => {
  it('are within their stated bound of sums of exact fractions', () => {
    for (const [num, den] of [
      [1n, 1n],
      [1n, 3n],
      [7n, 10n],
      [693n, 1000n],
      [22n, 7n],
      [50n, 1n],
      [1n, 10n ** 20n],
    ] as const) {
      expect(unitsOff(expOfMinus(num, den), expByFractions(Rational.of(num, den)))).toBeLessThan(
        UNITS_OFF_MAX,
      );
    }
  });

  it('undo each other within both bounds', () => {
    for (const [num, den] of [
      [1n, 7n],
      [1n, 2n],
      [5n, 3n],
      [9n, 1n],
    ] as const) {
      // e^x for x > 0, then its logarithm; the error of the first grows by e^2x / e^x.
      const grown = (FIXED_ONE * FIXED_ONE) / expOfMinus(num, den);
      expect(unitsOff(lnOf(grown), Rational.of(num, den))).toBeLessThan(UNITS_OFF_MAX * 10_000n);
    }
    expect(lnOf(FIXED_ONE)).toBe(0n);
  });

  it('agree with known digits', () => {
    const digits = (fixed: bigint) => ((fixed * 10n ** 60n) >> 384n).toString();
    expect(digits(lnOf(2n * FIXED_ONE))).toBe('693147180559945309417232121458176568075500134360255254120680');
    expect(digits(lnOf(10n * FIXED_ONE))).toBe(
      '2302585092994045684017991454684364207601101488628772976033327',
    );
    expect(digits(expOfMinus(1n, 1n))).toBe('367879441171442321595523770161460867445811131031767834507836');
  });

  it('are 0 far out and 1 at 0', () => {
    expect(expOfMinus(0n, 5n)).toBe(FIXED_ONE);
    expect(expOfMinus(2n ** 256n, 1n)).toBe(0n);
  });
});

describe('the logarithmic scoring rule', () => {
  it('needs b ln n, rounded up', () => {
    expect(subsidyOf(100n, 2)).toBe(70n);
    expect(subsidyOf(1n, 256)).toBe(6n);
    expect(subsidyOf(10n ** 30n, 3)).toBe(1098612288668109691395245236923n);
  });

  it('charges what the textbook cost function says, rounded up for the maker', () => {
    // b ln((e^(10/100) + 1) / 2) * = 5.1249...; selling again pays 5.
    const before = [70n, 70n];
    const charge = chargeFor(100n, { before, after: [60n, 70n] });
    expect(charge).toBe(6n);
    const held = [60n + charge, 70n + charge];
    expect(chargeFor(100n, { before: held, after: [held[0]! + 10n, held[1]!] })).toBe(-5n);
    for (const [b, q, n] of [
      [1e6, 123_456, 3],
      [5e7, 1, 2],
      [1e9, 7e8, 16],
    ] as const) {
      const exact = b * Math.log((Math.exp(q / b) + n - 1) / n);
      const even = Array.from({ length: n }, () => 10n ** 12n);
      const after = even.map((held, index) => (index === 0 ? held - BigInt(q) : held));
      const found = Number(chargeFor(BigInt(b), { before: even, after }));
      expect(found - exact).toBeGreaterThan(-1e-3);
      expect(found - exact).toBeLessThan(1.001);
    }
  });

  it('is exact to the unit at 2^200, where doubles are not', () => {
    const b = 2n ** 200n;
    const even = [2n ** 201n, 2n ** 201n];
    // Buying b of one of two: b ln((e + 1) / 2), whose digits are known from lnOf of a fixed number made otherwise.
    const e = (FIXED_ONE * FIXED_ONE) / expOfMinus(1n, 1n);
    const exact = (b * lnOf((e + FIXED_ONE) / 2n)) >> 384n;
    expect(chargeFor(b, { before: even, after: [even[0]! - b, even[1]!] })).toBe(exact + 1n);
  });

  it('has prices that sum to exactly 1, for any number of outcomes and any imbalance', () => {
    for (const holdings of [
      [0n, 0n],
      [0n, 1n, 2n],
      [0n, 10n ** 9n],
      Array.from({ length: 256 }, (_, i) => BigInt(i * i)),
    ]) {
      for (const b of [1n, 100n, 10n ** 18n]) {
        const prices = pricesOf(b, holdings);
        expect(prices.reduce((x, y) => x + y)).toBe(PROBABILITY_ONE);
        expect(prices.every((price) => price >= 0n)).toBe(true);
        // The less the maker has left of an outcome, the dearer it is.
        expect([...prices].sort((x, y) => (x < y ? 1 : -1))).toEqual(prices);
      }
    }
    expect(pricesOf(7n, [3n, 3n])).toEqual([PROBABILITY_ONE / 2n, PROBABILITY_ONE / 2n]);
    expect(pricesOf(7n, [3n, 3n, 3n])).toEqual([
      333333333333333334n,
      333333333333333333n,
      333333333333333333n,
    ]);
  });
});
