import fc from 'fast-check';
import { expect, it } from 'vitest';
import { WorldError } from '../../src/model/world-error.js';
import { seededRandom } from '../simulation/random.js';
import { askSomething, VERB_NAMES } from '../simulation/verbs.js';
import { openTestRuntime, type TestRuntime } from '../support/test-runtime.js';
import { describeModel } from '../support/verbs.js';

const RUNS = Number(process.env['PROPERTY_RUNS'] ?? 100);

/** One verb, and what happens to the process after it. */
interface Step {
  readonly seed: bigint;
  readonly after: 'nothing' | 'crash' | 'reopen' | 'lose executor';
}

const step = fc.record<Step>({
  seed: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  after: fc.constantFrom('nothing', 'nothing', 'nothing', 'crash', 'reopen', 'lose executor'),
});

const happened = new Map<string, number>();

/** Does what the seed says; answers the record, or the code of the refusal. */
async function act(t: TestRuntime, { seed }: Step, index: number): Promise<unknown> {
  const { signal } = new AbortController();
  const asked = askSomething({ t, random: seededRandom(seed), tag: `op${index}`, signal });
  try {
    const record = await asked.answer;
    happened.set(asked.verb, (happened.get(asked.verb) ?? 0) + 1);
    return record && withoutTimes(record);
  } catch (thrown) {
    if (thrown instanceof WorldError) return thrown.code;
    throw thrown;
  }
}

/** Measured memory is a fact about a machine, and a replayed one need not be live. */
function withoutTimes(record: object): unknown {
  return JSON.parse(JSON.stringify(record, (key, value) => (key === 'metrics' ? undefined : value)));
}

it('a runtime whose process ends again and again is the same as one that goes on', {
  timeout: 120_000,
}, async () => {
  const same = fc.asyncProperty(
    fc.array(step, { minLength: 1, maxLength: 50, size: 'max' }),
    async (steps) => {
      const steady = await openTestRuntime();
      let restless = await openTestRuntime();
      for (const [index, one] of steps.entries()) {
        expect(await act(restless, one, index)).toEqual(await act(steady, one, index));
        if (one.after === 'crash' || one.after === 'reopen') restless = await restless[one.after]();
        if (one.after === 'lose executor') restless.loseExecutor();
        happened.set(one.after, (happened.get(one.after) ?? 0) + 1);
      }
      expect(describeModel(restless.context.model)).toEqual(describeModel(steady.context.model));
      expect(restless.catalog.entries.length).toBe(restless.disk.lines.length);
    },
  );
  // fast-check prints seed and path of a failure.
  await fc.assert(same, { numRuns: RUNS });
  for (const what of [...VERB_NAMES, 'crash', 'reopen', 'lose executor']) {
    if (RUNS >= 100) expect(happened.get(what) ?? 0, what).toBeGreaterThanOrEqual(5);
  }
});
