import type { DuckDBTypeId, DuckDBValue, DuckDBValueConverter, Json } from '@duckdb/node-api';
import { duckdb } from './duckdb.js';

const { DuckDBTypeId: TypeId, JsonDuckDBValueConverter } = duckdb;

const TIMESTAMPS = new Set<DuckDBTypeId>([
  TypeId.TIMESTAMP,
  TypeId.TIMESTAMP_S,
  TypeId.TIMESTAMP_MS,
  TypeId.TIMESTAMP_NS,
]);

/**
 * Turns a value of DuckDB into JSON: 64-bit and larger integers and decimals become text, timestamps ISO 8601 in
 * UTC, lists and structs arrays and objects, blobs DuckDB's own escaped text; NaN and infinities become text.
 */
export const jsonValue: DuckDBValueConverter<Json> = (value, type, converter) => {
  if (value === null) return null;
  const { typeId } = type;
  if (TIMESTAMPS.has(typeId)) return isoOf(String(value));
  if (typeId === TypeId.TIMESTAMP_TZ) return isoOf(utcOf(value));
  return JsonDuckDBValueConverter(value, type, converter);
};

/** `2026-01-02 03:04:05.678` as `2026-01-02T03:04:05.678Z`; `infinity` stays what it is. */
function isoOf(text: string): string {
  return /^\d{4,}-\d\d-\d\d \d\d:/.test(text) ? `${text.replace(' ', 'T')}Z` : text;
}

/** Text in UTC: DuckDB's own rendering of a TIMESTAMPTZ depends on the time zone of the machine. */
function utcOf(value: DuckDBValue): string {
  if (
    typeof value !== 'object' ||
    value === null ||
    !('micros' in value) ||
    typeof value.micros !== 'bigint'
  ) {
    return String(value);
  }
  const milliseconds = Number(value.micros / 1000n);
  const date = new Date(milliseconds);
  return Number.isNaN(date.getTime()) ? String(value) : date.toISOString().replace('T', ' ').replace('Z', '');
}
