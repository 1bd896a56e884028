import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WorldError } from '../../src/model/world-error.js';
import { JournalRecord } from '../../src/ports/journal-record.js';
import { archiveJournal } from '../../src/runtime/archive-journal.js';
import { rebuildCatalog } from '../../src/runtime/rebuild-catalog.js';
import { seededRandom } from '../simulation/random.js';
import { askSomething } from '../simulation/verbs.js';
import { CATALOG_TABLES, catalogColumns, catalogRows } from '../support/catalog-rows.js';
import { openStorageRuntime, type StorageRuntime } from '../support/storage-runtime.js';
import { newDisk, type TestDisk, type TestRuntime } from '../support/test-runtime.js';
import { describeModel, named, newWorld, run } from '../support/verbs.js';

const RUNS = Number(process.env['CATALOG_RUNS'] ?? 3);
const SEED = BigInt(process.env['CATALOG_SEED'] ?? 20_261_123);
/** More executions than may wait for a durable state. */
const LONG = 80;
const STEPS = 90;

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'rebuild-'));
});

afterEach(() => rmSync(directory, { recursive: true }));

/** Small segments, frequent checkpoints and little that is kept, so that a short history has much of each. */
const SMALL = {
  segmentBytes: 20_000,
  retention: { deletedWorlds: 1 },
  checkpointPace: { entriesMin: 15, entriesShare: 0, entriesMinOnClose: 5 },
};

const open = (disk: TestDisk, root = join(directory, 'data')): Promise<StorageRuntime> =>
  openStorageRuntime(root, disk, SMALL);

/** The verbs take the part of a test runtime that both kinds have. */
const asTest = (t: StorageRuntime): TestRuntime => t as unknown as TestRuntime;

/** Verbs as they come, several at once, with ends of the process and archiving between them. */
async function history(disk: TestDisk, seed: bigint): Promise<StorageRuntime> {
  const random = seededRandom(seed);
  let t = await open(disk);
  for (let step = 0; step < STEPS; step += 1) {
    const asked = Array.from({ length: 1 + random.below(3) }, (_, index) => {
      const { signal } = new AbortController();
      return askSomething({ t: asTest(t), random, tag: `op${step}-${index}`, signal }).answer;
    });
    for (const ended of await Promise.allSettled(asked)) {
      if (ended.status === 'rejected' && !(ended.reason instanceof WorldError)) throw ended.reason;
    }
    if (random.onceIn(12)) await archiveJournal(t.context, undefined, {});
    if (!random.onceIn(8)) continue;
    if (random.onceIn(2)) await t.crash();
    else await t.close();
    t = await open(disk);
  }
  // Long enough that its state is made durable behind it.
  const long = await newWorld(asTest(t), 'long');
  for (let n = 0; n < LONG; n += 1) await run(asTest(t), long, `set x ${n}`);
  await t.context.backgroundDone();
  return t;
}

const rowsOf = (t: StorageRuntime): Promise<Record<string, string[]>> => catalogRows(t.context.parts.catalog);

describe('a catalog rebuilt from the journal', () => {
  it(`equals the one that grew with it, row by row (${RUNS} runs, CATALOG_SEED=${SEED})`, {
    timeout: 600_000,
  }, async () => {
    const seen = new Set<string>();
    for (let n = 0n; n < BigInt(RUNS); n += 1n) {
      const disk = newDisk(SEED + n);
      await (await history(disk, SEED + n)).close();
      // No world is live any more, so closing will add no record.
      const t = await open(disk);
      const grown = await rowsOf(t);
      const columns = await catalogColumns(t.context.parts.catalog);
      const segments = readdirSync(join(directory, 'data', 'journal')).filter((name) =>
        name.endsWith('.wrj'),
      );
      expect(t.storage.journal.lastSeq).toBeGreaterThan(STEPS / 2);
      expect(readdirSync(join(directory, 'data', 'journal', 'archive')).length).toBeGreaterThan(0);
      expect(segments).not.toContain('000001.wrj');
      // Here and now, ...
      expect(await rebuildCatalog(t.context)).toBe(t.storage.journal.lastSeq);
      expect(await rowsOf(t), `CATALOG_SEED=${SEED + n}`).toEqual(grown);
      const memory = describeModel(t.context.model);
      for await (const { record } of t.storage.journal.read()) seen.add(record.op);
      await t.close();
      // ... and in a data directory that has nothing but the journal.
      const bare = join(directory, 'bare');
      for (const name of ['FORMAT', 'journal']) {
        cpSync(join(directory, 'data', name), join(bare, name), { recursive: true });
      }
      const again = await open(disk, bare);
      expect(await rowsOf(again), `CATALOG_SEED=${SEED + n}`).toEqual(grown);
      expect(await catalogColumns(again.context.parts.catalog)).toEqual(columns);
      expect(describeModel(again.context.model)).toEqual(memory);
      await again.close();
      if (n === 0n) expectEveryTable(grown);
      rmSync(join(directory, 'data'), { recursive: true });
      rmSync(bare, { recursive: true });
    }
    expectEveryRecord(seen);
  });

  it('is noticed to differ when a row was changed, lost or added (planted)', async () => {
    const disk = newDisk();
    const t = await open(disk);
    await newWorld(asTest(t), 'w');
    await run(asTest(t), named(asTest(t), 'w'), 'set x 1');
    await t.context.backgroundDone();
    await t.storage.journal.settled();
    const grown = await rowsOf(t);
    const connection = await t.storage.directory.database.instance.connect();
    for (const planted of [
      "UPDATE worlds SET name = 'other'",
      "UPDATE executions SET code = code || ' '",
      'DELETE FROM states WHERE execution_id IS NOT NULL',
      "INSERT INTO balances VALUES ('v', 'o', 't', '1', true)",
      'UPDATE projection SET seq = seq - 1',
    ]) {
      await connection.run(planted);
      expect(await rowsOf(t), planted).not.toEqual(grown);
      await rebuildCatalog(t.context);
      expect(await rowsOf(t), planted).toEqual(grown);
    }
    connection.closeSync();
    await t.close();
  });

  it('says what is missing when archived segments are gone, and leaves the catalog as it is', async () => {
    const disk = newDisk();
    let t = await open(disk);
    await newWorld(asTest(t), 'w');
    for (let n = 0; n < 80; n += 1) await run(asTest(t), named(asTest(t), 'w'), `set x ${n}`);
    const elsewhere = join(directory, 'cold');
    const archived = await archiveJournal(t.context, elsewhere, {});
    expect(archived.moved.length).toBeGreaterThan(1);
    expect(readdirSync(elsewhere)).toEqual(archived.moved);
    const before = await rowsOf(t);
    rmSync(elsewhere, { recursive: true });
    await expect(rebuildCatalog(t.context)).rejects.toMatchObject({
      code: 'JOURNAL_INCOMPLETE',
      details: { files: archived.moved, directory: elsewhere },
    });
    expect(await rowsOf(t)).toEqual(before);
    // Opening, running old states and asking for old executions do without.
    await t.close();
    t = await open(disk);
    expect(t.notes).toEqual([]);
    expect((await run(asTest(t), named(asTest(t), 'w'), 'get x')).value).toBe('79');
    const old = await t.context.parts.catalog.rows(
      'SELECT code FROM executions ORDER BY executed_at LIMIT 1',
      [],
    );
    expect(old).toEqual([{ code: 'set x 0' }]);
    await t.crash();
    // Without its checkpoints, too, the directory would need them: it says so and stays closed, but not locked.
    rmSync(join(directory, 'data', 'checkpoints'), { recursive: true });
    for (let time = 0; time < 2; time += 1) {
      await expect(open(disk)).rejects.toMatchObject({
        code: 'JOURNAL_INCOMPLETE',
        message: /Put them back/,
      });
    }
  });
});

/** The comparison would be worth little if the history left tables empty. */
function expectEveryTable(rows: Record<string, string[]>): void {
  for (const table of CATALOG_TABLES) expect(rows[table]?.length, table).toBeGreaterThan(0);
}

/** Nor would it be if some verb had never worked. */
function expectEveryRecord(seen: ReadonlySet<string>): void {
  const ops = JournalRecord.options.map(({ shape }) => shape.op.value);
  expect(ops.filter((op) => !seen.has(op))).toEqual([]);
}
