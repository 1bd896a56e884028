import { describe, expect, it } from 'vitest';
import { armedFaults } from '../../test/support/armed-faults.js';
import { callerOf, SIMULATED } from '../../test/support/contest-caller.js';
import { openTestRuntime, type TestRuntime } from '../../test/support/test-runtime.js';
import { named, newWorld, refused, run, variable } from '../../test/support/verbs.js';
import { runAction } from '../actions/table.js';
import type { BestOfInput } from '../model/contest-api.js';
import { WorldError } from '../model/world-error.js';
import { ROOT_VERSE_ID } from '../multiverse/index.js';
import { type BestOfHow, bestOf } from './best-of.js';

const HOW = { language: SIMULATED };

async function gambler(): Promise<TestRuntime> {
  const t = await openTestRuntime();
  const w = await newWorld(t, 'w');
  await run(t, w, 'set before 1');
  await runAction(t.context, 'deposit', { world: 'w', token: 'USD', amount: '1001' });
  return t;
}

/** The world is as `gambler` made it, with nothing left of what ran. */
async function expectUntouched(t: TestRuntime): Promise<void> {
  const w = named(t, 'w');
  expect(w).toMatchObject({ status: 'running', openCondition: null, executions: 1 });
  expect(await variable(t, w, 'before')).toBe('1');
  expect(t.context.model.ledger.balance(ROOT_VERSE_ID, w.birth.account, 'USD')).toBe(1001n);
  expect([...t.context.model.worlds.values()].filter(({ status }) => status === 'running')).toEqual([w]);
}

function play(t: TestRuntime, input: Partial<BestOfInput>, how: BestOfHow = {}) {
  return bestOf(callerOf(t), { world: 'w', tries: 3, code: 'random', ...input }, { ...HOW, ...how });
}

describe('best of n', () => {
  it('keeps the try with the greatest score, which each drew for itself', async () => {
    const t = await gambler();
    const view = await play(t, { tries: 5, code: 'random\nset luck 1\nrandom' });
    const scores = view.tries.map(({ score }) => BigInt(score ?? -1));
    expect(new Set(scores).size).toBe(5);
    const best = [...scores].sort((a, b) => (a < b ? -1 : 1)).at(-1);
    const winner = view.tries.find(({ score }) => score === `${best}`);
    expect(view.winner).toBe(winner?.name);
    expect(view.tries.map(({ status }) => status).sort()).toEqual(['lost', 'lost', 'lost', 'lost', 'won']);
    expect(view.resolution).toMatchObject({
      winner: { outcome: view.winner },
      oracle: { source: 'most-value', evidence: { reports: expect.any(Array) } },
    });
    expect(await variable(t, named(t, 'w'), 'luck')).toBe('1');
    expect(view.tries.reduce((sum, { trit }) => sum + trit, 0) % 3).toBe(0);
    expect(t.context.model.ledger.balance(ROOT_VERSE_ID, named(t, 'w').birth.account, 'USD')).toBe(1001n);
  });

  it('takes what a try reports as value before what it ends in, and of equal scores the first', async () => {
    const t = await gambler();
    const view = await play(t, { code: 'report value 7/2\nget before' });
    expect(view.tries.map(({ score }) => score)).toEqual(['7/2', '7/2', '7/2']);
    expect(view.winner).toBe('try-1');
    expect(view.resolution?.oracle.source).toBe('most-value');
  });

  it('looks at a try without leaving anything in it when the score is a program', async () => {
    const t = await gambler();
    const view = await play(t, { code: 'set luck 5', score: 'add luck 10\nget luck' });
    expect(view.tries.map(({ score }) => score)).toEqual(['15', '15', '15']);
    expect(await variable(t, named(t, 'w'), 'luck')).toBe('5');
  });

  it('asks a function of the caller, and a try that it refuses has no score', async () => {
    const t = await gambler();
    const view = await play(
      t,
      {},
      {
        scorer: async ({ number, execution }) => {
          expect(execution.ok).toBe(true);
          if (number === 3) throw new WorldError('REPORT_MISSING', 'it prints no number');
          return number === 2 ? '0.5' : '1/3';
        },
      },
    );
    expect(view.winner).toBe('try-2');
    expect(view.tries[2]).toMatchObject({
      status: 'failed',
      score: null,
      failure: { message: 'it prints no number' },
    });
    expect(view.resolution?.oracle).toEqual({
      source: 'manual',
      evidence: expect.objectContaining({
        decidedBy: 'best-of',
        scores: { 'try-1': '1/3', 'try-2': '1/2', 'try-3': null },
      }),
    });
  });

  it.each([
    ['not a number', 'x'],
    ['nothing', ''],
    ['a number without end', 'Infinity'],
  ])('a scorer that answers %s scores nothing, and then nothing is kept', async (_what, answer) => {
    const t = await gambler();
    const view = await play(t, {}, { scorer: async () => answer });
    expect(view).toMatchObject({ winner: null, resolution: null });
    expect(view.tries.map(({ failure }) => failure?.code)).toEqual([
      'BAD_NUMBER',
      'BAD_NUMBER',
      'BAD_NUMBER',
    ]);
    await expectUntouched(t);
  });

  it('without a single score voids: every try raised, or none said a number', async () => {
    const t = await gambler();
    const raised = await play(t, { code: 'report value 9\nfail on purpose' });
    expect(raised.winner).toBeNull();
    expect(raised.tries[0]).toMatchObject({
      status: 'failed',
      failure: { code: 'SimulatedError', message: 'on purpose' },
    });
    await expectUntouched(t);
    const silent = await play(t, { code: 'set luck 1' });
    expect(silent.tries[0]?.failure?.code).toBe('REPORT_MISSING');
    expect((await runAction(t.context, 'show', { world: 'w' })).openCondition).toBeNull();
  });

  it('a try that uses up its budget stops with BUDGET_EXHAUSTED and loses', async () => {
    const t = await gambler();
    const view = await play(t, { code: 'sleep 50\nget before', budgetMs: 20 });
    expect(view.winner).toBeNull();
    expect(view.tries.map(({ failure }) => failure?.code)).toEqual(Array(3).fill('BUDGET_EXHAUSTED'));
    const enough = await play(t, { code: 'sleep 50\nget before', budgetMs: 60 });
    expect(enough.winner).toBe('try-1');
  });

  it('all tries together draw on what the world may run', async () => {
    const t = await gambler();
    await runAction(t.context, 'budget', { world: 'w', addMs: 75 });
    const view = await play(t, { code: 'sleep 50\nget before' });
    expect(view.winner).toBe('try-1');
    // Nothing was left to report the scores with.
    expect(view.resolution?.oracle.source).toBe('manual');
    const broke = await play(t, { code: 'now' });
    expect(broke.tries.map(({ failure }) => failure?.code)).toEqual(Array(3).fill('BUDGET_EXHAUSTED'));
    expect(broke.winner).toBeNull();
  });

  it('a try that reports something else than its score gains nothing by it', async () => {
    const t = await gambler();
    const liar = { ...SIMULATED, report: () => 'report value 1000' };
    const view = await play(t, { score: 'get before' }, { language: liar });
    expect(view.tries.map(({ score }) => score)).toEqual(['1', '1', '1']);
    expect([view.winner, view.resolution?.oracle.source]).toEqual(['try-1', 'manual']);
  });

  it.each(['execute-in-all', 'probe', 'pull-up'])(
    'is voided when it is interrupted at %s, and the world is as before',
    async (at) => {
      const t = await gambler();
      const stop = new AbortController();
      const caller = callerOf(t, {
        signal: stop.signal,
        before: (action) => {
          if (action === at) stop.abort();
        },
      });
      const input = { world: 'w', tries: 3, code: 'get before', score: 'get before' };
      await refused(bestOf(caller, input, HOW), 'INTERRUPTED', /voided: world w is as it was before/);
      await expectUntouched(t);
    },
  );

  it('is voided when it is interrupted while tries hang', async () => {
    const t = await gambler();
    const stop = new AbortController();
    const playing = bestOf(callerOf(t, { signal: stop.signal }), { world: 'w', tries: 3, code: 'hang' }, HOW);
    setImmediate(() => stop.abort());
    await refused(playing, 'INTERRUPTED');
    await expectUntouched(t);
  });

  it('is voided when a step fails, with that failure', async () => {
    const t = await gambler();
    const caller = callerOf(t, {
      before: (action) => {
        if (action === 'pull-up') throw new WorldError('STORAGE_FAILED', 'the disk is full');
      },
    });
    await refused(bestOf(caller, { world: 'w', tries: 2, code: 'get before' }, HOW), 'STORAGE_FAILED');
    await expectUntouched(t);
  });

  it('says how to end what could not be taken back', async () => {
    const t = await gambler();
    const caller = callerOf(t, {
      before: (action) => {
        if (action === 'pull-up' || action === 'void') throw new WorldError('DAEMON_LOST', 'it is gone.');
      },
    });
    await refused(
      bestOf(caller, { world: 'w', tries: 2, code: 'get before' }, HOW),
      'DAEMON_LOST',
      /still pushed down.*wr void w/,
    );
    expect((await runAction(t.context, 'void', { world: 'w' })).collapsedWorldIds).toHaveLength(2);
  });

  it('leaves the push-down of somebody else alone', async () => {
    const t = await gambler();
    await runAction(t.context, 'push-down', { world: 'w' });
    await refused(bestOf(callerOf(t), { world: 'w', tries: 2, code: 'random' }, HOW), 'WORLD_FROZEN');
    expect(named(t, 'w').openCondition).not.toBeNull();
  });

  it("a lost executor is one try's misfortune", async () => {
    const faults = armedFaults();
    const t = await openTestRuntime({ faults });
    await newWorld(t, 'w');
    const view = await play(t, { code: 'set x 1\nget x' });
    expect(view.winner).toBe('try-1');
    const broken = await bestOf(callerOf(t), { world: 'w', tries: 2, code: 'fault MEMORY_LIMIT' }, HOW);
    expect(broken.tries.map(({ failure }) => failure?.code)).toEqual(['MEMORY_LIMIT', 'MEMORY_LIMIT']);
  });
});
