import { constants, type Stats } from 'node:fs';
import { mkdir, open, readdir, rename, stat, unlink } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { WorldError } from '../model/world-error.js';

/** An open file. Offsets and lengths are bytes. */
export interface OpenFile {
  /** Fills `into` from `offset`; returns the bytes read, fewer at the end of the file. */
  read(into: Uint8Array, offset: number): Promise<number>;
  /** Writes from the start of `bytes` at `offset`; returns the bytes written, which may be fewer. */
  write(bytes: Uint8Array, offset: number): Promise<number>;
  /** Resolves when what was written would survive power loss. */
  sync(): Promise<void>;
  truncate(sizeBytes: number): Promise<void>;
  sizeBytes(): Promise<number>;
  close(): Promise<void>;
}

/**
 * How a file is opened. `read`: must exist. `update`: read and write, must exist. `log`: as `update`, and a write resolves
 * only when its bytes, and the size needed to read them, would survive power loss. `create`: empty it, or make it, mode 600.
 */
export type FileAccess = 'read' | 'update' | 'log' | 'create';

/**
 * Everything the stores ask of a file system, so that tests can make any of it fail. Errors are those of
 * Node (`code` such as ENOSPC, EROFS, EIO).
 */
export interface FileOps {
  open(path: string, access: FileAccess): Promise<OpenFile>;
  rename(from: string, to: string): Promise<void>;
  /** Removes a file; no error when there is none. */
  remove(path: string): Promise<void>;
  /** Names in a directory, sorted. */
  list(directory: string): Promise<string[]>;
  /** Makes a directory and its parents, mode 700; fine when it exists. */
  makeDirectory(path: string): Promise<void>;
  exists(path: string): Promise<boolean>;
  /** Resolves when the names in a directory would survive power loss. */
  syncDirectory(path: string): Promise<void>;
}

/** One call instead of two. Elsewhere it promises less than a sync does: on macOS the disk's own cache is not flushed. */
const WRITES_ARE_DURABLE = process.platform === 'linux';

const ACCESS = {
  read: constants.O_RDONLY,
  update: constants.O_RDWR,
  log: WRITES_ARE_DURABLE ? constants.O_RDWR | constants.O_DSYNC : constants.O_RDWR,
  create: constants.O_RDWR | constants.O_CREAT | constants.O_TRUNC,
} as const;

/** The real file system. */
export const nodeFileOps: FileOps = {
  open: openNodeFile,
  rename,
  remove: removeFile,
  list: async (directory) => (await readdir(directory)).sort(),
  makeDirectory,
  exists: async (path) => (await statOrNull(path)) !== null,
  syncDirectory: async (path) => {
    const handle = await open(path, constants.O_RDONLY);
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  },
};

/** Not with Node's `rm`, which looks at what it is to remove first. */
async function removeFile(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (thrown) {
    if (errnoOf(thrown) !== 'ENOENT') throw thrown;
  }
}

/** Step by step: where no directory can be made, as in /proc, Node's recursive `mkdir` never returns. */
async function makeDirectory(path: string): Promise<void> {
  const folder = resolve(path);
  const parent = dirname(folder);
  if ((await statOrNull(folder))?.isDirectory()) return;
  if (parent !== folder) await makeDirectory(parent);
  try {
    await mkdir(folder, { mode: 0o700 });
  } catch (error) {
    // Somebody else may have made it meanwhile.
    if (!(await statOrNull(folder))?.isDirectory()) throw error;
  }
}

async function openNodeFile(path: string, access: FileAccess): Promise<OpenFile> {
  const handle = await open(path, ACCESS[access], 0o600);
  const syncsAfterWrites = access === 'log' && !WRITES_ARE_DURABLE;
  return {
    read: async (into, offset) => (await handle.read(into, 0, into.length, offset)).bytesRead,
    write: async (bytes, offset) => {
      const { bytesWritten } = await handle.write(bytes, 0, bytes.length, offset);
      if (syncsAfterWrites) await handle.datasync();
      return bytesWritten;
    },
    sync: () => handle.sync(),
    truncate: (sizeBytes) => handle.truncate(sizeBytes),
    sizeBytes: async () => (await handle.stat()).size,
    close: () => handle.close(),
  };
}

async function statOrNull(path: string): Promise<Stats | null> {
  try {
    return await stat(path);
  } catch (thrown) {
    if (errnoOf(thrown) === 'ENOENT') return null;
    throw thrown;
  }
}

/** Writes all of `bytes`, however many calls that takes. */
export async function writeFully(file: OpenFile, bytes: Uint8Array, offset: number): Promise<void> {
  let done = 0;
  while (done < bytes.length) {
    const written = await file.write(bytes.subarray(done), offset + done);
    if (written <= 0)
      throw new Error(`the file system accepted ${done} of ${bytes.length} bytes and then none`);
    done += written;
  }
}

/** Fills `into` as far as the file goes; returns the bytes read. */
export async function readFully(file: OpenFile, into: Uint8Array, offset: number): Promise<number> {
  let done = 0;
  while (done < into.length) {
    const got = await file.read(into.subarray(done), offset + done);
    if (got <= 0) break;
    done += got;
  }
  return done;
}

/** A whole small file. @throws STORAGE_FAILED when it is longer than `sizeBytesMax`; Node's errors. */
export async function readSmallFile(
  fileOps: FileOps,
  path: string,
  sizeBytesMax: number,
): Promise<Uint8Array> {
  const file = await fileOps.open(path, 'read');
  try {
    const size = await file.sizeBytes();
    if (size > sizeBytesMax) {
      throw new WorldError(
        'STORAGE_FAILED',
        `${path} has ${size} bytes; at most ${sizeBytesMax} are expected.`,
      );
    }
    const bytes = new Uint8Array(size);
    return bytes.subarray(0, await readFully(file, bytes, 0));
  } finally {
    await file.close();
  }
}

/** `code` of a Node file system error, if it is one. */
export function errnoOf(thrown: unknown): string | undefined {
  if (!(thrown instanceof Error) || !('code' in thrown)) return undefined;
  return typeof thrown.code === 'string' ? thrown.code : undefined;
}

const ADVICE: Readonly<Record<string, string>> = {
  ENOSPC: 'The disk is full: free space and open the data directory again.',
  EDQUOT: 'The disk quota is used up: free space and open the data directory again.',
  EROFS: 'The file system is read-only: use another data directory.',
  EACCES: 'This user may not write there: correct the permissions or use another data directory.',
  EPERM: 'This user may not write there: correct the permissions or use another data directory.',
  EMFILE: 'Too many files are open: raise the limit (ulimit -n).',
  ENFILE: 'Too many files are open on this machine.',
  ENOENT:
    'A file or directory of the data directory is gone: was it moved or cleaned up? Restore it from a backup.',
  ENOTDIR: 'A file stands where a directory should be: use another data directory.',
  EEXIST: 'A file stands where a directory should be: use another data directory.',
  EINVAL:
    'This file system cannot do that, so nothing on it would be durable: use a data directory on a local disk.',
  ENOTSUP:
    'This file system cannot do that, so nothing on it would be durable: use a data directory on a local disk.',
  EIO: 'The device reported an error: check the disk.',
};

/** How the system's own words for a failure read where an error has no code, as DuckDB's. */
const WORDS: readonly (readonly [RegExp, string])[] = [
  [/no space left on device/i, 'ENOSPC'],
  [/disk quota exceeded/i, 'EDQUOT'],
  [/read-only file system/i, 'EROFS'],
  [/permission denied/i, 'EACCES'],
  [/too many open files/i, 'EMFILE'],
  [/input\/output error/i, 'EIO'],
];

function errnoIn(reason: string): string | undefined {
  return WORDS.find(([words]) => words.test(reason))?.[1];
}

/** Names what failed and what to do about it; a WorldError stays what it is. */
export function storageFailed(thrown: unknown, what: string): WorldError {
  if (thrown instanceof WorldError) return thrown;
  const reason = thrown instanceof Error ? thrown.message : String(thrown);
  const errno = errnoOf(thrown) ?? errnoIn(reason);
  const advice = (errno && ADVICE[errno]) ?? 'Open the data directory again; if it goes on, check the disk.';
  return new WorldError('STORAGE_FAILED', `${what}: ${reason}. ${advice}`, {
    details: { reason, ...(errno ? { errno } : {}) },
    cause: thrown,
  });
}
