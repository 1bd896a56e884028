import { strict as assert } from 'node:assert';
import { Ledger, ROOT_VERSE_ID } from '../dist/multiverse/index.js';
import { openJournalFile } from '../dist/storage/index.js';
import { sample, summarise, timed } from './statistics.mjs';

const OWNERS = Array.from({ length: 64 }, (_, i) => `owner-${i}`);
/** When all of it happens. */
const AT = '2026-01-01T00:00:00.000000Z';
const conditionId = (i) => `cnd_${String(i).padStart(26, '0')}`;
const inRoot = { token: 'USD', verse: ROOT_VERSE_ID };

/** Every owner has money in the root verse, and a binary condition is open there. */
function openings() {
  const deposit = (owner) => ({ kind: 'deposit', by: owner, owner, ...inRoot, amount: '1000000000000' });
  return [...OWNERS.map(deposit), opening(0)];
}

function opening(i) {
  const common = { kind: 'openCondition', by: 'oracle', verse: ROOT_VERSE_ID };
  return { ...common, condition: conditionId(i), outcomes: ['yes', 'no'], probabilities: ['0.5', '0.5'] };
}

function transfer(i) {
  const from = OWNERS[i % OWNERS.length];
  const to = OWNERS[(i * 7 + 1) % OWNERS.length];
  return { kind: 'transfer', by: from, from, to, ...inRoot, amount: String(1 + (i % 9)) };
}

/** Eight transfers, a split and a merge in ten operations. */
function mixed(count, children) {
  return Array.from({ length: count }, (_, i) => {
    if (i % 10 < 8) return transfer(i);
    const owner = OWNERS[Math.floor(i / 10) % OWNERS.length];
    return { kind: i % 10 === 8 ? 'split' : 'merge', by: owner, owner, ...inRoot, children, amount: '5' };
  });
}

/** Time of 1,000 operations in memory, each one checked as it is when it comes from outside. */
async function operations(_dataDir, n) {
  const ledger = new Ledger();
  ledger.applyAll(openings());
  const ops = mixed(10_000, ledger.childVerses(conditionId(0)));
  const applyAll = () => {
    for (const op of ops) ledger.apply(op);
  };
  const samples = await sample(n, 5, () => timed(applyAll));
  assert.equal(ledger.escrow('USD'), 64n * 10n ** 12n);
  return summarise(samples.map((ms) => ms / 10));
}

/** Time of 1,000 transfers that are applied and then acknowledged when the journal has them on disk, a record each. */
async function durable(dataDir, n) {
  const journal = await openJournalFile(dataDir);
  const ledger = new Ledger();
  const write = (ops) => {
    ledger.applyAll(ops);
    return journal.append({ op: 'ledger.applied', at: AT, ledger: ops });
  };
  try {
    await write(openings());
    let sent = 0;
    const thousand = async () => {
      const written = [];
      for (let i = 0; i < 1000; i += 1, sent += 1) written.push(write([transfer(sent)]));
      await Promise.all(written);
    };
    return summarise(await sample(n, 2, () => timed(thousand)));
  } finally {
    await journal[Symbol.asyncDispose]();
  }
}

/** Time of 1,000 operations read back from the journal: its chain is verified, each is parsed and applied. */
async function replay(dataDir, n) {
  const journal = await openJournalFile(dataDir);
  const ops = Array.from({ length: 10_000 }, (_, i) => transfer(i));
  await journal.append({ op: 'ledger.applied', at: AT, ledger: openings() });
  await Promise.all(ops.map((op) => journal.append({ op: 'ledger.applied', at: AT, ledger: [op] })));
  await journal[Symbol.asyncDispose]();
  const samples = await sample(n, 1, () =>
    timed(async () => {
      const again = await openJournalFile(dataDir);
      const ledger = new Ledger();
      for await (const { record } of again.read()) ledger.applyAll(record.ledger);
      await again[Symbol.asyncDispose]();
      assert.equal(ledger.escrow('USD'), 64n * 10n ** 12n);
    }),
  );
  return summarise(samples.map((ms) => ms / 10));
}

/**
 * Time to check that 101 verses over 100 binary conditions are a partition: "the first that is yes is the i-th", and
 * "none is". They divide 2^100 outcomes.
 */
async function partitionCheck(_dataDir, n) {
  const ledger = new Ledger();
  const conditions = Array.from({ length: 100 }, (_, i) => i);
  ledger.applyAll([...openings().slice(0, -1), ...conditions.map(opening)]);
  const children = [...conditions, 100].map((first) => {
    const constraints = conditions
      .slice(0, first + 1)
      .map((i) => ({ condition: conditionId(i), outcomes: [i === first ? 0 : 1] }));
    ledger.apply({ kind: 'defineVerse', by: 'oracle', constraints });
    return ledger.verseIdOf(constraints);
  });
  const split = { kind: 'split', by: OWNERS[0], owner: OWNERS[0], ...inRoot, children, amount: '1' };
  assert.throws(() => ledger.check({ ...split, children: children.slice(1) }), { code: 'NOT_EXHAUSTIVE' });
  return summarise(await sample(n, 10, () => timed(() => ledger.check(split))));
}

/** Time of a pull-up of three verses with balances, from the call to the answer. */
async function pullUp(runtime, n) {
  const world = await runtime.create();
  await world.execute('x = 1');
  await world.deposit('USD', 1000n);
  const samples = [];
  for (let i = -1; i < n; i += 1) {
    await world.pushDown();
    const ms = await timed(() => world.pullUp());
    if (i >= 0) samples.push(ms);
  }
  return summarise(samples);
}

export const LEDGER = [
  // 500,000 operations a second.
  { name: 'ledger.ops', unit: 'ms', goal: 2, samples: 100, runsAlone: true, run: operations },
  // 20,000 transfers a second.
  { name: 'ledger.durable', unit: 'ms', goal: 50, samples: 50, runsAlone: true, run: durable },
  { name: 'ledger.replay', unit: 'ms', goal: null, samples: 20, runsAlone: true, run: replay },
  {
    name: 'verse.partition_check',
    unit: 'ms',
    goal: null,
    samples: 200,
    runsAlone: true,
    run: partitionCheck,
  },
  { name: 'pullup.end_to_end', unit: 'ms', goal: null, samples: 50, run: pullUp },
];
