import type { DuckDBConnection, DuckDBInstance, DuckDBResult } from '@duckdb/node-api';
import { WorldError } from '../../model/world-error.js';
import type { QueryLimits, QueryResult } from '../../ports/catalog.js';
import { duckdb } from './duckdb.js';
import { jsonValue } from './json-value.js';

const { StatementType } = duckdb;

/**
 * Longest query, bytes. DuckDB plans deep or wide statements in quadratic time and cannot be interrupted meanwhile:
 * 40,000 unions kept it busy for minutes.
 */
const SQL_BYTES_MAX = 64 * 1024;
/** Text in a result, bytes: rows beyond are cut like those beyond the row limit. */
const RESULT_BYTES_MAX = 64 * 1024 * 1024;
const INTERRUPT_EVERY_MS = 50;

/**
 * Functions that a SELECT may call although they change the instance, or that run SQL this fence would
 * not see. The rest is held by the read-only transaction and by the instance having no external access.
 */
const REFUSED_FUNCTIONS = new Set([
  'add_parquet_key',
  'checkpoint',
  'disable_logging',
  'disable_peg_parser',
  'disable_profiling',
  'duckdb_logs',
  'duckdb_logs_parsed',
  'enable_logging',
  'enable_peg_parser',
  'enable_profiling',
  'force_checkpoint',
  'json_execute_serialized_sql',
  'query',
  'query_table',
  'set_config',
  'truncate_duckdb_logs',
  'write_log',
]);

/**
 * Runs one SELECT by the user on a connection of its own, in a read-only transaction.
 *
 * @throws QUERY_REFUSED for anything but one SELECT, and with DuckDB's message when it fails; WAIT_TIMEOUT when it
 * takes longer than `timeoutMs`.
 */
export async function runUserQuery(
  instance: DuckDBInstance,
  sql: string,
  limits: QueryLimits,
): Promise<QueryResult> {
  if (Buffer.byteLength(sql) > SQL_BYTES_MAX) throw refused(`it has more than ${SQL_BYTES_MAX} bytes`);
  const connection = await instance.connect();
  let timedOut = false;
  const interrupt = (): void => {
    timedOut = true;
    connection.interrupt();
  };
  // Again and again, because an interrupt between two of DuckDB's steps is lost.
  let repeated: NodeJS.Timeout | undefined;
  const timer = setTimeout(() => {
    interrupt();
    repeated = setInterval(interrupt, INTERRUPT_EVERY_MS);
  }, limits.timeoutMs);
  try {
    await connection.run('BEGIN TRANSACTION READ ONLY');
    return await runOnly(connection, sql, limits);
  } catch (thrown) {
    if (timedOut) throw tookTooLong(limits.timeoutMs, thrown);
    if (thrown instanceof WorldError) throw thrown;
    throw refused(thrown instanceof Error ? thrown.message : String(thrown), thrown);
  } finally {
    clearTimeout(timer);
    clearInterval(repeated);
    connection.closeSync();
  }
}

async function runOnly(connection: DuckDBConnection, sql: string, limits: QueryLimits): Promise<QueryResult> {
  const statements = await connection.extractStatements(sql).catch((thrown: unknown) => {
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    throw refused(message === 'Error in native callback' ? 'there is no statement in it' : message, thrown);
  });
  if (statements.count !== 1) throw refused(`it has ${statements.count} statements`);
  await refuseFunctions(connection, sql);
  const statement = await statements.prepare(0);
  const type = statement.statementType;
  if (type !== StatementType.SELECT) throw refused(`it is of type ${StatementType[type] ?? type}`);
  if (statement.parameterCount > 0) throw refused('it has parameters');
  return collect(await statement.stream(), limits);
}

/**
 * Looks for refused functions in DuckDB's own parse tree, so that quoting, comments and nesting hide nothing. What the
 * parser does not take for a SELECT (PRAGMA, EXPLAIN, COPY) is refused here, before anything is bound.
 */
async function refuseFunctions(connection: DuckDBConnection, sql: string): Promise<void> {
  const parsed = await connection.runAndReadAll('SELECT json_serialize_sql($1::VARCHAR)', [sql]);
  const tree: unknown = JSON.parse(String(parsed.getRowsJson()[0]?.[0]));
  if (typeof tree !== 'object' || tree === null || !('error' in tree) || tree.error !== false) {
    throw refused('it is not a plain SELECT');
  }
  const nodes: unknown[] = [tree];
  for (let node = nodes.pop(); node !== undefined; node = nodes.pop()) {
    if (typeof node !== 'object' || node === null) continue;
    for (const [name, value] of Object.entries(node)) {
      if (
        name === 'function_name' &&
        typeof value === 'string' &&
        REFUSED_FUNCTIONS.has(value.toLowerCase())
      ) {
        throw refused(`it calls ${value}`);
      }
      if (typeof value === 'object' && value !== null) nodes.push(value);
    }
  }
}

async function collect(result: DuckDBResult, limits: QueryLimits): Promise<QueryResult> {
  const columns = result.deduplicatedColumnNames();
  const rows: unknown[][] = [];
  let bytes = 0;
  for await (const chunk of result.yieldConvertedRows(jsonValue)) {
    for (const row of chunk) {
      if (rows.length >= limits.rowsMax || bytes > RESULT_BYTES_MAX)
        return { columns, rows, truncated: true };
      rows.push(row);
      for (const cell of row) bytes += typeof cell === 'string' ? cell.length : 8;
    }
  }
  return { columns, rows, truncated: false };
}

function refused(reason: string, cause?: unknown): WorldError {
  return new WorldError(
    'QUERY_REFUSED',
    `The query was refused: ${reason.trimEnd()}${reason.includes('\n') ? '\n' : '. '}Write exactly one SELECT over the catalog's tables (SHOW TABLES lists them).`,
    { details: { reason }, ...(cause === undefined ? {} : { cause }) },
  );
}

function tookTooLong(timeoutMs: number, cause: unknown): WorldError {
  return new WorldError(
    'WAIT_TIMEOUT',
    `The query took longer than ${timeoutMs} ms and was stopped. Ask for less, or allow more time.`,
    { details: { timeoutMs }, cause },
  );
}
