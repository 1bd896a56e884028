import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { chained, SampleHistory, sampleHistory } from '../../../test/property/storage-sample-journal.js';
import { CATALOG_TABLES, catalogRows } from '../../../test/support/catalog-rows.js';
import { type JournalEntry, JournalRecord } from '../../ports/journal-record.js';
import { type CatalogDatabase, openCatalogDatabase } from './catalog-database.js';
import { type DuckDbCatalog, openDuckDbCatalog } from './duckdb-catalog.js';

let directory: string;
let database: CatalogDatabase;
let catalog: DuckDbCatalog;
const history: SampleHistory = sampleHistory();
const entries: JournalEntry[] = chained(history.records);

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'catalog-'));
  await open();
});

afterEach(async () => {
  try {
    await catalog[Symbol.asyncDispose]();
  } catch {
    // A test that breaks the projection cannot flush it.
  }
  database.close();
  rmSync(directory, { recursive: true });
});

async function open(): Promise<void> {
  database = await openCatalogDatabase(join(directory, 'catalog.duckdb'), {
    exportsDirectory: join(directory, 'exports'),
    waitMs: 0,
  });
  catalog = await openDuckDbCatalog(database);
}

async function reopen(): Promise<void> {
  await catalog[Symbol.asyncDispose]();
  database.close();
  await open();
}

const dump = (): Promise<Record<string, string[]>> => catalogRows(catalog);

async function projectAll(): Promise<Record<string, string[]>> {
  for (const entry of entries) catalog.project(entry);
  await catalog.flush();
  return dump();
}

describe('projection', () => {
  test('one entry at a time, all at once, and a rebuild give the same rows in every table', async () => {
    const atOnce = await projectAll();
    await catalog.reset();
    expect(catalog.projectedSeq).toBe(0);
    for (const rows of Object.values(await dump())) expect(rows.length).toBeLessThanOrEqual(1);
    for (const entry of entries) {
      catalog.project(entry);
      await catalog.flush();
    }
    expect(await dump()).toEqual(atOnce);
    await catalog.reset();
    for (const entry of entries) {
      catalog.project(entry);
      if (entry.seq % 5 === 0) await reopen();
    }
    expect(await projectAll()).toEqual(atOnce);
    for (const name of CATALOG_TABLES) expect(atOnce[name]?.length, name).toBeGreaterThan(0);
  });

  test('the comparison notices a planted fault', async () => {
    const before = await projectAll();
    const connection = await database.instance.connect();
    await connection.run("UPDATE balances SET amount = '2' WHERE owner = 'shop'");
    connection.closeSync();
    expect(await dump()).not.toEqual(before);
  });

  test('every operation occurs in the sample', () => {
    expect(new Set(history.records.map((record) => record.op)).size).toBe(JournalRecord.options.length);
  });

  test('an entry handed over again, or out of order, is projected once', async () => {
    const expected = await projectAll();
    await projectAll();
    await catalog.reset();
    for (const entry of entries.toReversed()) catalog.project(entry);
    for (const entry of entries) catalog.project(entry);
    await catalog.flush();
    expect(await dump()).toEqual(expected);
    expect(catalog.projectedSeq).toBe(entries.length);
    expect(catalog.projectedHash).toBe(entries.at(-1)?.hash);
  });

  test('the background writes without a flush', async () => {
    for (const entry of entries) catalog.project(entry);
    await expect.poll(() => catalog.projectedSeq, { timeout: 5000 }).toBe(entries.length);
  });

  test('the position is committed with the rows and survives reopening', async () => {
    const before = await projectAll();
    await reopen();
    expect(catalog.projectedSeq).toBe(entries.length);
    expect(await dump()).toEqual(before);
  });

  test('a gap is an error that names the missing entry', async () => {
    for (const entry of entries.filter(({ seq }) => seq !== 4)) catalog.project(entry);
    await expect(catalog.flush()).rejects.toMatchObject({ code: 'STORAGE_FAILED', details: { missing: 4 } });
    expect(catalog.projectedSeq).toBe(3);
    catalog.project(entries[3]!);
    await catalog.flush();
    expect(catalog.projectedSeq).toBe(entries.length);
  });

  test('entries of another journal are refused, and nothing of their batch is written', async () => {
    for (const entry of entries.slice(0, 5)) catalog.project(entry);
    await catalog.flush();
    const before = await dump();
    catalog.project(chained(history.records.slice(5), 6, 'f'.repeat(64))[0]!);
    await expect(catalog.flush()).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
    expect(await dump().catch((error: unknown) => error)).toMatchObject({ code: 'STORAGE_FAILED' });
    await catalog.reset();
    await projectAll();
    expect(before['projection']).not.toEqual((await dump())['projection']);
  });

  test('a transaction that fails leaves nothing behind and can be tried again', async () => {
    for (const entry of entries.slice(0, 5)) catalog.project(entry);
    await catalog.flush();
    const connection = await database.instance.connect();
    await connection.run("INSERT INTO world_branches (branch_id) VALUES ('brn_00000000000000000000000001')");
    for (const entry of entries.slice(5)) catalog.project(entry);
    await expect(catalog.flush()).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
    expect(catalog.projectedSeq).toBe(5);
    await connection.run("DELETE FROM world_branches WHERE branch_id = 'brn_00000000000000000000000001'");
    connection.closeSync();
    await catalog.flush();
    const retried = await dump();
    await catalog.reset();
    expect(await projectAll()).toEqual(retried);
  });

  test('a reset cut off in the middle is finished at open', async () => {
    const before = await projectAll();
    const connection = await database.instance.connect();
    const { EMPTY_STATEMENTS } = await import('./schema.js');
    await connection.run(EMPTY_STATEMENTS[0]!);
    connection.closeSync();
    await reopen();
    expect(catalog.projectedSeq).toBe(0);
    expect(await projectAll()).toEqual(before);
  });

  test('thousands of worlds that are born and collapse together take few statements', async () => {
    const many = new SampleHistory();
    const root = many.create('root');
    const down = many.pushDown(root, root.state);
    const below = many.branch(
      down.children[0]!,
      root.state,
      Array.from({ length: 2_000 }, () => 0),
    );
    many.pullUp(down, 1, {
      state: root.state,
      collapsed: [...below.children, down.children[0]!, down.children[2]!].map(({ worldId }) => worldId),
    });
    const start = performance.now();
    for (const entry of chained(many.records)) {
      catalog.project(entry);
      await catalog.flush();
    }
    expect(performance.now() - start).toBeLessThan(15_000);
    const counted = await catalog.rows(
      'SELECT state, count(*) AS n FROM world_runtime_entities GROUP BY state ORDER BY state',
      [],
    );
    expect(counted).toEqual([
      { state: 'collapsed', n: '2002' },
      { state: 'running', n: '1' },
      { state: 'stopped', n: '1' },
    ]);
  });

  test('a query that runs while the catalog closes is finished first', async () => {
    await projectAll();
    const running = catalog.query('SELECT count(*) FROM range(200000000)', { rowsMax: 1, timeoutMs: 20_000 });
    await reopen();
    expect((await running).rows).toEqual([['200000000']]);
    expect(catalog.projectedSeq).toBe(entries.length);
  });
});

describe("the user's tables", () => {
  test('worlds become entities with their state', async () => {
    await projectAll();
    const rows = await catalog.rows(
      `SELECT w.name, e.entity_type, e.state, e.trit, e.resolved_at IS NOT NULL AS resolved, e.memory_mib
       FROM world_runtime_entities e JOIN worlds w ON w.world_id = e.entity_id
       WHERE w.status = e.state ORDER BY w.name`,
      [],
    );
    const state = Object.fromEntries(
      rows.map((row) => [row['name'], [row['entity_type'], row['state'], row['resolved']]]),
    );
    expect(state).toMatchObject({
      // It was called `root` until it was renamed.
      main: ['sandbox', 'running', false],
      'root/nash': ['verse', 'collapsed', true],
      'root/optimal': ['verse', 'stopped', true],
      'root/chaos': ['verse', 'collapsed', true],
      'root/chaos/nash': ['verse', 'collapsed', true],
      'root/nash-0': ['sandbox', 'deleted', true],
      'root/optimal-0': ['sandbox', 'running', false],
      left: ['sandbox', 'running', false],
      right: ['sandbox', 'deleted', true],
      late: ['sandbox', 'running', false],
    });
    expect(rows.length).toBe((await catalog.rows('SELECT 1 FROM worlds', [])).length);
    expect(rows[0]?.['memory_mib']).toBe(512);
  });

  test('a push-down freezes its parent until it is settled', async () => {
    const at = history.records.findIndex((record) => record.op === 'world.pushed-down');
    for (const entry of entries.slice(0, at + 1)) catalog.project(entry);
    const [parent] = await catalog.rows(
      "SELECT state FROM world_runtime_entities WHERE entity_id LIKE '%1' AND parent_id IS NULL",
      [],
    );
    expect(parent?.['state']).toBe('snapshotted');
  });

  test('branch rows: worlds made from a snapshot gather in one fork row, whose sum is recomputed', async () => {
    await projectAll();
    const rows = await catalog.rows(
      'SELECT branch_type, gf3_sum, len(child_entity_ids) AS children FROM world_branches ORDER BY branched_at',
      [],
    );
    expect(rows.map((row) => [row['branch_type'], row['gf3_sum'], Number(row['children'])])).toEqual([
      ['snapshot', 0, 0],
      ['fork', 1, 3],
      ['fork', 0, 3],
      ['push_down', 0, 3],
      ['push_down', 0, 3],
      ['fork', 0, 1],
      ['fork', 0, 1],
      ['push_down', 0, 3],
      ['snapshot', 0, 0],
      ['fork', 0, 1],
    ]);
    const orphans = await catalog.rows(
      `SELECT id FROM (SELECT unnest(child_entity_ids) AS id FROM world_branches)
       WHERE id NOT IN (SELECT entity_id FROM world_runtime_entities)`,
      [],
    );
    expect(orphans).toEqual([]);
  });

  test('resolutions hold the WEV as the user defined it, and the exact figures beside it', async () => {
    await projectAll();
    const [row] = await catalog.rows(
      'SELECT r.*, w.poa, w.wev, w.losing_balances_json FROM verse_resolutions r JOIN resolution_wev w USING (resolution_id)',
      [],
    );
    expect(row).toMatchObject({ oracle_source: 'manual', pull_up_time_ms: 3.5, poa: '4/3', wev: '1/3' });
    expect(row?.['wev_extracted']).toBeCloseTo(1 / 3, 6);
    expect(row?.['verses']).toHaveLength(3);
  });

  test('times keep their microseconds', async () => {
    await projectAll();
    const [row] = await catalog.rows('SELECT created_at FROM worlds ORDER BY created_at LIMIT 1', []);
    expect(row?.['created_at']).toBe('2026-01-01T00:00:01.000001Z');
  });

  test('text with NUL and characters beyond the basic plane comes back as it was', async () => {
    await projectAll();
    const [row] = await catalog.rows("SELECT stdout FROM executions WHERE status = 'ok' LIMIT 1", []);
    expect(row?.['stdout']).toBe('héllo \u0000 𝔘\n');
  });
});

describe('the ledger in the catalog', () => {
  test('balances are those of the ledger, the collapsed ones marked', async () => {
    await projectAll();
    const rows = await catalog.rows(
      "SELECT verse_id, owner, token, amount, live FROM balances WHERE amount <> '0'",
      [],
    );
    const expected = history.ledger
      .balances({ verses: 'all' })
      .map(({ verse, owner, token, amount, live }) => ({
        verse_id: verse,
        owner,
        token,
        amount: `${amount}`,
        live,
      }));
    expect(new Set(rows.map((row) => JSON.stringify(row)))).toEqual(
      new Set(expected.map((row) => JSON.stringify(row))),
    );
    expect(rows.some((row) => row['live'] === false)).toBe(true);
  });

  test('verses and conditions say how they ended', async () => {
    await projectAll();
    const conditions = await catalog.rows('SELECT status FROM conditions ORDER BY opened_at', []);
    expect(conditions.map((row) => row['status'])).toEqual(['resolved', 'open', 'void', 'resolved']);
    const redeemed = "SELECT outcome FROM oracle_reports WHERE outcome LIKE 'yes%'";
    expect(await catalog.rows(redeemed, [])).toEqual([{ outcome: 'yes 2, no 1' }]);
    const verses = await catalog.rows(
      'SELECT outcome_name, trit, resolved, outcome FROM verses WHERE condition_id LIKE ? ORDER BY outcome_index',
      ['%1'],
    );
    expect(verses).toEqual([
      { outcome_name: 'nash', trit: -1, resolved: true, outcome: false },
      { outcome_name: 'optimal', trit: 0, resolved: true, outcome: true },
      { outcome_name: 'chaos', trit: 1, resolved: true, outcome: false },
    ]);
    const [inside] = await catalog.rows(
      "SELECT count(*) AS n FROM verses WHERE condition_id LIKE '%2' AND resolved AND NOT outcome",
      [],
    );
    expect(Number(inside?.['n'])).toBe(3);
  });

  test('amounts of 256 bits are exact and sum as BIGNUM', async () => {
    const big = chained([
      ...history.records.slice(0, 1),
      {
        ...history.records[1],
        ledger: [
          {
            kind: 'deposit',
            by: '@system',
            owner: 'rich',
            verse: history.ledger.rootVerse,
            token: 'USD',
            amount: `${2n ** 256n - 1n}`,
          },
        ],
      } as never,
      {
        ...history.records[1],
        ledger: [
          {
            kind: 'deposit',
            by: '@system',
            owner: 'also',
            verse: history.ledger.rootVerse,
            token: 'EUR',
            amount: `${2n ** 256n - 1n}`,
          },
        ],
      } as never,
    ]);
    for (const entry of big) catalog.project(entry);
    await catalog.flush();
    const { rows } = await catalog.query('SELECT sum(amount::BIGNUM) FROM balances', {
      rowsMax: 10,
      timeoutMs: 5000,
    });
    expect(rows).toEqual([[`${(2n ** 256n - 1n) * 2n}`]]);
  });
});
