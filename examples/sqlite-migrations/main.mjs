// A world holds a live SQLite database. Two verses migrate it, each in its own way; both must give the same answers;
// what the questions cost decides which one the world becomes.
//
//   node examples/sqlite-migrations/main.mjs
import { readFileSync } from 'node:fs';
import { columns, evaluate, numbersFrom, withRuntime } from '../with-runtime.mjs';

const MIGRATIONS = ['index', 'normalise'];
const read = (name) => readFileSync(new URL(name, import.meta.url), 'utf8');

const { dataDir } = numbersFrom({});

await withRuntime(dataDir, async (runtime) => {
  const shop = await runtime.create();
  await evaluate(shop, read('shop.py'));
  await shop.snapshot();
  const before = await evaluate(shop, 'db.execute("SELECT count(*), sum(cents) FROM orders").fetchone()');

  await shop.pushDown({
    outcomes: [
      { name: 'index', trit: -1, probability: '0.5' },
      { name: 'normalise', trit: 1, probability: '0.5' },
    ],
  });
  const programs = MIGRATIONS.map((name) => [name, programFor(read(`${name}.sql`))]);
  const rows = [['migration', 'answers', 'steps', 'database bytes']];
  for (const { verse, execution } of await shop.executeInAll(Object.fromEntries(programs))) {
    if (!execution?.ok) throw new Error(`${verse}: ${execution?.error?.traceback}`);
    rows.push([verse, ...JSON.parse(execution.stdout)]);
  }
  requireEqual(rows.slice(1).map((row) => row[1]));

  const { winner } = await shop.pullUp({ oracle: 'least-cost' });
  const after = await evaluate(shop, 'db.execute("SELECT count(*), sum(cents) FROM sales").fetchone()');
  requireEqual([before, after]);
  process.stdout.write(columns(rows));
  process.stdout.write(`\nThe shop adopted '${winner.outcome}'; orders and cents as before: ${after}\n`);
});

function programFor(migration) {
  return `
import json, world
db.executescript(${JSON.stringify(migration)})
answers, cost, size = exam()
world.report(cost=cost)
print(json.dumps([str(answers), cost, size]))
`;
}

function requireEqual([first, ...others]) {
  if (others.some((other) => other !== first))
    throw new Error(`the verses disagree: ${[first, ...others].join(' / ')}`);
}
