import { randomUUID } from 'node:crypto';
import { type FileHandle, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { STARTUP_HEADER_BYTES, startupHeader } from './host/startup-file.js';

/** Zeros are looked for in blocks of this size, and left out of the file. */
const BLOCK_BYTES = 64 * 1024;
const ZERO_BLOCK = Buffer.alloc(BLOCK_BYTES);
const PREFIX = 'startup-';
const IMAGE_PREFIX = 'image-';
/** Snapshots of images that are kept; others are built again when needed. Each may take some 100 MB. */
const IMAGE_FILES_MAX = 16;
const TEMPORARY = '.tmp';
/** No write takes this long: an older temporary file is one that a crash left, ms. */
const LEFTOVER_MS = 600_000;

/**
 * The engine's startup snapshot on disk. The control process only opens the file; the host, which gets the
 * descriptor, reads and verifies it, and makes another if it is damaged.
 */
export interface StartupCache {
  /** The file of that key, or null when there is none. The caller closes it. */
  open(key: string): Promise<FileHandle | null>;
  /** Atomic: a reader sees the old file or the whole new one. Files of other keys of the same image are removed. */
  write(key: string, bytes: Uint8Array): Promise<void>;
  remove(key: string): Promise<void>;
  /** Removes the files of all keys of this image. */
  removeAll(): Promise<void>;
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

async function writeSparse(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  await handle.write(startupHeader(bytes), 0, STARTUP_HEADER_BYTES, 0);
  await handle.truncate(STARTUP_HEADER_BYTES + bytes.length);
  for (let at = 0; at < bytes.length; at += BLOCK_BYTES) {
    const block = bytes.subarray(at, at + BLOCK_BYTES);
    if (block.length === BLOCK_BYTES && ZERO_BLOCK.equals(block)) continue;
    await handle.write(block, 0, block.length, STARTUP_HEADER_BYTES + at);
  }
  // Not synced: a file that power loss left incomplete fails its checksum and is made again, and writing out 50 MB
  // now would hold up the first snapshots.
}

/**
 * The cache in `folder`, which is made when something is written to it.
 *
 * @param image hash of the image whose snapshots it holds; null: those of the engine alone.
 */
export function openStartupCache(folder: string, image: string | null = null): StartupCache {
  const prefix = image === null ? PREFIX : `${IMAGE_PREFIX}${image.slice(0, 32)}-`;
  const fileOf = (key: string): string => join(folder, `${prefix}${key.slice(0, 32)}`);
  const removeOthers = async (kept: string | null): Promise<void> => {
    for (const name of await namesIn(folder)) {
      const other = join(folder, name);
      const stale = name.startsWith(prefix) && !name.endsWith(TEMPORARY) && other !== kept;
      if (stale) await rm(other, { force: true });
    }
  };
  return {
    async open(key) {
      try {
        const handle = await open(fileOf(key), image === null ? 'r' : 'r+');
        // The images used last are those that are kept.
        if (image !== null) await handle.utimes(new Date(), new Date());
        return handle;
      } catch (error) {
        if (isMissing(error)) return null;
        throw error;
      }
    },
    async write(key, bytes) {
      await mkdir(folder, { recursive: true });
      await removeLeftovers(folder);
      const target = fileOf(key);
      const temporary = `${target}.${randomUUID()}${TEMPORARY}`;
      try {
        const handle = await open(temporary, 'wx', 0o600);
        try {
          await writeSparse(handle, bytes);
        } finally {
          await handle.close();
        }
        await rename(temporary, target);
      } catch (error) {
        await rm(temporary, { force: true });
        throw error;
      }
      await removeOthers(target);
      if (image !== null) await keepNewest(folder);
    },
    remove: (key) => rm(fileOf(key), { force: true }),
    removeAll: () => removeOthers(null),
  };
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

/** When it was written last, ms; 0 when it is gone. */
async function modifiedMs(path: string): Promise<number> {
  try {
    return (await stat(path)).mtimeMs;
  } catch (error) {
    if (isMissing(error)) return 0;
    throw error;
  }
}

async function removeLeftovers(folder: string): Promise<void> {
  for (const name of await namesIn(folder)) {
    if (!name.endsWith(TEMPORARY)) continue;
    const path = join(folder, name);
    if (Date.now() - (await modifiedMs(path)) > LEFTOVER_MS) await rm(path, { force: true });
  }
}

async function keepNewest(folder: string): Promise<void> {
  const files: { path: string; at: number }[] = [];
  for (const name of await namesIn(folder)) {
    if (!name.startsWith(IMAGE_PREFIX) || name.endsWith(TEMPORARY)) continue;
    const path = join(folder, name);
    files.push({ path, at: await modifiedMs(path) });
  }
  files.sort((a, b) => b.at - a.at);
  for (const { path } of files.slice(IMAGE_FILES_MAX)) await rm(path, { force: true });
}
