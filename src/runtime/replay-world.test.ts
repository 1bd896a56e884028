import { describe, expect, test } from 'vitest';
import { openTestRuntime, type TestRuntime } from '../../test/support/test-runtime.js';
import { named, newWorld, refused, run, triad, variable } from '../../test/support/verbs.js';
import type { StateId } from '../model/ids.js';
import { ROOT_VERSE_ID } from '../multiverse/index.js';
import { branch } from './branch.js';
import { deleteWorld } from './delete-world.js';
import { editFiles, type WorldFileEdit } from './edit-files.js';
import { pullUp } from './pull-up.js';
import { replayWorld } from './replay-world.js';
import { rewind } from './rewind.js';
import { snapshotWorld } from './snapshot-world.js';
import type { World } from './world-model.js';

function replay(t: TestRuntime, world: World, to: string | number, name?: string) {
  return replayWorld(t.context, world, { to: String(to), ...(name === undefined ? {} : { name }) }, {});
}

/** Retention as it would be with few states kept, whatever else is. */
async function forgetting(t: TestRuntime): Promise<void> {
  await t.context.backgroundDone();
  await t.context.upkeep.collect({}, {});
}

/** A world of which only the last two of `until` executions are kept. */
async function longPast(t: TestRuntime, until: number, name = 'w'): Promise<World> {
  const world = await newWorld(t, name, { retainStates: 2 });
  for (let n = 1; n <= until; n += 1) await run(t, world, `set x ${n}\nrandom\nset y ${n * n}`);
  await forgetting(t);
  return world;
}

const FILE: WorldFileEdit = { kind: 'write', path: '/f', content: new Uint8Array([1]) };

/** From now on the journal tells of another code. */
function tamperCode(t: TestRuntime, code: string, other: string): void {
  const { journal } = t.context.parts;
  const read = journal.read.bind(journal);
  journal.read = async function* (from) {
    for await (const entry of read(from)) {
      const { record } = entry;
      if (record.op === 'world.executed')
        yield { ...entry, record: { ...record, code: record.code.replace(code, other) } };
      else yield entry;
    }
  };
}

describe('replaying a world', () => {
  test('gives a world at every moment of the past, with nothing run again while states are kept', async () => {
    const t = await openTestRuntime({ roots: true });
    const world = await newWorld(t, 'w');
    for (const n of [1, 2, 3]) await run(t, world, `set x ${n}`);
    for (const n of [0, 1, 2, 3]) {
      const found = await replay(t, world, n);
      expect(found).toMatchObject({ number: n, ranAgain: 0 });
      expect(await variable(t, found.world, 'x')).toBe(n === 0 ? null : String(n));
    }
    expect([...t.context.model.worldsByName.keys()]).toEqual(['w', 'w-at-0', 'w-at-1', 'w-at-2', 'w-at-3']);
    const { birth } = named(t, 'w-at-2');
    expect(birth).toMatchObject({ parentId: null, verseId: ROOT_VERSE_ID });
    expect(t.context.model.lastRun(birth.state).worldId, 'its source made the state').toBe(world.id);
    await run(t, named(t, 'w-at-2'), 'set x 100');
    expect(await variable(t, world, 'x'), 'the source goes on by itself').toBe('3');
    await t.close();
  });

  test('makes again what retention gave up, from the nearest state that is known, and keeps it', async () => {
    const t = await openTestRuntime({ roots: true });
    const world = await newWorld(t, 'w', { retainStates: 2 });
    const roots = new Map<StateId, string | null>();
    for (let n = 1; n <= 12; n += 1) {
      const { state } = await run(t, world, `set x ${n}\nrandom`);
      if (n === 6) await snapshotWorld(t.context, world, 'six', {});
      await t.context.backgroundDone();
      roots.set(state!, t.context.model.state(state!).root);
    }
    const states = [...roots.keys()];
    await forgetting(t);
    expect(t.context.model.states.has(states[7]!), 'the eighth is given up').toBe(false);
    const steps: string[] = [];
    const eighth = await replayWorld(
      t.context,
      world,
      { to: '8', onStep: (done, total) => steps.push(`${done}/${total}`) },
      {},
    );
    expect(eighth).toMatchObject({ number: 8, ranAgain: 2, state: states[7] });
    expect(steps).toEqual(['1/2', '2/2']);
    expect(eighth.root).toBe(roots.get(states[7]!));
    expect(eighth.root).toMatch(/^[0-9a-f]{64}$/);
    expect(await variable(t, eighth.world, 'x')).toBe('8');
    expect(await replay(t, world, 2)).toMatchObject({ number: 2, ranAgain: 2, state: states[1] });
    expect(await replay(t, world, 0)).toMatchObject({ number: 0, ranAgain: 0 });
    // Nothing is given up that a replayed world stands on, and it is durable.
    await forgetting(t);
    const remade = t.context.model.state(states[7]!);
    expect(remade.durable).not.toBeNull();
    expect(await replay(t, world, 8)).toMatchObject({ ranAgain: 0 });
    const journal = await t.reopen();
    expect(await variable(journal, named(journal, 'w-at-2'), 'x')).toBe('2');
    await journal.close();
  });

  test('runs on where its source went on, over branches, pull-ups and worlds that are forgotten', async () => {
    const t = await openTestRuntime({ retention: { states: 2, deletedWorlds: 0 } });
    const world = await longPast(t, 4);
    const [first] = (await branch(t.context, world, { count: 1 }, {})).children;
    const child = named(t, first!.name);
    for (const n of [5, 6, 7, 8]) await run(t, child, `set x ${n}`);
    await forgetting(t);
    for (const n of [1, 4, 6]) {
      const found = await replay(t, child, n, `n${n}`);
      expect(await variable(t, found.world, 'x')).toBe(String(n));
      expect(found.number).toBe(n);
    }
    const { nash } = await triad(t, child);
    await run(t, nash, 'set x 9');
    await pullUp(t.context, child, { oracle: 'manual', outcome: 'nash' }, {});
    for (const n of [10, 11, 12]) await run(t, child, `set x ${n}`);
    await deleteWorld(t.context, nash, {});
    await forgetting(t);
    expect(t.context.model.worlds.has(nash.id), 'the winner is forgotten').toBe(false);
    expect(await variable(t, (await replay(t, child, 9, 'n9')).world, 'x')).toBe('9');
    // A replay of a replay counts from the same beginning.
    expect(await replay(t, named(t, 'n6'), 5)).toMatchObject({ number: 5 });
    await t.close();
  });

  test('finds states and executions by id, also those that a rewind left behind, and says what is not there', async () => {
    const t = await openTestRuntime();
    const world = await newWorld(t, 'w', { retainStates: 2 });
    const made = [];
    for (const n of [1, 2, 3, 4, 5]) made.push(await run(t, world, `set x ${n}`));
    await rewind(t.context, world, { steps: 1 }, {});
    for (const n of [50, 60, 70]) await run(t, world, `set x ${n}`);
    await forgetting(t);
    const [, second, , , fifth] = made;
    expect(await replay(t, world, second!.executionId)).toMatchObject({ number: 2, state: second!.state });
    expect(await replay(t, world, fifth!.executionId.slice(0, -1) + fifth!.executionId.at(-1))).toMatchObject(
      { number: 5 },
    );
    expect(await variable(t, named(t, 'w-at-5'), 'x'), 'not 50').toBe('5');
    expect(await variable(t, (await replay(t, world, 5)).world, 'x')).toBe('50');
    await refused(replay(t, world, 8), 'STATE_NOT_FOUND', /7 executions led to the head of world w/);
    await refused(replay(t, world, 'exe_none'), 'STATE_NOT_FOUND', /wr log w/);
    await refused(replay(t, world, made[0]!.state!.slice(0, 6)), 'AMBIGUOUS_ID');
    await refused(replay(t, world, 1, 'w'), 'NAME_TAKEN');
    const other = await newWorld(t, 'other');
    await refused(replay(t, other, second!.executionId), 'STATE_NOT_FOUND');
    await t.close();
  });

  test('does not pretend: files from outside that are given up, and executions that give something else', async () => {
    const t = await openTestRuntime();
    const world = await newWorld(t, 'w', { retainStates: 1 });
    await run(t, world, 'set x 1');
    await editFiles(t.context, { world, edits: [FILE] }, {});
    for (const n of [2, 3, 4]) await run(t, world, `set x ${n}`);
    await forgetting(t);
    expect(await replay(t, world, 1)).toMatchObject({ ranAgain: 1 });
    await refused(replay(t, world, 2), 'STATE_LOST', /Files came from outside into world w/);
    const before = t.context.model.worlds.size;
    const honest = await longPast(t, 6, 'honest');
    tamperCode(t, 'set x 2\n', 'print tampered\nset x 2\n');
    await refused(replay(t, honest, 3), 'RECOVERY_DIVERGED', /another result/);
    expect(t.context.model.worlds.size, 'no world is half made').toBe(before + 1);
    await t.close();
  });
});
