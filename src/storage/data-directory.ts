import { join, resolve } from 'node:path';
import { WorldError } from '../model/world-error.js';
import { atomicWrite, removeLeftovers } from './atomic-write.js';
import { type CatalogDatabase, openCatalogDatabase } from './catalog-duckdb/catalog-database.js';
import { errnoOf, type FileOps, nodeFileOps, readSmallFile, storageFailed } from './file-ops.js';

/** Version of the layout below and of everything in it. */
export const DATA_DIRECTORY_VERSION = 1;

const FORMAT_MAGIC = 'world-runtime data directory';
const FORMAT_BYTES_MAX = 256;
const DIRECTORIES = [
  'journal',
  'checkpoints',
  'packs',
  'states',
  'index',
  'images',
  'cache',
  'exports',
] as const;
/** What a directory may hold that was being created when the process died. */
const OWN_NAMES = new Set<string>([
  ...DIRECTORIES,
  'FORMAT',
  'FORMAT.tmp',
  'catalog.duckdb',
  'catalog.duckdb.wal',
  'current',
  // Of the daemon, which may have logged here before it made the rest.
  'daemon.log',
]);
const WAIT_MS_DEFAULT = 10_000;

/** Absolute paths of what is in a data directory. */
export interface DataDirectoryPaths {
  readonly root: string;
  readonly format: string;
  /** The journal's segments (journal-file/). */
  readonly journal: string;
  /** What memory was written down as (checkpoint-files/). May be deleted while nothing runs, unless segments were archived. */
  readonly checkpoints: string;
  /** Packs of pages, and the manifests that name them (page-packs/). */
  readonly packs: string;
  readonly states: string;
  /** Where each page is; made again from the packs when it is missing. */
  readonly index: string;
  readonly catalog: string;
  /** What base images are built from (image-files/). */
  readonly images: string;
  /** May be deleted while nothing runs. */
  readonly cache: string;
  /** What SQL may read, and what the user exports. */
  readonly exports: string;
  /** Names the current world (current-world.ts). */
  readonly current: string;
}

export interface DataDirectory {
  readonly paths: DataDirectoryPaths;
  /** The open catalog database, which is the lock. */
  readonly database: CatalogDatabase;
  /** Gives up the lock. Everything opened from the directory must be closed before. */
  close(): void;
}

export interface DataDirectoryOptions {
  /** How long to wait while another process has it, ms. Default 10,000. */
  readonly waitMs?: number;
  readonly signal?: AbortSignal;
  readonly fileOps?: FileOps;
}

export function dataDirectoryPaths(path: string): DataDirectoryPaths {
  const root = resolve(path);
  return {
    root,
    format: join(root, 'FORMAT'),
    journal: join(root, 'journal'),
    checkpoints: join(root, 'checkpoints'),
    packs: join(root, 'packs'),
    states: join(root, 'states'),
    index: join(root, 'index'),
    catalog: join(root, 'catalog.duckdb'),
    images: join(root, 'images'),
    cache: join(root, 'cache'),
    exports: join(root, 'exports'),
    current: join(root, 'current'),
  };
}

/**
 * Opens a data directory, or makes one of a missing or empty directory (mode 700). Taking the lock comes
 * before anything is written.
 *
 * @throws DATA_DIR_VERSION when it is of another version or not ours; DATA_DIR_LOCKED with the holder's PID when
 * another process keeps it for longer than `waitMs`, at once when this process has it open; STORAGE_FAILED.
 */
export async function openDataDirectory(
  path: string,
  options: DataDirectoryOptions = {},
): Promise<DataDirectory> {
  const paths = dataDirectoryPaths(path);
  const fileOps = options.fileOps ?? nodeFileOps;
  let database: CatalogDatabase | undefined;
  try {
    await fileOps.makeDirectory(paths.root);
    await requireOurs(fileOps, paths);
    database = await openCatalogDatabase(paths.catalog, {
      exportsDirectory: paths.exports,
      waitMs: options.waitMs ?? WAIT_MS_DEFAULT,
      signal: options.signal,
    });
    await layOut(fileOps, paths);
    const opened = database;
    return { paths, database: opened, close: () => opened.close() };
  } catch (thrown) {
    database?.close();
    throw storageFailed(thrown, `Cannot open the data directory ${paths.root}`);
  }
}

/** Looks before anything is created, so that a wrong path is left as it was. */
async function requireOurs(fileOps: FileOps, paths: DataDirectoryPaths): Promise<void> {
  const format = await readFormat(fileOps, paths);
  if (format === null) {
    const foreign = (await fileOps.list(paths.root)).find((name) => !OWN_NAMES.has(name));
    if (foreign === undefined) return;
    throw new WorldError(
      'DATA_DIR_VERSION',
      `${paths.root} is not a data directory: it has no FORMAT file and holds ${foreign}. Name an empty or new directory.`,
      { details: { path: paths.root, found: foreign } },
    );
  }
  if (format === formatText(DATA_DIRECTORY_VERSION)) return;
  const found = /^world-runtime data directory\nversion (\d{1,9})\n$/.exec(format)?.[1];
  throw new WorldError(
    'DATA_DIR_VERSION',
    found === undefined
      ? `The FORMAT file of ${paths.root} is not one of ours. Name another directory, or restore the file from a backup.`
      : `The data directory ${paths.root} has version ${found}; this program uses version ${DATA_DIRECTORY_VERSION}. ` +
          'Use the program that made it, or another directory.',
    { details: { path: paths.root, found: found ?? null, supported: DATA_DIRECTORY_VERSION } },
  );
}

async function readFormat(fileOps: FileOps, paths: DataDirectoryPaths): Promise<string | null> {
  try {
    return Buffer.from(await readSmallFile(fileOps, paths.format, FORMAT_BYTES_MAX)).toString('utf8');
  } catch (thrown) {
    if (errnoOf(thrown) === 'ENOENT') return null;
    throw thrown;
  }
}

async function layOut(fileOps: FileOps, paths: DataDirectoryPaths): Promise<void> {
  for (const name of DIRECTORIES) await fileOps.makeDirectory(join(paths.root, name));
  for (const directory of [paths.root, paths.journal]) await removeLeftovers(fileOps, directory);
  // Last: a directory with a FORMAT file is complete.
  if (!(await fileOps.exists(paths.format))) {
    await atomicWrite(fileOps, paths.format, Buffer.from(formatText(DATA_DIRECTORY_VERSION)));
  }
}

function formatText(version: number): string {
  return `${FORMAT_MAGIC}\nversion ${version}\n`;
}
