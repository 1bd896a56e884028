import { dirname, join } from 'node:path';
import { type FileOps, storageFailed, writeFully } from './file-ops.js';

/** Ending of files that are being written; whatever has it when a directory is opened is left over. */
export const TEMPORARY_ENDING = '.tmp';

/**
 * Writes a file so that after a crash either the old content or the new is there, whole: a temporary file
 * in the same directory, fsync, rename, fsync of the directory.
 *
 * @throws STORAGE_FAILED: then the file is as it was before.
 */
export async function atomicWrite(fileOps: FileOps, path: string, bytes: Uint8Array): Promise<void> {
  await replaceAtomically(fileOps, path, bytes);
  try {
    await fileOps.syncDirectory(dirname(path));
  } catch (thrown) {
    throw storageFailed(thrown, `Cannot make ${path} durable`);
  }
}

/** As `atomicWrite`, but leaves the fsync of the directory to the caller, who may share it among files. */
export async function replaceAtomically(fileOps: FileOps, path: string, bytes: Uint8Array): Promise<void> {
  const draft = await draftFile(fileOps, path, bytes);
  await draft.publish();
}

/** A file that is durable under another name until it is published. */
export interface FileDraft {
  /** Gives it its name; the directory's fsync is the caller's. @throws STORAGE_FAILED: then nothing changed. */
  publish(): Promise<void>;
  /** Removes it, when it was not published; never fails. */
  abandon(): Promise<void>;
}

/** Writes what is to replace `path`, and syncs it. @throws STORAGE_FAILED: then nothing of it is left. */
export async function draftFile(fileOps: FileOps, path: string, bytes: Uint8Array): Promise<FileDraft> {
  const temporary = `${path}${TEMPORARY_ENDING}`;
  // What failed is the write; that the leftover could not be removed either adds nothing.
  const abandon = (): Promise<void> => fileOps.remove(temporary).catch(() => {});
  const publish = async (): Promise<void> => {
    try {
      await fileOps.rename(temporary, path);
    } catch (thrown) {
      await abandon();
      throw storageFailed(thrown, `Cannot write ${path}`);
    }
  };
  try {
    const file = await fileOps.open(temporary, 'create');
    try {
      await writeFully(file, bytes, 0);
      await file.sync();
    } finally {
      await file.close();
    }
    return { publish, abandon };
  } catch (thrown) {
    await abandon();
    throw storageFailed(thrown, `Cannot write ${path}`);
  }
}

/** Removes what unfinished writes left in a directory; returns the names removed. */
export async function removeLeftovers(fileOps: FileOps, directory: string): Promise<string[]> {
  const leftovers = (await fileOps.list(directory)).filter((name) => name.endsWith(TEMPORARY_ENDING));
  for (const name of leftovers) await fileOps.remove(join(directory, name));
  return leftovers;
}
