// One world loads ten years of prices and warms up. Two hundred branches of it each try another portfolio under another
// shock, at once, from the same live data.
//
//   node examples/scenario-fan-out/main.mjs [--seed 3] [--scenarios 200]
import { readFileSync } from 'node:fs';
import { columns, evaluate, numbersFrom, withRuntime } from '../with-runtime.mjs';

const ASSETS = ['bonds', 'stocks', 'property', 'gold', 'crypto'];
const SHOCKS = [1, 1.5, 2];
const COLUMNS = 60;
const ROWS = 14;
const PORTFOLIO = readFileSync(new URL('portfolio.py', import.meta.url), 'utf8');

const { seed, scenarios, dataDir } = numbersFrom({
  seed: [3, 'seed of the portfolios'],
  scenarios: [200, 'branches'],
});

await withRuntime(dataDir, async (runtime) => {
  const world = await runtime.create();
  const warm = await timed(() => evaluate(world, PORTFOLIO));
  const plans = Array.from({ length: scenarios }, (_, i) => planOf(i));
  const run = await timed(async () => {
    const children = await world.branch({ count: scenarios });
    return Promise.all(
      children.map(async (child, i) => {
        const { weights, shock } = plans[i];
        const value = await evaluate(child, `scenario(${JSON.stringify(weights)}, ${shock})`);
        const [gain, fall, worstDay] = value.slice(1, -1).split(', ').map(Number);
        return { ...plans[i], gain, fall, worstDay };
      }),
    );
  });
  process.stdout.write(report(run.value));
  process.stderr.write(
    `warmed up once in ${warm.ms.toFixed(0)} ms; ${scenarios} scenarios in ${run.ms.toFixed(0)} ms\n`,
  );
});

/** Weights by a small generator of its own, so that the same seed gives the same plans everywhere. */
function planOf(index) {
  let x = (seed * 2654435761 + index * 40503 + 1) >>> 0;
  const draw = () => {
    x = (Math.imul(x ^ (x >>> 15), 2246822519) + 374761393) >>> 0;
    return (x >>> 8) % 10;
  };
  const drawn = ASSETS.map((asset) => [asset, draw()]).filter(([, weight]) => weight > 0);
  const weights = Object.fromEntries(drawn.length === 0 ? [['bonds', 1]] : drawn);
  return { weights, shock: SHOCKS[index % SHOCKS.length] };
}

async function timed(work) {
  const start = performance.now();
  const value = await work();
  return { value, ms: performance.now() - start };
}

function report(results) {
  const rows = SHOCKS.flatMap((shock) => bestUnder(results, shock)).map(
    ({ weights, shock, gain, fall, worstDay }) => [
      Object.entries(weights)
        .map(([asset, weight]) => `${asset} ${weight}`)
        .join(', '),
      `x${shock}`,
      `${gain.toFixed(1)} %`,
      `${fall.toFixed(1)} %`,
      `${worstDay.toFixed(1)} %`,
    ],
  );
  return [
    `${results.length} scenarios; each mark is one, with its shock (1, 2 is x1.5, 3 is x2)\n`,
    scatter(results),
    `\nMost gained a year for each point of the worst fall:\n`,
    columns([['weights', 'shock', 'a year', 'worst fall', '1 % day'], ...rows]),
  ].join('');
}

/** The three portfolios that gain most for what they risk under one shock. */
function bestUnder(results, shock) {
  const worth = ({ gain, fall }) => gain / -fall;
  const same = results.filter((one) => one.shock === shock);
  return same.sort((a, b) => worth(b) - worth(a)).slice(0, 3);
}

function scatter(results) {
  const [xs, ys] = [results.map(({ fall }) => fall), results.map(({ gain }) => gain)];
  const [left, right] = [Math.min(...xs), Math.max(...xs)];
  const [low, high] = [Math.min(...ys), Math.max(...ys)];
  const place = (value, from, to, size) => Math.round(((value - from) / (to - from || 1)) * (size - 1));
  const grid = Array.from({ length: ROWS }, () => new Array(COLUMNS).fill(' '));
  for (const { fall, gain, shock } of results) {
    grid[ROWS - 1 - place(gain, low, high, ROWS)][place(fall, left, right, COLUMNS)] = String(
      SHOCKS.indexOf(shock) + 1,
    );
  }
  const label = (row) => (row === 0 ? `${high.toFixed(0)} %` : row === ROWS - 1 ? `${low.toFixed(0)} %` : '');
  const lines = grid.map((cells, row) => `${label(row).padStart(6)} |${cells.join('').trimEnd()}`);
  const axis = `${left.toFixed(0)} %`.padEnd(COLUMNS - 8) + `${right.toFixed(0)} %`.padStart(8);
  return `a year\n${lines.join('\n')}\n       +${'-'.repeat(COLUMNS)}\n        ${axis}  worst fall\n`;
}
