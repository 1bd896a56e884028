import { describe, expect, it } from 'vitest';

import { Rational } from '../model/rational.js';
import type { OutcomeReport } from './condition.js';
import { askOracle } from './oracle.js';

const outcomes = ['nash', 'optimal', 'chaos'];

function costs(...figures: (string | null)[]): OutcomeReport[] {
  return figures.flatMap((text, outcomeIndex) =>
    text === null ? [] : [{ outcomeIndex, cost: Rational.parse(text) }],
  );
}

describe('oracle', () => {
  it('finds the least cost and the greatest value exactly', () => {
    const answer = askOracle({ source: 'least-cost', outcomes, reports: costs('2', '3/2', '14/9') });
    expect(answer.outcomeIndex).toBe(1);
    expect(answer.evidence).toEqual({
      source: 'least-cost',
      outcomeIndex: 1,
      outcome: 'optimal',
      reports: [
        { outcome: 'nash', cost: '2', value: null },
        { outcome: 'optimal', cost: '3/2', value: null },
        { outcome: 'chaos', cost: '14/9', value: null },
      ],
    });
    // Doubles cannot tell these apart.
    const close = ['1/3', '0.33333333333333333333', '0.333333333333333333333'];
    const reports = close.map((text, outcomeIndex) => ({ outcomeIndex, value: Rational.parse(text) }));
    expect(askOracle({ source: 'most-value', outcomes, reports }).outcomeIndex).toBe(0);
    expect(askOracle({ source: 'least-cost', outcomes, reports: costs(...close) }).outcomeIndex).toBe(1);
  });

  it('gives ties to the lowest index', () => {
    expect(askOracle({ source: 'least-cost', outcomes, reports: costs('2', '1', '2/2') }).outcomeIndex).toBe(
      1,
    );
    const equal = outcomes.map((_, outcomeIndex) => ({ outcomeIndex, value: Rational.ONE }));
    expect(askOracle({ source: 'most-value', outcomes, reports: equal }).outcomeIndex).toBe(0);
  });

  it('counts the last report for an outcome', () => {
    const reports = [...costs('1', '2', '3'), { outcomeIndex: 0, cost: Rational.parse('9') }];
    expect(askOracle({ source: 'least-cost', outcomes, reports }).outcomeIndex).toBe(1);
  });

  it('names the outcomes without a report', () => {
    expect(() => askOracle({ source: 'least-cost', outcomes, reports: costs(null, '1', null) })).toThrow(
      expect.objectContaining({
        code: 'REPORT_MISSING',
        message: expect.stringContaining('nash, chaos'),
        details: { figure: 'cost', missing: ['nash', 'chaos'] },
      }),
    );
    // A cost is not a value.
    expect(() => askOracle({ source: 'most-value', outcomes, reports: costs('1', '1', '1') })).toThrow(
      expect.objectContaining({ code: 'REPORT_MISSING' }),
    );
  });

  it('takes the answer by hand only from a manual oracle, and stores what was reported', () => {
    const answer = askOracle({
      source: 'manual',
      outcomes,
      reports: costs('2', null, null),
      outcomeIndex: 2,
    });
    expect(answer.outcomeIndex).toBe(2);
    expect(answer.evidence).toMatchObject({ source: 'manual', outcome: 'chaos' });
    const badInput = expect.objectContaining({ code: 'BAD_INPUT' });
    expect(() => askOracle({ source: 'manual', outcomes, reports: [] })).toThrow(badInput);
    expect(() => askOracle({ source: 'manual', outcomes, reports: [], outcomeIndex: 3 })).toThrow(badInput);
    const reports = costs('1', '2', '3');
    expect(() => askOracle({ source: 'least-cost', outcomes, reports, outcomeIndex: 0 })).toThrow(badInput);
    const stray = [{ outcomeIndex: 7, cost: Rational.ONE }];
    expect(() => askOracle({ source: 'manual', outcomes, reports: stray, outcomeIndex: 0 })).toThrow(
      badInput,
    );
  });
});
