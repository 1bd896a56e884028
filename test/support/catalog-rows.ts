import type { Catalog } from '../../src/ports/catalog.js';
import { TABLES_TO_DROP } from '../../src/storage/catalog-duckdb/schema.js';

/** Every table of a catalog. */
export const CATALOG_TABLES = TABLES_TO_DROP;

/**
 * Every row of every table, as text, in an order that does not depend on how it was written. Columns of JSON are
 * compared by their text, or by their meaning.
 */
export async function catalogRows(
  catalog: Catalog,
  json: 'text' | 'meaning' = 'text',
): Promise<Record<string, string[]>> {
  const tables: Record<string, string[]> = {};
  for (const name of CATALOG_TABLES) {
    const rows = await catalog.rows(`SELECT * FROM ${name}`, []);
    tables[name] = rows
      .map((row) => JSON.stringify(json === 'text' ? row : meaningOf(row)))
      .sort((a, b) => (a < b ? -1 : 1));
  }
  return tables;
}

/** Names, types and order of the columns of every table, with their defaults and constraints. */
export async function catalogColumns(catalog: Catalog): Promise<unknown[]> {
  const columns = await catalog.rows(
    `SELECT table_name, column_name, column_index, data_type, column_default, is_nullable
     FROM duckdb_columns() WHERE schema_name = 'main' AND NOT internal ORDER BY ALL`,
    [],
  );
  const constraints = await catalog.rows(
    `SELECT table_name, constraint_type, constraint_text, constraint_column_names
     FROM duckdb_constraints() WHERE schema_name = 'main' ORDER BY table_name, constraint_type, constraint_text`,
    [],
  );
  return [...columns, ...constraints];
}

/** A row with its JSON columns read, and their keys in one order. */
function meaningOf(row: Record<string, unknown>): unknown {
  const read = Object.entries(row).map(([name, value]) => [
    name,
    name.endsWith('_json') && typeof value === 'string' ? inOrder(JSON.parse(value)) : value,
  ]);
  return Object.fromEntries(read);
}

function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOrder);
  if (value === null || typeof value !== 'object') return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, each]) => [key, inOrder(each)]));
}
