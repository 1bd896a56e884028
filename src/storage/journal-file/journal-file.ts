import { WorldError } from '../../model/world-error.js';
import type { ArchivedJournal, ArchiveOptions, Journal } from '../../ports/journal.js';
import type { JournalEntry, JournalRecord } from '../../ports/journal-record.js';
import { atomicWrite } from '../atomic-write.js';
import { type FileOps, nodeFileOps, storageFailed } from '../file-ops.js';
import { ArchivedSegments, startOf } from './archived-segments.js';
import { encodeBody } from './encode-body.js';
import { type CommitTarget, GroupCommit } from './group-commit.js';
import { chainHash, encodeHeader, SEGMENT_HEADER_BYTES } from './journal-format.js';
import { type OpenSegments, openSegments, type Segment } from './open-segments.js';
import { type ReadablePart, readParts } from './read-parts.js';
import { segmentPath } from './segment-names.js';

export { JOURNAL_FILE_NAME } from './segment-names.js';

/** A segment that has reached this size is followed by another one. */
export const SEGMENT_BYTES = 64 * 1024 * 1024;

export interface JournalFileOptions {
  /** Called with every entry, lazy ones included, in order and once it is durable. Must not throw. */
  readonly onDurable?: (entry: JournalEntry) => void;
  readonly fileOps?: FileOps;
  /** When to begin another segment, bytes. Default 64 MiB. */
  readonly segmentBytes?: number;
  /**
   * Sequence number of an entry that is known to be durable, such as that of a checkpoint: the segments before the one
   * that holds it are verified only when they are read. Default: all are verified now.
   */
  readonly verifyFromSeq?: number;
}

/** The unacknowledged remains of a batch that a crash cut off; removed at open. */
export interface TornTail {
  /** Where it began, bytes. */
  readonly offset: number;
  readonly bytes: number;
}

export interface JournalFile extends Journal {
  /** What was cut off at open, if anything. */
  readonly tornTail: TornTail | null;
}

/**
 * Opens the journal of `directory`, which must exist, and makes it if there is none. Its segments are read once to verify
 * the chain; a torn tail is cut off. The caller holds the lock of the data directory.
 *
 * @throws JOURNAL_CORRUPT naming file, offset and sequence number, with nothing deleted, when a record is damaged
 * that had been acknowledged; DATA_DIR_VERSION when a newer version wrote it; STORAGE_FAILED.
 */
export async function openJournalFile(
  directory: string,
  options: JournalFileOptions = {},
): Promise<JournalFile> {
  const fileOps = options.fileOps ?? nodeFileOps;
  try {
    const opened = await openSegments(fileOps, directory, options.verifyFromSeq ?? 1);
    return new AppendOnlyJournal({ ...options, fileOps, directory, opened });
  } catch (thrown) {
    throw storageFailed(thrown, `Cannot open the journal ${directory}`);
  }
}

interface Parts extends JournalFileOptions {
  readonly fileOps: FileOps;
  readonly directory: string;
  readonly opened: OpenSegments;
}

interface Waiter {
  readonly seq: number;
  resolve(): void;
  reject(error: unknown): void;
}

class AppendOnlyJournal implements JournalFile {
  readonly tornTail: TornTail | null;
  readonly #parts: Parts;
  readonly #segments: Segment[];
  readonly #archived: ArchivedSegments;
  readonly #commit: GroupCommit;
  #lastSeq: number;
  #lastHash: Buffer;
  /** The last durable entry. */
  #durable: { readonly seq: number; readonly hash: Buffer };
  #waiters: Waiter[] = [];
  #archiving: Promise<unknown> = Promise.resolve();
  #target: CommitTarget;
  #closed: Promise<void> | null = null;

  constructor(parts: Parts) {
    const { segments, archived, last, tornTail, file } = parts.opened;
    this.#parts = parts;
    this.tornTail = tornTail;
    this.#segments = segments;
    this.#archived = new ArchivedSegments(parts.fileOps, parts.directory, archived);
    this.#lastSeq = last.seq;
    this.#lastHash = last.hash;
    this.#durable = last;
    this.#target = { file, path: this.#newest.path, offset: last.end };
    this.#commit = new GroupCommit(this.#target, (target) => this.#roll(target));
  }

  get lastSeq(): number {
    return this.#lastSeq;
  }

  get lastHash(): string {
    return this.#lastHash.toString('hex');
  }

  get sizeBytes(): number {
    return this.#segments.reduce((sum, { end }) => sum + end, 0);
  }

  append(record: JournalRecord): Promise<JournalEntry> {
    return new Promise((resolve, reject) => this.#add(record, { resolve, reject }));
  }

  appendLazily(record: JournalRecord): void {
    this.#add(record, null);
  }

  async settled(): Promise<void> {
    const seq = this.#lastSeq;
    if (this.#durable.seq >= seq) return;
    if (this.#commit.failure) throw this.#commit.failure;
    const settled = new Promise<void>((resolve, reject) => this.#waiters.push({ seq, resolve, reject }));
    this.#commit.flush();
    await settled;
  }

  /** @throws JOURNAL_CORRUPT, JOURNAL_INCOMPLETE, DATA_DIR_VERSION, STORAGE_FAILED */
  async *read(fromSeq = 1): AsyncGenerator<JournalEntry> {
    this.#requireOpen();
    try {
      const parts = await this.#partsFrom(fromSeq);
      yield* readParts(this.#parts.fileOps, parts, fromSeq);
    } catch (thrown) {
      throw storageFailed(thrown, `Cannot read the journal ${this.#parts.directory}`);
    }
  }

  archiveBefore(seq: number, options: ArchiveOptions = {}): Promise<ArchivedJournal> {
    const work = this.#archiving.then(() => this.#archive(seq, options));
    this.#archiving = work.catch(() => {});
    return work;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed ??= this.#commit
      .settle()
      .then(() => this.#archiving)
      .then(() => this.#target.file.close());
    await this.#closed;
  }

  async #archive(seq: number, options: ArchiveOptions): Promise<ArchivedJournal> {
    this.#requireOpen();
    const closed = this.#segments.flatMap((segment, index) => {
      const next = this.#segments[index + 1];
      return next && next.start.seq < seq ? [{ segment, last: next.start }] : [];
    });
    return this.#archived.move(closed, options, (segment) => {
      this.#segments.splice(this.#segments.indexOf(segment), 1);
    });
  }

  /** Where the entries from `seq` on are. Files are looked for again when they are opened, since they may be archived meanwhile. */
  async #partsFrom(seq: number): Promise<ReadablePart[]> {
    const parts: ReadablePart[] = [];
    const archived = this.#archived.list.filter(({ lastSeq }) => lastSeq >= seq);
    const here = this.#segments.filter((_, index) => {
      const next = this.#segments[index + 1];
      return !next || next.start.seq >= seq;
    });
    const live = here.map(({ number, path, start, points, end }) => ({ number, path, start, points, end }));
    if (archived.length > 0) await this.#archived.requireFrom(seq);
    for (const one of archived) {
      parts.push({ start: startOf(one), end: one.bytes, path: () => this.#pathOf(one.number) });
    }
    for (const { number, start, points, end } of live) {
      // The nearest verified place spares reading what comes before.
      const from = points.findLast((point) => point.seq < seq) ?? start;
      parts.push({ start: from, end, path: () => this.#pathOf(number) });
    }
    return parts;
  }

  async #pathOf(number: number): Promise<string> {
    const archived = this.#archived.list.find((one) => one.number === number);
    const found = archived && (await this.#archived.pathOf(archived));
    return found ?? segmentPath(this.#parts.directory, number);
  }

  get #newest(): Segment {
    const newest = this.#segments.at(-1);
    if (newest) return newest;
    throw new WorldError('INTERNAL', `The journal ${this.#parts.directory} has no segment.`);
  }

  #requireOpen(): void {
    if (this.#closed !== null) throw closedError(this.#parts.directory);
  }

  #add(
    asked: JournalRecord,
    waiter: { resolve(entry: JournalEntry): void; reject(error: unknown): void } | null,
  ): void {
    if (this.#commit.failure) throw this.#commit.failure;
    this.#requireOpen();
    const { record, body } = encodeBody(asked);
    const seq = this.#lastSeq + 1;
    const prevHash = this.#lastHash;
    const hash = chainHash(prevHash, seq, body);
    const entry = { seq, prevHash: prevHash.toString('hex'), hash: hash.toString('hex'), record };
    this.#lastSeq = seq;
    this.#lastHash = hash;
    const durable = (end: number): void => {
      this.#newest.end = end;
      this.#durable = { seq, hash };
      this.#parts.onDurable?.(entry);
      waiter?.resolve(entry);
      this.#tellWaiters();
    };
    const failed = (error: WorldError): void => {
      waiter?.reject(error);
      for (const each of this.#waiters.splice(0)) each.reject(error);
    };
    this.#commit.add({ seq, hash, body, urgent: waiter !== null, durable, failed });
  }

  #tellWaiters(): void {
    const due = this.#waiters.filter(({ seq }) => seq <= this.#durable.seq);
    if (due.length === 0) return;
    this.#waiters = this.#waiters.filter(({ seq }) => seq > this.#durable.seq);
    for (const each of due) each.resolve();
  }

  /**
   * Begins another segment once the present one is large enough. All of it is durable, and the new one's header and name
   * are before anything is appended to it, so only the last segment can ever have a torn tail.
   */
  async #roll(target: CommitTarget): Promise<CommitTarget> {
    const isEmpty = this.#durable.seq < this.#newest.firstSeq;
    if (isEmpty || target.offset < (this.#parts.segmentBytes ?? SEGMENT_BYTES)) return target;
    const { fileOps, directory } = this.#parts;
    const number = this.#newest.number + 1;
    const path = segmentPath(directory, number);
    const { seq, hash } = this.#durable;
    const start = { seq, hash, end: SEGMENT_HEADER_BYTES };
    await atomicWrite(fileOps, path, encodeHeader({ number, firstSeq: seq + 1, prevHash: hash }));
    const file = await fileOps.open(path, 'log');
    this.#segments.push({ number, path, firstSeq: seq + 1, start, end: start.end, points: [] });
    this.#target = { file, path, offset: start.end };
    await target.file.close();
    return this.#target;
  }
}

function closedError(directory: string): WorldError {
  return new WorldError(
    'RUNTIME_CLOSED',
    `The journal ${directory} is closed. Open the data directory again.`,
  );
}
