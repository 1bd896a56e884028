import { WorldError } from '../../model/world-error.js';
import { type FileOps, type OpenFile, readFully } from '../file-ops.js';
import {
  decodeFooter,
  decodePackHeader,
  footerBytesMax,
  footerOffset,
  PACK_HEADER_BYTES_MAX,
  PACK_VERSION,
  type PackedPage,
  TRAILER_BYTES,
} from './pack-format.js';
import {
  baseOfEntry,
  decodeEntryHeader,
  ENTRY_HEADER_BYTES,
  ENTRY_MARKER,
  isEntryIntact,
} from './page-codec.js';

const CHUNK_BYTES = 4 * 1024 * 1024;
const ENTRY_BYTES_MAX = ENTRY_HEADER_BYTES + 4096;

/** What a pack holds, as far as it can be told. */
export interface LoadedPack {
  /** Key under which it was written, or null when the header is damaged. */
  readonly key: string | null;
  readonly version: number;
  readonly packBytes: number;
  readonly pages: readonly PackedPage[];
  /** What was damaged, for the user; empty for a sound pack. */
  readonly damage: readonly string[];
}

/**
 * Reads where the pages of a pack are: from its footer, or, when that is damaged, by going through the
 * entries and taking those that are intact.
 *
 * @throws DATA_DIR_VERSION for a pack of a newer version; Node's errors.
 */
export async function loadPack(fileOps: FileOps, path: string): Promise<LoadedPack> {
  const file = await fileOps.open(path, 'read');
  try {
    const packBytes = await file.sizeBytes();
    const header = decodePackHeader(await readPart(file, 0, Math.min(PACK_HEADER_BYTES_MAX, packBytes)));
    if (header && (header.version < 1 || header.version > PACK_VERSION))
      throw wrongVersion(path, header.version);
    const damage = header ? [] : [`the header of ${path} is damaged`];
    const key = header?.key ?? null;
    const version = header?.version ?? PACK_VERSION;
    const pages = await readFooter(file, packBytes, version);
    if (pages) return { key, version, packBytes, pages, damage };
    const found = await scanEntries(file, header?.headerBytes ?? 0, packBytes);
    damage.push(
      `the index of ${path} is damaged; ${found.length} intact pages were found by reading it through`,
    );
    return { key, version, packBytes, pages: found, damage };
  } finally {
    await file.close();
  }
}

/**
 * The pages of a pack that the index knows, in one read of its end where nothing is damaged.
 *
 * @throws DATA_DIR_VERSION, Node's errors.
 */
export async function loadKnownPack(
  fileOps: FileOps,
  path: string,
  { entries, packBytes, version }: KnownPack,
): Promise<readonly PackedPage[]> {
  const tailBytes = Math.min(packBytes, footerBytesMax(entries));
  const file = await fileOps.open(path, 'read');
  try {
    const tail = await readPart(file, packBytes - tailBytes, tailBytes);
    const offset = tail.length === tailBytes ? footerOffset(tail.subarray(-TRAILER_BYTES), packBytes) : null;
    const start = offset === null ? -1 : offset - (packBytes - tailBytes);
    const pages = start < 0 ? null : decodeFooter(tail.subarray(start), version);
    if (pages !== null) return pages;
  } finally {
    await file.close();
  }
  return (await loadPack(fileOps, path)).pages;
}

interface KnownPack {
  readonly entries: number;
  readonly packBytes: number;
  readonly version: number;
}

function wrongVersion(path: string, version: number): WorldError {
  return new WorldError(
    'DATA_DIR_VERSION',
    `The pack ${path} has version ${version}; this program reads versions 1 to ${PACK_VERSION}. Use the program that wrote it.`,
    { details: { path, found: version, supported: PACK_VERSION } },
  );
}

async function readFooter(file: OpenFile, packBytes: number, version: number): Promise<PackedPage[] | null> {
  if (packBytes < TRAILER_BYTES) return null;
  const offset = footerOffset(await readPart(file, packBytes - TRAILER_BYTES, TRAILER_BYTES), packBytes);
  if (offset === null) return null;
  return decodeFooter(await readPart(file, offset, packBytes - offset), version);
}

async function scanEntries(file: OpenFile, start: number, packBytes: number): Promise<PackedPage[]> {
  const pages: PackedPage[] = [];
  let offset = start;
  while (offset + ENTRY_HEADER_BYTES < packBytes) {
    const chunk = await readPart(file, offset, Math.min(CHUNK_BYTES, packBytes - offset));
    const isLast = offset + chunk.length >= packBytes;
    const scanned = scanChunk(chunk, offset, isLast);
    pages.push(...scanned.pages);
    if (isLast || scanned.nextOffset === offset) break;
    offset = scanned.nextOffset;
  }
  return pages;
}

/** Takes the intact entries of a chunk; stops where an entry may go on behind its end. */
function scanChunk(
  chunk: Buffer,
  start: number,
  isLast: boolean,
): { pages: PackedPage[]; nextOffset: number } {
  const pages: PackedPage[] = [];
  let at = 0;
  while (at < chunk.length) {
    const marker = chunk.indexOf(ENTRY_MARKER, at);
    if (marker < 0) return { pages, nextOffset: start + Math.max(at, chunk.length - ENTRY_MARKER.length) };
    if (!isLast && marker + ENTRY_BYTES_MAX > chunk.length) return { pages, nextOffset: start + marker };
    const header = decodeEntryHeader(chunk.subarray(marker, marker + ENTRY_HEADER_BYTES));
    const entry = header && chunk.subarray(marker, marker + header.entryBytes);
    if (header && entry && entry.length === header.entryBytes && isEntryIntact(entry)) {
      const { hash, entryBytes, depth } = header;
      pages.push({ hash, offset: start + marker, entryBytes, depth, base: baseOfEntry(entry) });
      at = marker + header.entryBytes;
    } else {
      at = marker + 1;
    }
  }
  return { pages, nextOffset: start + at };
}

async function readPart(file: OpenFile, offset: number, length: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(length);
  return bytes.subarray(0, await readFully(file, bytes, offset));
}
