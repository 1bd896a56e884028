import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openCatalogDatabase } from './catalog-database.js';
import { ChangeSet } from './change-set.js';
import { CREATE_TABLES, PRIMARY_KEYS } from './schema.js';
import { readColumns, writeChanges } from './write-changes.js';

/**
 * What DuckDB does that our schema and writer are built around. A test that fails here after an upgrade says
 * which of our precautions to look at again.
 */

let directory: string;
let instance: DuckDBInstance;
let connection: DuckDBConnection;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'facts-'));
  instance = await DuckDBInstance.create(join(directory, 'facts.duckdb'));
  connection = await instance.connect();
  await connection.run(CREATE_TABLES);
  await connection.run(
    "INSERT INTO world_runtime_entities (entity_id, entity_type) VALUES ('w', 'sandbox'), ('c', 'sandbox')",
  );
  await connection.run(
    "INSERT INTO world_branches (branch_id, parent_entity_id, child_entity_ids, gf3_sum) VALUES ('b', 'w', ['c'], 0)",
  );
});

afterEach(() => {
  connection.closeSync();
  instance.closeSync();
  rmSync(directory, { recursive: true });
});

const rowsOf = async (sql: string): Promise<unknown[][]> =>
  (await connection.runAndReadAll(sql)).getRowsJson();

describe("the user's foreign keys", () => {
  test('state, resolved_at and snapshot_id of a referenced row can be updated', async () => {
    await connection.run(
      "UPDATE world_runtime_entities SET state = 'collapsed', resolved_at = now(), snapshot_id = 's' WHERE entity_id = 'w'",
    );
    expect(await rowsOf("SELECT state FROM world_runtime_entities WHERE entity_id = 'w'")).toEqual([
      ['collapsed'],
    ]);
  });

  test('that fails with an index on the column, so there is none in our schema', async () => {
    expect(await rowsOf('SELECT index_name FROM duckdb_indexes()')).toEqual([]);
    await connection.run('CREATE INDEX planted ON world_runtime_entities (state)');
    await expect(
      connection.run("UPDATE world_runtime_entities SET state = 'x' WHERE entity_id = 'w'"),
    ).rejects.toThrow(/foreign key/);
  });

  test('that fails with the key in SET, so a change set refuses it', async () => {
    await expect(
      connection.run("UPDATE world_runtime_entities SET entity_id = 'w', state = 'x' WHERE entity_id = 'w'"),
    ).rejects.toThrow(/foreign key/);
    for (const [table, columns] of Object.entries(PRIMARY_KEYS)) {
      for (const column of columns) {
        expect(() =>
          new ChangeSet().update(table as keyof typeof PRIMARY_KEYS, {}, { [column]: 'x' }),
        ).toThrow(/never set/);
      }
    }
  });

  test('that fails with a LIST column on the referenced table, so that table has none', async () => {
    const lists = await rowsOf(
      "SELECT column_name FROM duckdb_columns() WHERE table_name = 'world_runtime_entities' AND data_type LIKE '%[]'",
    );
    expect(lists).toEqual([]);
    await connection.run('CREATE TABLE parent (id VARCHAR PRIMARY KEY, state VARCHAR, planted VARCHAR[])');
    await connection.run('CREATE TABLE child (id VARCHAR PRIMARY KEY, parent VARCHAR REFERENCES parent(id))');
    await connection.run("INSERT INTO parent VALUES ('p', 'x', ['y']); INSERT INTO child VALUES ('c', 'p')");
    await expect(connection.run("UPDATE parent SET planted = ['z'] WHERE id = 'p'")).rejects.toThrow(
      /foreign key/,
    );
  });

  test('rows and what they refer to cannot be deleted in one transaction', async () => {
    await connection.run('BEGIN; DELETE FROM world_branches');
    await expect(connection.run('DELETE FROM world_runtime_entities; COMMIT')).rejects.toThrow(/foreign key/);
  });

  test('a branch of an unknown parent is refused, an unknown child is not', async () => {
    await expect(
      connection.run("INSERT INTO world_branches (branch_id, parent_entity_id) VALUES ('x', 'nobody')"),
    ).rejects.toThrow(/foreign key/i);
    await connection.run(
      "INSERT INTO world_branches (branch_id, parent_entity_id, child_entity_ids) VALUES ('x', 'w', ['nobody'])",
    );
  });

  test('trits other than -1, 0, 1 are refused', async () => {
    await expect(
      connection.run(
        "INSERT INTO world_runtime_entities (entity_id, entity_type, trit) VALUES ('t', 'verse', 2)",
      ),
    ).rejects.toThrow(/CHECK/);
  });
});

describe('amounts', () => {
  test('are text of digits, checked', async () => {
    const insert = (amount: string): Promise<unknown> =>
      connection.run(`INSERT INTO balances VALUES ('v', 'o${amount}', 't', '${amount}', true)`);
    for (const amount of ['-1', '1.5', '1e9', '', '01', ' 1', '9'.repeat(79)])
      await expect(insert(amount), amount).rejects.toThrow(/CHECK/);
    for (const amount of ['0', '1', '9'.repeat(78)]) await insert(amount);
  });

  test('sums of them are exact as BIGNUM, and HUGEINT cannot hold them', async () => {
    await connection.run(
      `INSERT INTO balances VALUES ('v', 'a', 't', '${2n ** 256n - 1n}', true), ('v', 'b', 't', '1', true)`,
    );
    expect(await rowsOf('SELECT sum(amount::BIGNUM)::VARCHAR FROM balances')).toEqual([[`${2n ** 256n}`]]);
    await expect(rowsOf('SELECT sum(amount::HUGEINT) FROM balances')).rejects.toThrow(/Could not convert/i);
  });
});

describe('the writer', () => {
  test('refuses to change a row that is not there', async () => {
    const changes = new ChangeSet();
    changes.update('world_runtime_entities', { entity_id: 'nobody' }, { state: 'x' });
    await expect(writeChanges(connection, await readColumns(connection), changes)).rejects.toMatchObject({
      code: 'INTERNAL',
    });
    const joined = new ChangeSet();
    joined.join('nobody', { childId: 'c', trit: 0 });
    await expect(writeChanges(connection, await readColumns(connection), joined)).rejects.toMatchObject({
      code: 'INTERNAL',
    });
  });

  test('refuses a column that does not exist and a row inserted twice', async () => {
    const changes = new ChangeSet();
    changes.insert('worlds', { world_id: 'x', planted: 1 });
    await expect(writeChanges(connection, await readColumns(connection), changes)).rejects.toMatchObject({
      code: 'INTERNAL',
    });
    expect(() => changes.insert('worlds', { world_id: 'x' })).toThrow(/once/);
  });

  test('adds a child and changes a parent while a reader has an older snapshot open', async () => {
    const reader = await instance.connect();
    await reader.run('BEGIN');
    await reader.runAndReadAll('SELECT * FROM world_branches, world_runtime_entities');
    const columns = await readColumns(connection);
    for (let round = 0; round < 3; round += 1) {
      const changes = new ChangeSet();
      changes.insert('world_runtime_entities', { entity_id: `n${round}`, entity_type: 'verse', trit: 1 });
      changes.join('b', { childId: `n${round}`, trit: 1 });
      changes.update('world_runtime_entities', { entity_id: 'w' }, { state: `s${round}` });
      await connection.run('BEGIN');
      await writeChanges(connection, columns, changes);
      await connection.run('COMMIT');
    }
    await reader.run('COMMIT');
    reader.closeSync();
    expect(await rowsOf('SELECT child_entity_ids, gf3_sum FROM world_branches')).toEqual([
      [['c', 'n0', 'n1', 'n2'], 0],
    ]);
  });
});

describe('opening', () => {
  test('the engine is of the 1.5 series, whose file format we keep', async () => {
    expect(await rowsOf('SELECT version()')).toEqual([[expect.stringMatching(/^v1\.5\./)]]);
  });

  test('the same file cannot be opened twice in one process, however it is spelled', async () => {
    const options = { exportsDirectory: directory, waitMs: 5_000 };
    const first = await openCatalogDatabase(join(directory, 'twice.duckdb'), options);
    const start = performance.now();
    const again = openCatalogDatabase(`${directory}/../${directory.split('/').at(-1)}/twice.duckdb`, options);
    await expect(again).rejects.toMatchObject({ code: 'DATA_DIR_LOCKED', details: { pid: process.pid } });
    expect(performance.now() - start).toBeLessThan(1_000);
    first.close();
    (await openCatalogDatabase(join(directory, 'twice.duckdb'), options)).close();
  });

  test('another process is refused, even to read', () => {
    const script = `
      import { DuckDBInstance } from '@duckdb/node-api';
      for (const access_mode of ['READ_ONLY', 'READ_WRITE']) {
        try { await DuckDBInstance.create(${JSON.stringify(join(directory, 'facts.duckdb'))}, { access_mode }); console.log('opened'); }
        catch (error) { console.log(error.message); }
      }`;
    const child = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
    expect(child.stdout).not.toContain('opened');
    expect(child.stdout.match(new RegExp(`PID ${process.pid}\\b`, 'g'))).toHaveLength(2);
  });
});
