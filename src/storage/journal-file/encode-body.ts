import { WorldError } from '../../model/world-error.js';
import { JournalRecord } from '../../ports/journal-record.js';
import { BODY_BYTES_MAX } from './journal-format.js';
import { tritsMistake } from './trits-mistake.js';

/**
 * A record in the form in which reading gives it back, and its bytes. What is written must be readable: a record that its
 * own schema refuses is a defect, found here.
 *
 * @throws INTERNAL; STORAGE_FAILED when it is too long
 */
export function encodeBody(record: JournalRecord): { record: JournalRecord; body: Buffer } {
  const parsed = JournalRecord.safeParse(record);
  if (!parsed.success) {
    throw new WorldError('INTERNAL', `A ${String(record.op)} record is not valid: ${parsed.error.message}`, {
      details: { op: record.op },
    });
  }
  const mistake = tritsMistake(parsed.data);
  if (mistake !== null) {
    throw new WorldError('INTERNAL', `A ${record.op} record is not valid: ${mistake}`, {
      details: { op: record.op },
    });
  }
  const body = Buffer.from(JSON.stringify(parsed.data));
  if (body.length <= BODY_BYTES_MAX) return { record: parsed.data, body };
  throw new WorldError(
    'STORAGE_FAILED',
    `A ${record.op} record has ${body.length} bytes; the journal takes at most ${BODY_BYTES_MAX}. Lower the output limit.`,
    { details: { op: record.op, bytes: body.length, bytesMax: BODY_BYTES_MAX } },
  );
}
