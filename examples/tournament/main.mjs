// Four agents stake 100 each on how many newspapers to order. A judge in a world of its own sells what they ordered, and the best
// gets the pot.
//
//   node examples/tournament/main.mjs [--stake 100]
import { readFileSync } from 'node:fs';
import { columns, evaluate, numbersFrom, withRuntime } from '../with-runtime.mjs';

const AGENTS = ['cautious', 'average', 'quantile', 'cheat'];
const { stake, dataDir } = numbersFrom({ stake: [100, 'what each agent stakes'] });

await withRuntime(dataDir, async (runtime) => {
  const shop = await runtime.create({ name: 'shop' });
  await evaluate(shop, program('shop'));
  for (const name of AGENTS) await (await runtime.create({ name })).deposit('USD', 1000n);

  const { agents, judgeSaid, winner } = await runtime.tournament({
    world: shop.id,
    agents: AGENTS.map((name) => ({ name, code: program(name) })),
    judge: program('judge'),
    stake: String(stake),
    token: 'USD',
    budgetMs: 20_000,
  });
  const owners = new Map((await runtime.list()).map(({ name, account }) => [account, name]));
  const balances = (await runtime.balances()).map(({ owner, amount }) => [owners.get(owner), amount]);
  const has = new Map(balances);
  const rows = agents.map(({ name, trit, value, score, payout }) => [
    name,
    trit,
    value,
    score,
    payout,
    has.get(name),
  ]);
  process.stdout.write(`The judge: ${judgeSaid}\n`);
  process.stdout.write(columns([['agent', 'trit', 'ordered', 'profit', 'payout', 'has now'], ...rows]));
  process.stdout.write(
    `\n${winner} won ${agents.length * stake} USD; the other verses, and what lay in them, are gone.\n`,
  );
});

function program(name) {
  return readFileSync(new URL(`${name}.py`, import.meta.url), 'utf8');
}
