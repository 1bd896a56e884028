import { describe, expect, it } from 'vitest';
import { armedFaults, ENGINE_FAULT } from '../../test/support/armed-faults.js';
import { newDisk, openTestRuntime } from '../../test/support/test-runtime.js';
import { balanceOf, named, newWorld, refused, run, triad, variable } from '../../test/support/verbs.js';
import { branch } from './branch.js';
import { deleteWorld } from './delete-world.js';
import { deposit } from './move-money.js';
import { pullUp } from './pull-up.js';

describe('branch', () => {
  it('makes three children by default, on the parent state, and the parent goes on', async () => {
    const t = await openTestRuntime();
    const parent = await newWorld(t, 'w');
    await run(t, parent, 'set x 1');
    const record = await branch(t.context, parent, {}, {});
    expect(record.children.map(({ name, identity }) => [name, identity.trit])).toEqual([
      ['w/1', -1],
      ['w/2', 0],
      ['w/3', 1],
    ]);
    expect(record).toMatchObject({ gf3Sum: 0, state: parent.head });
    expect(parent.status).toBe('running');
    await run(t, parent, 'set x parent');
    await run(t, named(t, 'w/1'), 'set x one');
    expect(await variable(t, named(t, 'w/1'), 'x')).toBe("'one'");
    expect(await variable(t, named(t, 'w/2'), 'x')).toBe('1');
    expect(await variable(t, parent, 'x')).toBe("'parent'");
  });

  it.each([
    [1, [0]],
    [2, [-1, 1]],
    [4, [-1, 0, 1, 0]],
    [5, [-1, 0, 1, -1, 1]],
  ])('gives %i children the trits %j', async (count, trits) => {
    const t = await openTestRuntime();
    const record = await branch(t.context, await newWorld(t, 'w'), { count }, {});
    expect(record.children.map(({ identity }) => identity.trit)).toEqual(trits);
  });

  it('takes names and trits, and refuses trits that do not add up', async () => {
    const t = await openTestRuntime();
    const parent = await newWorld(t, 'w');
    const children = [
      { name: 'a', trit: 1 as const },
      { name: 'b', trit: 1 as const },
      { name: 'c', trit: 1 as const },
    ];
    expect((await branch(t.context, parent, { children }, {})).gf3Sum).toBe(0);
    expect(t.context.model.identity(named(t, 'w/a'))).toMatchObject({ verse: 'a', trit: 1 });
    const two = children.slice(0, 2);
    await refused(branch(t.context, parent, { children: two }, {}), 'TRITS_UNBALANCED', /sum to 2/);
    const mixed = [{ name: 'd' }, { name: 'e', trit: 0 as const }];
    await refused(branch(t.context, parent, { children: mixed }, {}), 'BAD_INPUT', /every child a trit/);
    await refused(branch(t.context, parent, { children, count: 2 }, {}), 'BAD_INPUT', /2 children/);
    expect(parent.childIds).toHaveLength(3);
  });

  it('numbers names that are taken', async () => {
    const t = await openTestRuntime();
    const parent = await newWorld(t, 'w');
    await Promise.all([
      branch(t.context, parent, { count: 1 }, {}),
      branch(t.context, parent, { count: 1 }, {}),
    ]);
    expect(parent.childIds.map((id) => t.context.model.world(id).name)).toEqual(['w/1', 'w/1-2']);
  });

  it('never copies money: each child has a new and empty account in the same verse', async () => {
    const t = await openTestRuntime();
    const parent = await newWorld(t, 'w');
    await deposit(t.context, parent, { token: 'GOLD', amount: '9' }, {});
    await branch(t.context, parent, {}, {});
    const child = named(t, 'w/1');
    expect(child.verseId).toBe(parent.verseId);
    expect(child.birth.account).toBe(child.id);
    expect([balanceOf(t, child), balanceOf(t, parent)]).toEqual([0n, 9n]);
    expect((await run(t, child, 'balance GOLD')).value).toBe('0');
  });

  it('gives every child random numbers of its own, or the common ones when asked to', async () => {
    const t = await openTestRuntime();
    const parent = await newWorld(t, 'w');
    await run(t, parent, 'random');
    await branch(t.context, parent, { count: 3 }, {});
    await branch(t.context, parent, { count: 3, commonRandomNumbers: true }, {});
    const drawn = [];
    for (const id of parent.childIds) drawn.push((await run(t, t.context.model.world(id), 'random')).value);
    const own = (await run(t, parent, 'random')).value;
    expect(new Set([...drawn.slice(0, 3), own]).size).toBe(4);
    expect(drawn.slice(3)).toEqual([own, own, own]);
  });

  it('takes common random numbers from a parent that has not run yet', async () => {
    const t = await openTestRuntime();
    const root = await newWorld(t, 'w');
    await run(t, root, 'random');
    await branch(t.context, root, { children: [{ name: 'idle' }, { name: 'other' }] }, {});
    for (const name of ['w/idle', 'w/other']) {
      await branch(t.context, named(t, name), { count: 2, commonRandomNumbers: true }, {});
    }
    const drawn = [];
    for (const id of named(t, 'w/idle').childIds) {
      drawn.push((await run(t, t.context.model.world(id), 'random')).value);
    }
    const idle = (await run(t, named(t, 'w/idle'), 'random')).value;
    expect(drawn).toEqual([idle, idle]);
    expect((await run(t, t.context.model.world(named(t, 'w/other').childIds[0]!), 'random')).value).not.toBe(
      idle,
    );
  });

  it('works on a frozen parent, and not on one that ended', async () => {
    const t = await openTestRuntime();
    const parent = await newWorld(t, 'w');
    const { nash, optimal } = await triad(t, parent);
    await branch(t.context, parent, { children: [{ name: 'aside' }] }, {});
    expect(named(t, 'w/aside').status).toBe('running');
    await pullUp(t.context, parent, { oracle: 'manual' }, {});
    await refused(branch(t.context, nash, {}, {}), 'WORLD_COLLAPSED', /detached/);
    await refused(branch(t.context, optimal, {}, {}), 'WORLD_COLLAPSED', /stopped/);
    await deleteWorld(t.context, named(t, 'w/aside'), {});
    await refused(branch(t.context, t.context.model.world(parent.childIds.at(-1)!), {}, {}), 'WORLD_DELETED');
  });

  it('works after the executor died', async () => {
    const t = await openTestRuntime();
    const parent = await newWorld(t, 'w');
    await run(t, parent, 'set x 1');
    await branch(t.context, parent, { count: 1 }, {});
    t.loseExecutor();
    await branch(t.context, parent, { count: 2 }, {});
    for (const name of ['w/1', 'w/1-2', 'w/2']) expect(await variable(t, named(t, name), 'x')).toBe('1');
  });

  it('that fails half-way leaves no child, no name and no machine behind', async () => {
    const faults = armedFaults();
    const t = await openTestRuntime({ faults });
    const parent = await newWorld(t, 'w');
    const before = t.substrate.census().machines;
    for (const operation of ['restore', 'measure'] as const) {
      faults.next(operation, ENGINE_FAULT, 1);
      for (let n = 0; n < 3; n += 1) faults.next('restore', { kind: 'delay', ms: 20 });
      await refused(branch(t.context, parent, { count: 5 }, {}), 'ENGINE_FAULT');
      faults.clear();
      await t.disk.clock.sleep(100);
      expect(t.substrate.census().machines).toBe(before);
    }
    expect(t.context.model.worlds.size).toBe(1);
    expect(t.context.reservedNames.size).toBe(0);
    expect(t.catalog.entries).toHaveLength(1);
  });

  it('leaves no second machine behind when a child runs before the branch is acknowledged', async () => {
    let slow = false;
    const disk = newDisk();
    const delay = async (): Promise<void> => (slow ? disk.clock.sleep(50) : undefined);
    const t = await openTestRuntime({ disk, journal: { delay } });
    const parent = await newWorld(t, 'w');
    slow = true;
    const branching = branch(t.context, parent, { count: 1 }, {});
    while (t.context.model.worlds.size < 2) await new Promise((resolve) => setImmediate(resolve));
    const early = run(t, named(t, 'w/1'), 'set x 1');
    await Promise.all([branching, early]);
    expect(t.substrate.census().machines).toBe(2);
    expect(await variable(t, named(t, 'w/1'), 'x')).toBe('1');
  });

  it('has its measured times in the record', async () => {
    const faults = armedFaults();
    const t = await openTestRuntime({ faults });
    const parent = await newWorld(t, 'w');
    await branch(t.context, parent, {}, {});
    faults.always('restore', { kind: 'delay', ms: 300 });
    const slow = await branch(t.context, parent, {}, {});
    expect(slow.metrics.slice(1).map(({ branchTimeMs }) => branchTimeMs)).toEqual([300, 300, 300]);
    expect(slow.branchTimeMs).toBeGreaterThanOrEqual(300);
    faults.clear();
    await run(t, parent, 'set x 1');
    faults.next('snapshot', { kind: 'delay', ms: 400 });
    await run(t, parent, 'set x 2');
    expect((await branch(t.context, parent, {}, {})).snapshotTimeMs).toBe(400);
  });
});
