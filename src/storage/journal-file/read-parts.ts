import type { JournalEntry } from '../../ports/journal-record.js';
import type { FileOps } from '../file-ops.js';
import { CHAIN_BROKEN, journalCorrupt } from './journal-corrupt.js';
import { chainHash } from './journal-format.js';
import { parseBody } from './parse-body.js';
import { RecordReader } from './record-reader.js';
import type { ChainPoint } from './scan-journal.js';

/** A stretch of one segment, from a known place in the chain. */
export interface ReadablePart {
  readonly start: ChainPoint;
  /** Where it ends, bytes. */
  readonly end: number;
  path(): Promise<string>;
}

/**
 * The entries from `fromSeq` on of parts that follow each other, each verified against the chain.
 *
 * @throws JOURNAL_CORRUPT, DATA_DIR_VERSION; Node's errors
 */
export async function* readParts(
  fileOps: FileOps,
  parts: readonly ReadablePart[],
  fromSeq: number,
): AsyncGenerator<JournalEntry> {
  let last: ChainPoint | null = null;
  for (const [index, part] of parts.entries()) {
    const path = await part.path();
    last = yield* readPart(fileOps, { path, part, before: last }, fromSeq);
    const next = parts[index + 1];
    if (next && next.start.seq !== last.seq) {
      const why = `the segment ends there, but the next one begins with record ${next.start.seq + 1}`;
      throw journalCorrupt({ path, offset: last.end, seq: last.seq + 1 }, why);
    }
  }
}

/** Returns the last place it verified. */
async function* readPart(
  fileOps: FileOps,
  of: { path: string; part: ReadablePart; before: ChainPoint | null },
  fromSeq: number,
): AsyncGenerator<JournalEntry, ChainPoint> {
  const { path, part, before } = of;
  const file = await fileOps.open(path, 'read');
  try {
    const reader = new RecordReader(file, part.end);
    // The chain goes on from what was really read, whatever a header says.
    let point: ChainPoint = before ? { ...before, end: part.start.end } : part.start;
    for (let found = await reader.at(point.end); found.kind !== 'end'; found = await reader.at(point.end)) {
      const at = { path, offset: point.end, seq: point.seq + 1 };
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
    return point;
  } finally {
    await file.close();
  }
}
