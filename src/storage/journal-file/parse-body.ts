import { z } from 'zod';
import { WorldError } from '../../model/world-error.js';
import { JournalRecord } from '../../ports/journal-record.js';
import { journalCorrupt } from './journal-corrupt.js';
import { tritsMistake } from './trits-mistake.js';

/**
 * Reads the body of an intact record. Its bytes are what was written, so a body that the schema refuses was
 * written by another version.
 *
 * @throws DATA_DIR_VERSION naming the record and what is not understood; JOURNAL_CORRUPT when it is not JSON
 * or its trits do not add up.
 */
export function parseBody(body: Buffer, at: { path: string; offset: number; seq: number }): JournalRecord {
  let json: unknown;
  try {
    json = JSON.parse(body.toString('utf8'));
  } catch (thrown) {
    throw new WorldError(
      'JOURNAL_CORRUPT',
      `Record ${at.seq} of the journal ${at.path} (offset ${at.offset}) is not JSON. Restore the file from a backup.`,
      { details: { ...at }, cause: thrown },
    );
  }
  const parsed = JournalRecord.safeParse(json);
  if (parsed.success) {
    const mistake = tritsMistake(parsed.data);
    if (mistake !== null) throw journalCorrupt(at, mistake);
    return parsed.data;
  }
  throw new WorldError(
    'DATA_DIR_VERSION',
    `Record ${at.seq} of the journal ${at.path} (offset ${at.offset}) was written by another version of this program: ` +
      `${z.prettifyError(parsed.error)}. Use that version.`,
    { details: { ...at }, cause: parsed.error },
  );
}
