import type { Evidence } from '../model/answer-api.js';
import { Rational } from '../model/rational.js';
import { WorldError } from '../model/world-error.js';
import type { OutcomeReport } from './condition.js';
import type { OracleSource } from './ledger-op.js';

/**
 * What an oracle looks at. `outcomeIndex` is an answer that was found outside of the ledger: by hand, by a command or by a
 * Python function; `evidence` is what these saw.
 */
export interface OracleQuestion {
  readonly source: OracleSource;
  readonly outcomes: readonly string[];
  readonly reports: readonly OutcomeReport[];
  readonly outcomeIndex?: number | undefined;
  readonly evidence?: Evidence | undefined;
}

/** The outcome an oracle found, with what it saw: evidence is JSON and goes into the resolution. */
export interface OracleAnswer {
  readonly outcomeIndex: number;
  readonly evidence: Evidence;
}

/**
 * Picks the winning outcome. `manual`, `command` and `python` take the one given; `least-cost` and `most-value` compare what every
 * outcome's world reported, exactly, and a tie goes to the lowest index. Of several reports for one
 * outcome the last counts.
 *
 * @throws REPORT_MISSING naming the outcomes without the figure, BAD_INPUT for an outcome that does not exist, for
 * a source that takes one without it and for the others with one.
 */
export function askOracle(question: OracleQuestion): OracleAnswer {
  const reports = new Map(question.reports.map((report) => [report.outcomeIndex, report]));
  for (const index of reports.keys()) requireIndex(question, index);
  switch (question.source) {
    case 'manual':
    case 'command':
    case 'python':
      return answer(question, reports, givenOutcome(question));
    case 'least-cost':
      return answer(question, reports, best(question, figuresOf(question, reports, 'cost'), -1));
    case 'most-value':
      return answer(question, reports, best(question, figuresOf(question, reports, 'value'), 1));
  }
}

type Reports = ReadonlyMap<number, OutcomeReport>;

function givenOutcome(question: OracleQuestion): number {
  if (question.outcomeIndex === undefined) {
    throw new WorldError(
      'BAD_INPUT',
      `the oracle ${question.source} needs an outcome: one of ${question.outcomes.join(', ')}`,
    );
  }
  requireIndex(question, question.outcomeIndex);
  return question.outcomeIndex;
}

function figuresOf(question: OracleQuestion, reports: Reports, figure: 'cost' | 'value'): Rational[] {
  const missing = question.outcomes.filter((_, index) => reports.get(index)?.[figure] === undefined);
  if (missing.length > 0) {
    throw new WorldError(
      'REPORT_MISSING',
      `no ${figure} was reported for ${missing.join(', ')}: report it, or resolve by hand`,
      { details: { figure, missing } },
    );
  }
  return question.outcomes.flatMap((_, index) => reports.get(index)?.[figure] ?? []);
}

/** Index of the first figure that no other beats; `sign` is 1 for the greatest, -1 for the least. */
function best(question: OracleQuestion, figures: readonly Rational[], sign: 1 | -1): number {
  if (question.outcomeIndex !== undefined) {
    throw new WorldError(
      'BAD_INPUT',
      `the oracle ${question.source} finds the outcome itself: do not give one`,
    );
  }
  let winner = 0;
  for (const [index, figure] of figures.entries()) {
    if (Rational.cmp(figure, figures[winner] ?? figure) === sign) winner = index;
  }
  return winner;
}

function answer(question: OracleQuestion, reports: Reports, outcomeIndex: number): OracleAnswer {
  return {
    outcomeIndex,
    evidence: {
      ...question.evidence,
      source: question.source,
      outcomeIndex,
      outcome: question.outcomes[outcomeIndex] ?? '',
      reports: question.outcomes.map((name, index) => ({
        outcome: name,
        cost: toTextOrNull(reports.get(index)?.cost),
        value: toTextOrNull(reports.get(index)?.value),
      })),
    },
  };
}

function toTextOrNull(figure: Rational | undefined): string | null {
  return figure === undefined ? null : Rational.toText(figure);
}

function requireIndex(question: OracleQuestion, index: number): void {
  if (Number.isInteger(index) && index >= 0 && index < question.outcomes.length) return;
  throw new WorldError(
    'BAD_INPUT',
    `there is no outcome ${index}: the outcomes are ${question.outcomes.join(', ')}`,
    {
      details: { outcome: index },
    },
  );
}
