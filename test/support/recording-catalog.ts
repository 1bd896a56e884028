import { strict as assert } from 'node:assert';
import type { Catalog, QueryResult } from '../../src/ports/catalog.js';
import type { JournalEntry } from '../../src/ports/journal-record.js';

export interface RecordingCatalog extends Catalog {
  readonly entries: readonly JournalEntry[];
  /** Statements asked for by actions, with their parameters. */
  readonly asked: readonly { readonly sql: string; readonly parameters: readonly unknown[] }[];
}

/** A catalog that only remembers what it was told, and insists on the order of entries. */
export function recordingCatalog(): RecordingCatalog {
  const entries: JournalEntry[] = [];
  const asked: { sql: string; parameters: readonly unknown[] }[] = [];
  const empty: QueryResult = { columns: ['n'], rows: [['1']], truncated: false };
  return {
    entries,
    asked,
    get projectedSeq() {
      return entries.at(-1)?.seq ?? 0;
    },
    project(entry) {
      assert.equal(entry.seq, (entries.at(-1)?.seq ?? 0) + 1, 'the catalog gets entries in order');
      entries.push(entry);
    },
    async flush() {},
    async query(sql, limits) {
      asked.push({ sql, parameters: [limits] });
      return empty;
    },
    async rows(sql, parameters) {
      asked.push({ sql, parameters });
      return [{ sql: 'answered' }];
    },
    async reset() {
      entries.length = 0;
    },
    async [Symbol.asyncDispose]() {},
  };
}
