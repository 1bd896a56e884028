import { realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { DuckDBInstance } from '@duckdb/node-api';
import { WorldError } from '../../model/world-error.js';
import { storageFailed } from '../file-ops.js';
import { duckdb } from './duckdb.js';

const RETRY_MS = 100;
/** Memory DuckDB may use for everything: a user's query must not starve the process. */
const MEMORY_LIMIT = '1GB';

/**
 * Databases open in this process. Module state, because that is what it protects: two DuckDB instances on one file
 * in one process both open (the operating system's lock is per process) and the first one's acknowledged writes
 * are lost. For the same reason nothing in this process may open the database file in any other way: closing
 * that handle would release the lock.
 */
const openPaths = new Set<string>();

export interface CatalogDatabaseOptions {
  /** The only directory that SQL may read or write. */
  readonly exportsDirectory: string;
  /** How long to wait while another process holds the file, ms. 0: do not wait. */
  readonly waitMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** An open database file. As long as it is open, no other process can open it: it is the data directory's lock. */
export interface CatalogDatabase {
  readonly path: string;
  readonly instance: DuckDBInstance;
  /** Closes the file and gives up the lock; once is enough. All connections must be closed before. */
  close(): void;
}

/**
 * Opens or creates the database file, fences SQL off from the rest of the file system, and locks its
 * configuration.
 *
 * @throws DATA_DIR_LOCKED with the holder's PID, at once when it is this process; INTERRUPTED when `signal` aborts; STORAGE_FAILED.
 */
export async function openCatalogDatabase(
  path: string,
  options: CatalogDatabaseOptions,
): Promise<CatalogDatabase> {
  const real = join(realpathSync(dirname(path)), basename(path));
  if (openPaths.has(real)) throw lockedBy(real, process.pid);
  openPaths.add(real);
  try {
    const instance = await openWhenFree(real, options);
    await fence(instance, options.exportsDirectory);
    let closed = false;
    return {
      path: real,
      instance,
      close: () => {
        if (closed) return;
        closed = true;
        instance.closeSync();
        openPaths.delete(real);
      },
    };
  } catch (thrown) {
    openPaths.delete(real);
    throw storageFailed(thrown, `Cannot open the catalog ${real}`);
  }
}

async function openWhenFree(path: string, options: CatalogDatabaseOptions): Promise<DuckDBInstance> {
  const deadline = performance.now() + options.waitMs;
  for (;;) {
    try {
      return await duckdb.DuckDBInstance.create(path, { memory_limit: MEMORY_LIMIT, temp_directory: '' });
    } catch (thrown) {
      const pid = holderOf(thrown);
      if (pid === null) throw thrown;
      if (performance.now() >= deadline) throw lockedBy(path, pid === 0 ? null : pid);
    }
    await pause(path, options.signal);
  }
}

async function pause(path: string, signal: AbortSignal | undefined): Promise<void> {
  try {
    await delay(RETRY_MS, undefined, signal ? { signal } : {});
  } catch (thrown) {
    throw new WorldError('INTERRUPTED', `Waiting for the data directory ${dirname(path)} was interrupted.`, {
      details: { path: dirname(path) },
      cause: thrown,
    });
  }
}

/** PID of the process that holds the lock, 0 when DuckDB does not name it, null when the error is another. */
function holderOf(thrown: unknown): number | null {
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  if (!/could not set lock on file|conflicting lock/i.test(message)) return null;
  return Number(/PID (\d+)/.exec(message)?.[1] ?? 0);
}

function lockedBy(path: string, pid: number | null): WorldError {
  const holder =
    pid === process.pid ? 'this process already' : pid === null ? 'another process' : `process ${pid}`;
  return new WorldError(
    'DATA_DIR_LOCKED',
    `The data directory ${dirname(path)} is in use by ${holder}. Close it there first, or use another directory.`,
    { details: { path: dirname(path), pid } },
  );
}

/** The order matters: once external access is off, no directory can be allowed any more. */
async function fence(instance: DuckDBInstance, exportsDirectory: string): Promise<void> {
  const connection = await instance.connect();
  try {
    const allowed = `'${exportsDirectory.replaceAll("'", "''")}'`;
    await connection.run(`SET allowed_directories = [${allowed}]`);
    await connection.run('SET autoinstall_known_extensions = false');
    await connection.run('SET autoload_known_extensions = false');
    await connection.run('SET enable_external_access = false');
    await connection.run('SET lock_configuration = true');
  } finally {
    connection.closeSync();
  }
}
