import { describe, expect, test } from 'vitest';
import { type Random, seededRandom } from '../../test/simulation/random.js';
import { diffLines, type LineChange } from './line-diff.js';

const SEED = BigInt(process.env['PROPERTY_SEED'] ?? '20261123');
const RUNS = Number(process.env['PROPERTY_RUNS'] ?? '4000');
const PLENTY = 1e9;

/** Length of a longest common subsequence, by the table that needs a cell for each pair. */
function longestCommon(a: readonly number[], b: readonly number[]): number {
  let row = new Array<number>(b.length + 1).fill(0);
  for (const one of a) {
    const next = [0];
    b.forEach((other, i) => {
      next.push(one === other ? row[i]! + 1 : Math.max(row[i + 1]!, next[i]!));
    });
    row = next;
  }
  return row[b.length]!;
}

/** What is wrong with these changes; null when they make `b` of `a` in the fewest lines. */
function complaint(
  a: readonly number[],
  b: readonly number[],
  changes: readonly LineChange[],
): string | null {
  const made: number[] = [];
  let at = 0;
  let lines = 0;
  for (const [i, change] of changes.entries()) {
    const { beforeStart, beforeEnd, afterStart, afterEnd } = change;
    if (beforeStart < at || (i > 0 && beforeStart === at)) return `change ${i} touches the one before`;
    if (beforeEnd === beforeStart && afterEnd === afterStart) return `change ${i} changes nothing`;
    made.push(...a.slice(at, beforeStart));
    if (made.length !== afterStart) return `change ${i} is elsewhere in the second text`;
    made.push(...b.slice(afterStart, afterEnd));
    at = beforeEnd;
    lines += beforeEnd - beforeStart + afterEnd - afterStart;
  }
  made.push(...a.slice(at));
  if (made.join() !== b.join()) return 'it does not make the second text';
  const fewest = a.length + b.length - 2 * longestCommon(a, b);
  return lines === fewest ? null : `it takes ${lines} lines instead of ${fewest}`;
}

function randomTexts(random: Random): [number[], number[]] {
  const letters = random.pick([1, 2, 3, 8, 50]);
  const text = () =>
    Array.from({ length: random.below(random.pick([4, 12, 40])) }, () => random.below(letters));
  const a = text();
  if (random.onceIn(2)) return [a, text()];
  const b = [...a];
  for (let edits = random.below(6); edits > 0; edits--) {
    b.splice(random.below(b.length + 1), random.below(3), ...text().slice(0, random.below(3)));
  }
  return [a, b];
}

/** The first pair of random texts for which the checker complains. */
function firstComplaint(diff: typeof diffLines): string | null {
  for (let run = 0; run < RUNS; run++) {
    const [a, b] = randomTexts(seededRandom(SEED + BigInt(run)));
    const found = complaint(a, b, diff(a, b, { steps: PLENTY }));
    if (found !== null) return `${found}: [${a}] -> [${b}], PROPERTY_SEED=${SEED + BigInt(run)}`;
  }
  return null;
}

describe('comparing lines', () => {
  test('the changes make the second text, and fewer lines would not do', () => {
    expect(firstComplaint(diffLines)).toBeNull();
  });

  const faults: readonly [string, RegExp, (changes: LineChange[]) => LineChange[]][] = [
    ['a change is forgotten', /does not make|elsewhere/, (changes) => changes.slice(1)],
    [
      'changes next to each other are joined',
      /instead of/,
      ([first, second, ...rest]) =>
        first && second
          ? [{ ...first, beforeEnd: second.beforeEnd, afterEnd: second.afterEnd }, ...rest]
          : [first, second].filter((one) => one !== undefined),
    ],
    [
      'a change is off by a line',
      /does not make|elsewhere|touches/,
      (changes) => changes.map((change) => ({ ...change, beforeEnd: change.beforeEnd + 1 })),
    ],
  ];
  test.each(faults)('the checker notices when %s', (_, words, break_) => {
    expect(firstComplaint((a, b, budget) => break_(diffLines(a, b, budget)))).toMatch(words);
  });

  test('the checker notices when texts are replaced as a whole', () => {
    expect(firstComplaint((a, b) => diffLines(a, b, { steps: 0 }))).toMatch(
      /it takes \d+ lines instead of \d+/,
    );
  });

  test('without a budget it is still right, only longer', () => {
    for (let run = 0; run < 500; run++) {
      const random = seededRandom(SEED ^ BigInt(run));
      const [a, b] = randomTexts(random);
      const found = complaint(a, b, diffLines(a, b, { steps: random.below(60) }));
      expect(found === null || found.startsWith('it takes'), `${found} PROPERTY_SEED=${SEED}`).toBe(true);
    }
  });

  test('two long texts with nothing in common take no more work than allowed', () => {
    const a = Array.from({ length: 200_000 }, (_, i) => 2 * i);
    const b = Array.from({ length: 200_000 }, (_, i) => 2 * i + 1);
    const budget = { steps: 1_000_000 };
    expect(diffLines(a, b, budget)).toHaveLength(1);
    expect(budget.steps).toBeGreaterThan(-400_000);
  });

  test('a change far apart in long texts costs little', () => {
    const a = Array.from({ length: 100_000 }, (_, i) => i % 1000);
    const b = a.toSpliced(70_000, 1).toSpliced(10, 0, -1);
    const budget = { steps: 10_000_000 };
    expect(diffLines(a, b, budget)).toEqual([
      { beforeStart: 10, beforeEnd: 10, afterStart: 10, afterEnd: 11 },
      { beforeStart: 70_000, beforeEnd: 70_001, afterStart: 70_001, afterEnd: 70_001 },
    ]);
    expect(budget.steps).toBeGreaterThan(9_000_000);
  });
});
