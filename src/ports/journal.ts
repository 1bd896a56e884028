import type { JournalEntry, JournalRecord } from './journal-record.js';

/**
 * The append-only truth. Records are hash-chained: `hash = sha256(prevHash || seq || body)`.
 */
export interface Journal extends AsyncDisposable {
  /** Every entry from `fromSeq` (default: the first), verified against the chain. @throws JOURNAL_CORRUPT */
  read(fromSeq?: number): AsyncIterable<JournalEntry>;
  /**
   * Appends in call order and resolves when the entry would survive power loss; concurrent appends share
   * one fdatasync. @throws STORAGE_FAILED: then this and every later append fails until reopened, because
   * what reached the disk is unknown.
   */
  append(record: JournalRecord): Promise<JournalEntry>;
  /** Appends without waiting for durability: for facts that can be computed again (state roots). */
  appendLazily(record: JournalRecord): void;
  readonly lastSeq: number;
}
