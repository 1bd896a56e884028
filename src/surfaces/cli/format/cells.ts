import { Rational } from '../../../model/rational.js';
import type { Trit } from '../../../model/trit.js';
import { tritRole } from '../../../model/trit-roles.js';

/** How single values look in tables. */

/** What stands where there is no value. */
export const NOTHING = '-';

/** A number with the digits that matter: three significant ones below 100, else none after the point. */
export function numberText(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  if (value === 0) return '0';
  if (size >= 100) return value.toFixed(0);
  if (size >= 10) return value.toFixed(1);
  if (size >= 1) return value.toFixed(2);
  return size < 0.001 ? value.toExponential(1) : value.toPrecision(3);
}

/** Enough of a state's root to compare two by eye. */
const ROOT_SHOWN = 16;

/** The start of a state's root; `-` where it is not known. */
export function rootText(root: string | null): string {
  return root?.slice(0, ROOT_SHOWN) ?? NOTHING;
}

/** Milliseconds with their unit. */
export function msText(ms: number): string {
  return `${numberText(ms)} ms`;
}

const TRIT_SYMBOLS = { '-1': '⊖', '0': '⊙', '1': '⊕' } as const;

export function tritSymbol(trit: Trit): string {
  return TRIT_SYMBOLS[`${trit}`];
}

/** `⊕ +1 generator`. */
export function tritText(trit: Trit): string {
  const sign = trit > 0 ? `+${trit}` : String(trit);
  return `${tritSymbol(trit)} ${sign} ${tritRole(trit).role}`;
}

const DECIMALS = 6;

/** An exact number and, unless it is whole, its decimal value: `1/3 (0.333333)`. */
export function exactText(text: string): string {
  const value = Rational.parse(text);
  if (value.den === 1n) return text;
  const rounded = Number(Rational.toNumber(value).toFixed(DECIMALS));
  return `${text} (${Rational.equals(Rational.parse(String(rounded)), value) ? '' : '~'}${rounded})`;
}

/** An exact number, or why there is none. */
export function exactOrReason(text: string | null, reason: string | null): string {
  if (text !== null) return exactText(text);
  return reason === null ? 'null' : `null: ${reason}`;
}

/**
 * The first line of a text, cut to `length` characters. Guests write such texts, so control characters, with which
 * they could repaint the terminal, become question marks.
 */
export function shortText(text: string, length = 60): string {
  const [first = '', ...rest] = text
    .trim()
    .split('\n')
    .map((line) => line.replace(/\p{Cc}/gu, '?'));
  if (first.length > length) return `${first.slice(0, length - 1)}…`;
  return rest.length > 0 ? `${first} …` : first;
}

/** `2026-08-02 10:11:12` of an ISO time or a database timestamp. */
export function timeText(iso: string): string {
  return iso.slice(0, 19).replace('T', ' ');
}

/** Any value of a row, on one line. Columns in milliseconds and megabytes get sensible digits. */
export function cellText(column: string, value: unknown): string {
  if (value === null || value === undefined) return NOTHING;
  if (typeof value === 'number') return /_(ms|mb)$/.test(column) ? numberText(value) : String(value);
  if (typeof value === 'string') return /_at$/.test(column) ? timeText(value) : shortText(value);
  if (Array.isArray(value)) return value.map((one) => cellText('', one)).join(', ');
  return typeof value === 'object' ? shortText(JSON.stringify(value)) : String(value);
}
