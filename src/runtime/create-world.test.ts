import { describe, expect, it } from 'vitest';
import { armedFaults, ENGINE_FAULT, EXECUTOR_LOST } from '../../test/support/armed-faults.js';
import { openTestRuntime } from '../../test/support/test-runtime.js';
import { balanceOf, named, newWorld, refused, run, triad, variable } from '../../test/support/verbs.js';
import type { RecordOf } from '../ports/journal-record.js';
import { createWorld } from './create-world.js';
import { deposit } from './move-money.js';
import { pullUp } from './pull-up.js';
import { snapshotWorld } from './snapshot-world.js';

describe('a fresh world', () => {
  it('has what was asked for, and becomes the current one', async () => {
    const t = await openTestRuntime();
    const world = await createWorld(
      t.context,
      { name: 'w', seed: 5n, trit: -1, limits: { timeoutMs: 9 }, metadata: { verse: 'nash', note: 'x' } },
      {},
    );
    expect(world).toMatchObject({ name: 'w', status: 'running', executions: 0 });
    expect(world.birth.limits.timeoutMs).toBe(9);
    expect(world.birth.metadata).toEqual({ verse: 'nash', note: 'x' });
    expect(t.context.model.identity(world)).toMatchObject({
      seed: 5n,
      trit: -1,
      verse: 'nash',
      generation: 0,
    });
    expect(world.birth.account).toBe(world.id);
    expect(t.disk.currentWorld).toBe(world.id);
  });

  it('gets a numbered name and a drawn seed when none is given', async () => {
    const t = await openTestRuntime();
    const [a, b] = [await createWorld(t.context, {}, {}), await createWorld(t.context, {}, {})];
    expect([a.name, b.name]).toEqual(['world-1', 'world-2']);
    expect(a.birth.identity.seed).not.toBe(b.birth.identity.seed);
  });

  it('cannot take a name that is taken, not even by one that is still being made', async () => {
    const t = await openTestRuntime();
    const first = newWorld(t, 'w');
    await refused(newWorld(t, 'w'), 'NAME_TAKEN', /Choose another/);
    await first;
    await refused(newWorld(t, 'w'), 'NAME_TAKEN');
    expect(t.context.reservedNames.size).toBe(0);
  });

  it('on an unknown substrate is refused with those there are', async () => {
    const t = await openTestRuntime();
    await refused(newWorld(t, 'w', { substrate: 'vax' }), 'UNSUPPORTED', /It has: simulated/);
  });

  it('with limits out of range is refused', async () => {
    const t = await openTestRuntime();
    await refused(newWorld(t, 'w', { limits: { timeoutMs: 0 } }), 'BAD_INPUT', /timeoutMs/);
  });

  it('is made although the executor died meanwhile', async () => {
    const faults = armedFaults();
    const t = await openTestRuntime({ faults });
    for (const operation of ['baseDigest', 'boot', 'measure'] as const) {
      faults.next(operation, EXECUTOR_LOST);
      expect((await newWorld(t, operation)).status).toBe('running');
    }
  });

  it('that cannot be made leaves no machine, no name and no world behind', async () => {
    const faults = armedFaults();
    const t = await openTestRuntime({ faults });
    faults.next('measure', ENGINE_FAULT);
    await refused(newWorld(t, 'w'), 'ENGINE_FAULT');
    expect(t.substrate.census().machines).toBe(0);
    expect(t.context.model.worlds.size).toBe(0);
    expect((await newWorld(t, 'w')).name).toBe('w');
  });

  it('that is being made when the runtime closes is finished first', async () => {
    const faults = armedFaults();
    faults.next('boot', { kind: 'delay', ms: 100 });
    const t = await openTestRuntime({ faults });
    const making = newWorld(t, 'w');
    const again = t.reopen();
    await making;
    expect(named(await again, 'w').status).toBe('running');
  });

  it('has its measured boot time in the record', async () => {
    const faults = armedFaults();
    const t = await openTestRuntime({ faults });
    const boots = async (name: string): Promise<number> => {
      await newWorld(t, name);
      const { metrics } = t.catalog.entries.at(-1)!.record as RecordOf<'world.created'>;
      expect(metrics[0]!.memoryOverheadMb).toBeGreaterThan(0);
      return metrics[0]!.bootTimeMs!;
    };
    expect(await boots('fast')).toBe(0);
    faults.next('boot', { kind: 'delay', ms: 250 });
    expect(await boots('slow')).toBe(250);
  });
});

describe('a world from a snapshot', () => {
  it('continues from it as a child with a new empty account, and they accumulate in one fork', async () => {
    const t = await openTestRuntime();
    const source = await newWorld(t, 'w');
    await deposit(t.context, source, { token: 'GOLD', amount: '5' }, {});
    await run(t, source, 'set x 1');
    const snapshot = await snapshotWorld(t.context, source, 'base', {});
    await run(t, source, 'set x 2');
    const forks = [];
    for (const [verse, trit] of [
      ['nash', -1],
      ['optimal', 0],
      ['chaos', 1],
    ] as const) {
      const world = await createWorld(t.context, { snapshot: 'base', trit, metadata: { verse } }, {});
      const record = t.catalog.entries.at(-1)!.record as RecordOf<'world.created'>;
      forks.push(record.fork);
      expect(world.birth).toMatchObject({ parentId: source.id, snapshotId: snapshot.snapshotId });
      expect(world.birth.identity).toMatchObject({ verse, trit });
      expect(balanceOf(t, world)).toBe(0n);
      expect(await variable(t, world, 'x')).toBe('1');
    }
    expect(new Set(forks.map((fork) => fork?.branchId)).size).toBe(1);
    expect(t.context.model.snapshots.get(snapshot.snapshotId)).toMatchObject({ forked: 3 });
  });

  it('is found by id, name and prefix of the id, and unknown ones are named', async () => {
    const t = await openTestRuntime();
    const source = await newWorld(t, 'w');
    const { snapshotId } = await snapshotWorld(t.context, source, 'base', {});
    for (const snapshot of [snapshotId, 'base', snapshotId.slice(0, -1)]) {
      expect((await createWorld(t.context, { snapshot }, {})).birth.snapshotId).toBe(snapshotId);
    }
    await refused(createWorld(t.context, { snapshot: 'nope' }, {}), 'SNAPSHOT_NOT_FOUND', /"nope"/);
  });

  it('cannot change its substrate', async () => {
    const t = await openTestRuntime();
    await snapshotWorld(t.context, await newWorld(t, 'w'), 'base', {});
    await refused(
      createWorld(t.context, { snapshot: 'base', substrate: 'wasm' }, {}),
      'UNSUPPORTED',
      /Leave out/,
    );
  });

  it('of a collapsed world must be detached: in the root verse, without parent and balances', async () => {
    const t = await openTestRuntime();
    const world = await newWorld(t, 'w');
    await deposit(t.context, world, { token: 'GOLD', amount: '5' }, {});
    const { nash } = await triad(t, world);
    await run(t, nash, 'set x nash');
    await pullUp(t.context, world, { oracle: 'manual' }, {});
    expect(nash.status).toBe('collapsed');
    await snapshotWorld(t.context, nash, 'lost', {});
    const refusal = createWorld(t.context, { snapshot: 'lost' }, {});
    await refused(refusal, 'WORLD_COLLAPSED', /wr create --snapshot lost --detached/);
    const detached = await createWorld(t.context, { snapshot: 'lost', detached: true }, {});
    expect(detached.birth).toMatchObject({ parentId: null, verseId: t.context.model.ledger.rootVerse });
    expect(detached.birth.identity).toMatchObject({ verse: 'root', probability: '1' });
    expect(balanceOf(t, detached)).toBe(0n);
    expect(await variable(t, detached, 'x')).toBe("'nash'");
  });

  it('of a world that collapses while the create waits is refused', async () => {
    const t = await openTestRuntime();
    const world = await newWorld(t, 'w');
    const { nash } = await triad(t, world);
    await snapshotWorld(t.context, nash, 'base', {});
    const busy = run(t, named(t, 'w/chaos'), 'sleep 100');
    const resolved = pullUp(t.context, world, { oracle: 'manual' }, {});
    const late = createWorld(t.context, { snapshot: 'base' }, {});
    await refused(late, 'WORLD_COLLAPSED');
    await Promise.all([busy, resolved]);
  });

  it('shares its random numbers with no other one, detached or not', async () => {
    const t = await openTestRuntime();
    const source = await newWorld(t, 'w');
    await snapshotWorld(t.context, source, 'base', {});
    const drawn = [];
    for (const detached of [true, true, false, true, false]) {
      const world = await createWorld(t.context, { snapshot: 'base', detached }, {});
      drawn.push((await run(t, world, 'random')).value);
    }
    expect(new Set(drawn).size).toBe(drawn.length);
  });

  it('keeps the random state of its source when asked to', async () => {
    const t = await openTestRuntime();
    const source = await newWorld(t, 'w');
    await run(t, source, 'random');
    await snapshotWorld(t.context, source, 'base', {});
    const expected = (await run(t, source, 'random')).value;
    const twin = await createWorld(t.context, { snapshot: 'base', commonRandomNumbers: true }, {});
    expect((await run(t, twin, 'random')).value).toBe(expected);
  });

  it('works after the executor died', async () => {
    const t = await openTestRuntime();
    const source = await newWorld(t, 'w');
    await run(t, source, 'set x 1');
    await snapshotWorld(t.context, source, 'base', {});
    t.loseExecutor();
    expect(await variable(t, await createWorld(t.context, { snapshot: 'base' }, {}), 'x')).toBe('1');
  });
});
