import { describe, expect, it } from 'vitest';
import { armedFaults } from '../../test/support/armed-faults.js';
import { gate } from '../../test/support/gate.js';
import { openTestRuntime, type TestRuntime } from '../../test/support/test-runtime.js';
import {
  balanceOf,
  describeModel,
  named,
  newWorld,
  refused,
  run,
  triad,
  variable,
} from '../../test/support/verbs.js';
import type { StateId } from '../model/ids.js';
import { branch } from './branch.js';
import { createWorld } from './create-world.js';
import { deleteWorld } from './delete-world.js';
import { deposit } from './move-money.js';
import { pullUp } from './pull-up.js';
import { rewind } from './rewind.js';
import { snapshotWorld } from './snapshot-world.js';
import type { World } from './world-model.js';

async function count(t: TestRuntime, world: World, from: number, to: number): Promise<StateId[]> {
  const states: StateId[] = [];
  for (let n = from; n <= to; n += 1) states.push((await run(t, world, `set x ${n}`)).state!);
  return states;
}

const gc = (t: TestRuntime, request = {}) => t.context.upkeep.collect(request, {});

describe('retention', () => {
  it('keeps the last states of a world, and whoever asks for an older one is told', async () => {
    const t = await openTestRuntime({ retention: { states: 5 } });
    const world = await newWorld(t, 'w');
    const states = await count(t, world, 1, 20);
    const report = await gc(t);
    expect(report).toMatchObject({ statesForgotten: 16, statesKept: 5, statesPersisted: 1 });
    expect([...t.context.model.states.keys()]).toEqual(states.slice(-5));
    await refused(
      rewind(t.context, world, { to: states[3]! }, {}),
      'STATE_NOT_FOUND',
      /retention gave it up/,
    );
    await refused(rewind(t.context, world, { steps: 5 }, {}), 'STATE_NOT_FOUND', /retention.states/);
    const again = await t.crash();
    await rewind(again.context, named(again, 'w'), { to: states[15]! }, {});
    expect(await variable(again, named(again, 'w'), 'x')).toBe('16');
  });

  it('of a world goes before that of the runtime, and its children have it too', async () => {
    const t = await openTestRuntime({ retention: { states: 5 } });
    const world = await newWorld(t, 'w', { retainStates: 2 });
    await count(t, world, 1, 9);
    const { children } = await branch(t.context, world, { count: 1 }, {});
    const child = t.context.model.world(children[0]!.worldId);
    await count(t, child, 10, 19);
    await gc(t);
    expect(t.context.model.states.size).toBe(4);
    expect(t.context.model.states.has(child.heads.at(-2)!)).toBe(true);
  });

  it('keeps names for ever, heads of worlds that collapsed, and nothing of those that are deleted', async () => {
    const t = await openTestRuntime({ retention: { states: 1 } });
    const [world, doomed] = [await newWorld(t, 'w'), await newWorld(t, 'doomed')];
    await count(t, world, 1, 3);
    await snapshotWorld(t.context, world, 'three', {});
    await count(t, world, 4, 6);
    const { nash, optimal } = await triad(t, world);
    await count(t, nash, 7, 9);
    await count(t, optimal, 10, 12);
    await pullUp(t.context, world, { oracle: 'manual', outcome: 'optimal' }, {});
    await count(t, doomed, 1, 9);
    await deleteWorld(t.context, doomed, {});
    await gc(t);
    // The name, nash, chaos (where it was born), and the winner's head, which is the parent's too.
    expect(t.context.model.states.size).toBe(4);
    const again = await t.crash();
    const fork = await createWorld(again.context, { snapshot: 'three', name: 'fork' }, {});
    expect(await variable(again, fork, 'x')).toBe('3');
    expect(await variable(again, named(again, 'w'), 'x')).toBe('12');
    await snapshotWorld(again.context, again.context.model.world(nash.id), 'late', {});
    const read = await createWorld(again.context, { snapshot: 'late', detached: true }, {});
    expect(await variable(again, read, 'x')).toBe('9');
  });

  it('keeps what the verses of an open condition were born on', async () => {
    const t = await openTestRuntime({ retention: { states: 1 } });
    const world = await newWorld(t, 'w');
    await count(t, world, 1, 3);
    const { nash, chaos } = await triad(t, world);
    await count(t, nash, 4, 9);
    await gc(t);
    expect(t.context.model.states.has(nash.birth.state)).toBe(true);
    expect(await variable(t, chaos, 'x')).toBe('3');
  });

  it('lets go of the code of what is forgotten, and of the keys of its transfers', async () => {
    const t = await openTestRuntime({ retention: { states: 3 } });
    const world = await newWorld(t, 'w');
    await deposit(t.context, world, { token: 'GOLD', amount: '1000' }, {});
    for (let n = 0; n < 50; n += 1) await run(t, world, `# secret ${n}\ntransfer shop GOLD 1`);
    const memory = () => JSON.stringify(describeModel(t.context.model));
    expect(memory()).toContain('secret 0');
    await gc(t);
    expect(memory().match(/secret/g)).toHaveLength(3);
    expect(t.context.model.ledger.snapshot().keys).toHaveLength(3);
    expect(balanceOf(t, world)).toBe(950n);
    const again = await t.reopen();
    expect(describeModel(again.context.model)).toEqual(describeModel(t.context.model));
  });
});

describe('a collection', () => {
  it('removes durable forms that only forgotten states had, and reports what it did', async () => {
    const t = await openTestRuntime({ retention: { states: 2 } });
    const world = await newWorld(t, 'w');
    for (let n = 0; n < 4; n += 1) {
      await count(t, world, n, n);
      await t.context.parts.pages?.beginCollection();
      await gc(t);
    }
    await count(t, world, 10, 20);
    const steps: string[] = [];
    const dry = await gc(t, { dryRun: true });
    expect(dry).toMatchObject({ dryRun: true, statesForgotten: 11, statesPersisted: 1, bytesFreed: null });
    expect(t.context.model.states.size).toBe(13);
    const report = await gc(t, { onProgress: ({ what }: { what: string }) => steps.push(what) });
    expect(report).toMatchObject({ dryRun: false, statesForgotten: 11, statesKept: 2, manifestsRemoved: 1 });
    expect(report.bytesFreed).toBeGreaterThan(0);
    expect(t.disk.archive.size).toBe(1);
    expect(new Set(steps)).toEqual(new Set(['states made durable', 'removing manifests']));
  });

  it('runs one at a time: who comes meanwhile gets the same report', async () => {
    const t = await openTestRuntime({ retention: { states: 1 } });
    await count(t, await newWorld(t, 'w'), 1, 9);
    const [first, second] = await Promise.all([gc(t), gc(t)]);
    expect(second).toBe(first);
    expect((await gc(t)).statesForgotten).toBe(0);
  });

  it('is not taken for done by who comes while one is only rehearsed', async () => {
    const t = await openTestRuntime({ retention: { states: 1 } });
    await count(t, await newWorld(t, 'w'), 1, 9);
    const [told, done] = await Promise.all([gc(t, { dryRun: true }), gc(t)]);
    expect(told).toMatchObject({ dryRun: true, statesForgotten: 9 });
    expect(done).toMatchObject({ dryRun: false, statesForgotten: 9 });
    expect(t.context.model.states.size).toBe(1);
  });

  it('can be interrupted and run again, and nothing is lost', async () => {
    const t = await openTestRuntime({ retention: { states: 1 } });
    const worlds = [];
    for (let n = 0; n < 12; n += 1) worlds.push(await newWorld(t, `w${n}`));
    for (const world of worlds) await count(t, world, 1, 4);
    const stop = new AbortController();
    const onProgress = () => stop.abort();
    const error = await refused(
      t.context.upkeep.collect({ onProgress }, { signal: stop.signal }),
      'INTERRUPTED',
      /run it again/,
    );
    expect(error.exitCode).toBe(130);
    await refused(gcWith(t, stop.signal), 'INTERRUPTED');
    expect((await gc(t)).statesForgotten).toBe(48);
    const again = await t.crash();
    for (const { name } of worlds) expect(await variable(again, named(again, name), 'x')).toBe('4');
  });

  it('leaves alone what is being written, named and used while it runs', async () => {
    const t = await openTestRuntime({ retention: { states: 1 } });
    const world = await newWorld(t, 'w');
    await count(t, world, 1, 5);
    await gc(t);
    const [pause, go] = [gate(), gate()];
    t.disk.archive.betweenSteps = async () => {
      pause.open();
      await go.passed;
    };
    await count(t, world, 6, 9);
    const collecting = gc(t);
    await pause.passed;
    await snapshotWorld(t.context, world, 'meanwhile', {});
    const { children } = await branch(t.context, world, { count: 2 }, {});
    await count(t, world, 10, 12);
    go.open();
    await collecting;
    const again = await t.crash();
    const fork = await createWorld(again.context, { snapshot: 'meanwhile' }, {});
    expect(await variable(again, fork, 'x')).toBe('9');
    for (const { worldId } of children) {
      expect(await variable(again, again.context.model.world(worldId), 'x')).toBe('9');
    }
    expect(await variable(again, named(again, 'w'), 'x')).toBe('12');
  });

  it('waits for a durable form that is written and not yet in the journal', async () => {
    const [pause, go] = [gate(), gate()];
    let armed = false;
    const t = await openTestRuntime({
      retention: { states: 1 },
      journal: {
        async delay() {
          if (!armed) return;
          pause.open();
          await go.passed;
        },
      },
    });
    const world = await newWorld(t, 'w');
    await count(t, world, 1, 3);
    armed = true;
    const taking = snapshotWorld(t.context, world, 's', {});
    await pause.passed;
    armed = false;
    const collecting = gc(t);
    go.open();
    await Promise.all([taking, collecting]);
    expect(t.disk.archive.size).toBe(1);
    const again = await t.crash();
    expect(await variable(again, named(again, 'w'), 'x')).toBe('3');
  });

  it('keeps the past of a state that cannot be made durable', async () => {
    const faults = armedFaults();
    const t = await openTestRuntime({ retention: { states: 1 }, faults });
    const world = await newWorld(t, 'w');
    await count(t, world, 1, 5);
    faults.always('persist', { kind: 'fail', code: 'ENGINE_FAULT' });
    expect(await gc(t)).toMatchObject({ statesForgotten: 0, statesKept: 6 });
    const again = await t.crash();
    expect(await variable(again, named(again, 'w'), 'x')).toBe('5');
  });

  it('is not put off by who only asks', async () => {
    const t = await openTestRuntime({ retention: { states: 10 } });
    t.disk.archive.betweenSteps = async () => {};
    const world = await newWorld(t, 'w');
    await count(t, world, 1, 900);
    await gc(t, { dryRun: true });
    await count(t, world, 901, 1100);
    await t.context.backgroundDone();
    expect(t.context.model.states.size).toBeLessThan(300);
    await t.close();
  });

  it('happens by itself behind many executions, unless that is switched off', async () => {
    for (const automatic of [true, false]) {
      const t = await openTestRuntime({ retention: { states: 10, automatic } });
      // Executions of the simulated substrate never let the event loop turn.
      t.disk.archive.betweenSteps = async () => {};
      const world = await newWorld(t, 'w');
      await count(t, world, 1, 4100);
      await t.context.backgroundDone();
      const { size } = t.context.model.states;
      if (automatic) expect(size).toBeLessThan(1500);
      else expect(size).toBe(4101);
      await t.close();
    }
  });
});

function gcWith(t: TestRuntime, signal: AbortSignal) {
  return t.context.upkeep.collect({}, { signal });
}
