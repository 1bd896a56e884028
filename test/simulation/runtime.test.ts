import { AssertionError } from 'node:assert';
import { expect, it } from 'vitest';
import { PLANTED_BUGS } from './planted-bugs.js';
import { NEVER_IN_MEMORY, simulateMany, text } from './simulate-many.js';
import { simulate, type Tally } from './simulation.js';
import { VERB_NAMES } from './verbs.js';

const RUNS = Number(process.env['SIMULATION_RUNS'] ?? 25);
const SEED = BigInt(process.env['SIMULATION_SEED'] ?? 1069);
const STEPS = 60;
/** Runs in which a planted bug has to show. */
const RUNS_TO_CATCH = 20;
const SEED_TO_CATCH = 1069n;
/** From as many runs on, everything must have happened. */
const RUNS_TO_SEE_ALL = 20;

const repeatWith = (seed: bigint): string => `SIMULATION_SEED=${seed} SIMULATION_RUNS=1`;

it(`everything acknowledged stays so (${RUNS} runs from seed ${SEED})`, { timeout: 3_600_000 }, async () => {
  const tally: Tally = new Map();
  await simulateMany({ runs: RUNS, seed: SEED, steps: STEPS, tally, repeatWith });
  process.stdout.write(`${text(tally)}\n`);
  for (const never of NEVER_IN_MEMORY) expect(tally.get(never), never).toBeUndefined();
  if (RUNS < RUNS_TO_SEE_ALL) return;
  const times = (what: string): number => tally.get(what) ?? 0;
  for (const verb of VERB_NAMES) {
    expect(times(`${verb} ok`), `${verb} succeeded`).toBeGreaterThanOrEqual(10);
    expect(times(`${verb} refused`), `${verb} failed`).toBeGreaterThanOrEqual(5);
  }
  for (const fault of ['fail', 'delay', 'loseReply', 'crash', 'journal']) {
    expect(times(`fault ${fault}`), fault).toBeGreaterThanOrEqual(10);
  }
  expect(times('worlds forgotten')).toBeGreaterThanOrEqual(20);
  expect(times('roots known')).toBeGreaterThanOrEqual(200);
  expect(times('states made again')).toBeGreaterThanOrEqual(3);
  for (const end of ['crash', 'reopen']) expect(times(`process ${end}`), end).toBeGreaterThanOrEqual(20);
  for (const code of [
    'INTERRUPTED',
    'EXECUTOR_LOST',
    'STORAGE_FAILED',
    'INSUFFICIENT_BALANCE',
    'EXECUTION_TIMEOUT',
  ]) {
    expect(times(code), code).toBeGreaterThanOrEqual(10);
  }
});

it('a seed gives the same run again', async () => {
  const [first, second]: [Tally, Tally] = [new Map(), new Map()];
  for (const tally of [first, second]) await simulate({ seed: SEED, steps: STEPS, tally });
  expect([...second]).toEqual([...first]);
});

it.each(Object.entries(PLANTED_BUGS))('notices when %s', { timeout: 120_000 }, async (_, planted) => {
  const caught = await simulateMany({
    runs: RUNS_TO_CATCH,
    seed: SEED_TO_CATCH,
    steps: STEPS,
    tally: new Map(),
    planted,
    repeatWith,
  }).then(
    () => expect.fail('nobody noticed'),
    (thrown: Error) => thrown.cause,
  );
  // Noticed by a check of the simulation, not by some accident.
  expect(caught).toBeInstanceOf(AssertionError);
});
