import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';

/**
 * The journal's bytes. All integers are little-endian. The journal is one chain of records in segments, files that
 * follow each other; the first segment has a header of version 1 and every later one of version 2.
 *
 * Header of version 1, 16 bytes: magic (8), version u32, CRC-32 of the 12 bytes before. Its segment begins with record 1.
 * Header of version 2, 68 bytes: the 16 bytes above; number of the segment u32; zero u32; seq of its first record
 * u64; hash of the record before (32); CRC-32 of the 64 bytes before.
 * Record: length of the body u32; CRC-32 of everything that follows up to the end of the body; seq u64; seq of
 * the first record of the batch it was written in u64; hash (32); body, a JournalRecord as JSON.
 *
 * `hash = SHA-256(hash of the record before || seq as u64 big-endian || body)`, with 32 zero bytes before the first.
 */
export const JOURNAL_MAGIC = Buffer.from('WRJRNL\r\n', 'latin1');
/** Newest version of a header that is read. */
export const JOURNAL_VERSION = 2;
export const HEADER_BYTES = 16;
export const SEGMENT_HEADER_BYTES = 68;
export const FRAME_BYTES = 56;
/** Longest body; an execution with the largest allowed code and outputs fits. */
export const BODY_BYTES_MAX = 256 * 1024 * 1024;

/** Raw hash before the first record. */
export const GENESIS_HASH: Buffer = Buffer.alloc(32);

/** The fixed part of a record. */
export interface Frame {
  readonly bodyBytes: number;
  readonly crc: number;
  readonly seq: number;
  readonly batchSeq: number;
  readonly hash: Buffer;
}

/** What a segment's header says, and how long it is. */
export interface SegmentHeader {
  /** 1 for the first. */
  readonly number: number;
  readonly firstSeq: number;
  /** Raw hash of the record before its first. */
  readonly prevHash: Buffer;
  readonly bytes: number;
}

/** The header of the first segment, or of the one that begins with `firstSeq` behind `prevHash`. */
export function encodeHeader(segment?: Omit<SegmentHeader, 'bytes'>): Buffer {
  const header = Buffer.alloc(segment ? SEGMENT_HEADER_BYTES : HEADER_BYTES);
  JOURNAL_MAGIC.copy(header);
  header.writeUInt32LE(segment ? 2 : 1, 8);
  header.writeUInt32LE(crc32(header.subarray(0, 12)), 12);
  if (!segment) return header;
  header.writeUInt32LE(segment.number, 16);
  header.writeBigUInt64LE(BigInt(segment.firstSeq), 24);
  segment.prevHash.copy(header, 32);
  header.writeUInt32LE(crc32(header.subarray(0, 64)), 64);
  return header;
}

/** Version in a header, or null when the header is damaged or of something else. */
export function headerVersion(header: Uint8Array): number | null {
  const bytes = Buffer.from(header.buffer, header.byteOffset, header.byteLength);
  if (bytes.length < HEADER_BYTES || !bytes.subarray(0, 8).equals(JOURNAL_MAGIC)) return null;
  return crc32(bytes.subarray(0, 12)) === bytes.readUInt32LE(12) ? bytes.readUInt32LE(8) : null;
}

/** What a header of a version that is read says, or null when it is damaged. `header` may go on into the records. */
export function decodeHeader(header: Buffer): SegmentHeader | null {
  const version = headerVersion(header);
  if (version === 1) return { number: 1, firstSeq: 1, prevHash: GENESIS_HASH, bytes: HEADER_BYTES };
  if (version !== 2 || header.length < SEGMENT_HEADER_BYTES) return null;
  if (crc32(header.subarray(0, 64)) !== header.readUInt32LE(64)) return null;
  const number = header.readUInt32LE(16);
  const firstSeq = Number(header.readBigUInt64LE(24));
  if (number < 2 || header.readUInt32LE(20) !== 0 || !Number.isSafeInteger(firstSeq) || firstSeq < 2)
    return null;
  return { number, firstSeq, prevHash: Buffer.from(header.subarray(32, 64)), bytes: SEGMENT_HEADER_BYTES };
}

/** Hash of a record in its place in the chain. */
export function chainHash(prevHash: Uint8Array, seq: number, body: Uint8Array): Buffer {
  const place = Buffer.alloc(8);
  place.writeBigUInt64BE(BigInt(seq));
  return createHash('sha256').update(prevHash).update(place).update(body).digest();
}

/** Frame and body as they are written. */
export function encodeRecord(frame: Pick<Frame, 'seq' | 'batchSeq' | 'hash'>, body: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(FRAME_BYTES + body.length);
  bytes.writeUInt32LE(body.length, 0);
  bytes.writeBigUInt64LE(BigInt(frame.seq), 8);
  bytes.writeBigUInt64LE(BigInt(frame.batchSeq), 16);
  frame.hash.copy(bytes, 24);
  bytes.set(body, FRAME_BYTES);
  bytes.writeUInt32LE(crc32(bytes.subarray(8)), 4);
  return bytes;
}

/** Reads the fixed part, or null when no record of ours begins like this. */
export function decodeFrame(bytes: Buffer): Frame | null {
  if (bytes.length < FRAME_BYTES) return null;
  const bodyBytes = bytes.readUInt32LE(0);
  const seq = Number(bytes.readBigUInt64LE(8));
  const batchSeq = Number(bytes.readBigUInt64LE(16));
  if (bodyBytes === 0 || bodyBytes > BODY_BYTES_MAX) return null;
  if (!Number.isSafeInteger(seq) || seq < 1 || batchSeq < 1 || batchSeq > seq) return null;
  return {
    bodyBytes,
    crc: bytes.readUInt32LE(4),
    seq,
    batchSeq,
    hash: Buffer.from(bytes.subarray(24, FRAME_BYTES)),
  };
}

/** True when frame and body are as they were written. `record` is both, contiguous. */
export function isIntact(frame: Frame, record: Buffer): boolean {
  return crc32(record.subarray(8, FRAME_BYTES + frame.bodyBytes)) === frame.crc;
}
