// A bank works for a month, and then its books are wrong. Bisecting the world's history finds the execution that did it;
// a branch from just before it, repaired, lives the rest of the month again.
//
//   node examples/debugging-by-rewind/main.mjs [--seed 7] [--executions 400]
import { readFileSync } from 'node:fs';
import { columns, evaluate, numbersFrom, withRuntime } from '../with-runtime.mjs';

const CUSTOMERS = ['ann', 'ben', 'cleo', 'dan', 'eva', 'finn', 'gus', 'hana', 'ida', 'jon', 'kim', 'lea'];
const STRIP = 56;
const [BANK, BOOKS, FIX] = ['bank.py', 'books.py', 'fix.py'].map((name) =>
  readFileSync(new URL(name, import.meta.url), 'utf8'),
);

const { seed, executions, dataDir } = numbersFrom({
  seed: [7, 'what the customers do'],
  executions: [400, 'transactions of the month'],
});

await withRuntime(dataDir, async (runtime) => {
  // A world keeps its last 100 states unless told otherwise. This one is to remember the whole month.
  const bank = await runtime.create({ name: `bank-${seed}`, retainStates: executions + 100 });
  await workForAMonth(bank);
  const audit = await bank.probe(BOOKS);
  if (audit.ok) return print(`The books of seed ${seed} are right after ${executions} transactions.\n`);
  print(`After ${executions} transactions an audit: ${audit.error.message}.\n\n`);

  const found = await bank.bisect({ check: BOOKS });
  print(`${narrowing(found)}\n`);
  const { culprit } = found;
  print(`State ${culprit.number} is the first wrong one; ${found.steps.length} checks. What made it:\n\n`);
  print(`    ${culprit.code}\n\n${await damage(bank, culprit)}\n`);

  const repaired = await relive(bank, culprit);
  print(await comparison(bank, repaired));
});

async function workForAMonth(bank) {
  const dice = mulberry32(seed);
  await evaluate(bank, BANK);
  for (const [i, name] of CUSTOMERS.entries()) {
    await evaluate(bank, `open_account("${name}", "${phoneOf(i)}", ${100 * between(dice, 50, 500)})`);
  }
  for (let n = 0; n < executions; n += 1) await evaluate(bank, transaction(dice));
}

/** What some customer does next, as the line of code that the bank runs for it. */
function transaction(dice) {
  const who = between(dice, 0, CUSTOMERS.length - 1);
  const cents = between(dice, 500, 25_000);
  const kind = dice();
  if (kind < 0.25) return `deposit("${CUSTOMERS[who]}", ${cents})`;
  if (kind < 0.5) return `withdraw("${CUSTOMERS[who]}", ${cents})`;
  if (kind < 0.9) {
    const other = (who + between(dice, 1, CUSTOMERS.length - 1)) % CUSTOMERS.length;
    return `transfer("${CUSTOMERS[who]}", "${CUSTOMERS[other]}", ${cents})`;
  }
  // A number may be anybody's.
  return `transfer_by_phone("${CUSTOMERS[who]}", "${phoneOf(between(dice, 0, CUSTOMERS.length - 1))}", ${cents})`;
}

/** After each check, what is known of the history: right (+), wrong (x), not yet known (?). */
function narrowing({ steps }) {
  const last = Math.max(...steps.map(({ number }) => number));
  let [right, wrong] = [-1, last + 1];
  const rows = steps.map(({ number, verdict }) => {
    if (verdict === 'good') right = Math.max(right, number);
    else wrong = Math.min(wrong, number);
    return [number, verdict === 'good' ? 'right' : 'wrong', strip(last, right, wrong)];
  });
  return columns([['state', 'books', 'history'.padEnd(STRIP)], ...rows]);
}

/** A column stands for several states: ? as long as one of them is in doubt, else x as soon as one is wrong. */
function strip(last, right, wrong) {
  const marks = Array.from({ length: STRIP }, (_, i) => {
    const from = Math.floor((i * (last + 1)) / STRIP);
    const to = Math.floor(((i + 1) * (last + 1)) / STRIP) - 1;
    if (Math.max(from, right + 1) <= Math.min(to, wrong - 1)) return '?';
    return to >= wrong ? 'x' : '+';
  });
  return marks.join('');
}

/** The accounts and the vault before and after the culprit: only those that it changed, and their sum. */
async function damage(bank, { before, state }) {
  const [was, is] = await Promise.all([before, state].map((one) => moneyAt(bank, one)));
  const changed = CUSTOMERS.filter((name) => was.balances[name] !== is.balances[name]);
  return columns([
    ['', 'before', 'after'],
    ...changed.map((name) => [name, euros(was.balances[name]), euros(is.balances[name])]),
    ['all accounts', euros(was.total), euros(is.total)],
    ['vault', euros(was.vault), euros(is.vault)],
  ]);
}

async function moneyAt(bank, state) {
  const code = 'import json\nprint(json.dumps([balances, vault]))';
  const [balances, vault] = JSON.parse((await bank.probe(code, { state })).stdout);
  return { balances, vault, total: Object.values(balances).reduce((sum, cents) => sum + cents, 0) };
}

/** A branch of the bank that goes back to before the culprit, gets the fix, and runs what came after once more. */
async function relive(bank, culprit) {
  const [world] = await bank.branch({ children: [{ name: 'repaired' }] });
  await world.rewind({ to: culprit.before });
  await evaluate(world, FIX);
  const log = (await bank.log(executions + 100)).reverse();
  const from = log.findIndex(({ execution_id }) => execution_id === culprit.executionId);
  const again = log
    .slice(from)
    .map(({ code, value }, i) => ({ number: culprit.number + i, code, was: value }));
  for (const run of again) run.is = await evaluate(world, run.code);
  return { world, again };
}

async function comparison(bank, { world, again }) {
  const [was, is] = await Promise.all([moneyAt(bank), moneyAt(world)]);
  const others = again.filter((run) => run.was !== run.is);
  const rows = [
    ['', 'as it was', 'repaired'],
    ['all accounts', euros(was.total), euros(is.total)],
    ['vault', euros(was.vault), euros(is.vault)],
    ['too much', euros(was.total - was.vault), euros(is.total - is.vault)],
  ];
  const refusal = await world.bisect({ check: BOOKS }).then(
    ({ culprit }) => `state ${culprit.number} is wrong`,
    ({ code }) => (code === 'CHECK_DISAGREES' ? 'nothing to find' : code),
  );
  return [
    `Rewound to before it and repaired, the world ran the last ${again.length} transactions again:\n\n`,
    columns(rows),
    `\nAnswered differently than before: ${others.length}\n`,
    ...others.map(({ number, code, was, is }) => `    ${number}  ${code}  was ${was}, is ${is}\n`),
    `\nBisecting the repaired world: ${refusal}\n`,
  ].join('');
}

function phoneOf(index) {
  return `555-01${String(index).padStart(2, '0')}`;
}

function euros(cents) {
  return (cents / 100).toFixed(2);
}

function between(dice, least, most) {
  return least + Math.floor(dice() * (most - least + 1));
}

/** A small generator of numbers in [0, 1) with a seed. */
function mulberry32(start) {
  let state = start;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function print(text) {
  process.stdout.write(text);
}
