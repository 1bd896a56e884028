import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { RATIONAL_DIGITS_MAX, Rational } from './rational.js';

const text = (input: string) => Rational.toText(Rational.parse(input));
const badNumber = expect.objectContaining({ code: 'BAD_NUMBER' });

describe('rational', () => {
  it('reads integers, decimals, exponents and fractions exactly', () => {
    expect(text('12')).toBe('12');
    expect(text('+12')).toBe('12');
    expect(text('-0.5')).toBe('-1/2');
    expect(text('.25')).toBe('1/4');
    expect(text('3.')).toBe('3');
    expect(text('1.25e-3')).toBe('1/800');
    expect(text('1.5E+2')).toBe('150');
    expect(text('14/9')).toBe('14/9');
    expect(text('-28/18')).toBe('-14/9');
    expect(text('+6/3')).toBe('2');
    expect(text(' 64.6875 ')).toBe('1035/16');
    expect(text('-0')).toBe('0');
  });

  it('refuses what is not a number', () => {
    for (const bad of ['', '.', 'x', '1/0', '1/-2', '1.5/2', '0x10', '1e', 'NaN', 'Infinity', '1 2', '--1']) {
      expect(() => Rational.parse(bad), bad).toThrow(badNumber);
    }
    expect(() => Rational.fromNumberExactly(Number.NaN)).toThrow(badNumber);
    expect(() => Rational.fromNumberExactly(Number.POSITIVE_INFINITY)).toThrow(badNumber);
    expect(() => Rational.div(Rational.ONE, Rational.ZERO)).toThrow(badNumber);
  });

  it('bounds the digits of what it reads and of what it computes', () => {
    expect(() => Rational.parse('9'.repeat(RATIONAL_DIGITS_MAX))).not.toThrow();
    for (const long of [
      '9'.repeat(RATIONAL_DIGITS_MAX + 1),
      '1'.repeat(50_000),
      `1e${RATIONAL_DIGITS_MAX}`,
      `1e-${RATIONAL_DIGITS_MAX}`,
      '1e999999999999',
      '1e-999999999999',
    ]) {
      expect(() => Rational.parse(long)).toThrow(badNumber);
    }
    const large = Rational.parse('1e9000');
    expect(() => Rational.mul(large, large)).toThrow(badNumber);
  });

  it('computes exactly', () => {
    const a = Rational.parse('1/3');
    const b = Rational.parse('-1/6');
    expect(Rational.toText(Rational.add(a, b))).toBe('1/6');
    expect(Rational.toText(Rational.sub(a, b))).toBe('1/2');
    expect(Rational.toText(Rational.mul(a, b))).toBe('-1/18');
    expect(Rational.toText(Rational.div(a, b))).toBe('-2');
    expect(Rational.cmp(a, b)).toBe(1);
    expect(Rational.cmp(b, a)).toBe(-1);
    expect(Rational.cmp(a, Rational.parse('2/6'))).toBe(0);
    expect(Rational.floor(Rational.parse('-1/2'))).toBe(-1n);
    expect(Rational.floor(Rational.parse('-2'))).toBe(-2n);
    expect(Rational.floor(Rational.parse('7/2'))).toBe(3n);
    expect(Object.isFrozen(a)).toBe(true);
  });

  it('takes a double at its exact value and gives the same double back', () => {
    expect(Rational.toText(Rational.fromNumberExactly(0.1))).toBe('3602879701896397/36028797018963968');
    expect(Rational.toText(Rational.fromNumberExactly(1.5))).toBe('3/2');
    const edges = [0, 5e-324, -5e-324, 2.2250738585072014e-308, Number.MAX_VALUE, -0.75, 1e300, 2 ** 53 - 1];
    for (const value of edges) expect(Rational.toNumber(Rational.fromNumberExactly(value))).toBe(value);
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        expect(Rational.toNumber(Rational.fromNumberExactly(value)) === value).toBe(true);
      }),
    );
  });

  it('rounds to the nearest double as the language itself reads decimals', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: -(10n ** 25n), max: 10n ** 25n }),
        fc.integer({ min: -345, max: 310 }),
        (n, e) => {
          const decimal = `${n}e${e}`;
          expect(Rational.toNumber(Rational.parse(decimal)) === Number(decimal)).toBe(true);
        },
      ),
    );
    expect(Rational.toNumber(Rational.parse('4/3'))).toBe(4 / 3);
    expect(Rational.toNumber(Rational.parse('1e400'))).toBe(Number.POSITIVE_INFINITY);
    expect(Rational.toNumber(Rational.parse('-1e-400'))).toBe(-0);
    // Half way between two doubles: to the even one.
    expect(Rational.toNumber(Rational.of((1n << 53n) + 1n))).toBe(2 ** 53);
    expect(Rational.toNumber(Rational.of((1n << 53n) + 3n))).toBe(2 ** 53 + 4);
  });

  it('obeys the laws of a field and reads its own text back', () => {
    const fraction = fc
      .tuple(fc.bigInt({ min: -1000n, max: 1000n }), fc.bigInt({ min: 1n, max: 1000n }))
      .map(([n, d]) => Rational.of(n, d));
    fc.assert(
      fc.property(fraction, fraction, fraction, (a, b, c) => {
        const left = Rational.mul(a, Rational.add(b, c));
        const right = Rational.add(Rational.mul(a, b), Rational.mul(a, c));
        expect(left).toEqual(right);
        expect(Rational.parse(Rational.toText(a))).toEqual(a);
        expect(Rational.sub(Rational.add(a, b), b)).toEqual(a);
        if (b.num !== 0n) expect(Rational.mul(Rational.div(a, b), b)).toEqual(a);
      }),
    );
  });
});
