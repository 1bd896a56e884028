import { describe, expect, test } from 'vitest';
import { openTestRuntime, type TestRuntime } from '../../test/support/test-runtime.js';
import { named, newWorld, refused, run } from '../../test/support/verbs.js';
import type { StateId } from '../model/ids.js';
import { branch } from './branch.js';
import { editFiles } from './edit-files.js';
import { snapshotWorld } from './snapshot-world.js';
import { verifyWorld } from './verify-world.js';
import type { World } from './world-model.js';

function verify(t: TestRuntime, world: World, from?: StateId) {
  return verifyWorld(t.context, { world, ...(from === undefined ? {} : { from }) }, {});
}

/** What made the state, to be tampered with. */
function executionOf(t: TestRuntime, state: StateId) {
  const { origin } = t.context.model.state(state);
  if (origin.kind !== 'execution') throw new Error('no execution made it');
  return origin.execution;
}

describe('verifying a world', () => {
  test('runs its whole history again, an ancestor’s part too, elsewhere, and changes nothing', async () => {
    const t = await openTestRuntime({ roots: true });
    const world = await newWorld(t, 'w');
    for (const code of ['set x 1', 'set y 2\nget y', 'no statement', 'set x 3']) await run(t, world, code);
    const [child] = (await branch(t.context, world, { count: 1 }, {})).children;
    const kid = named(t, child!.name);
    await run(t, kid, 'random\nset x 4');
    await t.context.backgroundDone();
    const lines = t.disk.lines.length;
    const steps: string[] = [];
    const stretches = await verifyWorld(
      t.context,
      { world: kid, onStep: (done, total) => steps.push(`${done}/${total}`) },
      {},
    );
    expect(steps).toEqual(['1/4', '2/4', '3/4', '4/4']);
    expect(stretches).toHaveLength(1);
    const [{ startedFrom, executions }] = stretches as [(typeof stretches)[0]];
    expect(startedFrom).toBe('boot');
    expect(executions.map(({ number, worldId }) => [number, worldId])).toEqual([
      [1, world.id],
      [2, world.id],
      [3, world.id],
      [4, kid.id],
    ]);
    for (const { state, root, rootRecorded } of executions) {
      expect(root).toMatch(/^[0-9a-f]{64}$/);
      expect(root).toBe(t.context.model.state(state).root);
      expect(rootRecorded).toBe(true);
    }
    expect(new Set(executions.map(({ root }) => root)).size).toBe(4);
    expect(t.disk.lines.length, 'nothing is recorded').toBe(lines);
    await t.close();
  });

  test('notices another code, another input and another root, and names the first execution', async () => {
    const t = await openTestRuntime({ roots: true });
    const world = await newWorld(t, 'w');
    await run(t, world, 'set x 1');
    const second = await run(t, world, 'set x 2\nget x');
    const third = await run(t, world, 'set y 1');
    await run(t, world, 'get y');
    await t.context.backgroundDone();
    const { model } = t.context;
    const caught = async (execution: { executionId: string }, verified: number) => {
      const error = await refused(verify(t, world), 'RECOVERY_DIVERGED', /before it are intact/);
      expect(error.details).toMatchObject({ execution: execution.executionId, verified });
      expect(error.details['lastVerified']).toMatchObject({ number: verified, rootRecorded: true });
      expect(error.message).toMatch(verified === 1 ? /one execution before it/ : /2 executions before it/);
    };
    await verify(t, world);
    const code = executionOf(t, second.state!);
    Object.assign(code, { code: 'set x 3\nget x' });
    await caught(second, 1);
    // Its answer is the same, so that only the root tells.
    Object.assign(code, { code: 'set x 2\nset z 1\nget x' });
    await caught(second, 1);
    Object.assign(code, { code: 'set x 2\nget x' });
    Object.assign(executionOf(t, third.state!), { clockNs: '7777777777777777777' });
    await caught(third, 2);
    Object.assign(executionOf(t, third.state!), { clockNs: third.clockNs });
    await verify(t, world);
    const [first] = [...model.states.values()].filter(({ origin }) => origin.kind === 'execution');
    const { root } = first!;
    first!.root = 'ab'.repeat(32);
    const error = await refused(verify(t, world), 'RECOVERY_DIVERGED', /It is the first/);
    expect(error.details).toMatchObject({ verified: 0 });
    first!.root = root;
    model.state(third.state!).root = 'ab'.repeat(32);
    await caught(third, 2);
    await t.close();
  });

  test('starts at a durable state when asked to, and anew behind files from outside', async () => {
    const t = await openTestRuntime({ roots: true });
    const world = await newWorld(t, 'w');
    await run(t, world, 'set x 1');
    const { state } = await snapshotWorld(t.context, world, 'first', {});
    await run(t, world, 'set x 2');
    const edit = [{ kind: 'write', path: '/tmp/f', content: Buffer.from('text'), append: false }] as const;
    const { state: edited } = await editFiles(t.context, { world, edits: [...edit] }, {});
    await run(t, world, 'set x 3');
    const shape = (await verify(t, world)).map(({ start, startedFrom, executions }) => [
      start,
      startedFrom,
      executions.map(({ number }) => number),
    ]);
    expect(shape).toEqual([
      [expect.anything(), 'boot', [1, 2]],
      [edited, 'files', [3]],
    ]);
    const later = await verify(t, world, state);
    expect(later.map(({ start, startedFrom }) => [start, startedFrom])).toEqual([
      [state, 'durable'],
      [edited, 'files'],
    ]);
    expect(later.flatMap(({ executions }) => executions)).toHaveLength(2);
    const other = await newWorld(t, 'other');
    await refused(verify(t, world, other.head), 'STATE_NOT_FOUND', /history of world w/);
    await t.close();
  });

  test('verifies what is left when the past was forgotten', async () => {
    const t = await openTestRuntime({ roots: true, retention: { states: 2 } });
    const world = await newWorld(t, 'w');
    for (let i = 1; i <= 6; i += 1) await run(t, world, `set x ${i}`);
    await t.context.upkeep.collect({}, {});
    const [stretch, ...rest] = await verify(t, world);
    expect(rest).toEqual([]);
    expect(stretch).toMatchObject({ startedFrom: 'durable' });
    expect(stretch?.executions.length).toBeGreaterThan(0);
    expect(stretch?.executions.length).toBeLessThan(6);
    await t.close();
  });
});

describe('roots', () => {
  test('that a crash lost are found again by the replay that recovers', async () => {
    const t = await openTestRuntime();
    const world = await newWorld(t, 'w');
    for (const n of [1, 2, 3]) await run(t, world, `set x ${n}`);
    const again = await t.crash({ roots: true });
    const roots = () => [...again.context.model.states.values()].map(({ root }) => root);
    expect(roots()).toEqual([null, null, null, null]);
    await run(again, named(again, 'w'), 'get x');
    await again.context.backgroundDone();
    const found = roots();
    expect(found.slice(1).every((root) => root !== null)).toBe(true);
    expect(new Set(found.slice(1, 4)).size).toBe(3);
    await again.close();
  });

  test('are in the journal behind their executions, and known after a crash, by replay at the latest', async () => {
    const t = await openTestRuntime({ roots: true });
    const world = await newWorld(t, 'w');
    const { state } = await run(t, world, 'set x 1');
    await t.context.backgroundDone();
    const root = t.context.model.state(state!).root;
    expect(root).toMatch(/^[0-9a-f]{64}$/);
    const again = await t.crash({ roots: true });
    expect([root, null]).toContain(again.context.model.state(state!).root);
    expect((await verify(again, named(again, 'w')))[0]?.executions[0]?.root).toBe(root);
    const closed = await again.reopen({ roots: true });
    expect([root, null]).toContain(closed.context.model.state(state!).root);
    await closed.close();
  });

  test('are compared when a state is recovered', async () => {
    const t = await openTestRuntime({ roots: true });
    const world = await newWorld(t, 'w');
    const { state, executionId } = await run(t, world, 'set x 1');
    await t.context.backgroundDone();
    t.context.model.state(state!).root = 'cd'.repeat(32);
    t.loseExecutor();
    const error = await refused(run(t, world, 'get x'), 'RECOVERY_DIVERGED', /another state/);
    expect(error.details).toMatchObject({ execution: executionId, expected: 'cd'.repeat(32) });
    await t.close();
  });
});
