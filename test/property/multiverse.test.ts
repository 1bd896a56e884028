import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { ConditionId, type VerseId } from '../../src/model/ids.js';
import type { ErrorCode } from '../../src/model/world-error.js';
import { Ledger, type LedgerOp, type LedgerOpKind, ROOT_VERSE_ID } from '../../src/multiverse/index.js';
import { emptyTally, playAndCheck, randomLives, type Tally } from './multiverse-check.js';

const SEED = Number(process.env['PROPERTY_SEED'] ?? '20250501');
const RUNS = Number(process.env['PROPERTY_RUNS'] ?? '20000');

/** The least that a default run must really do; a longer run does more. */
const APPLIED_MIN = 100_000;
const EACH_KIND_MIN: Record<LedgerOpKind, number> = {
  deposit: 40_000,
  withdraw: 1500,
  transfer: 5000,
  split: 9000,
  merge: 3000,
  defineVerse: 5000,
  openCondition: 15_000,
  report: 700,
  propose: 400,
  dispute: 100,
  resolve: 1000,
  void: 300,
  redeem: 300,
  borrow: 1500,
  repay: 200,
  foreclose: 50,
  openMarket: 500,
};
const CODES_HIT: readonly ErrorCode[] = [
  'ALREADY_RESOLVED',
  'BAD_AMOUNT',
  'BAD_INPUT',
  'BAD_NUMBER',
  'BALANCE_ENCUMBERED',
  'BALANCE_OVERFLOW',
  'CONDITION_NOT_FOUND',
  'CONTRADICTION',
  'DISPUTE_WINDOW_OPEN',
  'DISPUTE_WINDOW_OVER',
  'FORBIDDEN',
  'IDEMPOTENCY_KEY_REUSED',
  'INSUFFICIENT_BALANCE',
  'LOAN_NOT_FOUND',
  'NAME_TAKEN',
  'NOT_EXHAUSTIVE',
  'NO_PROPOSAL',
  'OVERLAP',
  'PROBABILITIES_UNBALANCED',
  'PROPOSAL_STANDS',
  'TOKEN_UNSPLITTABLE',
  'TRIVIAL_PARTITION',
  'VERSE_COLLAPSED',
  'VERSE_NOT_FOUND',
];

describe(`the multiverse ledger (PROPERTY_SEED=${SEED} PROPERTY_RUNS=${RUNS})`, () => {
  it('agrees with a model that lists every atom, and keeps its laws', () => {
    const tally = emptyTally();
    fc.assert(
      fc.property(randomLives(), (commands) => playAndCheck(commands, new Ledger(), tally)),
      { seed: SEED, numRuns: RUNS },
    );
    process.stdout.write(`${describeTally(tally)}\n`);
    if (RUNS >= 20_000) expectEnough(tally);
  });

  it('merging what was just split is the identity, for any partition along two conditions', () => {
    fc.assert(
      fc.property(partitions, ({ counts, amount, coarse }) => {
        const { ledger, corners, firsts, box } = grid(counts);
        const before = ledger.digest();
        const children = coarse ? firsts : corners;
        ledger.apply(box('split', amount, ROOT_VERSE_ID, children));
        ledger.apply(box('merge', amount, ROOT_VERSE_ID, [...children].reverse()));
        expect(ledger.digest()).toBe(before);
      }),
      { seed: SEED, numRuns: 100 },
    );
  });

  it('splitting by one condition and then by another gives the same as the other way round', () => {
    fc.assert(
      fc.property(partitions, ({ counts, amount }) => {
        const [one, other] = [grid(counts), grid(counts)];
        const cornersOf = (index: number, along: 0 | 1) =>
          one.corners.filter((_, corner) =>
            along === 0 ? Math.floor(corner / counts[1]) === index : corner % counts[1] === index,
          );
        one.ledger.apply(one.box('split', amount, ROOT_VERSE_ID, one.firsts));
        for (const [index, verse] of one.firsts.entries()) {
          one.ledger.apply(one.box('split', amount, verse, cornersOf(index, 0)));
        }
        other.ledger.apply(other.box('split', amount, ROOT_VERSE_ID, other.seconds));
        for (const [index, verse] of other.seconds.entries()) {
          other.ledger.apply(other.box('split', amount, verse, cornersOf(index, 1)));
        }
        expect(one.ledger.balances()).toHaveLength(one.corners.length + (amount < 1000 ? 1 : 0));
        expect(one.ledger.digest()).toBe(other.ledger.digest());
      }),
      { seed: SEED, numRuns: 100 },
    );
  });
});

const partitions = fc.record({
  counts: fc.tuple(fc.integer({ min: 2, max: 6 }), fc.integer({ min: 2, max: 6 })),
  amount: fc.integer({ min: 1, max: 1000 }),
  coarse: fc.boolean(),
});

/** alice has 1000 in the root verse, where two conditions are open; all their joint outcomes are defined. */
function grid(counts: readonly [number, number]) {
  const ledger = new Ledger();
  const alice = { by: 'alice', owner: 'alice', token: 'usd' };
  ledger.apply({ kind: 'deposit', ...alice, verse: ROOT_VERSE_ID, amount: '1000' });
  const ids = counts.map((count, index) => {
    const condition = ConditionId.parse(`cnd_${`${index}`.repeat(26)}`);
    const outcomes = Array.from({ length: count }, (_, outcome) => `o${outcome}`);
    const probabilities = outcomes.map((_, outcome) => (outcome === 0 ? '1' : '0'));
    ledger.apply({
      kind: 'openCondition',
      by: 'alice',
      condition,
      verse: ROOT_VERSE_ID,
      outcomes,
      probabilities,
    });
    return condition;
  }) as [ConditionId, ConditionId];
  const corners = Array.from({ length: counts[0] * counts[1] }, (_, corner) => {
    const constraints = [
      { condition: ids[0], outcomes: [Math.floor(corner / counts[1])] },
      { condition: ids[1], outcomes: [corner % counts[1]] },
    ];
    ledger.apply({ kind: 'defineVerse', by: 'alice', constraints });
    return ledger.verseIdOf(constraints);
  });
  const box = (kind: 'split' | 'merge', amount: number, verse: VerseId, children: VerseId[]): LedgerOp => ({
    kind,
    ...alice,
    verse,
    children,
    amount: `${amount}`,
  });
  return { ledger, corners, box, firsts: ledger.childVerses(ids[0]), seconds: ledger.childVerses(ids[1]) };
}

function expectEnough(tally: Tally): void {
  const total = [...tally.applied.values()].reduce((a, b) => a + b, 0);
  expect(total).toBeGreaterThanOrEqual(APPLIED_MIN);
  for (const [kind, least] of Object.entries(EACH_KIND_MIN)) {
    expect(tally.applied.get(kind) ?? 0, kind).toBeGreaterThanOrEqual(least);
  }
  for (const code of CODES_HIT) expect(tally.refused.get(code) ?? 0, code).toBeGreaterThan(0);
  expect(new Set(tally.refused.keys())).toEqual(new Set(CODES_HIT));
  expect(tally.noOps).toBeGreaterThan(100);
  expect(tally.batchesRefused).toBeGreaterThan(100);
}

function describeTally(tally: Tally): string {
  const list = (table: Map<string, number>) => [...table].map(([key, times]) => `${key} ${times}`).join(', ');
  const total = [...tally.applied.values()].reduce((a, b) => a + b, 0);
  return [
    `seed ${SEED}, ${RUNS} runs: ${total} operations applied: ${list(tally.applied)}`,
    `refused: ${list(tally.refused)}; no-ops ${tally.noOps}; batches refused ${tally.batchesRefused}`,
  ].join('\n');
}
