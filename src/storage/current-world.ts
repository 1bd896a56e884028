import { closeSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import { WorldId } from '../model/ids.js';
import { TEMPORARY_ENDING } from './atomic-write.js';
import { errnoOf, storageFailed } from './file-ops.js';

/** The world that commands without an argument mean, kept in a small file. */
export interface CurrentWorld {
  /** Null when none was set, or when the file holds something else. @throws STORAGE_FAILED */
  get(): WorldId | null;
  /** Survives the process, not power loss: it is a convenience. @throws STORAGE_FAILED */
  set(id: WorldId): void;
}

/** @param path the file; its directory exists. */
export function openCurrentWorld(path: string): CurrentWorld {
  return {
    get: () => {
      try {
        return WorldId.safeParse(readFileSync(path, 'utf8').trim()).data ?? null;
      } catch (thrown) {
        if (errnoOf(thrown) === 'ENOENT') return null;
        throw storageFailed(thrown, `Cannot read ${path}`);
      }
    },
    set: (id) => {
      const temporary = `${path}${TEMPORARY_ENDING}`;
      try {
        const file = openSync(temporary, 'w', 0o600);
        try {
          writeSync(file, `${id}\n`);
        } finally {
          closeSync(file);
        }
        renameSync(temporary, path);
      } catch (thrown) {
        rmSync(temporary, { force: true });
        throw storageFailed(thrown, `Cannot write ${path}`);
      }
    },
  };
}
