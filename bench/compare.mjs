import { readFileSync } from 'node:fs';

/** Differences below this are the machine's mood, whatever the samples say. */
const BAND_MIN = 0.1;

/** Results that an earlier `wr bench --json` printed. Throws an Error that says what is wrong with the file. */
export function readResults(path) {
  let parsed;
  try {
    parsed = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new Error(`Cannot read the results in ${path}: ${error.message}`);
  }
  const isRow = (row) => typeof row?.name === 'string' && (row.skipped !== undefined || row.p50 >= 0);
  if (!parsed?.machine || !Array.isArray(parsed.results) || !parsed.results.every(isRow)) {
    throw new Error(`${path} is not what wr bench --json prints.`);
  }
  return parsed;
}

/**
 * Row by row: how many times the median of before the median is now (of all rows less is better), and whether that is more
 * than chance. Chance is taken from the spread of both runs and the number of samples, and is never less than 10 %.
 */
export function compareResults(before, after) {
  const old = new Map(before.map((row) => [row.name, row]));
  return after.map((now) => {
    const was = old.get(now.name);
    const { name, unit } = now;
    if (!was || was.p50 === undefined || now.p50 === undefined) {
      return {
        name,
        unit,
        verdict: was ? 'skipped' : 'new',
        ratio: null,
        before: was?.p50 ?? null,
        after: now.p50 ?? null,
        band: null,
      };
    }
    const band = Math.max(BAND_MIN, (spread(was) + spread(now)) / 2 / Math.sqrt(Math.min(was.n, now.n)));
    const ratio = was.p50 === 0 ? (now.p50 === 0 ? 1 : Number.MAX_VALUE) : now.p50 / was.p50;
    const verdict = ratio > 1 + band ? 'worse' : ratio < 1 / (1 + band) ? 'better' : 'same';
    return { name, unit, verdict, ratio, before: was.p50, after: now.p50, band };
  });
}

function spread({ p50, p95 }) {
  return p50 > 0 ? (p95 - p50) / p50 : 0;
}

/** Rows that became worse by more than the factor, and by more than chance. */
export function failures(comparison, failAbove) {
  return comparison.filter(({ verdict, ratio }) => verdict === 'worse' && ratio > failAbove);
}

/** What differs between the machines, without which no ratio means anything. */
export function machineDifferences(before, after) {
  return ['cpu', 'cores', 'memoryBytes', 'node', 'os']
    .filter((key) => before[key] !== after[key])
    .map((key) => `${key}: ${before[key]} before, ${after[key]} now`);
}
