import { WorldError } from '../../model/world-error.js';

export const CHAIN_BROKEN = 'the hash chain is broken';

/** The error of damage that a crash cannot explain. `offset` is in bytes; `seq` is the record that should stand there. */
export function journalCorrupt(
  at: { path: string; offset: number; seq: number },
  reason: string,
): WorldError {
  return new WorldError(
    'JOURNAL_CORRUPT',
    `The journal ${at.path} is damaged at offset ${at.offset}, record ${at.seq}: ${reason}. ` +
      'Nothing was changed: restore the file from a backup.',
    { details: { ...at, reason } },
  );
}
