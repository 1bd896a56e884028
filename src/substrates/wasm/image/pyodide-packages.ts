import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { WorldError } from '../../../model/world-error.js';
import type { Wait } from '../../../ports/substrate.js';
import { engineFolder } from '../executor/engine-files.js';
import { normaliseName } from './wheel.js';

/** A package of the engine's own distribution. */
export interface DistributedPackage {
  readonly name: string;
  readonly version: string;
  readonly fileName: string;
  readonly sha256: string;
  /** Where it goes: with the Python packages, or with the shared libraries. */
  readonly installDir: 'site' | 'dynlib';
  readonly depends: readonly string[];
}

const Lock = z.object({
  packages: z.record(
    z.string(),
    z.object({
      name: z.string(),
      version: z.string(),
      file_name: z.string().regex(/^[A-Za-z0-9._+!-]+$/),
      sha256: z.string().regex(/^[0-9a-f]{64}$/),
      install_dir: z.enum(['site', 'dynlib', 'stdlib']).catch('site'),
      depends: z.array(z.string()),
    }),
  ),
});

/** The lists of packages that come with the engine say a file's hash, so where it comes from does not matter. */
export type PackageLock = ReadonlyMap<string, DistributedPackage>;

/** Longest package file that is accepted, bytes. */
const PACKAGE_BYTES_MAX = 128 * 1024 * 1024;
const DOWNLOAD_TIMEOUT_MS = 300_000;

/** @param file default: the list of the pinned engine. */
export async function readPackageLock(
  file = join(engineFolder(), 'pyodide-lock.json'),
): Promise<PackageLock> {
  const { packages } = Lock.parse(JSON.parse(await readFile(file, 'utf8')));
  return new Map(
    Object.values(packages).map((entry) => [
      normaliseName(entry.name),
      {
        name: entry.name,
        version: entry.version,
        fileName: entry.file_name,
        sha256: entry.sha256,
        installDir: entry.install_dir === 'dynlib' ? 'dynlib' : 'site',
        depends: entry.depends.map(normaliseName),
      },
    ]),
  );
}

/**
 * The packages named and all that they need, each once and behind what it needs: always the same order for the same
 * names, since libraries are loaded in it.
 *
 * @throws PACKAGE_NOT_FOUND
 */
export function resolvePackages(lock: PackageLock, names: readonly string[]): DistributedPackage[] {
  const order = new Map<string, DistributedPackage>();
  const visiting = new Set<string>();
  const add = (name: string, wantedBy: string | null): void => {
    if (order.has(name) || visiting.has(name)) return;
    const found = lock.get(name);
    if (found === undefined) throw notFound(lock, name, wantedBy);
    visiting.add(name);
    for (const needed of found.depends) add(needed, name);
    order.set(name, found);
  };
  for (const name of names) add(normaliseName(name), null);
  return [...order.values()];
}

function notFound(lock: PackageLock, name: string, wantedBy: string | null): WorldError {
  const near = [...lock.keys()]
    .filter((known) => known.includes(name) && !known.endsWith('-tests'))
    .slice(0, 5);
  const text =
    `The engine's distribution has no package ${JSON.stringify(name)}${wantedBy === null ? '' : `, which ${wantedBy} needs`}. ` +
    `${near.length > 0 ? `It has: ${near.join(', ')}. ` : ''}A wheel of Python files alone can be given as a file: --wheel FILE.`;
  return new WorldError('PACKAGE_NOT_FOUND', text, { details: { package: name, near } });
}

export interface FetchOptions {
  /** Folder to look in instead of downloading. */
  readonly packageDir: string | null;
  readonly wait: Wait;
  /** Default: Node's. */
  readonly download?: typeof fetch;
}

/** Where the pinned engine's packages are published. */
export async function distributionUrl(fileName: string): Promise<string> {
  const { version } = JSON.parse(await readFile(join(engineFolder(), 'package.json'), 'utf8')) as {
    version: string;
  };
  return `https://cdn.jsdelivr.net/pyodide/v${version}/full/${fileName}`;
}

/** The package's file, which is the one that the engine's list names. @throws PACKAGE_UNAVAILABLE */
export async function fetchPackage(wanted: DistributedPackage, options: FetchOptions): Promise<Uint8Array> {
  const { packageDir } = options;
  const url = await distributionUrl(wanted.fileName);
  const where = packageDir === null ? url : join(packageDir, wanted.fileName);
  const unavailable = (why: string, cause?: unknown): WorldError => {
    const text =
      `Package ${wanted.name} ${wanted.version} cannot be had from ${where}: ${why}. Without a network, put ` +
      `${wanted.fileName} (from ${url}) into a folder and name it with --package-dir or WORLD_PACKAGE_DIR; a wheel of Python ` +
      'files alone can be given with --wheel.';
    return new WorldError('PACKAGE_UNAVAILABLE', text, {
      cause,
      details: { package: wanted.name, from: where, url },
    });
  };
  const bytes = await (packageDir === null ? download(url, options) : readFile(where)).catch(
    (error: unknown) => {
      if (options.wait.signal?.aborted) {
        throw new WorldError('INTERRUPTED', `Getting ${wanted.fileName} was interrupted.`, { cause: error });
      }
      throw unavailable(reasonOf(error), error);
    },
  );
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  if (sha256 === wanted.sha256) return bytes;
  throw unavailable(
    `it has SHA-256 ${sha256.slice(0, 16)}... where the engine's list has ${wanted.sha256.slice(0, 16)}...`,
  );
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message} (${error.cause.message})` : error.message;
}

async function download(url: string, { wait, download: get = fetch }: FetchOptions): Promise<Uint8Array> {
  const late = AbortSignal.timeout(DOWNLOAD_TIMEOUT_MS);
  const signal = wait.signal === undefined ? late : AbortSignal.any([late, wait.signal]);
  const response = await get(url, { signal });
  if (!response.ok || response.body === null) throw new Error(`the server answered ${response.status}`);
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of response.body) {
    length += part.length;
    if (length > PACKAGE_BYTES_MAX) throw new Error(`it is longer than ${PACKAGE_BYTES_MAX} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts);
}
