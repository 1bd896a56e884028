import type { JournalEntry } from './journal-record.js';

export interface QueryLimits {
  /** Rows returned at most; more are cut and `truncated` is set. */
  readonly rowsMax: number;
  readonly timeoutMs: number;
}

export interface QueryResult {
  readonly columns: readonly string[];
  /** JSON-safe values: 64-bit and larger integers and decimals as text, lists as arrays, timestamps as ISO text. */
  readonly rows: readonly (readonly unknown[])[];
  readonly truncated: boolean;
}

/** The queryable projection of the journal: idempotent, written behind, rebuildable. */
export interface Catalog extends AsyncDisposable {
  /** Sequence number of the last entry projected durably; 0 when empty. */
  readonly projectedSeq: number;
  /** Queues an entry. Entries come in order; one at or below `projectedSeq` is ignored. */
  project(entry: JournalEntry): void;
  /** Resolves when every queued entry is committed. @throws STORAGE_FAILED */
  flush(): Promise<void>;
  /** One SELECT by the user, fenced. Flushes first. @throws QUERY_REFUSED, WAIT_TIMEOUT */
  query(sql: string, limits: QueryLimits): Promise<QueryResult>;
  /** Rows of one of our own parameterised SELECTs, as objects. Flushes first. */
  rows(sql: string, parameters: readonly (string | number | null)[]): Promise<Record<string, unknown>[]>;
  /** Empties the projection so that the journal can be projected again from the start. */
  reset(): Promise<void>;
}
