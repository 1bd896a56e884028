import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { PageHash } from '../../ports/page-store.js';
import { ENTRY_HEADER_BYTES } from './page-codec.js';

/**
 * A pack's bytes. All integers are little-endian.
 *
 * Header: magic (8), version u32, length of the key u32, the key under which the pack was written, CRC-32 of all that.
 * Then the entries (page-codec.ts), one behind the other; in version 1 all of them are whole pages.
 * Footer: for each entry its hash (32), offset u32 and length u32; in version 2 also its depth u8 and, when that is
 * not 0, the hash of its base (32). Then, 48 bytes from the end, the number of entries u32, the footer's offset u32,
 * SHA-256 of the footer up to here (32), magic (8).
 */
export const PACK_MAGIC = Buffer.from('WRPACK\r\n', 'latin1');
export const PACK_END_MAGIC = Buffer.from('WRPEND\r\n', 'latin1');
export const PACK_VERSION = 2;
export const PACK_ENDING = '.wrp';
export const TRAILER_BYTES = 48;
/** A pack holds at most 256 MiB of pages, so that offsets fit and a footer is read in one piece. */
const PACK_PAGES_READ_MAX = 65_536;
/** What is written today: at most 64 MiB, so that one is rewritten in memory. */
export const PACK_PAGES_MAX = 16_384;

const INDEX_ENTRY_BYTES = 40;
const FIXED_HEADER_BYTES = 16;
export const KEY_BYTES_MAX = 128;
export const PACK_HEADER_BYTES_MAX = FIXED_HEADER_BYTES + KEY_BYTES_MAX + 4;

/** Where a page is in its pack. */
export interface PackedPage {
  readonly hash: PageHash;
  readonly offset: number;
  /** Bytes of its entry. */
  readonly entryBytes: number;
  readonly depth: number;
  /** The page to which it is a difference; null for a whole one. */
  readonly base: PageHash | null;
}

export function encodePackHeader(key: string): Buffer {
  const keyBytes = Buffer.from(key, 'utf8');
  const header = Buffer.alloc(FIXED_HEADER_BYTES + keyBytes.length + 4);
  PACK_MAGIC.copy(header);
  header.writeUInt32LE(PACK_VERSION, 8);
  header.writeUInt32LE(keyBytes.length, 12);
  keyBytes.copy(header, FIXED_HEADER_BYTES);
  header.writeUInt32LE(crc32(header.subarray(0, -4)), header.length - 4);
  return header;
}

export interface PackHeader {
  readonly version: number;
  readonly key: string;
  readonly headerBytes: number;
}

/** Reads a header from the first bytes of a pack, or null when it is damaged. */
export function decodePackHeader(bytes: Buffer): PackHeader | null {
  if (bytes.length < FIXED_HEADER_BYTES + 4 || !bytes.subarray(0, 8).equals(PACK_MAGIC)) return null;
  const keyEnd = FIXED_HEADER_BYTES + bytes.readUInt32LE(12);
  if (keyEnd + 4 > Math.min(bytes.length, PACK_HEADER_BYTES_MAX)) return null;
  if (crc32(bytes.subarray(0, keyEnd)) !== bytes.readUInt32LE(keyEnd)) return null;
  return {
    version: bytes.readUInt32LE(8),
    key: bytes.toString('utf8', FIXED_HEADER_BYTES, keyEnd),
    headerBytes: keyEnd + 4,
  };
}

/** A footer of so many entries has at most so many bytes, its trailer included. */
export function footerBytesMax(entries: number): number {
  return entries * (INDEX_ENTRY_BYTES + 33) + TRAILER_BYTES;
}

/** The footer of a pack and its hash, which names the pack. */
export function encodeFooter(pages: readonly PackedPage[], offset: number): { bytes: Buffer; hash: string } {
  const indexBytes = pages.reduce((sum, { base }) => sum + INDEX_ENTRY_BYTES + (base ? 33 : 1), 0);
  const bytes = Buffer.alloc(indexBytes + TRAILER_BYTES);
  let at = 0;
  for (const page of pages) {
    bytes.write(page.hash, at, 'hex');
    bytes.writeUInt32LE(page.offset, at + 32);
    bytes.writeUInt32LE(page.entryBytes, at + 36);
    bytes.writeUInt8(page.base ? page.depth : 0, at + INDEX_ENTRY_BYTES);
    at += INDEX_ENTRY_BYTES + 1;
    if (page.base) at += bytes.write(page.base, at, 'hex');
  }
  bytes.writeUInt32LE(pages.length, indexBytes);
  bytes.writeUInt32LE(offset, indexBytes + 4);
  const digest = createHash('sha256')
    .update(bytes.subarray(0, indexBytes + 8))
    .digest();
  digest.copy(bytes, indexBytes + 8);
  PACK_END_MAGIC.copy(bytes, indexBytes + 40);
  return { bytes, hash: digest.toString('hex') };
}

/** Offset of the footer according to a trailer, or null when that cannot be. */
export function footerOffset(trailer: Buffer, packBytes: number): number | null {
  if (trailer.length < TRAILER_BYTES || !trailer.subarray(40).equals(PACK_END_MAGIC)) return null;
  const count = trailer.readUInt32LE(0);
  const offset = trailer.readUInt32LE(4);
  const indexBytes = packBytes - TRAILER_BYTES - offset;
  if (count > PACK_PAGES_READ_MAX || indexBytes < count * INDEX_ENTRY_BYTES) return null;
  return indexBytes > count * (INDEX_ENTRY_BYTES + 33) ? null : offset;
}

/** The pages of a footer, or null when its checksum does not match. */
export function decodeFooter(footer: Buffer, version: number): PackedPage[] | null {
  const indexBytes = footer.length - TRAILER_BYTES;
  const digest = createHash('sha256')
    .update(footer.subarray(0, indexBytes + 8))
    .digest();
  if (!digest.equals(footer.subarray(indexBytes + 8, indexBytes + 40))) return null;
  const count = footer.readUInt32LE(indexBytes);
  const pages: PackedPage[] = [];
  let at = 0;
  while (at + INDEX_ENTRY_BYTES <= indexBytes) {
    const [hash, offset] = [footer.toString('hex', at, at + 32), footer.readUInt32LE(at + 32)];
    const entryBytes = footer.readUInt32LE(at + 36);
    if (entryBytes <= ENTRY_HEADER_BYTES) return null;
    at += INDEX_ENTRY_BYTES;
    const depth = version === 1 ? 0 : footer.readUInt8(at++);
    const base = depth === 0 ? null : footer.toString('hex', at, at + 32);
    if (depth > 0) at += 32;
    pages.push({ hash, offset, entryBytes, depth, base });
  }
  return at === indexBytes && pages.length === count ? pages : null;
}
