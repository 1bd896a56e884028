import { describe, expect, test } from 'vitest';
import { WorldError } from '../../model/world-error.js';
import { moneyOf } from './commands/ledger-commands.js';
import {
  objectOf,
  parseChild,
  parseDuration,
  parseOutcome,
  parsePair,
  parseSize,
  parseTrit,
  parseWhole,
  repeated,
} from './parse-options.js';

function refused(work: () => unknown): string {
  try {
    work();
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(WorldError);
    expect((thrown as WorldError).code).toBe('BAD_INPUT');
    return (thrown as WorldError).message;
  }
  throw new Error('it was taken');
}

describe('option values', () => {
  test.each([
    ['500ms', 500],
    ['30s', 30_000],
    ['1.5s', 1500],
    ['2m', 120_000],
    ['1h', 3_600_000],
    ['250', 250],
  ])('%s is %d ms', (text, ms) => expect(parseDuration(text)).toBe(ms));

  test.each([
    ['64', 64],
    ['64B', 64],
    ['64KiB', 65_536],
    ['256MiB', 268_435_456],
    ['256M', 268_435_456],
    ['1gib', 1_073_741_824],
    ['0.5K', 512],
  ])('%s is %d bytes', (text, bytes) => expect(parseSize(text)).toBe(bytes));

  test.each([
    ['-1', -1],
    ['-', -1],
    ['0', 0],
    ['1', 1],
    ['+1', 1],
    ['+', 1],
  ])('trit %s is %d', (text, trit) => expect(parseTrit(text)).toBe(trit));

  test('outcomes have up to four parts, of which only the name must be', () => {
    expect(parseOutcome('nash')).toEqual({ name: 'nash' });
    expect(parseOutcome('nash:-1:0.45')).toEqual({ name: 'nash', trit: -1, probability: '0.45' });
    expect(parseOutcome('up::0.6')).toEqual({ name: 'up', probability: '0.6' });
    expect(parseOutcome('up:+1::optimal')).toEqual({ name: 'up', trit: 1, role: 'optimal' });
  });

  test('children have a name and perhaps a trit', () => {
    expect(parseChild('a')).toEqual({ name: 'a' });
    expect(parseChild('a=+1')).toEqual({ name: 'a', trit: 1 });
  });

  test('a pair is split at its first equals sign', () => {
    expect(parsePair('x')('key=a=b')).toEqual(['key', 'a=b']);
    expect(parsePair('x')('key=')).toEqual(['key', '']);
  });

  test('repeated options add up', () => {
    const collect = repeated(parseWhole('--n'));
    expect(collect('2', collect('1', undefined))).toEqual([1, 2]);
  });

  test.each([
    () => parseDuration('soon'),
    () => parseDuration('-5s'),
    () => parseDuration('5 s'),
    () => parseSize('big'),
    () => parseSize('1TiB'),
    () => parseTrit('2'),
    () => parseTrit(''),
    () => parseOutcome(':1'),
    () => parseOutcome('a:1:0.5:nash:more'),
    () => parseOutcome('a:1:0.5:winner'),
    () => parseChild('a=up'),
    () => parsePair('metadata')('novalue'),
    () => parsePair('metadata')('=x'),
    () => parseWhole('--count')('3.5'),
    () => parseWhole('--count')('-3'),
    () => parseWhole('--count')('9'.repeat(16)),
    () =>
      objectOf('token', [
        ['USD', '1'],
        ['USD', '2'],
      ]),
  ])('%s is refused with what was expected', (work) => {
    expect(refused(work)).toMatch(/Expected|given twice/);
  });

  test('what was written is shown, but not at any length', () => {
    expect(refused(() => parseTrit('x'.repeat(1000))).length).toBeLessThan(150);
  });
});

describe('a deposit', () => {
  test('names token and amount, and perhaps a world', () => {
    const usd = { token: 'USD', amount: '5' };
    expect(moneyOf(['USD=5'])).toEqual(usd);
    expect(moneyOf(['USD', '5'])).toEqual(usd);
    expect(moneyOf(['market', 'USD=5'])).toEqual({ ...usd, world: 'market' });
    expect(moneyOf(['market', 'USD', '5'])).toEqual({ ...usd, world: 'market' });
  });

  test.each([[['USD']], [['a', 'b', 'USD=5']], [['a', 'b', 'USD', '5']]])('%j is refused', (args) => {
    expect(refused(() => moneyOf(args))).toMatch(/TOKEN=AMOUNT/);
  });
});
