import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { chained, sampleHistory } from '../../../test/property/storage-sample-journal.js';
import type { QueryResult } from '../../ports/catalog.js';
import { type CatalogDatabase, openCatalogDatabase } from './catalog-database.js';
import { type DuckDbCatalog, openDuckDbCatalog } from './duckdb-catalog.js';

let directory: string;
let exports: string;
let database: CatalogDatabase;
let catalog: DuckDbCatalog;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "que'ry-"));
  exports = join(directory, 'exports');
  mkdirSync(exports);
  writeFileSync(join(directory, 'secret.csv'), 'a\nsecret\n');
  writeFileSync(join(exports, 'given.csv'), 'a\ngiven\n');
  symlinkSync(join(directory, 'secret.csv'), join(exports, 'link.csv'));
  database = await openCatalogDatabase(join(directory, 'catalog.duckdb'), {
    exportsDirectory: exports,
    waitMs: 0,
  });
  catalog = await openDuckDbCatalog(database);
  for (const entry of chained(sampleHistory().records)) catalog.project(entry);
});

afterAll(async () => {
  await catalog[Symbol.asyncDispose]();
  database.close();
  rmSync(directory, { recursive: true });
});

const query = (sql: string, rowsMax = 100, timeoutMs = 20_000): Promise<QueryResult> =>
  catalog.query(sql, { rowsMax, timeoutMs });
const sqlText = (path: string): string => `'${path.replaceAll("'", "''")}'`;

describe('what a user may ask', () => {
  test.each([
    ['SELECT count(*) AS n FROM worlds'],
    ['WITH w AS (SELECT * FROM worlds) SELECT name FROM w'],
    ['FROM worlds SELECT name'],
    ['VALUES (1)'],
    ['SHOW TABLES'],
    ['DESCRIBE worlds'],
    ['SUMMARIZE runtime_metrics'],
    ['SELECT 1;'],
    ["SELECT metadata_json->>'note' FROM worlds"],
    ["SELECT 'COPY worlds TO x; ATTACH' AS text -- INSTALL httpfs"],
  ])('%s', async (sql) => {
    const { columns, rows, truncated } = await query(sql);
    expect(columns.length).toBeGreaterThan(0);
    expect(rows.length).toBeGreaterThan(0);
    expect(truncated).toBe(false);
  });

  test('files in exports can be read', async () => {
    expect((await query(`SELECT a FROM read_csv(${sqlText(join(exports, 'given.csv'))})`)).rows).toEqual([
      ['given'],
    ]);
  });

  test('a query sees what was projected before it', async () => {
    const [[worlds]] = (await query('SELECT count(*) FROM worlds')).rows as [[string]];
    expect(Number(worlds)).toBeGreaterThan(10);
  });
});

describe('what is refused', () => {
  const attacks: readonly string[] = [
    "SELECT * FROM read_csv('/etc/passwd')",
    "SELECT * FROM '/etc/passwd.csv'",
    "SELECT * FROM read_text('/etc/passwd')",
    "SELECT * FROM read_blob('/etc/passwd')",
    "SELECT * FROM read_json('/etc/passwd')",
    "SELECT * FROM read_parquet('/etc/passwd')",
    "SELECT * FROM glob('/etc/*')",
    "SELECT * FROM sniff_csv('/etc/passwd')",
    "SELECT getenv('HOME')",
    'SELECT * FROM duckdb_secrets()',
    "COPY worlds TO '/tmp/stolen.csv'",
    "COPY worlds FROM '/etc/passwd'",
    "COPY (SELECT 1) TO 'exports/x.csv'",
    "ATTACH '/tmp/other.db'",
    "ATTACH ':memory:' AS m",
    'DETACH catalog',
    "EXPORT DATABASE '/tmp/all'",
    "IMPORT DATABASE '/tmp/all'",
    'PRAGMA version',
    "PRAGMA table_info('worlds')",
    'CALL pragma_version()',
    'SET threads = 1',
    'SET lock_configuration = false',
    'SET enable_external_access = true',
    'RESET enable_external_access',
    'SET VARIABLE x = 1',
    'INSTALL httpfs',
    'LOAD httpfs',
    'LOAD json',
    'USE memory',
    'BEGIN',
    'COMMIT',
    'CHECKPOINT',
    'VACUUM',
    'ANALYZE',
    'SELECT 1; SELECT 2',
    'SELECT 1; DROP TABLE worlds',
    'COMMIT; DELETE FROM worlds',
    "INSERT INTO worlds (world_id) VALUES ('x')",
    'DELETE FROM worlds RETURNING *',
    "UPDATE worlds SET name = 'x' RETURNING *",
    'DROP TABLE worlds',
    'CREATE TABLE x (a INT)',
    'CREATE TEMP TABLE x (a INT)',
    'CREATE MACRO m() AS 1',
    'WITH x AS (DELETE FROM worlds RETURNING *) SELECT * FROM x',
    'WITH x AS (SELECT 1) INSERT INTO worlds (world_id) SELECT * FROM x',
    'MERGE INTO worlds USING worlds AS w ON true WHEN MATCHED THEN DELETE',
    'EXPLAIN ANALYZE DELETE FROM worlds',
    'EXPLAIN SELECT 1',
    'PREPARE p AS SELECT 1',
    'EXECUTE p',
    'PIVOT worlds ON status USING count(*)',
    'SELECT ?',
    'SELECT * FROM checkpoint()',
    'SELECT * FROM force_checkpoint()',
    'SELECT * FROM enable_logging()',
    "SELECT * FROM enable_logging(storage = 'file', storage_path = '/tmp/logs')",
    'SELECT * FROM "enable_logging"()',
    'SELECT * FROM EnAbLe_LoGgInG /* hidden */ ()',
    'WITH x AS (SELECT * FROM enable_logging()) SELECT * FROM x',
    "SELECT * FROM query('SELECT * FROM enable_logging()')",
    "SELECT * FROM query_table('worlds')",
    "SELECT * FROM json_execute_serialized_sql(json_serialize_sql('SELECT 1'))",
    "SELECT write_log('x')",
    'SELECT * FROM disable_logging()',
    'SELECT * FROM enable_profiling()',
    'SELECT * FROM no_such_table',
    'SELECT',
    'nonsense',
    '',
    '-- nothing',
    ';',
    '\u0000',
  ];

  test.each(attacks)('%s', async (sql) => {
    await expect(query(sql)).rejects.toMatchObject({ code: 'QUERY_REFUSED' });
  });

  test('ways out of exports', async () => {
    for (const path of ['../secret.csv', 'link.csv', '../catalog.duckdb', '../exports/../secret.csv']) {
      const sql = `SELECT * FROM read_text(${sqlText(`${exports}/${path}`)})`;
      await expect(query(sql), path).rejects.toMatchObject({ code: 'QUERY_REFUSED' });
    }
    await expect(query(`SELECT * FROM read_text(${sqlText(`${exports}X/a`)})`)).rejects.toMatchObject({
      code: 'QUERY_REFUSED',
    });
  });

  test('a query of more than a megabyte', async () => {
    await expect(query(`SELECT '${'x'.repeat(1024 * 1024)}'`)).rejects.toMatchObject({
      code: 'QUERY_REFUSED',
    });
  });

  test('afterwards everything is as it was, and nothing was written outside', async () => {
    const before = await query('SELECT count(*) FROM worlds');
    for (const sql of attacks) await query(sql).catch(() => {});
    expect(await query('SELECT count(*) FROM worlds')).toEqual(before);
    expect(
      (
        await query(
          'SELECT current_setting($$lock_configuration$$), current_setting($$enable_external_access$$)',
        )
      ).rows,
    ).toEqual([[true, false]]);
    expect(readdirSync(exports).sort()).toEqual(['given.csv', 'link.csv']);
    // The writer goes on: nothing of this reached its connection.
    await catalog.reset();
    for (const entry of chained(sampleHistory().records)) catalog.project(entry);
    await catalog.flush();
  });
});

describe('limits', () => {
  test.each([
    // Each as long as a query may be.
    ['parentheses', `SELECT ${'('.repeat(32_000)}1${')'.repeat(32_000)}`],
    ['subqueries', `${'SELECT * FROM ('.repeat(4_000)}SELECT 1${')'.repeat(4_000)}`],
    ['operators', `SELECT 1${' + 1'.repeat(16_000)}`],
    ['negations', `SELECT ${'NOT '.repeat(16_000)}true`],
    ['unions', `SELECT 1${' UNION ALL SELECT 1'.repeat(3_400)}`],
    ['lists', `SELECT ${'['.repeat(32_000)}1${']'.repeat(32_000)}`],
  ])('too many nested %s cost no more than an error', async (_, sql) => {
    await query(sql, 10, 5_000).catch((error: unknown) => {
      expect(error).toMatchObject({ code: expect.stringMatching(/QUERY_REFUSED|WAIT_TIMEOUT/) });
    });
    expect((await query('SELECT 1')).rows).toEqual([[1]]);
  });

  test('rows beyond the limit are cut and it says so', async () => {
    expect(await query('SELECT * FROM range(10)', 10)).toMatchObject({ truncated: false });
    const cut = await query('SELECT * FROM range(1000000000)', 10);
    expect(cut.truncated).toBe(true);
    expect(cut.rows).toHaveLength(10);
  });

  test('a query that takes too long is stopped and others go on', async () => {
    const endless =
      'SELECT count(*) FROM range(1000000000) a, range(1000000000) b WHERE a.range * b.range % 7 = 3';
    const start = performance.now();
    const slow = expect(query(endless, 10, 300)).rejects.toMatchObject({ code: 'WAIT_TIMEOUT' });
    expect((await query('SELECT 1')).rows).toEqual([[1]]);
    await slow;
    expect(performance.now() - start).toBeLessThan(10_000);
  });

  test('a query may not use all memory', async () => {
    const hungry = "SELECT list(range || 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx') FROM range(200000000)";
    await expect(query(hungry, 10, 30_000)).rejects.toMatchObject({
      code: expect.stringMatching(/QUERY_REFUSED|WAIT_TIMEOUT/),
    });
    expect((await query('SELECT 1')).rows).toEqual([[1]]);
  });
});

test('values become JSON without losing anything', async () => {
  const { rows, columns } = await query(`SELECT
    9007199254740993::BIGINT AS big, 170141183460469231731687303715884105727::HUGEINT AS huge,
    (2::BIGNUM) AS bignum, 1.10::DECIMAL(9,2) AS dec, 7::INT AS int, 1.5::FLOAT AS f, true AS b, NULL AS nil,
    TIMESTAMP '2026-01-02 03:04:05.678901' AS ts, TIMESTAMPTZ '2026-01-02 03:04:05+02' AS tz, DATE '2026-01-02' AS d,
    ['a', NULL] AS l, {'x': 1::BIGINT} AS s, '\\xAA'::BLOB AS blob, '00000000-0000-0000-0000-000000000001'::UUID AS u,
    'nan'::DOUBLE AS nan, 'infinity'::TIMESTAMP AS inf, [TIMESTAMP '2026-01-02 03:04:05'] AS tl`);
  const row = Object.fromEntries(columns.map((name, index) => [name, rows[0]?.[index]]));
  expect(row).toEqual({
    big: '9007199254740993',
    huge: '170141183460469231731687303715884105727',
    bignum: '2',
    dec: '1.10',
    int: 7,
    f: 1.5,
    b: true,
    nil: null,
    ts: '2026-01-02T03:04:05.678901Z',
    tz: '2026-01-02T01:04:05.000Z',
    d: '2026-01-02',
    l: ['a', null],
    s: { x: '1' },
    blob: '\\xAA',
    u: '00000000-0000-0000-0000-000000000001',
    nan: 'NaN',
    inf: 'infinity',
    tl: ['2026-01-02T03:04:05Z'],
  });
  expect(JSON.parse(JSON.stringify(rows))).toEqual(rows);
});
