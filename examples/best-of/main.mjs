// A tour through forty cities, improved in rounds: six tries a round, each in a verse of its own, and the world becomes the best.
//
//   node examples/best-of/main.mjs [--seed 1] [--rounds 4] [--tries 6]
import { readFileSync } from 'node:fs';
import { columns, evaluate, numbersFrom, withRuntime } from '../with-runtime.mjs';

const [CITIES, TRY] = ['cities.py', 'try.py'].map((name) =>
  readFileSync(new URL(name, import.meta.url), 'utf8'),
);

const { seed, rounds, tries, dataDir } = numbersFrom({
  seed: [1, 'seed of the world'],
  rounds: [4, 'how often the best is taken'],
  tries: [6, 'tries a round'],
});

await withRuntime(dataDir, async (runtime) => {
  const world = await runtime.create({ seed });
  await evaluate(world, CITIES);
  const first = Number(await evaluate(world, 'length(tour)'));
  const rows = [['round', ...Array.from({ length: tries }, (_, i) => `try ${i + 1}`), 'kept']];
  for (let round = 1; round <= rounds; round += 1) {
    const { tries: all, winner } = await runtime.bestOf({
      world: world.id,
      tries,
      code: TRY,
      score: '-length(tour)',
      budgetMs: 20_000,
    });
    rows.push([round, ...all.map(({ score }) => decimal(score)), winner]);
  }
  const last = Number(await evaluate(world, 'length(tour)'));
  process.stdout.write(
    `${columns(rows)}\nThe tour was ${first.toFixed(1)} long and is ${last.toFixed(1)} now.\n`,
  );
});

/** A score is an exact fraction: `-29/2`. It is the length with another sign. */
function decimal(score) {
  const [numerator, denominator = '1'] = score.split('/');
  return (-Number(numerator) / Number(denominator)).toFixed(1);
}
