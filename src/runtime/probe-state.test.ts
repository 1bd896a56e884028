import { describe, expect, test } from 'vitest';
import { openTestRuntime } from '../../test/support/test-runtime.js';
import { describeModel, newWorld, refused, run, triad, variable } from '../../test/support/verbs.js';
import { deposit } from './move-money.js';
import { probeState } from './probe-state.js';
import { pullUp } from './pull-up.js';

describe('probing a state', () => {
  test('answers, and leaves no record, no effect, no state and no machine', async () => {
    const runtime = await openTestRuntime();
    const world = await newWorld(runtime, 'w');
    await deposit(runtime.context, world, { token: 'GOLD', amount: '5' }, {});
    await run(runtime, world, 'set x 1');
    const before = { lines: runtime.disk.lines.length, model: describeModel(runtime.context.model) };
    const code = 'set x 2\nwrite /tmp/f text\nreport value 9\ntransfer bob GOLD 5\nbalance GOLD';
    const result = await probeState(runtime.context, { state: world.head, code }, {});
    expect(result.value, 'it sees its own transfers').toBe('0');
    expect(runtime.disk.lines.length).toBe(before.lines);
    expect(describeModel(runtime.context.model)).toEqual(before.model);
    expect(runtime.substrate.census().machines, 'only the world’s own').toBe(1);
    expect(await variable(runtime, world, 'x')).toBe('1');
    await runtime.close();
  });

  test('works at any state of the past, and at the head of a world that collapsed', async () => {
    const runtime = await openTestRuntime();
    const world = await newWorld(runtime, 'w');
    const first = (await run(runtime, world, 'set x 1')).state!;
    await run(runtime, world, 'set x 2');
    const probe = async (state = world.head) =>
      (await probeState(runtime.context, { state, code: 'get x' }, {})).value;
    expect([await probe(first), await probe()]).toEqual(['1', '2']);
    const { nash, optimal } = await triad(runtime, world);
    await run(runtime, nash, 'set x 3\nreport cost 4');
    await run(runtime, optimal, 'set x 4\nreport cost 3');
    await pullUp(runtime.context, world, { oracle: 'manual', outcome: 'optimal' }, {});
    expect(nash.status).toBe('collapsed');
    expect(await probe(nash.head)).toBe('3');
    const again = await runtime.crash();
    expect((await probeState(again.context, { state: nash.head, code: 'get x' }, {})).value).toBe('3');
    await again.close();
  });

  test('runs nothing of a branch that was not there, unless it is asked as whom', async () => {
    const runtime = await openTestRuntime();
    const world = await newWorld(runtime, 'w');
    await run(runtime, world, 'set n 0\non-branch add n 1');
    const { nash } = await triad(runtime, world);
    const probe = { state: nash.head, code: 'get n' };
    expect((await probeState(runtime.context, probe, {})).value).toBe('0');
    expect((await probeState(runtime.context, { ...probe, world: nash }, {})).value).toBe('1');
    await runtime.close();
  });

  test('is bounded, and code that raises is an answer', async () => {
    const runtime = await openTestRuntime();
    const world = await newWorld(runtime, 'w');
    const state = world.head;
    await refused(
      probeState(runtime.context, { state, code: 'hang', timeoutMs: 50 }, {}),
      'EXECUTION_TIMEOUT',
    );
    const cut = await probeState(runtime.context, { state, code: 'print abcdef', outputBytes: 3 }, {});
    expect([cut.stdout, cut.stdoutTruncated]).toEqual(['abc', true]);
    expect((await probeState(runtime.context, { state, code: 'fail no' }, {})).ok).toBe(false);
    const signal = AbortSignal.abort();
    await refused(probeState(runtime.context, { state, code: 'get x' }, { signal }), 'INTERRUPTED');
    await runtime.close();
  });

  test('survives the loss of the executor', async () => {
    const runtime = await openTestRuntime();
    const world = await newWorld(runtime, 'w');
    await run(runtime, world, 'set x 7');
    runtime.loseExecutor();
    expect((await probeState(runtime.context, { state: world.head, code: 'get x' }, {})).value).toBe('7');
    await runtime.close();
  });
});
