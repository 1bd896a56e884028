import { describe, expect, it } from 'vitest';

import {
  equalProbabilities,
  PROBABILITY_ONE,
  Probability,
  parseProbability,
  probabilityToFraction,
  probabilityToText,
  requireSumToOne,
} from './probability.js';
import { Rational } from './rational.js';

describe('probability', () => {
  it('reads decimals into units of 1e-18 and writes them back', () => {
    expect(parseProbability('0.45')).toBe(450_000_000_000_000_000n);
    expect(parseProbability('.2')).toBe(200_000_000_000_000_000n);
    expect(parseProbability('1')).toBe(PROBABILITY_ONE);
    expect(parseProbability('1.000')).toBe(PROBABILITY_ONE);
    expect(parseProbability('0')).toBe(0n);
    expect(parseProbability('0.000000000000000001')).toBe(1n);
    expect(parseProbability('0.4500000000000000000000')).toBe(450_000_000_000_000_000n);
    for (const text of ['0', '1', '0.45', '0.000000000000000001']) {
      expect(probabilityToText(parseProbability(text))).toBe(text);
    }
    expect(Rational.toText(probabilityToFraction(parseProbability('0.45')))).toBe('9/20');
    expect(Probability.parse('0.5')).toBe(PROBABILITY_ONE / 2n);
  });

  it('refuses other texts, values above 1 and more than 18 places', () => {
    for (const text of [
      '',
      '.',
      '-0.1',
      '1.1',
      '2',
      '1e-1',
      '1/2',
      'x',
      '0.0000000000000000001',
      '1.000000000000000001',
    ]) {
      expect(() => parseProbability(text), text).toThrow(expect.objectContaining({ code: 'BAD_NUMBER' }));
      expect(Probability.safeParse(text).success).toBe(false);
    }
  });

  it('accepts only probabilities that sum to exactly 1 and names the sum', () => {
    expect(() => requireSumToOne(['0.45', '0.35', '0.20'].map(parseProbability))).not.toThrow();
    expect(() => requireSumToOne(['0.45', '0.35', '0.1'].map(parseProbability))).toThrow(
      expect.objectContaining({
        code: 'PROBABILITIES_UNBALANCED',
        message: expect.stringContaining('sum to 0.9'),
        details: { probabilities: ['0.45', '0.35', '0.1'], sum: '0.9' },
      }),
    );
    expect(() => requireSumToOne([PROBABILITY_ONE - 1n])).toThrow(/sum to 0\.999999999999999999/);
    expect(() => requireSumToOne([PROBABILITY_ONE + 5n, -5n])).toThrow(/>= 0/);
    expect(() => requireSumToOne([])).toThrow(/sum to 0/);
  });

  it('shares equally and gives the remainder to the first', () => {
    expect(equalProbabilities(3)).toEqual([
      333_333_333_333_333_334n,
      333_333_333_333_333_333n,
      333_333_333_333_333_333n,
    ]);
    for (let n = 1; n <= 256; n += 1) expect(() => requireSumToOne(equalProbabilities(n))).not.toThrow();
    expect(() => equalProbabilities(0)).toThrow(expect.objectContaining({ code: 'BAD_INPUT' }));
  });
});
