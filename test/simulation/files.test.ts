import { AssertionError } from 'node:assert';
import { expect, it } from 'vitest';
import { FILE_FAULTS } from './file-faults.js';
import { NEVER_ON_FILES, simulateMany, text } from './simulate-many.js';
import { simulate, type Tally } from './simulation.js';

const RUNS = Number(process.env['SIMULATION_RUNS'] ?? 180);
const SEED = BigInt(process.env['SIMULATION_SEED'] ?? 2000);
const STEPS = 12;
const RUNS_TO_CATCH = 100;
/** From as many runs on, everything must have happened. */
const RUNS_TO_SEE_ALL = 180;

const repeatWith = (seed: bigint): string => `SIMULATION_SEED=${seed} SIMULATION_RUNS=1`;

it(`everything acknowledged survives a bad disk and loss of power (${RUNS} runs from seed ${SEED})`, {
  timeout: 3_600_000,
}, async () => {
  const tally: Tally = new Map();
  await simulateMany({ runs: RUNS, seed: SEED, steps: STEPS, tally, onFiles: true, repeatWith });
  process.stdout.write(`${text(tally)}\n`);
  for (const never of NEVER_ON_FILES) expect(tally.get(never), never).toBeUndefined();
  if (RUNS < RUNS_TO_SEE_ALL) return;
  for (const fault of FILE_FAULTS) expect(tally.get(`file ${fault}`) ?? 0, fault).toBeGreaterThanOrEqual(3);
  for (const what of ['power loss', 'process crash', 'process reopen', 'open refused', 'STORAGE_FAILED']) {
    expect(tally.get(what) ?? 0, what).toBeGreaterThanOrEqual(20);
  }
});

it('a seed gives the same run again', async () => {
  const [first, second]: [Tally, Tally] = [new Map(), new Map()];
  for (const tally of [first, second]) await simulate({ seed: SEED, steps: STEPS, tally, onFiles: true });
  expect([...second]).toEqual([...first]);
});

it.each([
  ['what was written is not synced', { fileSync: false, directorySync: true }],
  ['names are not synced', { fileSync: true, directorySync: false }],
])('notices when %s', { timeout: 120_000 }, async (_, promises) => {
  const planted = {
    runs: RUNS_TO_CATCH,
    seed: SEED,
    steps: STEPS,
    tally: new Map(),
    onFiles: true,
    promises,
  };
  const caught = await simulateMany({ ...planted, repeatWith }).then(
    () => expect.fail('nobody noticed'),
    (thrown: Error) => thrown.cause,
  );
  expect(caught).toBeInstanceOf(AssertionError);
});
