// Is it better to fill the shelf to 110 or to 120? Each replication branches the shop into two worlds that differ in
// that only. With common random numbers both see the same customers; without, each sees its own.
//
//   node examples/monte-carlo/main.mjs [--seed 1] [--replications 60]
import { readFileSync } from 'node:fs';
import { columns, evaluate, numbersFrom, withRuntime } from '../with-runtime.mjs';

const POLICIES = [110, 120];
const SHADES = ' .:-=+*#%@';
const BINS = 49;
const SHOP = readFileSync(new URL('shop.py', import.meta.url), 'utf8');

const { seed, replications, dataDir } = numbersFrom({
  seed: [1, 'seed of the shop'],
  replications: [60, 'pairs of worlds for each way'],
});

await withRuntime(dataDir, async (runtime) => {
  const shop = await runtime.create({ seed });
  await evaluate(shop, SHOP);
  const pasts = await shop.branch({ count: replications });
  const independent = summary(await differences(pasts, false));
  const common = summary(await differences(pasts, true));
  process.stdout.write(report(independent, common));
});

/** Profit of the second policy minus profit of the first, once for each past. */
function differences(pasts, commonRandomNumbers) {
  return Promise.all(
    pasts.map(async (past) => {
      const worlds = await past.branch({ count: POLICIES.length, commonRandomNumbers });
      const profits = await Promise.all(
        worlds.map((world, i) => evaluate(world, `profit(order_up_to=${POLICIES[i]})`)),
      );
      return Number(profits[1]) - Number(profits[0]);
    }),
  );
}

function summary(values) {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
  return { values, mean, variance, error: Math.sqrt(variance / values.length) };
}

function report(independent, common) {
  const range = Math.max(...independent.values.map(Math.abs));
  const row = (name, { mean, error, variance }) => [
    name,
    mean.toFixed(1),
    `± ${(1.96 * error).toFixed(1)}`,
    variance.toFixed(0),
  ];
  const factor = independent.variance / common.variance;
  return [
    `Filling to ${POLICIES[1]} instead of ${POLICIES[0]}: gain in profit over 26 weeks, ${independent.values.length} replications\n\n`,
    columns([
      ['random numbers', 'mean', '95 %', 'variance'],
      row('independent', independent),
      row('common', common),
    ]),
    `\nindependent ${strip(independent.values, range)}\ncommon      ${strip(common.values, range)}\n`,
    `            ${axis(range)}\n`,
    `\nVariance ${factor.toFixed(1)} times smaller: as good as ${factor.toFixed(1)} times as many independent worlds.\n`,
  ].join('');
}

/** How often each value occurs, darker for more. */
function strip(values, range) {
  const counts = new Array(BINS).fill(0);
  for (const value of values) {
    const bin = Math.round(((value / range + 1) / 2) * (BINS - 1));
    counts[Math.min(BINS - 1, Math.max(0, bin))] += 1;
  }
  const most = Math.max(...counts);
  return `|${counts.map((count) => SHADES[Math.ceil((count / most) * (SHADES.length - 1))]).join('')}|`;
}

function axis(range) {
  const left = `-${range.toFixed(0)}`;
  const right = `+${range.toFixed(0)}`;
  const middle = (BINS - 1) / 2;
  return ` ${left.padEnd(middle)}0${right.padStart(middle)}`;
}
