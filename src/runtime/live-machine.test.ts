import { expect, it } from 'vitest';
import { openTestRuntime } from '../../test/support/test-runtime.js';
import { named, newWorld, run, variable } from '../../test/support/verbs.js';
import { WorldError } from '../model/world-error.js';
import type { Machine, Substrate } from '../ports/substrate.js';
import { branch } from './branch.js';
import { probeState } from './probe-state.js';
import { snapshotWorld } from './snapshot-world.js';

/** Machines that, once the capture of a state has failed, answer nothing but that failure any more. */
function withFailingCapture(substrate: Substrate, plan: { failNext: boolean }): Substrate {
  const full = new WorldError('MEMORY_LIMIT', 'There is no room for the state.');
  const fragile = (machine: Machine): Machine => {
    let broken = false;
    return {
      execute: async (...args) => {
        if (broken) throw full;
        return machine.execute(...args);
      },
      snapshot: async (wait) => {
        broken ||= plan.failNext;
        plan.failNext = false;
        if (broken) throw full;
        return machine.snapshot(wait);
      },
      measure: () => machine.measure(),
      isLost: () => broken || machine.isLost(),
      [Symbol.asyncDispose]: async () => machine[Symbol.asyncDispose](),
    };
  };
  return {
    name: substrate.name,
    supports: substrate.supports,
    baseDigest: (wait) => substrate.baseDigest(wait),
    boot: async (...args) => fragile(await substrate.boot(...args)),
    restore: async (...args) => fragile(await substrate.restore(...args)),
    persist: (...args) => substrate.persist(...args),
    recall: (...args) => substrate.recall(...args),
    listFiles: (...args) => substrate.listFiles(...args),
    readFile: (...args) => substrate.readFile(...args),
    editFiles: (...args) => substrate.editFiles(...args),
    compareFiles: (...args) => substrate.compareFiles(...args),
    compare: (...args) => substrate.compare(...args),
    discard: (state) => substrate.discard(state),
    holds: (state) => substrate.holds(state),
    memory: () => substrate.memory(),
    measureMemory: (wait) => substrate.measureMemory(wait),
    durableKeys: (durable) => substrate.durableKeys(durable),
    [Symbol.asyncDispose]: async () => substrate[Symbol.asyncDispose](),
  };
}

it('a machine that could not capture an acknowledged state is replaced, and the state replayed', async () => {
  const plan = { failNext: false };
  const runtime = await openTestRuntime({ wrap: (substrate) => withFailingCapture(substrate, plan) });
  const world = await newWorld(runtime, 'fragile');
  await run(runtime, world, 'set x 1');
  plan.failNext = true;
  expect((await run(runtime, world, 'set x 2')).ok).toBe(true);
  expect(plan.failNext).toBe(false);
  expect(await variable(runtime, world, 'x')).toBe('2');
  await runtime.close();
});

it('it is replaced too when its state was made again for somebody else meanwhile', async () => {
  const plan = { failNext: false };
  const runtime = await openTestRuntime({ wrap: (substrate) => withFailingCapture(substrate, plan) });
  const world = await newWorld(runtime, 'fragile');
  plan.failNext = true;
  await run(runtime, world, 'set x 2');
  await probeState(runtime.context, { state: world.head, code: 'get x' }, {});
  expect(await runtime.context.handle(world.head)).toBeDefined();
  expect(await variable(runtime, world, 'x')).toBe('2');
  await runtime.close();
});

it('the start of the engine is charged to no snapshot and no branch', async () => {
  const first = await openTestRuntime();
  await newWorld(first, 'old');
  const slowStart = {
    at: (step: number) => (step === 1 ? ({ kind: 'delay', ms: 500 } as const) : undefined),
  };
  const snapshotting = await first.reopen({ faults: slowStart });
  const taken = await snapshotWorld(snapshotting.context, named(snapshotting, 'old'), undefined, {});
  expect(taken.metrics.map(({ snapshotTimeMs }) => snapshotTimeMs)).toEqual([0]);
  const branching = await snapshotting.reopen({ faults: slowStart });
  const branched = await branch(branching.context, named(branching, 'old'), {}, {});
  expect([branched.snapshotTimeMs, branched.branchTimeMs]).toEqual([0, 0]);
  await branching.close();
});
