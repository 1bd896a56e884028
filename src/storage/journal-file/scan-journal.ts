import type { OpenFile } from '../file-ops.js';
import { CHAIN_BROKEN, journalCorrupt } from './journal-corrupt.js';
import { chainHash } from './journal-format.js';
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
 * Verifies one segment from `start`, which stands behind its header. A batch is written only after the one before it
 * was synced, and a segment is begun only after the one before it was, so damage in the last segment with nothing intact
 * behind it, or only records of the same batch, is a write that was never acknowledged: a torn tail. Any
 * other damage is corruption.
 *
 * @throws JOURNAL_CORRUPT
 */
export async function scanSegment(
  file: OpenFile,
  segment: { readonly path: string; readonly start: ChainPoint; readonly isLast: boolean },
): Promise<Scan> {
  const { path, start, isLast } = segment;
  const size = await file.sizeBytes();
  const reader = new RecordReader(file, size);
  const points: ChainPoint[] = [];
  let last = start;
  for (let found = await reader.at(last.end); found.kind !== 'end'; found = await reader.at(last.end)) {
    const at = { path, offset: last.end, seq: last.seq + 1 };
    if (found.kind === 'damaged') {
      if (!isLast) throw journalCorrupt(at, found.reason);
      await requireTorn(reader, { path, found, last });
      return { last, points, tornTail: { offset: last.end, bytes: size - last.end } };
    }
    const { seq, hash } = found.frame;
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
