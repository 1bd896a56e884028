import { hash as oneShotHash } from 'node:crypto';
import { crc32, deflateRawSync, inflateRawSync } from 'node:zlib';
import { compressSync, uncompressSync } from 'lz4-napi';
import { PAGE_BYTES, type PageHash } from '../../ports/page-store.js';
import { applyLines, changedLines } from './changed-lines.js';

/**
 * An entry of a pack, one page. All integers are little-endian.
 *
 * Marker (4), CRC-32 of everything that follows u32, hash (32), codec u8, depth u8, two zero bytes, stored length
 * u32, then the stored bytes. Depth 0 is a whole page. Otherwise the stored bytes begin with the hash of the base
 * (32), and what follows are the changed lines (changed-lines.ts) to it; depth is that of the base plus one.
 */
export const ENTRY_MARKER = Buffer.from('WRPE', 'latin1');
export const ENTRY_HEADER_BYTES = 48;
export const HASH_BYTES = 32;
/** A page is at most so many differences away from one that is stored whole, which bounds the cost of reading it. */
export const PAGE_DEPTH_MAX = 8;

const RAW = 0;
/** An LZ4 block behind its unpacked length, u32. */
const LZ4 = 1;
const DEFLATE = 2;
const LINES_RAW = 3;
const LINES_LZ4 = 4;
const LINES_DEFLATE = 5;

/** A difference must be this much smaller than the whole page: reading it needs the base too. */
const CLEARLY_SMALLER = 0.75;
/** Below this a difference is taken without looking how small the whole page would be. */
const SMALL_BYTES = 256;
/** What `changedLines` gives for a page with every line changed, and no more can be unpacked. */
const LINES_BYTES_MAX = 8 + PAGE_BYTES;

/** The all-zero page, which is never stored. */
export const ZERO_HASH: PageHash = hashOf(new Uint8Array(PAGE_BYTES));

/** SHA-256, hex. */
export function hashOf(bytes: Uint8Array): PageHash {
  return oneShotHash('sha256', bytes, 'hex');
}

/** A page as the base of a difference. */
export interface CodecBase {
  readonly hash: PageHash;
  readonly bytes: Uint8Array;
  readonly depth: number;
}

export interface EncodeOptions {
  readonly base: CodecBase | null;
  /** Deflate packs twice as well as LZ4, takes seven times as long, and unpacks more slowly. */
  readonly deflate: boolean;
}

export interface EncodedEntry {
  readonly bytes: Buffer;
  readonly depth: number;
  readonly base: PageHash | null;
}

/** An entry that holds `bytes` in the smallest way that is worth it. The caller has checked `hash`. */
export function encodeEntry(hash: PageHash, bytes: Uint8Array, options: EncodeOptions): EncodedEntry {
  const { base, deflate } = options;
  const difference =
    base !== null && base.depth < PAGE_DEPTH_MAX
      ? pack(changedLines(bytes, base.bytes), deflate, [LINES_RAW, LINES_LZ4, LINES_DEFLATE])
      : null;
  const differenceBytes =
    difference === null ? Number.POSITIVE_INFINITY : difference.stored.length + HASH_BYTES;
  if (base !== null && difference !== null && differenceBytes <= SMALL_BYTES)
    return entryOf(hash, difference, base);
  const whole = pack(bytes, deflate, [RAW, LZ4, DEFLATE]);
  if (base !== null && difference !== null && differenceBytes < whole.stored.length * CLEARLY_SMALLER)
    return entryOf(hash, difference, base);
  return entryOf(hash, whole, null);
}

interface Packed {
  readonly codec: number;
  readonly stored: Uint8Array;
}

function pack(
  bytes: Uint8Array,
  deflate: boolean,
  [raw, lz4, deflated]: readonly [number, number, number],
): Packed {
  const packed = deflate
    ? { codec: deflated, stored: deflateRawSync(bytes) }
    : { codec: lz4, stored: compressSync(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)) };
  return packed.stored.length < bytes.length ? packed : { codec: raw, stored: bytes };
}

function entryOf(hash: PageHash, { codec, stored }: Packed, base: CodecBase | null): EncodedEntry {
  const baseBytes = base === null ? 0 : HASH_BYTES;
  const depth = base === null ? 0 : base.depth + 1;
  const entry = Buffer.alloc(ENTRY_HEADER_BYTES + baseBytes + stored.length);
  ENTRY_MARKER.copy(entry);
  entry.write(hash, 8, 'hex');
  entry[40] = codec;
  entry[41] = depth;
  entry.writeUInt32LE(baseBytes + stored.length, 44);
  if (base !== null) entry.write(base.hash, ENTRY_HEADER_BYTES, 'hex');
  entry.set(stored, ENTRY_HEADER_BYTES + baseBytes);
  entry.writeUInt32LE(crc32(entry.subarray(8)), 4);
  return { bytes: entry, depth, base: base?.hash ?? null };
}

export interface EntryHeader {
  readonly hash: PageHash;
  /** Header and stored bytes together. */
  readonly entryBytes: number;
  readonly depth: number;
}

/** Reads the fixed part, or null when no entry begins like this. */
export function decodeEntryHeader(bytes: Buffer): EntryHeader | null {
  if (bytes.length < ENTRY_HEADER_BYTES || !bytes.subarray(0, 4).equals(ENTRY_MARKER)) return null;
  const storedBytes = bytes.readUInt32LE(44);
  if (storedBytes === 0 || storedBytes > PAGE_BYTES) return null;
  return {
    hash: bytes.toString('hex', 8, 40),
    entryBytes: ENTRY_HEADER_BYTES + storedBytes,
    depth: bytes.readUInt8(41),
  };
}

/** The base of an intact entry, null for a whole page. */
export function baseOfEntry(entry: Buffer): PageHash | null {
  if (entry[41] === 0 || entry.length < ENTRY_HEADER_BYTES + HASH_BYTES) return null;
  return entry.toString('hex', ENTRY_HEADER_BYTES, ENTRY_HEADER_BYTES + HASH_BYTES);
}

/** True when the entry's bytes are as they were written. */
export function isEntryIntact(entry: Buffer): boolean {
  return crc32(entry.subarray(8)) === entry.readUInt32LE(4);
}

/** Why an entry cannot be the one of `hash`, or null when it is. */
export function entryDamage(entry: Buffer, hash: PageHash): string | null {
  const header = decodeEntryHeader(entry);
  if (!header || header.entryBytes !== entry.length) return 'its entry is damaged';
  if (!isEntryIntact(entry)) return 'its checksum does not match';
  return header.hash === hash ? null : 'another page is in its place';
}

/**
 * The page in an entry that `entryDamage` found nothing against, or why there is none. `hash` is the page asked for:
 * what is returned has it.
 */
export function decodeEntry(
  entry: Buffer,
  hash: PageHash,
  base: Uint8Array | null,
): Uint8Array | { readonly reason: string } {
  const page = unpack(entry, base);
  if (!page || hashOf(page) !== hash) return { reason: 'its content does not match its hash' };
  return page;
}

function unpack(entry: Buffer, base: Uint8Array | null): Uint8Array | null {
  const isDifference = entry[41] !== 0;
  const stored = entry.subarray(ENTRY_HEADER_BYTES + (isDifference ? HASH_BYTES : 0));
  try {
    if (!isDifference) return unpackWhole(entry[40], stored);
    const lines = unpackLines(entry[40], stored);
    return lines === null || base === null ? null : applyLines(lines, base);
  } catch {
    return null;
  }
}

function unpackWhole(codec: number | undefined, stored: Buffer): Uint8Array | null {
  if (codec === RAW) return stored.length === PAGE_BYTES ? Uint8Array.from(stored) : null;
  if (codec === LZ4) return unpackLz4(stored, PAGE_BYTES);
  if (codec !== DEFLATE) return null;
  const page = inflateRawSync(stored, { maxOutputLength: PAGE_BYTES });
  return page.length === PAGE_BYTES ? page : null;
}

function unpackLines(codec: number | undefined, stored: Buffer): Uint8Array | null {
  if (codec === LINES_RAW) return stored;
  if (codec === LINES_LZ4) return unpackLz4(stored, LINES_BYTES_MAX);
  if (codec !== LINES_DEFLATE) return null;
  return inflateRawSync(stored, { maxOutputLength: LINES_BYTES_MAX });
}

/** The length is looked at first: a wrong one would be allocated. */
function unpackLz4(stored: Buffer, bytesMax: number): Uint8Array | null {
  return stored.length < 4 || stored.readUInt32LE(0) > bytesMax ? null : uncompressSync(stored);
}
