import type {
  DuckDBAppender,
  DuckDBConnection,
  DuckDBTimestampValue,
  DuckDBType,
  DuckDBValue,
} from '@duckdb/node-api';
import { WorldError } from '../../model/world-error.js';
import type { Cell, ChangeSet, Joined, Row } from './change-set.js';
import { duckdb } from './duckdb.js';
import { PRIMARY_KEYS, PROJECTED_TABLES, type ProjectedTable } from './schema.js';

const { BOOLEAN, DOUBLE, INTEGER, LIST, listValue, TIMESTAMP, VARCHAR } = duckdb;

/** Name and SQL type of each column of each table, in order. */
export type Columns = ReadonlyMap<string, readonly { readonly name: string; readonly type: string }[]>;

/** Reads the columns of our tables from the database itself: the schema's text is the only description. */
export async function readColumns(connection: DuckDBConnection): Promise<Columns> {
  const columns = new Map<string, { name: string; type: string }[]>();
  const found = await connection.runAndReadAll(
    "SELECT table_name, column_name, data_type FROM duckdb_columns() WHERE schema_name = 'main' AND NOT internal ORDER BY table_name, column_index",
  );
  for (const [table, name, type] of found.getRowsJson()) {
    const known = columns.get(String(table)) ?? [];
    columns.set(String(table), [...known, { name: String(name), type: String(type) }]);
  }
  return columns;
}

/**
 * Writes a change set inside the connection's open transaction.
 *
 * @throws INTERNAL when a row to be changed does not exist; DuckDB's errors.
 */
export async function writeChanges(
  connection: DuckDBConnection,
  columns: Columns,
  changes: ChangeSet,
): Promise<void> {
  for (const table of PROJECTED_TABLES) {
    const rows = changes.inserts.get(table);
    if (rows) await insertRows(connection, table, columns.get(table) ?? [], [...rows.values()]);
  }
  for (const [branchId, children] of changes.joined) await joinBranch(connection, branchId, children);
  for (const [table, rows] of changes.updates) await updateRows(connection, table, [...rows.values()]);
}

async function insertRows(
  connection: DuckDBConnection,
  table: string,
  columns: readonly { readonly name: string; readonly type: string }[],
  rows: readonly Row[],
): Promise<void> {
  const names = new Set(columns.map((column) => column.name));
  for (const row of rows) {
    const unknown = Object.keys(row).find((name) => !names.has(name));
    if (unknown !== undefined) throw new WorldError('INTERNAL', `Table ${table} has no column ${unknown}.`);
  }
  const appender = await connection.createAppender(table);
  try {
    for (const row of rows) {
      for (const { name, type } of columns) appendCell(appender, row[name] ?? null, type);
      appender.endRow();
    }
    appender.flushSync();
  } finally {
    appender.closeSync();
  }
}

type CellValue = Exclude<Cell, null>;

const APPEND: Readonly<Record<string, (appender: DuckDBAppender, cell: CellValue) => void>> = {
  VARCHAR: (appender, cell) => appender.appendVarchar(String(cell)),
  INTEGER: (appender, cell) => appender.appendInteger(Number(cell)),
  BIGINT: (appender, cell) => appender.appendBigInt(BigInt(Number(cell))),
  FLOAT: (appender, cell) => appender.appendFloat(Number(cell)),
  DOUBLE: (appender, cell) => appender.appendDouble(Number(cell)),
  BOOLEAN: (appender, cell) => appender.appendBoolean(cell === true),
  TIMESTAMP: (appender, cell) => appender.appendTimestamp(timestampOf(String(cell))),
  'VARCHAR[]': (appender, cell) =>
    appender.appendList(listValue(Array.isArray(cell) ? [...cell] : []), LIST(VARCHAR)),
};

function appendCell(appender: DuckDBAppender, cell: Cell, type: string): void {
  const append = APPEND[type];
  if (!append) throw new WorldError('INTERNAL', `The catalog writes no columns of type ${type}.`);
  if (cell === null) appender.appendNull();
  else append(appender, cell);
}

/** ISO 8601 in UTC with microseconds, exactly. */
function timestampOf(iso: string): DuckDBTimestampValue {
  const [, seconds, micros] = /^(.{19})\.(\d{6})Z$/.exec(iso) ?? [];
  if (seconds === undefined || micros === undefined)
    throw new WorldError('INTERNAL', `${iso} is not a time of ours.`);
  return new duckdb.DuckDBTimestampValue(BigInt(Date.parse(`${seconds}Z`)) * 1000n + BigInt(micros));
}

async function joinBranch(
  connection: DuckDBConnection,
  branchId: string,
  children: readonly Joined[],
): Promise<void> {
  const trits = children.reduce((sum, child) => sum + child.trit, 0);
  const result = await connection.run(
    `UPDATE world_branches
     SET child_entity_ids = list_concat(child_entity_ids, $1), gf3_sum = (((gf3_sum + $2) % 3) + 3) % 3
     WHERE branch_id = $3`,
    [listValue(children.map((child) => child.childId)), trits, branchId],
    [LIST(VARCHAR), INTEGER, VARCHAR],
  );
  requireRows('world_branches', result.rowsChanged, 1);
}

/** Rows that change the same columns are changed by one statement: a fan-out or a collapse concerns thousands. */
async function updateRows(
  connection: DuckDBConnection,
  table: ProjectedTable,
  rows: readonly Update[],
): Promise<void> {
  const alike = new Map<string, Update[]>();
  for (const row of rows) {
    const columns = Object.keys(row.set)
      .sort((a, b) => (a < b ? -1 : 1))
      .join();
    const others = alike.get(columns);
    if (others) others.push(row);
    else alike.set(columns, [row]);
  }
  for (const group of alike.values()) await updateTogether(connection, table, group);
}

interface Update {
  readonly key: Row;
  readonly set: Row;
}

async function updateTogether(
  connection: DuckDBConnection,
  table: ProjectedTable,
  rows: readonly Update[],
): Promise<void> {
  const keys = PRIMARY_KEYS[table].map((column) => ({ column, cells: rows.map(({ key }) => key[column]) }));
  const sets = Object.keys(rows[0]?.set ?? {}).map((column) => {
    return { column, cells: rows.map(({ set }) => set[column]) };
  });
  const lists = [...keys, ...sets].map(({ column, cells }, index) => {
    const type = typeFor(column, cells.find((cell) => cell !== null) ?? null);
    const values = cells.map((cell) => valueFor(column, cell ?? null));
    return { from: `unnest($${index + 1}) AS ${column}`, type: LIST(type), value: listValue(values) };
  });
  const result = await connection.run(
    `UPDATE ${table} SET ${sets.map(({ column }) => `${column} = changed.${column}`).join(', ')}
     FROM (SELECT ${lists.map(({ from }) => from).join(', ')}) changed
     WHERE ${keys.map(({ column }) => `${table}.${column} = changed.${column}`).join(' AND ')}`,
    lists.map(({ value }) => value),
    lists.map(({ type }) => type),
  );
  requireRows(table, result.rowsChanged, rows.length);
}

function valueFor(column: string, cell: Cell): DuckDBValue {
  if (Array.isArray(cell)) throw new WorldError('INTERNAL', `The catalog does not update lists: ${column}.`);
  if (column.endsWith('_at') && typeof cell === 'string') return timestampOf(cell);
  return cell as Exclude<Cell, readonly string[]>;
}

function typeFor(column: string, value: Cell): DuckDBType {
  if (column.endsWith('_at')) return TIMESTAMP;
  if (typeof value === 'number') return DOUBLE;
  return typeof value === 'boolean' ? BOOLEAN : VARCHAR;
}

/** An update that finds no row means that journal and catalog are not of the same world. */
function requireRows(table: string, changed: number, expected: number): void {
  if (changed === expected) return;
  throw new WorldError('INTERNAL', `An update of ${table} found ${changed} rows instead of ${expected}.`, {
    details: { table, changed, expected },
  });
}
