import type { JournalEntry, JournalRecord } from './journal-record.js';

export interface ArchiveOptions {
  readonly directory?: string;
  readonly signal?: AbortSignal;
}

/** What was moved out of the journal, and what was found to be moved before. */
export interface ArchivedJournal {
  /** Files moved now, oldest first. */
  readonly moved: readonly string[];
  readonly bytes: number;
  /** Directory they are in now. */
  readonly directory: string;
  /** Records that are in archived files, now and before; 0 when none. */
  readonly lastArchivedSeq: number;
}

/**
 * The append-only truth. Records are hash-chained: `hash = sha256(prevHash || seq || body)`.
 */
export interface Journal extends AsyncDisposable {
  /**
   * Every entry from `fromSeq` (default: the first), verified against the chain. Archived entries are read where they
   * were put. @throws JOURNAL_CORRUPT; JOURNAL_INCOMPLETE, before the first entry, when an archived file that holds some of
   * them is not there.
   */
  read(fromSeq?: number): AsyncIterable<JournalEntry>;
  /**
   * Appends in call order and resolves when the entry would survive power loss; concurrent appends share
   * one synced write. @throws STORAGE_FAILED: then this and every later append fails until reopened, because
   * what reached the disk is unknown.
   */
  append(record: JournalRecord): Promise<JournalEntry>;
  /** Appends without waiting for durability: for facts that can be computed again (state roots). */
  appendLazily(record: JournalRecord): void;
  /** Sequence number of the last entry appended, durable or not yet; 0 when empty. */
  readonly lastSeq: number;
  /** SHA-256 of that entry, 64 hex digits; zeros when empty. */
  readonly lastHash: string;
  /** Bytes of all that is durable and not archived. */
  readonly sizeBytes: number;
  /** Resolves when every entry appended before the call would survive power loss. @throws STORAGE_FAILED */
  settled(): Promise<void>;
  /**
   * Moves files whose entries all come before `seq` out of the journal, into `directory` (default: one of its own). The
   * caller makes sure that opening does not need them. Safe to interrupt at any moment, and to call again; when `signal`
   * aborts, it stops after the file it is at.
   *
   * @throws JOURNAL_CORRUPT when a file to be moved is damaged: it stays; STORAGE_FAILED
   */
  archiveBefore(seq: number, options?: ArchiveOptions): Promise<ArchivedJournal>;
}
