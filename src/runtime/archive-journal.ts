import { WorldError } from '../model/world-error.js';
import type { ArchivedJournal } from '../ports/journal.js';
import type { Wait } from '../ports/substrate.js';
import { requireUninterrupted } from './require-uninterrupted.js';
import type { RuntimeContext } from './runtime-context.js';

/** What was archived, and the entry that opening starts from. */
export interface ArchiveResult extends ArchivedJournal {
  readonly checkpointSeq: number;
}

/**
 * Moves out of the journal what no opening needs: the catalog is brought up to date, memory is written down, and segments whose
 * entries all come before that are moved, one by one, to `to` (default: beside the journal). Worlds run without them,
 * because the checkpoint holds the code that a replay needs. When `wait` is aborted, what was moved stays moved.
 *
 * @throws UNSUPPORTED when nothing keeps checkpoints; JOURNAL_CORRUPT, STORAGE_FAILED
 */
export async function archiveJournal(
  context: RuntimeContext,
  to: string | undefined,
  wait: Wait,
): Promise<ArchiveResult> {
  context.requireOpen();
  requireUninterrupted(wait, 'Archiving');
  if (context.checkpoints === null) {
    throw new WorldError(
      'UNSUPPORTED',
      'This runtime keeps no checkpoints, so every entry is needed to open it.',
    );
  }
  await context.parts.catalog.flush();
  const place = await context.checkpoints.write();
  const archived = await context.parts.journal.archiveBefore(place?.seq ?? 0, {
    ...(to === undefined ? {} : { directory: to }),
    ...(wait.signal ? { signal: wait.signal } : {}),
  });
  return { ...archived, checkpointSeq: place?.seq ?? 0 };
}
