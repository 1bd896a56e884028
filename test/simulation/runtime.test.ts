import { AssertionError } from 'node:assert';
import { expect, it } from 'vitest';
import { PLANTED_BUGS } from './planted-bugs.js';
import { type Simulation, simulate, type Tally } from './simulation.js';
import { VERB_NAMES } from './verbs.js';

const RUNS = Number(process.env['SIMULATION_RUNS'] ?? 25);
const SEED = BigInt(process.env['SIMULATION_SEED'] ?? 1069);
const STEPS = 60;
/** Runs in which a planted bug has to show. */
const RUNS_TO_CATCH = 20;
const SEED_TO_CATCH = 1069n;
/** From as many runs on, everything must have happened. */
const RUNS_TO_SEE_ALL = 20;

/** Runs from consecutive seeds until one fails; its error says how to repeat it. */
async function simulateMany(
  runs: number,
  more: Partial<Simulation>,
  tally: Tally,
  first = SEED,
): Promise<void> {
  for (let n = 0; n < runs; n += 1) {
    const seed = first + BigInt(n);
    try {
      await simulate({ seed, steps: STEPS, tally, ...more });
    } catch (thrown) {
      const what = thrown instanceof Error ? thrown.message : String(thrown);
      throw new Error(`${what}\nRepeat with SIMULATION_SEED=${seed} SIMULATION_RUNS=1`, { cause: thrown });
    }
  }
}

it(`everything acknowledged stays so (${RUNS} runs from seed ${SEED})`, { timeout: 3_600_000 }, async () => {
  const tally: Tally = new Map();
  await simulateMany(RUNS, {}, tally);
  process.stdout.write(`${[...tally].map(([what, times]) => `${what}: ${times}`).join(', ')}\n`);
  for (const never of ['RECOVERY_DIVERGED', 'STATE_LOST', 'IMAGE_MISMATCH', 'JOURNAL_CORRUPT', 'INTERNAL']) {
    expect(tally.get(never), never).toBeUndefined();
  }
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
  const caught = await simulateMany(RUNS_TO_CATCH, { planted }, new Map(), SEED_TO_CATCH).then(
    () => expect.fail('nobody noticed'),
    (thrown: Error) => thrown.cause,
  );
  // Noticed by a check of the simulation, not by some accident.
  expect(caught).toBeInstanceOf(AssertionError);
});
