import { WorldError } from './world-error.js';

/** An exact fraction in lowest terms; `den` is positive. Values are frozen. */
export interface Rational {
  readonly num: bigint;
  readonly den: bigint;
}

/** Numerators and denominators of more decimal digits than this are refused. */
export const RATIONAL_DIGITS_MAX = 10_000;

const LIMIT = 10n ** BigInt(RATIONAL_DIGITS_MAX);
const FRACTION = /^([+-]?\d+)\/(\d+)$/;
const DECIMAL = /^([+-]?)(\d+\.?\d*|\.\d+)(?:[eE]([+-]?\d+))?$/;

/**
 * The fraction num / den, normalised.
 *
 * @throws BAD_NUMBER when den is 0 or the result has more than 10,000 digits above or below the line.
 */
function of(num: bigint, den: bigint = 1n): Rational {
  if (den === 0n) throw new WorldError('BAD_NUMBER', `${shorten(num.toString())}/0 is not a number`);
  const sign = den < 0n ? -1n : 1n;
  const common = gcd(magnitude(num), magnitude(den));
  const top = (sign * num) / common;
  const bottom = (sign * den) / common;
  if (magnitude(top) >= LIMIT || bottom >= LIMIT) {
    throw new WorldError('BAD_NUMBER', `a number may have at most ${RATIONAL_DIGITS_MAX} digits`);
  }
  return Object.freeze({ num: top, den: bottom });
}

/**
 * Reads an integer ("12"), a decimal ("-0.5", "1.25e-3") or a fraction ("14/9"), exactly.
 *
 * @throws BAD_NUMBER for any other text, a zero denominator, or more than 10,000 digits.
 */
function parse(text: string): Rational {
  const trimmed = text.trim();
  if (trimmed.length > 2 * RATIONAL_DIGITS_MAX + 2) {
    throw new WorldError('BAD_NUMBER', `a number may have at most ${RATIONAL_DIGITS_MAX} digits`);
  }
  const fraction = FRACTION.exec(trimmed);
  if (fraction !== null) return of(BigInt(unsigned(fraction[1])), BigInt(fraction[2] ?? ''));
  const decimal = DECIMAL.exec(trimmed);
  if (decimal === null) {
    throw new WorldError('BAD_NUMBER', `"${shorten(text)}" is not a number: write 12, -0.5, 1.25e-3 or 14/9`);
  }
  const exponent = Number(decimal[3] ?? '0');
  const [whole = '', fractional = ''] = (decimal[2] ?? '').split('.');
  const scale = exponent - fractional.length;
  if (Math.abs(exponent) > RATIONAL_DIGITS_MAX || Math.abs(scale) > 2 * RATIONAL_DIGITS_MAX) {
    throw new WorldError('BAD_NUMBER', `the exponent of "${shorten(text)}" is beyond ${RATIONAL_DIGITS_MAX}`);
  }
  const digits = BigInt(`${whole}${fractional}`) * (decimal[1] === '-' ? -1n : 1n);
  return scale >= 0 ? of(digits * 10n ** BigInt(scale)) : of(digits, 10n ** BigInt(-scale));
}

/**
 * The exact value of a double: 0.1 gives 3602879701896397/36028797018963968, not 1/10.
 *
 * @throws BAD_NUMBER for NaN and the infinities.
 */
function fromNumberExactly(value: number): Rational {
  if (!Number.isFinite(value)) throw new WorldError('BAD_NUMBER', `${value} is not a finite number`);
  if (Number.isInteger(value)) return of(BigInt(value));
  const bits = new DataView(new ArrayBuffer(8));
  bits.setFloat64(0, value);
  const word = bits.getBigUint64(0);
  const biased = Number((word >> 52n) & 0x7ffn);
  const stored = word & 0xfffffffffffffn;
  const mantissa = biased === 0 ? stored : stored | (1n << 52n);
  // Not an integer, so the exponent of the last bit is negative.
  const shift = BigInt(1075 - Math.max(biased, 1));
  return of(value < 0 ? -mantissa : mantissa, 1n << shift);
}

function add(a: Rational, b: Rational): Rational {
  return of(a.num * b.den + b.num * a.den, a.den * b.den);
}

function sub(a: Rational, b: Rational): Rational {
  return of(a.num * b.den - b.num * a.den, a.den * b.den);
}

function mul(a: Rational, b: Rational): Rational {
  return of(a.num * b.num, a.den * b.den);
}

/** @throws BAD_NUMBER when b is 0. */
function div(a: Rational, b: Rational): Rational {
  return of(a.num * b.den, a.den * b.num);
}

/** -1, 0 or 1 as a is less than, equal to or greater than b. */
function cmp(a: Rational, b: Rational): -1 | 0 | 1 {
  const difference = a.num * b.den - b.num * a.den;
  if (difference === 0n) return 0;
  return difference < 0n ? -1 : 1;
}

function equals(a: Rational, b: Rational): boolean {
  return a.num === b.num && a.den === b.den;
}

/** Sum of any number of fractions; 0 for none. */
function sum(terms: Iterable<Rational>): Rational {
  let total = ZERO;
  for (const term of terms) total = add(total, term);
  return total;
}

/** The greatest integer not above `a`. */
function floor(a: Rational): bigint {
  const quotient = a.num / a.den;
  return a.num < 0n && quotient * a.den !== a.num ? quotient - 1n : quotient;
}

/** "4/3", or "2" when the denominator is 1; `parse` reads it back. */
function toText(a: Rational): string {
  return a.den === 1n ? a.num.toString() : `${a.num}/${a.den}`;
}

/** The nearest double, ties to even; an infinity when the magnitude is beyond the largest double. */
function toNumber(a: Rational): number {
  if (a.num === 0n) return 0;
  const top = magnitude(a.num);
  // The unit in the last place is 2^unit: 53 significant bits, but never below the smallest double.
  let unit = Math.max(bitLength(top) - bitLength(a.den) - 53, -1074);
  if (scaledQuotient(top, a.den, unit) >= 1n << 53n) unit += 1;
  const quotient = scaledQuotient(top, a.den, unit);
  const rest = scaledNumerator(top, unit) - quotient * scaledDenominator(a.den, unit);
  const twice = 2n * rest - scaledDenominator(a.den, unit);
  const up = twice > 0n || (twice === 0n && (quotient & 1n) === 1n);
  const absolute = Number(up ? quotient + 1n : quotient) * 2 ** unit;
  return a.num < 0n ? -absolute : absolute;
}

const ZERO: Rational = of(0n);
const ONE: Rational = of(1n);

/** Exact arithmetic on fractions. Every result is normalised, frozen and bounded in digits. */
export const Rational = {
  ZERO,
  ONE,
  of,
  parse,
  fromNumberExactly,
  add,
  sub,
  mul,
  div,
  cmp,
  equals,
  sum,
  floor,
  toText,
  toNumber,
} as const;

function scaledNumerator(top: bigint, unit: number): bigint {
  return unit < 0 ? top << BigInt(-unit) : top;
}

function scaledDenominator(den: bigint, unit: number): bigint {
  return unit > 0 ? den << BigInt(unit) : den;
}

function scaledQuotient(top: bigint, den: bigint, unit: number): bigint {
  return scaledNumerator(top, unit) / scaledDenominator(den, unit);
}

function bitLength(value: bigint): number {
  return value.toString(2).length;
}

function magnitude(value: bigint): bigint {
  return value < 0n ? -value : value;
}

function gcd(a: bigint, b: bigint): bigint {
  let x = a;
  let y = b;
  while (y !== 0n) [x, y] = [y, x % y];
  return x;
}

/** BigInt() takes "-5" but not "+5". */
function unsigned(text = ''): string {
  return text.startsWith('+') ? text.slice(1) : text;
}

function shorten(text: string): string {
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
