import type { FaultyFiles, FileFault } from '../property/storage-faulty-files.js';
import type { Random } from './random.js';

/** Once in so many calls something goes wrong. */
const ONCE_IN = 120;

/** What can go wrong with a call, by its kind. */
const FAULTS: Readonly<Record<string, readonly string[]>> = {
  write: ['fails', 'short write', 'torn write', 'out of space', 'reply lost', 'slow'],
  sync: ['fsync fails', 'reply lost', 'slow'],
  syncDirectory: ['fsync fails', 'reply lost', 'slow'],
  read: ['fails', 'bit flip', 'slow'],
  rename: ['fails', 'reply lost'],
  open: ['fails', 'slow'],
  remove: ['fails', 'reply lost'],
  truncate: ['fails'],
};

export const FILE_FAULTS = [...new Set(Object.values(FAULTS).flat())];

/** Faults of a file system as a seed has them. `happened` hears of each. */
export function seededFileFaults(random: Random, happened: (kind: string) => void): FaultyFiles['fault'] {
  return ({ call }) => {
    const kinds = FAULTS[call];
    if (!kinds || !random.onceIn(ONCE_IN)) return null;
    const kind = random.pick(kinds);
    happened(kind);
    return faultOf(kind, random);
  };
}

function faultOf(kind: string, random: Random): FileFault {
  switch (kind) {
    case 'short write':
      return { kind: 'short', bytes: 1 + random.below(64) };
    case 'torn write':
      return { kind: 'torn', bytes: random.below(300), code: 'EIO' };
    case 'out of space':
      return { kind: 'torn', bytes: random.below(300), code: 'ENOSPC' };
    case 'reply lost':
      return { kind: 'reply lost', code: 'EIO' };
    case 'bit flip':
      return { kind: 'flip', bit: random.below(100_000) };
    case 'slow': {
      const turns = random.below(6);
      return {
        kind: 'slow',
        async wait() {
          for (let n = 0; n < turns; n += 1) await new Promise((resolve) => setImmediate(resolve));
        },
      };
    }
    default:
      return { kind: 'error', code: 'EIO' };
  }
}
