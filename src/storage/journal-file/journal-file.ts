import { join } from 'node:path';
import { WorldError } from '../../model/world-error.js';
import type { Journal } from '../../ports/journal.js';
import { type JournalEntry, JournalRecord } from '../../ports/journal-record.js';
import { atomicWrite } from '../atomic-write.js';
import { type FileOps, nodeFileOps, type OpenFile, readFully, storageFailed } from '../file-ops.js';
import { GroupCommit } from './group-commit.js';
import { CHAIN_BROKEN, journalCorrupt } from './journal-corrupt.js';
import {
  BODY_BYTES_MAX,
  chainHash,
  encodeHeader,
  GENESIS_HASH,
  HEADER_BYTES,
  headerVersion,
  JOURNAL_VERSION,
} from './journal-format.js';
import { parseBody } from './parse-body.js';
import { RecordReader } from './record-reader.js';
import { type ChainPoint, scanJournal } from './scan-journal.js';

/** Name of the journal's one file in its directory. */
export const JOURNAL_FILE_NAME = '000001.wrj';

export interface JournalFileOptions {
  /** Called with every entry, lazy ones included, in order and once it is durable. Must not throw. */
  readonly onDurable?: (entry: JournalEntry) => void;
  readonly fileOps?: FileOps;
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
  /** SHA-256 of the last entry, 64 hex digits; zeros when empty. */
  readonly lastHash: string;
}

/**
 * Opens the journal of `directory`, which must exist, and makes it if there is none. The whole file is read once
 * to verify the chain; a torn tail is cut off. The caller holds the lock of the data directory.
 *
 * @throws JOURNAL_CORRUPT naming offset and sequence number, with nothing deleted, when a record is damaged
 * that had been acknowledged; DATA_DIR_VERSION when a newer version wrote it; STORAGE_FAILED.
 */
export async function openJournalFile(
  directory: string,
  options: JournalFileOptions = {},
): Promise<JournalFile> {
  const fileOps = options.fileOps ?? nodeFileOps;
  const path = join(directory, JOURNAL_FILE_NAME);
  let file: OpenFile | undefined;
  try {
    if (!(await fileOps.exists(path))) await atomicWrite(fileOps, path, encodeHeader());
    file = await fileOps.open(path, 'update');
    await requireHeader(file, path);
    const scan = await scanJournal(file, path);
    if (scan.tornTail) {
      await file.truncate(scan.tornTail.offset);
      await file.sync();
    }
    return new AppendOnlyJournal(
      { file, path, points: scan.points, last: scan.last, ...options },
      scan.tornTail,
    );
  } catch (thrown) {
    await file?.close().catch(() => {});
    throw storageFailed(thrown, `Cannot open the journal ${path}`);
  }
}

async function requireHeader(file: OpenFile, path: string): Promise<void> {
  const header = new Uint8Array(HEADER_BYTES);
  await readFully(file, header, 0);
  const version = headerVersion(header);
  if (version === null) throw journalCorrupt({ path, offset: 0, seq: 0 }, 'its header is not one');
  if (version === JOURNAL_VERSION) return;
  throw new WorldError(
    'DATA_DIR_VERSION',
    `The journal ${path} has version ${version}; this program reads version ${JOURNAL_VERSION}. Use the program that wrote it.`,
    { details: { path, found: version, supported: JOURNAL_VERSION } },
  );
}

interface Parts extends JournalFileOptions {
  readonly file: OpenFile;
  readonly path: string;
  readonly points: readonly ChainPoint[];
  readonly last: ChainPoint;
}

class AppendOnlyJournal implements JournalFile {
  readonly tornTail: TornTail | null;
  readonly #parts: Parts;
  readonly #commit: GroupCommit;
  #lastSeq: number;
  #lastHash: Buffer;
  /** End of what is durable. */
  #durableEnd: number;
  #closed: Promise<void> | null = null;

  constructor(parts: Parts, tornTail: TornTail | null) {
    this.#parts = parts;
    this.tornTail = tornTail;
    this.#lastSeq = parts.last.seq;
    this.#lastHash = parts.last.hash;
    this.#durableEnd = parts.last.end;
    this.#commit = new GroupCommit(parts.file, parts.path, parts.last.end);
  }

  get lastSeq(): number {
    return this.#lastSeq;
  }

  get lastHash(): string {
    return this.#lastHash.toString('hex');
  }

  append(record: JournalRecord): Promise<JournalEntry> {
    return new Promise((resolve, reject) => this.#add(record, { resolve, reject }));
  }

  appendLazily(record: JournalRecord): void {
    this.#add(record, null);
  }

  /** @throws JOURNAL_CORRUPT, DATA_DIR_VERSION, STORAGE_FAILED */
  async *read(fromSeq = 1): AsyncGenerator<JournalEntry> {
    if (this.#closed !== null) throw closedError(this.#parts.path);
    const { file, path } = this.#parts;
    const reader = new RecordReader(file, this.#durableEnd);
    let point = this.#pointBefore(fromSeq);
    for (let found = await reader.at(point.end); found.kind !== 'end'; found = await reader.at(point.end)) {
      const at = { path, offset: found.offset, seq: point.seq + 1 };
      if (found.kind === 'damaged') throw journalCorrupt(at, found.reason);
      const { seq, hash } = found.frame;
      if (seq !== point.seq + 1 || !chainHash(point.hash, seq, found.body).equals(hash)) {
        throw journalCorrupt(at, CHAIN_BROKEN);
      }
      if (seq >= fromSeq) {
        const record = parseBody(found.body, at);
        yield { seq, prevHash: point.hash.toString('hex'), hash: hash.toString('hex'), record };
      }
      point = { seq, hash, end: found.end };
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed ??= this.#commit.settle().then(() => this.#parts.file.close());
    await this.#closed;
  }

  #add(
    record: JournalRecord,
    waiter: { resolve(entry: JournalEntry): void; reject(error: unknown): void } | null,
  ): void {
    const failure = this.#commit.failure ?? (this.#closed !== null ? closedError(this.#parts.path) : null);
    if (failure) throw failure;
    const body = encodeBody(record);
    const seq = this.#lastSeq + 1;
    const prevHash = this.#lastHash;
    const hash = chainHash(prevHash, seq, body);
    const entry = { seq, prevHash: prevHash.toString('hex'), hash: hash.toString('hex'), record };
    this.#lastSeq = seq;
    this.#lastHash = hash;
    const durable = (end: number): void => {
      this.#durableEnd = end;
      this.#parts.onDurable?.(entry);
      waiter?.resolve(entry);
    };
    this.#commit.add({ seq, hash, body, durable, failed: (error) => waiter?.reject(error) }, waiter !== null);
  }

  /** A verified place at or before the record before `seq`. */
  #pointBefore(seq: number): ChainPoint {
    const start = { seq: 0, hash: GENESIS_HASH, end: HEADER_BYTES };
    return this.#parts.points.findLast((point) => point.seq < seq) ?? start;
  }
}

/** What is written must be readable: a record that its own schema refuses is a defect, found here. */
function encodeBody(record: JournalRecord): Buffer {
  const parsed = JournalRecord.safeParse(record);
  if (!parsed.success) {
    throw new WorldError('INTERNAL', `A ${String(record.op)} record is not valid: ${parsed.error.message}`, {
      details: { op: record.op },
    });
  }
  const body = Buffer.from(JSON.stringify(record));
  if (body.length <= BODY_BYTES_MAX) return body;
  throw new WorldError(
    'STORAGE_FAILED',
    `A ${record.op} record has ${body.length} bytes; the journal takes at most ${BODY_BYTES_MAX}. Lower the output limit.`,
    { details: { op: record.op, bytes: body.length, bytesMax: BODY_BYTES_MAX } },
  );
}

function closedError(path: string): WorldError {
  return new WorldError('RUNTIME_CLOSED', `The journal ${path} is closed. Open the data directory again.`);
}
