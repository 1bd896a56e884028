import { hash as oneShotHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { compressSync, uncompressSync } from 'lz4-napi';
import { PAGE_BYTES, type PageHash } from '../../ports/page-store.js';

/**
 * An entry of a pack, one page. All integers are little-endian.
 *
 * Marker (4), CRC-32 of everything that follows u32, hash (32), codec u8, three zero bytes, stored length
 * u32, then the stored bytes.
 */
export const ENTRY_MARKER = Buffer.from('WRPE', 'latin1');
export const ENTRY_HEADER_BYTES = 48;

const RAW = 0;
/** An LZ4 block behind its unpacked length, u32. */
const LZ4 = 1;

/** The all-zero page, which is never stored. */
export const ZERO_HASH: PageHash = hashOf(new Uint8Array(PAGE_BYTES));

/** SHA-256, hex. */
export function hashOf(bytes: Uint8Array): PageHash {
  return oneShotHash('sha256', bytes, 'hex');
}

/** An entry that holds `bytes`, packed when that is smaller. The caller has checked `hash`. */
export function encodeEntry(hash: PageHash, bytes: Uint8Array): Buffer {
  const packed = compressSync(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  const isSmaller = packed.length < bytes.length;
  const stored = isSmaller ? packed : bytes;
  const entry = Buffer.alloc(ENTRY_HEADER_BYTES + stored.length);
  ENTRY_MARKER.copy(entry);
  entry.write(hash, 8, 'hex');
  entry[40] = isSmaller ? LZ4 : RAW;
  entry.writeUInt32LE(stored.length, 44);
  entry.set(stored, ENTRY_HEADER_BYTES);
  entry.writeUInt32LE(crc32(entry.subarray(8)), 4);
  return entry;
}

export interface EntryHeader {
  readonly hash: PageHash;
  /** Header and stored bytes together. */
  readonly entryBytes: number;
}

/** Reads the fixed part, or null when no entry begins like this. */
export function decodeEntryHeader(bytes: Buffer): EntryHeader | null {
  if (bytes.length < ENTRY_HEADER_BYTES || !bytes.subarray(0, 4).equals(ENTRY_MARKER)) return null;
  const storedBytes = bytes.readUInt32LE(44);
  if (storedBytes === 0 || storedBytes > PAGE_BYTES) return null;
  return { hash: bytes.toString('hex', 8, 40), entryBytes: ENTRY_HEADER_BYTES + storedBytes };
}

/** True when the entry's bytes are as they were written. */
export function isEntryIntact(entry: Buffer): boolean {
  return crc32(entry.subarray(8)) === entry.readUInt32LE(4);
}

/**
 * The page in an entry, or why there is none. `hash` is the page asked for: what is returned has it.
 */
export function decodeEntry(entry: Buffer, hash: PageHash): Uint8Array | { readonly reason: string } {
  const header = decodeEntryHeader(entry);
  if (!header || header.entryBytes !== entry.length) return { reason: 'its entry is damaged' };
  if (!isEntryIntact(entry)) return { reason: 'its checksum does not match' };
  const page = unpack(entry);
  if (!page || hashOf(page) !== hash) return { reason: 'its content does not match its hash' };
  return page;
}

function unpack(entry: Buffer): Uint8Array | null {
  const stored = entry.subarray(ENTRY_HEADER_BYTES);
  if (entry[40] === RAW) return stored.length === PAGE_BYTES ? Uint8Array.from(stored) : null;
  // The length is looked at first: a wrong one would be allocated.
  if (entry[40] !== LZ4 || stored.length < 4 || stored.readUInt32LE(0) !== PAGE_BYTES) return null;
  try {
    return uncompressSync(stored);
  } catch {
    return null;
  }
}
