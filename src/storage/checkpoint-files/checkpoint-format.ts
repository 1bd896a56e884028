import { createHash, type Hash } from 'node:crypto';
import type { CheckpointPlace } from '../../ports/checkpoint-store.js';

/**
 * A checkpoint's bytes, version 1. All integers are little-endian.
 *
 * Header, 96 bytes: magic (8), version u32, zero u32, seq u64, hash of that entry (32), length of the body u64, SHA-256 of the
 * body and then the 64 bytes before. The body is lines of UTF-8 JSON, each ended by a line feed.
 */
export const CHECKPOINT_MAGIC = Buffer.from('WRCKPT\r\n', 'latin1');
export const CHECKPOINT_VERSION = 1;
export const CHECKPOINT_HEADER_BYTES = 96;
/** Longest file; a larger model is read from the journal. */
export const CHECKPOINT_BYTES_MAX = 1024 * 1024 * 1024;

const LINE_FEED = 10;

/** The header of a body whose bytes went into `body`. */
export function encodeCheckpointHeader(place: CheckpointPlace, bodyBytes: number, body: Hash): Buffer {
  const header = Buffer.alloc(CHECKPOINT_HEADER_BYTES);
  CHECKPOINT_MAGIC.copy(header);
  header.writeUInt32LE(CHECKPOINT_VERSION, 8);
  header.writeBigUInt64LE(BigInt(place.seq), 16);
  Buffer.from(place.hash, 'hex').copy(header, 24);
  header.writeBigUInt64LE(BigInt(bodyBytes), 56);
  body.update(header.subarray(0, 64)).digest().copy(header, 64);
  return header;
}

/** What a whole file says, or why it says nothing. */
export type DecodedCheckpoint =
  | { readonly place: CheckpointPlace; readonly body: Buffer }
  | { readonly damage: string };

export function decodeCheckpoint(bytes: Buffer): DecodedCheckpoint {
  if (bytes.length < CHECKPOINT_HEADER_BYTES || !bytes.subarray(0, 8).equals(CHECKPOINT_MAGIC)) {
    return { damage: 'it is no checkpoint' };
  }
  const header = bytes.subarray(0, CHECKPOINT_HEADER_BYTES);
  const body = bytes.subarray(CHECKPOINT_HEADER_BYTES);
  const sum = createHash('sha256').update(body).update(header.subarray(0, 64)).digest();
  if (!sum.equals(header.subarray(64)) || header.readBigUInt64LE(56) !== BigInt(body.length)) {
    return { damage: 'its checksum does not match' };
  }
  const version = header.readUInt32LE(8);
  if (version !== CHECKPOINT_VERSION) return { damage: `it has version ${version}` };
  const place = {
    seq: Number(header.readBigUInt64LE(16)),
    hash: header.subarray(24, 56).toString('hex'),
  };
  return { place, body };
}

/** The lines of a body, made one at a time. */
export function* linesOf(body: Buffer): Generator<string> {
  for (let from = 0; from < body.length; ) {
    const end = body.indexOf(LINE_FEED, from);
    const to = end === -1 ? body.length : end;
    yield body.toString('utf8', from, to);
    from = to + 1;
  }
}
