import type { OpenFile } from '../file-ops.js';
import { CHAIN_BROKEN, journalCorrupt } from './journal-corrupt.js';
import { chainHash, GENESIS_HASH, HEADER_BYTES } from './journal-format.js';
import { type Found, RecordReader } from './record-reader.js';

/** Every so many records a verified place is remembered, from which reading can start. */
const POINT_EVERY = 256;

/** A verified place in the chain: the record `seq` with `hash` ends at offset `end`. */
export interface ChainPoint {
  readonly seq: number;
  readonly hash: Buffer;
  readonly end: number;
}

export interface Scan {
  readonly last: ChainPoint;
  readonly points: readonly ChainPoint[];
  readonly tornTail: { readonly offset: number; readonly bytes: number } | null;
}

/**
 * Verifies a whole journal. A batch is written only after the one before it was synced, so damage with
 * nothing intact behind it, or only records of the same batch, is a write that was never acknowledged: a
 * torn tail. Any other damage is corruption.
 *
 * @throws JOURNAL_CORRUPT
 */
export async function scanJournal(file: OpenFile, path: string): Promise<Scan> {
  const size = await file.sizeBytes();
  const reader = new RecordReader(file, size);
  const points: ChainPoint[] = [];
  let last: ChainPoint = { seq: 0, hash: GENESIS_HASH, end: HEADER_BYTES };
  for (let found = await reader.at(last.end); found.kind !== 'end'; found = await reader.at(last.end)) {
    if (found.kind === 'damaged') {
      await requireTorn(reader, { path, found, last });
      return { last, points, tornTail: { offset: last.end, bytes: size - last.end } };
    }
    const { seq, hash } = found.frame;
    const at = { path, offset: found.offset, seq: last.seq + 1 };
    if (seq !== last.seq + 1) throw journalCorrupt(at, `it says it is record ${seq}`);
    if (!chainHash(last.hash, seq, found.body).equals(hash)) throw journalCorrupt(at, CHAIN_BROKEN);
    last = { seq, hash, end: found.end };
    if (seq % POINT_EVERY === 0) points.push(last);
  }
  return { last, points, tornTail: null };
}

async function requireTorn(
  reader: RecordReader,
  at: { path: string; found: Extract<Found, { kind: 'damaged' }>; last: ChainPoint },
): Promise<void> {
  const { path, found, last } = at;
  const next = await reader.nextIntact(found.offset, last.seq);
  if (!next || next.batchSeq <= last.seq + 1) return;
  const why = `${found.reason}, and record ${next.seq} behind it is intact`;
  throw journalCorrupt({ path, offset: found.offset, seq: last.seq + 1 }, why);
}
