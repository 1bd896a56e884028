import type { CheckpointStore } from '../../src/ports/checkpoint-store.js';
import type { TestJournal } from './memory-journal.js';

export interface MemoryCheckpoint {
  readonly seq: number;
  readonly hash: string;
  readonly lines: string[];
}

/** Checkpoints in an array, which stands for the disk. The process of `journal` writes none after it died. */
export function memoryCheckpoints(
  kept: MemoryCheckpoint[],
  journal: Pick<TestJournal, 'dead'> = { dead: false },
): CheckpointStore {
  return {
    async *newest() {
      yield* kept.toReversed();
    },
    async write(place, lines) {
      const written: string[] = [];
      for (const line of lines) {
        written.push(line);
        // Other work goes on while it is written, as with a disk.
        if (written.length % 3 === 0) await Promise.resolve();
      }
      if (journal.dead) throw new Error('this process has died');
      kept.push({ ...place, lines: written });
      kept.splice(0, Math.max(0, kept.length - 2));
      return { bytes: written.join('').length };
    },
  };
}
