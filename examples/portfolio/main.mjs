// Money in several futures at once: a push-down splits it, verses spend their own, a market sells insurance, and the ledger says what
// everybody has in each outcome.
//
//   node examples/portfolio/main.mjs
import { columns, numbersFrom, withRuntime } from '../with-runtime.mjs';

const BAR = 30;
const OUTCOMES = [
  { name: 'boom', probability: '0.3' },
  { name: 'steady', probability: '0.5' },
  { name: 'slump', probability: '0.2' },
];
const { liquidity, dataDir } = numbersFrom({ liquidity: [400, 'depth of the market'] });

await withRuntime(dataDir, async (runtime) => {
  const bank = await runtime.create({ name: 'bank' });
  await bank.deposit('USD', 1000n);
  const fund = await runtime.create({ name: 'fund' });
  await fund.deposit('USD', 500n);
  const firm = await runtime.create({ name: 'firm' });
  await firm.deposit('USD', 600n);

  // 600 becomes 600 in each of the three: only one of them will be real.
  const { verses } = await firm.pushDown({ outcomes: OUTCOMES });
  await verses.boom.transfer('staff', 'USD', 100n);
  await verses.slump.transfer('creditors', 'USD', 450n);
  await show('firm, which pays a bonus in the boom and debts in the slump', firm);

  await runtime.markets.open({ world: firm.id, funder: bank.id, token: 'USD', liquidity: String(liquidity) });
  const { amount } = await runtime.markets.buy({
    world: firm.id,
    trader: fund.id,
    outcome: 'slump',
    shares: '300',
  });
  const sold = await runtime.markets.sell({
    world: firm.id,
    trader: fund.id,
    outcome: 'slump',
    shares: '50',
  });
  await show(`fund, which bought 300 of slump for ${amount} and sold 50 for ${sold.amount}`, fund);
});

/** What an account has in each outcome, as a table and bars. */
async function show(title, world) {
  const { conditions } = await world.valueByOutcome();
  const [{ outcomes, expected }] = conditions;
  const most = Math.max(...outcomes.map(({ tokens }) => number(tokens.USD)));
  const rows = outcomes.map(({ outcome, probability, tokens }) => [
    outcome,
    number(probability),
    tokens.USD,
    '█'.repeat(Math.round((BAR * number(tokens.USD)) / most)).padEnd(BAR),
  ]);
  const table = columns([
    ['outcome', 'probability', 'USD', ''],
    ...rows,
    ['expected', '', number(expected.USD), ''],
  ]);
  process.stdout.write(`${title}\n\n${table}\n`);
}

/** Exact numbers are text: `3/2`. */
function number(text) {
  const [numerator, denominator = '1'] = text.split('/');
  return Number(numerator) / Number(denominator);
}
