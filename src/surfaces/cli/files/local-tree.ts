import { randomBytes } from 'node:crypto';
import { chmod, lstat, mkdir, open, rename, rm, stat, symlink } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { WorldError } from '../../../model/world-error.js';

const PERMISSION_BITS = 0o777;

/**
 * A local directory into which files of a world are written. Names come from a guest and are not believed: nothing is
 * written outside, no link inside is followed, and a file appears under its name only when it is whole.
 */
export class LocalTree {
  readonly #root: string;
  readonly #force: boolean;
  /** Directories below the root that are known to be real ones. */
  readonly #directories = new Set<string>();

  /** @param root exists, or is made; it may be a link to a directory, since the user named it */
  constructor(root: string, how: { readonly force: boolean }) {
    this.#root = root;
    this.#force = how.force;
  }

  /** @param names from the root down; none: the root itself */
  async directory(names: readonly string[]): Promise<void> {
    await makeDirectory(resolve(this.#root));
    for (let depth = 1; depth <= names.length; depth++) {
      const path = this.#pathOf(names.slice(0, depth));
      if (this.#directories.has(path)) continue;
      const there = await lstatOrNull(path);
      if (there === null) await locally(path, mkdir(path));
      else if (!there.isDirectory()) throw inTheWay(path, 'is no directory');
      this.#directories.add(path);
    }
  }

  /**
   * Writes a file; until its last byte is there it has another name.
   *
   * @throws FILE_CONFLICT when something is there already, STORAGE_FAILED when it cannot be written
   */
  async file(names: readonly string[], content: AsyncIterable<Uint8Array>, mode: number): Promise<void> {
    await this.directory(names.slice(0, -1));
    const path = this.#pathOf(names);
    await this.#requireFree(path);
    const part = join(path, '..', `.wr-${randomBytes(6).toString('hex')}.part`);
    const file = await locally(path, open(part, 'wx', 0o600));
    try {
      try {
        for await (const bytes of content) await locally(path, file.writeFile(bytes));
      } finally {
        await file.close();
      }
      await locally(path, chmod(part, mode & PERMISSION_BITS & ~process.umask()));
      // Once more: it may have come meanwhile.
      await this.#requireFree(path);
      await locally(path, rename(part, path));
    } catch (thrown) {
      await rm(part, { force: true });
      throw thrown;
    }
  }

  /** Makes the link if it stays inside; false when it would lead out, and was left away. */
  async link(names: readonly string[], target: string): Promise<boolean> {
    if (!staysInside(names.length - 1, target)) return false;
    await this.directory(names.slice(0, -1));
    const path = this.#pathOf(names);
    await this.#requireFree(path);
    await locally(path, rm(path, { force: true }));
    await locally(path, symlink(target, path));
    return true;
  }

  #pathOf(names: readonly string[]): string {
    for (const name of names) requireLocalName(name);
    return join(this.#root, ...names);
  }

  async #requireFree(path: string): Promise<void> {
    const there = await lstatOrNull(path);
    if (there === null) return;
    if (there.isDirectory()) throw inTheWay(path, 'is a directory');
    if (!this.#force) throw inTheWay(path, 'exists; --force replaces files');
  }
}

/**
 * Whether a link that lies `depth` directories below a root can lead out of it, whatever other links there are: then it
 * is absolute, or goes further up than that, or up again after it has gone down, where only the file system knows from what.
 */
export function staysInside(depth: number, target: string): boolean {
  if (target === '' || target.startsWith('/') || target.includes('\0') || /^[a-z]:|\\/i.test(target))
    return false;
  const names = target.split('/').filter((name) => name !== '' && name !== '.');
  const down = names.findIndex((name) => name !== '..');
  const ups = down < 0 ? names.length : down;
  return ups <= depth && !names.slice(ups).includes('..');
}

/** @throws BAD_INPUT for a name that no local file may get */
function requireLocalName(name: string): void {
  const isBad = name === '' || name === '.' || name === '..' || /[/\0]/.test(name);
  const isBadThere = process.platform === 'win32' && /[\\:]/.test(name);
  if (isBad || isBadThere) {
    throw new WorldError(
      'BAD_INPUT',
      `${JSON.stringify(name)} in the world cannot be the name of a local file.`,
    );
  }
}

function inTheWay(path: string, why: string): WorldError {
  return new WorldError('FILE_CONFLICT', `The local ${path} ${why}.`, { details: { local: path } });
}

/** Step by step: where no directory can be made, as in /proc, Node's recursive `mkdir` never returns. */
async function makeDirectory(path: string): Promise<void> {
  const isDirectory = (): Promise<boolean> =>
    stat(path).then(
      (there) => there.isDirectory(),
      () => false,
    );
  if (await isDirectory()) return;
  const parent = dirname(path);
  if (parent !== path) await makeDirectory(parent);
  const made = mkdir(path).catch(async (thrown: unknown) => {
    // Somebody else may have made it meanwhile.
    if (!(await isDirectory())) throw thrown;
  });
  await locally(path, made);
}

/** What this machine's file system refuses is no defect of ours. @throws FILE_CONFLICT, STORAGE_FAILED */
async function locally<T>(path: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (thrown) {
    const { code, message } = thrown as NodeJS.ErrnoException;
    const isInTheWay = code === 'EEXIST' || code === 'ENOTDIR';
    throw new WorldError(
      isInTheWay ? 'FILE_CONFLICT' : 'STORAGE_FAILED',
      `Cannot write the local ${path}: ${message}. Copy to another place.`,
      { details: { local: path }, cause: thrown },
    );
  }
}

/** As a world says it: a missing file, and a file where the path needs a directory. */
const UNREADABLE: Readonly<Record<string, 'FILE_NOT_FOUND' | 'FILE_CONFLICT'>> = {
  ENOENT: 'FILE_NOT_FOUND',
  ENOTDIR: 'FILE_CONFLICT',
};

/** What could not be read, as an error of the user's own place. */
export function unreadable(path: string, thrown: unknown): WorldError {
  const { code, message } = thrown as NodeJS.ErrnoException;
  return new WorldError(
    UNREADABLE[code ?? ''] ?? 'STORAGE_FAILED',
    `Cannot read the local ${path}: ${message}`,
    { details: { local: path }, cause: thrown },
  );
}

export async function lstatOrNull(path: string) {
  try {
    return await lstat(path);
  } catch (thrown) {
    const { code } = thrown as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return null;
    throw unreadable(path, thrown);
  }
}
