import { randomUUID } from 'node:crypto';
import { type FileHandle, mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { STARTUP_HEADER_BYTES, startupHeader } from './host/startup-file.js';

/** Zeros are looked for in blocks of this size, and left out of the file. */
const BLOCK_BYTES = 64 * 1024;
const ZERO_BLOCK = Buffer.alloc(BLOCK_BYTES);
const PREFIX = 'startup-';

/**
 * The engine's startup snapshot on disk. The control process only opens the file; the host, which gets the
 * descriptor, reads and verifies it, and makes another if it is damaged.
 */
export interface StartupCache {
  /** The file of that key, or null when there is none. The caller closes it. */
  open(key: string): Promise<FileHandle | null>;
  /** Atomic: a reader sees the old file or the whole new one. Files of other keys are removed. */
  write(key: string, bytes: Uint8Array): Promise<void>;
  remove(key: string): Promise<void>;
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

/** The cache in `folder`, which is made when something is written to it. */
export function openStartupCache(folder: string): StartupCache {
  const fileOf = (key: string): string => join(folder, `${PREFIX}${key.slice(0, 32)}`);
  return {
    async open(key) {
      try {
        return await open(fileOf(key), 'r');
      } catch (error) {
        if (isMissing(error)) return null;
        throw error;
      }
    },
    async write(key, bytes) {
      await mkdir(folder, { recursive: true });
      const target = fileOf(key);
      const temporary = `${target}.${randomUUID()}.tmp`;
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
      for (const name of await readdir(folder)) {
        const other = join(folder, name);
        const stale = name.startsWith(PREFIX) && !name.endsWith('.tmp') && other !== target;
        if (stale) await rm(other, { force: true });
      }
    },
    remove: (key) => rm(fileOf(key), { force: true }),
  };
}
