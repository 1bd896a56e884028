import type { PushDownInput } from '../../model/api.js';
import { ISOLATION_MODES, type IsolationMode, isIsolationMode } from '../../model/isolation-mode.js';
import { MIB } from '../../model/sizes.js';
import type { Trit } from '../../model/trit.js';
import { WorldError } from '../../model/world-error.js';

/**
 * Readers of option values. They only find the parts; ranges and names are checked by the action's own schema.
 * Each throws BAD_INPUT saying what was expected.
 */

type Outcome = NonNullable<PushDownInput['outcomes']>[number];
type Child = { name: string; trit?: Trit };

/** A whole number, for the option named. */
export function parseWhole(what: string): (text: string) => number {
  return (text) => {
    if (/^\d{1,15}$/.test(text)) return Number(text);
    throw expected(what, 'a whole number', text);
  };
}

/** A whole number from 1. */
export function parseCount(what: string): (text: string) => number {
  return (text) => {
    if (/^[1-9]\d{0,14}$/.test(text)) return Number(text);
    throw expected(what, 'a whole number from 1', text);
  };
}

const DURATION = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/;
const DURATION_UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** Milliseconds: `500ms`, `30s`, `2m`, `1h`; without a unit, milliseconds. */
export function parseDuration(text: string): number {
  const [, number, unit = 'ms'] = DURATION.exec(text) ?? [];
  if (number === undefined) throw expected('a time', 'such as 500ms, 30s or 2m', text);
  return Math.round(Number(number) * (DURATION_UNITS_MS[unit] ?? 1));
}

const SIZE = /^(\d+(?:\.\d+)?)(B|KiB|MiB|GiB|K|M|G)?$/i;

/** Bytes: `256MiB`, `64KiB`, `1GiB`; `K`, `M`, `G` mean the same; without a unit, bytes. */
export function parseSize(text: string): number {
  const [, number, unit = 'b'] = SIZE.exec(text) ?? [];
  if (number === undefined) throw expected('a size', 'such as 64KiB or 256MiB', text);
  const letter = unit.charAt(0).toLowerCase();
  const unitBytes = { b: 1, k: 1024, m: MIB, g: 1024 * MIB }[letter] ?? 1;
  return Math.round(Number(number) * unitBytes);
}

/** @throws BAD_INPUT */
export function parseIsolation(text: string): IsolationMode {
  if (isIsolationMode(text)) return text;
  throw expected('an isolation', ISOLATION_MODES.join(', '), text);
}

/** `-1`, `0`, `+1` or `1`. */
export function parseTrit(text: string): Trit {
  switch (text.trim()) {
    case '-1':
    case '-':
      return -1;
    case '0':
      return 0;
    case '1':
    case '+1':
    case '+':
      return 1;
    default:
      throw expected('a trit', '-1, 0 or +1', text);
  }
}

/** `name`, `name=trit`. */
export function parseChild(text: string): Child {
  const [name, trit] = splitOnce(text, '=');
  return trit === undefined ? { name } : { name, trit: parseTrit(trit) };
}

/** `name[:trit[:probability[:role]]]`; a part left empty takes its default. */
export function parseOutcome(text: string): Outcome {
  const [name = '', trit, probability, role, ...more] = text.split(':');
  if (name === '' || more.length > 0) {
    throw expected('an outcome', 'name:trit:probability[:role], for instance nash:-1:0.45', text);
  }
  return {
    name,
    ...(trit ? { trit: parseTrit(trit) } : {}),
    ...(probability ? { probability } : {}),
    ...(role ? { role: parseRole(role) } : {}),
  };
}

/** `name[:probability]`. */
export function parseWeighted(text: string): { name: string; probability?: string } {
  const [name, probability] = splitOnce(text, ':');
  if (name === '') throw expected('an outcome', 'name or name:probability, for instance rain:0.3', text);
  return probability === undefined ? { name } : { name, probability };
}

function parseRole(text: string): 'nash' | 'optimal' {
  if (text === 'nash' || text === 'optimal') return text;
  throw expected("an outcome's role", 'nash or optimal', text);
}

/** `key=value`; the value may contain further `=`. */
export function parsePair(what: string): (text: string) => [string, string] {
  return (text) => {
    const [key, value] = splitOnce(text, '=');
    if (key === '' || value === undefined) throw expected(what, 'KEY=VALUE', text);
    return [key, value];
  };
}

/** `key` or `key=value`. */
export function parseTag(text: string): { key: string; value?: string } {
  const [key, value] = splitOnce(text, '=');
  if (key === '') throw expected('a tag', 'KEY or KEY=VALUE', text);
  return value === undefined ? { key } : { key, value };
}

/** Collects a repeated option into a list. */
export function repeated<T>(
  read: (text: string) => T,
): (text: string, before: readonly T[] | undefined) => T[] {
  return (text, before) => [...(before ?? []), read(text)];
}

/** Pairs as an object. @throws BAD_INPUT when a key comes twice. */
export function objectOf<T>(what: string, pairs: readonly (readonly [string, T])[]): Record<string, T> {
  const keys = pairs.map(([key]) => key);
  const twice = keys.find((key, index) => keys.indexOf(key) !== index);
  if (twice !== undefined) {
    throw new WorldError('BAD_INPUT', `${what} ${JSON.stringify(twice)} is given twice.`);
  }
  return Object.fromEntries(pairs);
}

function splitOnce(text: string, separator: string): [string, string | undefined] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + separator.length)];
}

function expected(what: string, form: string, text: string): WorldError {
  const shown = JSON.stringify(text.length > 80 ? `${text.slice(0, 77)}...` : text);
  return new WorldError('BAD_INPUT', `Expected ${what}: ${form}. Got ${shown}.`);
}
