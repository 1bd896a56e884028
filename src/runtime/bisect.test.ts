import { describe, expect, it } from 'vitest';
import { openTestRuntime, type TestRuntime } from '../../test/support/test-runtime.js';
import { newWorld, refused, run } from '../../test/support/verbs.js';
import type { StateId } from '../model/ids.js';
import { bisect, nearestToMiddle, type Verdict } from './bisect.js';
import { probeState } from './probe-state.js';
import { rewind } from './rewind.js';
import type { World } from './world-model.js';

/** Bad as soon as x is no longer below `from`. */
function judging(t: TestRuntime, from: number, lost: readonly StateId[] = []) {
  return async (state: StateId): Promise<Verdict> => {
    if (lost.includes(state)) return { verdict: 'skipped', note: 'STATE_LOST' };
    const { value, ok } = await probeState(t.context, { state, code: 'get x' }, {});
    if (!ok) return { verdict: 'good', note: null };
    return Number(value) < from ? { verdict: 'good', note: null } : { verdict: 'bad', note: `x is ${value}` };
  };
}

async function counting(t: TestRuntime, until: number): Promise<World> {
  const world = await newWorld(t, 'w');
  for (let n = 1; n <= until; n += 1) await run(t, world, `set x ${n}`);
  return world;
}

describe('bisect', () => {
  it('finds the culprit wherever it is, in no more checks than log2 and the two ends', async () => {
    const t = await openTestRuntime();
    const world = await counting(t, 20);
    for (let culprit = 1; culprit <= 20; culprit += 1) {
      const found = await bisect(t.context.model, { world, judge: judging(t, culprit) });
      expect([found.good, found.bad]).toEqual([culprit - 1, culprit]);
      expect(found.steps.length).toBeLessThanOrEqual(2 + Math.ceil(Math.log2(20)));
    }
  });

  it('takes ends by number, and refuses those of which the check says otherwise', async () => {
    const t = await openTestRuntime();
    const world = await counting(t, 8);
    const look = (from: number, ends: { good?: string; bad?: string } = {}) =>
      bisect(t.context.model, { world, judge: judging(t, from), ...ends });
    expect((await look(5, { good: '3', bad: '6' })).steps.map(({ number }) => number)).toEqual([3, 6, 4, 5]);
    await refused(look(2, { good: '3' }), 'CHECK_DISAGREES', /says bad of state number 3.*--good N/);
    await refused(look(9), 'CHECK_DISAGREES', /says good of state number 8.*nothing to find/);
    await refused(look(5, { good: '6', bad: '6' }), 'BAD_INPUT', /must come before/);
    await refused(look(5, { bad: '9' }), 'STATE_NOT_FOUND', /states 0 to 8/);
    await refused(look(5, { good: 'stt_ZZ' }), 'STATE_NOT_FOUND');
  });

  it('looks at what led to the head, not at what a rewind left behind, unless that is asked for', async () => {
    const t = await openTestRuntime();
    const world = await counting(t, 6);
    const left = world.head;
    await rewind(t.context, world, { steps: 4 }, {});
    await run(t, world, 'set x 1');
    await run(t, world, 'set x 100');
    const found = await bisect(t.context.model, { world, judge: judging(t, 50) });
    expect([found.bad, found.history.length]).toEqual([4, 5]);
    const before = await bisect(t.context.model, { world, judge: judging(t, 5), bad: left });
    expect(before.history[before.bad]).not.toBe(undefined);
    expect(before.bad).toBe(5);
    await refused(
      bisect(t.context.model, { world, judge: judging(t, 50), good: left }),
      'STATE_NOT_FOUND',
      /did not lead to/,
    );
  });

  it('goes round states that cannot be restored, and says so when they hide the culprit', async () => {
    const t = await openTestRuntime();
    const world = await counting(t, 8);
    const { history } = await bisect(t.context.model, { world, judge: judging(t, 5) });
    const hidden = await bisect(t.context.model, {
      world,
      judge: judging(t, 5, [history[4]!, history[5]!]),
    });
    expect([hidden.good, hidden.bad]).toEqual([3, 6]);
    const beside = await bisect(t.context.model, { world, judge: judging(t, 7, [history[4]!]) });
    expect([beside.good, beside.bad]).toEqual([6, 7]);
    await refused(
      bisect(t.context.model, { world, judge: judging(t, 5, [history[0]!]) }),
      'STATE_NOT_FOUND',
      /cannot be restored: STATE_LOST.*--good/,
    );
  });
});

it('what is asked next is nearest to the middle', () => {
  expect(nearestToMiddle(0, 8, new Set())).toBe(4);
  expect(nearestToMiddle(0, 8, new Set([4]))).toBe(3);
  expect(nearestToMiddle(0, 8, new Set([3, 4, 5]))).toBe(2);
  expect(nearestToMiddle(0, 3, new Set([1]))).toBe(2);
  expect(nearestToMiddle(2, 3, new Set())).toBe(null);
  expect(nearestToMiddle(0, 3, new Set([1, 2]))).toBe(null);
});
