import type { DuckDBConnection } from '@duckdb/node-api';
import { WorldError } from '../../model/world-error.js';
import type { Catalog, QueryLimits, QueryResult } from '../../ports/catalog.js';
import type { JournalEntry } from '../../ports/journal-record.js';
import { storageFailed } from '../file-ops.js';
import type { CatalogDatabase } from './catalog-database.js';
import { ChangeSet } from './change-set.js';
import { jsonValue } from './json-value.js';
import { LedgerProjection } from './ledger-projection.js';
import { type Position, prepareTables, readPosition, type Schema } from './prepare-tables.js';
import { type ProjectionMemory, projectRecord } from './project-record.js';
import { EMPTY_STATEMENTS } from './schema.js';
import { runUserQuery } from './user-query.js';
import { type Columns, readColumns, writeChanges } from './write-changes.js';

/** Entries of one transaction at most. */
const BATCH_ENTRIES_MAX = 2_000;
/**
 * How long an entry waits for others before the background writes it, ms. A flush does not wait; and each of DuckDB's
 * commits makes an append to the journal wait for the disk and costs this thread milliseconds, so fewer are better.
 */
const GATHER_MS = 1000;
/** Queries by users that run at the same time; further ones wait their turn. */
const QUERIES_MAX = 4;

export interface DuckDbCatalog extends Catalog {
  /** Hash of the last entry projected; zeros when empty. */
  readonly projectedHash: string;
  /** What was done to tables of an earlier version, for the user. */
  readonly notes: readonly string[];
}

/** What is remembered between batches; thrown away when a transaction fails, and read again from the tables. */
interface Memory extends ProjectionMemory {
  readonly ledger: LedgerProjection;
}

/**
 * Makes the catalog of an open database: creates the tables, or brings those of an earlier version to the present one
 * (migrations.ts). Closing it leaves the database, and so the lock, to its owner.
 *
 * @throws DATA_DIR_VERSION when a newer version made it; STORAGE_FAILED
 */
export async function openDuckDbCatalog(database: CatalogDatabase, schema?: Schema): Promise<DuckDbCatalog> {
  const opened: DuckDBConnection[] = [];
  try {
    const writer = await database.instance.connect();
    opened.push(writer);
    const { position, notes } = await prepareTables(writer, database.path, schema);
    const columns = await readColumns(writer);
    const reader = await database.instance.connect();
    opened.push(reader);
    return new ProjectedCatalog({ database, writer, reader, columns, notes }, position);
  } catch (thrown) {
    // An open connection would keep the database, and with it the lock.
    for (const connection of opened) connection.closeSync();
    throw storageFailed(thrown, `Cannot open the catalog ${database.path}`);
  }
}

interface Parts {
  readonly database: CatalogDatabase;
  readonly writer: DuckDBConnection;
  readonly reader: DuckDBConnection;
  readonly columns: Columns;
  readonly notes: readonly string[];
}

class ProjectedCatalog implements DuckDbCatalog {
  readonly #parts: Parts;
  #position: Position;
  /** Waiting entries by sequence number: each is projected once, in order, whoever hands it over. */
  readonly #queue = new Map<number, JournalEntry>();
  /** Highest sequence number queued since the start or the last reset. */
  #lastQueued = 0;
  #memory: Memory | null = null;
  #running: Promise<void> | null = null;
  #timer: NodeJS.Timeout | null = null;
  #failure: WorldError | null = null;
  #closed = false;
  #disposed: Promise<void> | null = null;
  readonly #queries = new Set<Promise<QueryResult>>();
  #queriesRunning = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(parts: Parts, position: Position) {
    this.#parts = parts;
    this.#position = position;
  }

  get notes(): readonly string[] {
    return this.#parts.notes;
  }

  get projectedSeq(): number {
    return this.#position.seq;
  }

  get projectedHash(): string {
    return this.#position.hash;
  }

  project(entry: JournalEntry): void {
    if (this.#closed || entry.seq <= this.#position.seq || this.#queue.has(entry.seq)) return;
    this.#queue.set(entry.seq, entry);
    this.#lastQueued = Math.max(this.#lastQueued, entry.seq);
    this.#startLater();
  }

  async flush(): Promise<void> {
    const target = this.#queue.size === 0 ? this.#position.seq : this.#lastQueued;
    while (this.#position.seq < target) {
      const before = this.#position.seq;
      this.#failure = null;
      this.#start();
      await this.#running;
      if (this.#failure) throw this.#failure;
      if (this.#position.seq === before && !this.#queue.has(before + 1)) throw this.#gap(target);
    }
  }

  async query(sql: string, limits: QueryLimits): Promise<QueryResult> {
    this.#requireOpen();
    const work = this.#queryInTurn(sql, limits);
    this.#queries.add(work);
    try {
      return await work;
    } finally {
      this.#queries.delete(work);
    }
  }

  async rows(
    sql: string,
    parameters: readonly (string | number | null)[],
  ): Promise<Record<string, unknown>[]> {
    this.#requireOpen();
    await this.flush();
    const found = await this.#parts.reader.runAndReadAll(sql, [...parameters]);
    return found.convertRowObjects(jsonValue);
  }

  async reset(): Promise<void> {
    this.#requireOpen();
    await this.#running;
    this.#queue.clear();
    this.#lastQueued = 0;
    this.#memory = null;
    try {
      for (const statement of EMPTY_STATEMENTS) await this.#parts.writer.run(statement);
    } catch (thrown) {
      await this.#rollback();
      throw storageFailed(thrown, 'Cannot empty the catalog');
    }
    this.#position = await readPosition(this.#parts.writer);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed ??= this.#dispose();
    await this.#disposed;
  }

  async #dispose(): Promise<void> {
    // A connection that is still open would keep the database, and with it the lock.
    await Promise.allSettled(this.#queries);
    try {
      await this.flush();
    } finally {
      this.#closed = true;
      if (this.#timer) clearTimeout(this.#timer);
      await this.#running;
      this.#parts.writer.closeSync();
      this.#parts.reader.closeSync();
    }
  }

  async #queryInTurn(sql: string, limits: QueryLimits): Promise<QueryResult> {
    await this.flush();
    while (this.#queriesRunning >= QUERIES_MAX)
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#queriesRunning += 1;
    try {
      return await runUserQuery(this.#parts.database.instance, sql, limits);
    } finally {
      this.#queriesRunning -= 1;
      this.#waiting.shift()?.();
    }
  }

  #requireOpen(): void {
    if (this.#disposed === null) return;
    throw new WorldError('RUNTIME_CLOSED', 'The catalog is closed. Open the data directory again.');
  }

  #start(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#closed) return;
    this.#running ??= this.#drain(this.#lastQueued).finally(() => {
      this.#running = null;
      if (this.#queue.has(this.#position.seq + 1) && this.#failure === null) this.#startLater();
    });
  }

  #startLater(): void {
    if (!this.#closed) this.#timer ??= setTimeout(() => this.#start(), GATHER_MS).unref();
  }

  /** Writes what is queued up to `last`. What comes meanwhile gathers company first: commits are dear. */
  async #drain(last: number): Promise<void> {
    while (this.#position.seq < last) {
      const batch = this.#nextBatch();
      if (batch.length === 0) return;
      try {
        await this.#commit(batch);
      } catch (thrown) {
        // The journal has the entries: they stay queued, and the next flush tries again.
        this.#memory = null;
        await this.#rollback();
        this.#failure = storageFailed(thrown, `Cannot project journal entries from ${batch[0]?.seq} on`);
        return;
      }
      for (const { seq } of batch) this.#queue.delete(seq);
    }
  }

  /** The entries that follow the last one projected, without a gap. */
  #nextBatch(): JournalEntry[] {
    const batch: JournalEntry[] = [];
    let entry = this.#queue.get(this.#position.seq + 1);
    while (entry && batch.length < BATCH_ENTRIES_MAX) {
      batch.push(entry);
      entry = this.#queue.get(entry.seq + 1);
    }
    return batch;
  }

  async #commit(batch: readonly JournalEntry[]): Promise<void> {
    const { writer, columns } = this.#parts;
    const memory = this.#memory ?? (await this.#remember());
    this.#memory = memory;
    const changes = new ChangeSet();
    let last = this.#position;
    for (const { seq, prevHash, hash, record } of batch) {
      if (prevHash !== last.hash) throw otherJournal(seq);
      projectRecord(record, seq, memory, changes);
      memory.ledger.project(record, seq, changes);
      last = { seq, hash };
    }
    await writer.run('BEGIN');
    await writeChanges(writer, columns, changes);
    await writer.run('UPDATE projection SET seq = $1::BIGINT, hash = $2', [last.seq, last.hash]);
    await writer.run('COMMIT');
    this.#position = last;
  }

  async #rollback(): Promise<void> {
    // There may be no transaction to roll back; that is no second failure.
    await this.#parts.writer.run('ROLLBACK').catch(() => {});
  }

  async #remember(): Promise<Memory> {
    const { writer } = this.#parts;
    const read = async (sql: string): Promise<Record<string, unknown>[]> =>
      (await writer.runAndReadAll(sql)).convertRowObjects(jsonValue);
    const forks = await read(
      "SELECT branch_id AS id FROM world_branches WHERE branch_type = 'fork' AND snapshot_time_ms IS NULL",
    );
    const deleted = await read("SELECT world_id AS id FROM worlds WHERE status = 'deleted'");
    const ops = await read('SELECT op_json FROM ledger_entries ORDER BY seq, position');
    const balances = await read('SELECT * FROM balances');
    const verses = await read('SELECT verse_id, resolved, outcome FROM verses');
    return {
      forks: new Set(forks.map((row) => String(row['id']))),
      deleted: new Set(deleted.map((row) => String(row['id']))),
      ledger: new LedgerProjection({
        ops: ops.map((row) => String(row['op_json'])),
        balances: balances.map((row) => ({
          verse_id: String(row['verse_id']),
          owner: String(row['owner']),
          token: String(row['token']),
          amount: String(row['amount']),
          live: row['live'] === true,
        })),
        verses: verses.map((row) => ({
          verse_id: String(row['verse_id']),
          resolved: row['resolved'] === true,
          outcome: row['outcome'] === true,
        })),
      }),
    };
  }

  #gap(target: number): WorldError {
    return new WorldError(
      'STORAGE_FAILED',
      `Journal entry ${this.#position.seq + 1} was never projected, but ${target} was. Rebuild the catalog: wr doctor --rebuild`,
      { details: { missing: this.#position.seq + 1, target } },
    );
  }
}

function otherJournal(seq: number): WorldError {
  return new WorldError(
    'STORAGE_FAILED',
    `The catalog does not belong to this journal: entry ${seq} does not continue it. Rebuild it: wr doctor --rebuild`,
    { details: { seq } },
  );
}
