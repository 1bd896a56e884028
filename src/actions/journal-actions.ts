import { isAbsolute } from 'node:path';
import { ArchiveInput, ArchiveView } from '../model/journal-api.js';
import { WorldError } from '../model/world-error.js';
import { archiveJournal } from '../runtime/archive-journal.js';
import { defineAction, waitOf } from './action.js';

/** Care of the journal. */

export const archiveAction = defineAction({
  name: 'archive',
  summary: 'move segments of the journal that no opening needs to another place',
  effect: 'changes',
  input: ArchiveInput,
  output: ArchiveView,
  async run(context, { to }, call) {
    // A relative path would be one of whoever runs the action, not of whoever asks.
    if (to !== undefined && !isAbsolute(to)) {
      throw new WorldError(
        'BAD_INPUT',
        `to: ${JSON.stringify(to)} is not an absolute path. Write the whole path.`,
      );
    }
    const { moved, ...archived } = await archiveJournal(context, to, waitOf(call));
    return { ...archived, moved: [...moved] };
  },
});
