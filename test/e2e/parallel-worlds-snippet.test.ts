import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WorldRuntime } from '../../src/index.js';

/** The life of a world as a program writes it: create, execute, snapshot, create from the snapshot, gather. */
describe('the public API', () => {
  let dataDir: string;
  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'wr-snippet-'));
  });
  afterAll(() => rm(dataDir, { recursive: true, force: true }));

  test('one snapshot starts three verses that run in parallel', async () => {
    await using runtime = await WorldRuntime.open({ dataDir });

    // Create the base world.
    const world = await runtime.create();
    await world.execute('import json\ndata = json.loads("[3, 1, 2]")\ndef evolve(): return sorted(data)');

    // Snapshot at the decision point.
    const { id: snapshotId } = await world.snapshot('pre-event');

    // Branch into parallel verses.
    const nash = await runtime.create({ snapshotId, metadata: { verse: 'nash' }, trit: -1 });
    const optimal = await runtime.create({ snapshotId, metadata: { verse: 'optimal' }, trit: 0 });
    const chaos = await runtime.create({ snapshotId, metadata: { verse: 'chaos' }, trit: 1 });

    // Execute in parallel.
    const results = await Promise.all([
      nash.execute("strategy = 'selfish'; evolve()"),
      optimal.execute("strategy = 'cooperative'; evolve()"),
      chaos.execute("strategy = 'random'; evolve()"),
    ]);
    expect(results.map(({ ok }) => ok)).toEqual([true, true, true]);

    const verses = [nash, optimal, chaos];
    const strategies = await Promise.all(verses.map((verse) => verse.execute('strategy, data')));
    expect(strategies.map(({ value }) => value)).toEqual([
      "('selfish', [3, 1, 2])",
      "('cooperative', [3, 1, 2])",
      "('random', [3, 1, 2])",
    ]);
    const untouched = await world.execute('"strategy" in globals()');
    expect(untouched.value).toBe('False');

    // The three creates are one fork, whose trits balance.
    const forks = (await runtime.branches()).filter((row) => row['branch_type'] === 'fork');
    expect(forks).toHaveLength(1);
    const [fork] = forks;
    expect(fork).toMatchObject({ gf3_sum: 0, parent_entity_id: world.id });
    expect(fork?.['child_entity_ids']).toEqual(verses.map(({ id }) => id));
  });

  test('another runtime on the same directory sees the same live state', async () => {
    await using runtime = await WorldRuntime.open({ dataDir });
    const worlds = await runtime.list();
    const nash = worlds.find(({ verse }) => verse === 'nash');
    const world = await runtime.world(nash?.id ?? '');
    expect((await world.execute('strategy')).value).toBe("'selfish'");
  });
});
