import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { catalogColumns, catalogRows } from '../../../test/support/catalog-rows.js';
import { openJournalFile } from '../journal-file/journal-file.js';
import { openStorage } from '../open-storage.js';
import { type CatalogDatabase, openCatalogDatabase } from './catalog-database.js';
import { type DuckDbCatalog, openDuckDbCatalog } from './duckdb-catalog.js';
import { MIGRATIONS, type Migration, schemaVersionOf } from './migrations.js';
import type { Schema } from './prepare-tables.js';
import { CREATE_TABLES } from './schema.js';

/** What version 1 made of its journal: its own tables and rows, as SQL. */
const golden = fileURLToPath(new URL('../golden/v1', import.meta.url));
const VERSION_1 = readFileSync(join(golden, 'catalog.sql'), 'utf8');

let directory: string;
const children: ChildProcess[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'migrations-'));
});

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  rmSync(directory, { recursive: true });
});

function openDatabase(name = 'catalog.duckdb'): Promise<CatalogDatabase> {
  return openCatalogDatabase(join(directory, name), {
    exportsDirectory: join(directory, 'exports'),
    waitMs: 10_000,
  });
}

async function inDatabase<T>(work: (catalog: DuckDbCatalog) => Promise<T>, schema?: Schema): Promise<T> {
  const database = await openDatabase();
  try {
    await using catalog = await openDuckDbCatalog(database, schema);
    return await work(catalog);
  } finally {
    database.close();
  }
}

/** A database as version 1 left it. */
async function version1(more = ''): Promise<void> {
  const database = await openDatabase();
  const connection = await database.instance.connect();
  await connection.run(VERSION_1 + more);
  connection.closeSync();
  database.close();
}

interface Content {
  readonly columns: unknown[];
  readonly rows: Record<string, string[]>;
}

async function contentOf(catalog: DuckDbCatalog): Promise<Content> {
  return { columns: await catalogColumns(catalog), rows: await catalogRows(catalog, 'meaning') };
}

/** What projecting the golden journal from the start gives. */
async function rebuilt(schema?: Schema): Promise<Content> {
  const database = await openDatabase('fresh.duckdb');
  try {
    await using catalog = await openDuckDbCatalog(database, schema);
    const folder = join(directory, 'history');
    mkdirSync(folder, { recursive: true });
    cpSync(join(golden, 'history'), folder, { recursive: true });
    await using journal = await openJournalFile(folder);
    for await (const entry of journal.read()) catalog.project(entry);
    await catalog.flush();
    return await contentOf(catalog);
  } finally {
    database.close();
  }
}

/** Tables as a later version might have them: the columns are written by these tests only. */
const alter: Migration[] = [
  {
    what: 'worlds have a length of name',
    kind: 'alter',
    statements: [
      'ALTER TABLE worlds ADD COLUMN name_length INT',
      'UPDATE worlds SET name_length = length(name)',
    ],
  },
  {
    what: 'there are notes',
    kind: 'alter',
    statements: [
      'CREATE TABLE notes (note VARCHAR PRIMARY KEY)',
      "INSERT INTO notes SELECT DISTINCT 'world ' || name FROM worlds",
    ],
  },
];
const laterTables = `${CREATE_TABLES}; CREATE TABLE IF NOT EXISTS notes (note VARCHAR PRIMARY KEY);`;
const later = (migrations: readonly Migration[]): Schema => ({
  createTables: laterTables,
  migrations: [...MIGRATIONS, ...migrations],
});

describe('a catalog of version 1', () => {
  test('becomes what rebuilding from its journal gives, in every column and row of every table', async () => {
    await version1();
    const migrated = await inDatabase(async (catalog) => {
      if (schemaVersionOf(MIGRATIONS) > 1) expect(catalog.notes.join()).toMatch(/from version 1/);
      const content = await contentOf(catalog);
      // A step may have said that only the journal knows; then nothing is there before it is read.
      return catalog.projectedSeq > 0 ? content : null;
    });
    const fresh = await rebuilt();
    if (migrated) expect(migrated).toEqual(fresh);
    for (const [table, rows] of Object.entries(fresh.rows)) {
      if (VERSION_1.includes(`INSERT INTO ${table} `)) expect(rows.length, table).toBeGreaterThan(0);
    }
  });

  test('the comparison notices a row and a column that differ (planted)', async () => {
    const fresh = await rebuilt();
    for (const planted of [
      "UPDATE executions SET stdout = 'x' WHERE execution_id = (SELECT min(execution_id) FROM executions);",
      'DELETE FROM runtime_metrics WHERE metric_id = (SELECT min(metric_id) FROM runtime_metrics);',
      'ALTER TABLE states ADD COLUMN planted INT;',
    ]) {
      await version1(planted);
      const content = await inDatabase(contentOf);
      expect(content, planted).not.toEqual(fresh);
      rmSync(join(directory, 'catalog.duckdb'));
      rmSync(join(directory, 'catalog.duckdb.wal'), { force: true });
    }
  });

  test('in a whole data directory goes on from where it was', async () => {
    const root = join(directory, 'data');
    cpSync(join(golden, 'history'), join(root, 'journal'), { recursive: true });
    const database = await openCatalogDatabase(join(root, 'catalog.duckdb'), {
      exportsDirectory: join(root, 'exports'),
      waitMs: 0,
    });
    const connection = await database.instance.connect();
    await connection.run(VERSION_1);
    connection.closeSync();
    database.close();
    const fresh = await rebuilt();
    await using storage = await openStorage(root);
    expect(await catalogRows(storage.catalog, 'meaning')).toEqual(fresh.rows);
    expect(storage.catalog.projectedSeq).toBe(storage.journal.lastSeq);
  });
});

describe('steps', () => {
  test('are done one after the other, once, and say so', async () => {
    await version1();
    const schema = later(alter);
    const twice = [];
    for (let time = 0; time < 2; time += 1) {
      twice.push(
        await inDatabase(async (catalog) => {
          const [lengths] = await catalog.rows(
            'SELECT count(*)::INT AS n FROM worlds WHERE name_length = length(name)',
            [],
          );
          const [notes] = await catalog.rows('SELECT count(*)::INT AS n FROM notes', []);
          const [worlds] = await catalog.rows(
            'SELECT count(*)::INT AS n, count(DISTINCT name)::INT AS names FROM worlds',
            [],
          );
          expect(lengths?.['n']).toBe(worlds?.['n']);
          expect(notes?.['n']).toBe(worlds?.['names']);
          expect(await catalog.rows('SELECT schema_version FROM projection', [])).toEqual([
            { schema_version: schemaVersionOf(schema.migrations) },
          ]);
          return catalog.notes.length;
        }, schema),
      );
    }
    expect(twice).toEqual([1, 0]);
  });

  test('one that fails changes nothing, and those before it are kept', async () => {
    await version1();
    const [first, second] = alter;
    const failing: Migration = {
      what: 'fails half way',
      kind: 'alter',
      statements: ['ALTER TABLE worlds ADD COLUMN half INT', 'UPDATE no_such_table SET x = 1'],
    };
    await expect(inDatabase(contentOf, later([first!, failing]))).rejects.toMatchObject({
      code: 'STORAGE_FAILED',
    });
    // Nothing keeps the database open after that, and the step is simply done again, now rightly.
    const found = await inDatabase(
      (catalog) =>
        catalog.rows(
          "SELECT column_name FROM duckdb_columns() WHERE table_name = 'worlds' AND column_name IN ('half', 'name_length')",
          [],
        ),
      later([first!, second!]),
    );
    expect(found).toEqual([{ column_name: 'name_length' }]);
  });

  test('that only the journal can fill begin again from it', async () => {
    await version1();
    const schema = later([{ what: 'everything is new', kind: 'rebuild' }, ...alter]);
    await inDatabase(async (catalog) => {
      expect(catalog.projectedSeq).toBe(0);
      expect(catalog.notes.join()).toMatch(/rebuilt from the journal/);
      const content = await catalogRows(catalog);
      for (const [table, rows] of Object.entries(content))
        expect(rows.length, table).toBe(table === 'projection' ? 1 : 0);
    }, schema);
  });

  test('a newer catalog is refused with what to do, and left as it was', async () => {
    await version1();
    await inDatabase(contentOf, later(alter));
    const refused = inDatabase(contentOf);
    await expect(refused).rejects.toMatchObject({
      code: 'DATA_DIR_VERSION',
      message: /has version \d+; this program uses version \d+.*newer program/,
      details: { found: schemaVersionOf(MIGRATIONS) + 2, supported: schemaVersionOf(MIGRATIONS) },
    });
    await inDatabase(async (catalog) => {
      expect(catalog.notes).toEqual([]);
      expect(catalog.projectedSeq).toBeGreaterThan(0);
    }, later(alter));
  });
});

describe('kill -9', () => {
  const seed = Number(process.env['STORAGE_SEED'] ?? 20_261_122);

  test(`during a migration leaves each step done or not done (STORAGE_SEED=${seed})`, {
    timeout: 120_000,
  }, async () => {
    const module = (path: string): string =>
      JSON.stringify(new URL(`../../../dist/storage/catalog-duckdb/${path}`, import.meta.url).href);
    const wide = Array.from(
      { length: 12 },
      (_, index): Migration => ({
        what: `column ${index}`,
        kind: 'alter',
        statements: [
          `ALTER TABLE worlds ADD COLUMN c${index} INT`,
          `UPDATE worlds SET c${index} = ${index}`,
          `CREATE TABLE t${index} AS SELECT range AS n FROM range(20000)`,
        ],
      }),
    );
    const migrations = [...MIGRATIONS, ...wide];
    const base = schemaVersionOf(MIGRATIONS);
    const script = `
      import { openCatalogDatabase } from ${module('catalog-database.js')};
      import { openDuckDbCatalog } from ${module('duckdb-catalog.js')};
      import { CREATE_TABLES } from ${module('schema.js')};
      const database = await openCatalogDatabase(${JSON.stringify(join(directory, 'catalog.duckdb'))}, { exportsDirectory: '/nowhere', waitMs: 10000 });
      process.stdout.write('open\\n');
      await openDuckDbCatalog(database, { createTables: CREATE_TABLES, migrations: ${JSON.stringify(migrations)} });
      process.stdout.write('done\\n');
      setInterval(() => {}, 1000);`;
    const versions = new Set<number>();
    for (let round = 0; round < 6; round += 1) {
      rmSync(join(directory, 'catalog.duckdb'), { force: true });
      rmSync(join(directory, 'catalog.duckdb.wal'), { force: true });
      await version1();
      const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
        stdio: ['ignore', 'pipe', 'inherit'],
        cwd: fileURLToPath(new URL('../../..', import.meta.url)),
      });
      children.push(child);
      const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
      await lines.next();
      const delayMs = (Math.imul(seed + round, 2_654_435_761) >>> 0) % 400;
      setTimeout(() => child.kill('SIGKILL'), delayMs);
      await new Promise((resolve) => child.once('exit', resolve));
      const database = await openDatabase();
      const connection = await database.instance.connect();
      const rowsOf = async (sql: string): Promise<unknown[][]> =>
        (await connection.runAndReadAll(sql)).getRowsJson();
      const [[version]] = (await rowsOf('SELECT schema_version FROM projection')) as [[number]];
      versions.add(version);
      const done = Math.max(version - base, 0);
      const columns = await rowsOf(
        "SELECT count(*)::INT FROM duckdb_columns() WHERE table_name = 'worlds' AND regexp_full_match(column_name, 'c[0-9]+')",
      );
      const tables = await rowsOf(
        "SELECT count(*)::INT FROM duckdb_tables() WHERE regexp_full_match(table_name, 't[0-9]+')",
      );
      expect([columns[0]?.[0], tables[0]?.[0]]).toEqual([done, done]);
      for (let index = 0; index < done; index += 1) {
        expect(await rowsOf(`SELECT count(*)::INT FROM t${index}`)).toEqual([[20_000]]);
        expect(
          await rowsOf(`SELECT count(*)::INT FROM worlds WHERE c${index} IS DISTINCT FROM ${index}`),
        ).toEqual([[0]]);
      }
      connection.closeSync();
      database.close();
      // The next open finishes what was left.
      await inDatabase(
        async (catalog) => {
          expect(await catalog.rows('SELECT schema_version FROM projection', [])).toEqual([
            { schema_version: base + 12 },
          ]);
        },
        { createTables: CREATE_TABLES, migrations },
      );
    }
    process.stdout.write(`versions found after a kill: ${[...versions].sort((a, b) => a - b).join(', ')}\n`);
  });
});
