import { strict as assert } from 'node:assert';
import type { DuckDBConnection } from '@duckdb/node-api';
import { WorldError } from '../../model/world-error.js';
import { MIGRATIONS, type Migration, schemaVersionOf } from './migrations.js';
import { CREATE_TABLES, TABLES_TO_DROP } from './schema.js';

/** Hash that stands before the first entry. */
export const GENESIS_HASH = '0'.repeat(64);

/** The tables to be had; tests give others. */
export interface Schema {
  readonly createTables: string;
  readonly migrations: readonly Migration[];
}

/** Last entry projected: 0 and `GENESIS_HASH` when there is none. */
export interface Position {
  readonly seq: number;
  readonly hash: string;
}

/** What was done to the tables at open. */
export interface Prepared {
  readonly position: Position;
  /** For the user; empty when nothing was changed. */
  readonly notes: readonly string[];
}

const CURRENT: Schema = { createTables: CREATE_TABLES, migrations: MIGRATIONS };

/**
 * Makes the tables, or brings those of an earlier version to the present one, step by step. Each step is one transaction,
 * which a crash leaves done or not done; the next open goes on from there.
 *
 * @throws DATA_DIR_VERSION when a newer version made them; DuckDB's errors
 */
export async function prepareTables(
  connection: DuckDBConnection,
  path: string,
  { createTables, migrations }: Schema = CURRENT,
): Promise<Prepared> {
  const current = schemaVersionOf(migrations);
  const found = await readVersion(connection);
  const notes: string[] = [];
  if (found !== null && found > current) throw newerTables(path, found, current);
  if (found !== null && found < current) {
    const steps = migrations.slice(found - 1);
    if (steps.some(({ kind }) => kind === 'rebuild')) {
      await dropTables(connection);
      notes.push(`the catalog had version ${found} and is rebuilt from the journal`);
    } else {
      for (const [index, step] of steps.entries()) await migrate(connection, step, found + 1 + index);
      notes.push(`the catalog was migrated from version ${found} to ${current}`);
    }
  }
  await connection.run(createTables);
  await connection.run(
    `INSERT INTO projection SELECT 0, '${GENESIS_HASH}', ${current} WHERE NOT EXISTS (FROM projection)`,
  );
  const position = await readPosition(connection);
  // A reset that a crash cut off after its first transaction is finished here.
  if (position.seq === 0) await connection.run('DELETE FROM world_runtime_entities');
  return { position, notes };
}

export async function readPosition(connection: DuckDBConnection): Promise<Position> {
  const found = await connection.runAndReadAll('SELECT seq, hash FROM projection');
  const [seq, hash] = found.getRowsJson()[0] ?? [];
  return { seq: Number(seq), hash: String(hash) };
}

/** Version of the tables that are there; null when there are none, or not all: then nothing was projected yet. */
async function readVersion(connection: DuckDBConnection): Promise<number | null> {
  const tables = await connection.runAndReadAll(
    "SELECT count(*) FROM duckdb_tables() WHERE table_name = 'projection'",
  );
  if (tables.getRowsJson()[0]?.[0] === '0') return null;
  const found = await connection.runAndReadAll('SELECT schema_version FROM projection');
  const version = found.getRowsJson()[0]?.[0];
  return version === undefined || version === null ? null : Number(version);
}

/** The version's own table goes last, so that a crash between two of them leaves a catalog that is dropped again. */
async function dropTables(connection: DuckDBConnection): Promise<void> {
  for (const name of TABLES_TO_DROP) await connection.run(`DROP TABLE IF EXISTS ${name}`);
}

async function migrate(connection: DuckDBConnection, step: Migration, version: number): Promise<void> {
  assert(step.kind === 'alter', 'a rebuild is no step by step');
  try {
    await connection.run('BEGIN');
    for (const statement of step.statements) await connection.run(statement);
    await connection.run('UPDATE projection SET schema_version = $1::INT', [version]);
    await connection.run('COMMIT');
  } catch (thrown) {
    // There may be no transaction to roll back; that is no second failure.
    await connection.run('ROLLBACK').catch(() => {});
    throw thrown;
  }
}

function newerTables(path: string, found: number, supported: number): WorldError {
  return new WorldError(
    'DATA_DIR_VERSION',
    `The catalog ${path} has version ${found}; this program uses version ${supported}. Use the newer program that made it; ` +
      'or move the file away, and it is made anew from the journal.',
    { details: { path, found, supported } },
  );
}
