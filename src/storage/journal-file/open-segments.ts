import { WorldError } from '../../model/world-error.js';
import { atomicWrite } from '../atomic-write.js';
import { type FileOps, type OpenFile, readFully, storageFailed } from '../file-ops.js';
import { type ArchivedSegment, readArchiveIndex } from './archive-index.js';
import { journalCorrupt } from './journal-corrupt.js';
import {
  decodeHeader,
  encodeHeader,
  HEADER_BYTES,
  headerVersion,
  JOURNAL_VERSION,
  SEGMENT_HEADER_BYTES,
  type SegmentHeader,
} from './journal-format.js';
import { type ChainPoint, type Scan, scanSegment } from './scan-journal.js';
import { segmentNumber, segmentPath } from './segment-names.js';

/** A file of the journal that is in its directory. */
export interface Segment {
  readonly number: number;
  readonly path: string;
  readonly firstSeq: number;
  /** Where its first record begins, and the hash of the record before. */
  readonly start: ChainPoint;
  /** End of what is durable, bytes. */
  end: number;
  /** Verified places in it, besides its start. */
  readonly points: readonly ChainPoint[];
}

export interface OpenSegments {
  /** Oldest first; there is at least one. Records are appended to the last. */
  readonly segments: Segment[];
  readonly archived: ArchivedSegment[];
  /** The last record; of an empty journal the place before its first. */
  readonly last: ChainPoint;
  readonly tornTail: Scan['tornTail'];
  /** The last segment, open for writing. */
  readonly file: OpenFile;
}

/**
 * Finds the segments of a directory, makes the first one if there is none, checks that they follow each other, and
 * verifies all records from the segment on that holds `verifyFromSeq`; a torn tail of the last one is cut off.
 *
 * @throws JOURNAL_CORRUPT naming file, offset and record, with nothing changed; DATA_DIR_VERSION; STORAGE_FAILED
 */
export async function openSegments(
  fileOps: FileOps,
  directory: string,
  verifyFromSeq: number,
): Promise<OpenSegments> {
  const archived = await readArchiveIndex(fileOps, directory);
  const numbers = await segmentNumbers(fileOps, directory, archived.at(-1)?.number ?? 0);
  // Who made the last segment may have failed to make its name durable: nothing is appended to one that power loss would take.
  await fileOps.syncDirectory(directory);
  const headers: (SegmentHeader & { path: string; sizeBytes: number })[] = [];
  for (const number of numbers) headers.push(await readHeader(fileOps, segmentPath(directory, number)));
  requireAnchor(headers, archived);
  const verifyFrom = Math.max(
    headers.findLastIndex(({ firstSeq }) => firstSeq <= verifyFromSeq),
    0,
  );
  const segments: Segment[] = [];
  let last: ChainPoint | null = null;
  let tornTail: Scan['tornTail'] = null;
  for (const [index, header] of headers.entries()) {
    const { number, path, firstSeq } = header;
    const start = { seq: firstSeq - 1, hash: header.prevHash, end: header.bytes };
    if (last) requireFollows(last, segments.at(-1)?.path ?? path, start, path);
    if (index < verifyFrom) {
      segments.push({ number, path, firstSeq, start, end: header.sizeBytes, points: [] });
      continue;
    }
    const isLast = index === headers.length - 1;
    const scan = await scanFile(fileOps, { path, start, isLast });
    segments.push({ number, path, firstSeq, start, end: scan.last.end, points: scan.points });
    last = scan.last;
    tornTail = scan.tornTail;
  }
  const newest = segments.at(-1);
  if (!newest || !last) throw new WorldError('INTERNAL', `The journal ${directory} has no segment.`);
  return { segments, archived, last, tornTail, file: await openLast(fileOps, newest.path, tornTail) };
}

/** Numbers of the segments after `archivedNumber`, without a gap. The first file is made when there is none at all. */
async function segmentNumbers(
  fileOps: FileOps,
  directory: string,
  archivedNumber: number,
): Promise<number[]> {
  const found = (await fileOps.list(directory)).flatMap((name) => segmentNumber(name) ?? []);
  const numbers = found.filter((number) => number > archivedNumber).sort((a, b) => a - b);
  if (numbers.length === 0 && archivedNumber === 0) {
    await atomicWrite(fileOps, segmentPath(directory, 1), encodeHeader());
    return [1];
  }
  for (let index = 0; index < Math.max(numbers.length, 1); index += 1) {
    const expected = archivedNumber + 1 + index;
    if (numbers[index] === expected) continue;
    throw journalCorrupt(
      { path: segmentPath(directory, expected), offset: 0, seq: 0 },
      'the file is missing',
    );
  }
  return numbers;
}

async function readHeader(
  fileOps: FileOps,
  path: string,
): Promise<SegmentHeader & { path: string; sizeBytes: number }> {
  const file = await fileOps.open(path, 'read');
  try {
    const bytes = Buffer.alloc(SEGMENT_HEADER_BYTES);
    const got = await readFully(file, bytes, 0);
    const read = bytes.subarray(0, got);
    requireVersion(read, path);
    const header = decodeHeader(read);
    if (!header || header.number !== segmentNumber(path)) {
      throw journalCorrupt({ path, offset: 0, seq: 0 }, 'its header is not one');
    }
    return { ...header, path, sizeBytes: await file.sizeBytes() };
  } finally {
    await file.close();
  }
}

function requireVersion(header: Buffer, path: string): void {
  const version = headerVersion(header.subarray(0, HEADER_BYTES));
  if (version === null) throw journalCorrupt({ path, offset: 0, seq: 0 }, 'its header is not one');
  if (version <= JOURNAL_VERSION) return;
  throw new WorldError(
    'DATA_DIR_VERSION',
    `The journal ${path} has version ${version}; this program reads versions up to ${JOURNAL_VERSION}. Use the program that wrote it.`,
    { details: { path, found: version, supported: JOURNAL_VERSION } },
  );
}

/** The first segment here continues the last archived one. */
function requireAnchor(
  headers: readonly (SegmentHeader & { path: string })[],
  archived: readonly ArchivedSegment[],
): void {
  const anchor = archived.at(-1);
  const [first] = headers;
  if (!anchor || !first) return;
  if (first.firstSeq === anchor.lastSeq + 1 && first.prevHash.toString('hex') === anchor.lastHash) return;
  throw journalCorrupt(
    { path: first.path, offset: 0, seq: anchor.lastSeq + 1 },
    `it does not continue the archived segment ${anchor.number}`,
  );
}

function requireFollows(last: ChainPoint, lastPath: string, start: ChainPoint, path: string): void {
  if (start.seq === last.seq && start.hash.equals(last.hash)) return;
  if (start.seq > last.seq) {
    const why = `the segment ends there, but ${path} begins with record ${start.seq + 1}`;
    throw journalCorrupt({ path: lastPath, offset: last.end, seq: last.seq + 1 }, why);
  }
  throw journalCorrupt({ path, offset: 0, seq: last.seq + 1 }, 'it does not continue the segment before it');
}

async function scanFile(
  fileOps: FileOps,
  segment: { path: string; start: ChainPoint; isLast: boolean },
): Promise<Scan> {
  const file = await fileOps.open(segment.path, 'read');
  try {
    const scan = await scanSegment(file, segment);
    if (scan.tornTail === null) return scan;
    // What is cut off is gone for good: one read that went wrong must not look like a write that a crash cut off.
    const again = await scanSegment(file, segment);
    return again.last.seq < scan.last.seq ? scan : again;
  } finally {
    await file.close();
  }
}

async function openLast(fileOps: FileOps, path: string, tornTail: Scan['tornTail']): Promise<OpenFile> {
  const file = await fileOps.open(path, 'log');
  try {
    if (tornTail) {
      await file.truncate(tornTail.offset);
      await file.sync();
    }
    return file;
  } catch (thrown) {
    await file.close().catch(() => {});
    throw storageFailed(thrown, `Cannot open the journal ${path}`);
  }
}
