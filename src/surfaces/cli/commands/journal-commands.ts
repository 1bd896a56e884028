import { resolve } from 'node:path';
import { MIB } from '../../../model/sizes.js';
import { type ActionCommand, actionCommand, option } from '../action-command.js';

/** Commands that care for the journal. */

const archive = actionCommand({
  action: 'archive',
  options: [option('--to <dir>', 'where to (default: journal/archive in the data directory)')],
  fields: { to: '--to' },
  progress: 'Archiving',
  examples: [
    ['wr archive', 'old segments of the journal, beside it'],
    ['wr archive --to /mnt/cold/worlds', 'on another disk'],
  ],
  input: (_, options: { to?: string }) => (options.to === undefined ? {} : { to: resolve(options.to) }),
  show({ moved, bytes, directory, lastArchivedSeq, checkpointSeq }, screen) {
    const before = lastArchivedSeq === 0 ? '' : `; entries up to ${lastArchivedSeq} are archived`;
    screen.out(
      moved.length === 0
        ? `nothing to archive: a segment is moved once it is full and a checkpoint (now at entry ${checkpointSeq}) is behind it${before}\n`
        : `${moved.length} ${moved.length === 1 ? 'segment' : 'segments'} (${(bytes / MIB).toFixed(1)} MiB) moved to ${directory}${before}\n`,
    );
  },
});

export const JOURNAL_COMMANDS: readonly ActionCommand[] = [archive];
