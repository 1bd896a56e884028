import { createReadStream } from 'node:fs';
import { lstat, readdir, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import {
  type EditFilesView,
  type FileEditInput,
  type FileView,
  PART_BYTES_MAX,
  type UploadFileInput,
} from '../../../model/file-api.js';
import { WorldError } from '../../../model/world-error.js';
import type { Transport } from '../../client/transport.js';
import { callAction } from '../action-command.js';
import { orAborted } from '../interruption.js';
import { interrupted } from '../report-error.js';
import { unreadable } from './local-tree.js';
import { joinPath, lastName, type WorldPath } from './world-path.js';

export interface CopyIn {
  readonly transport: Transport;
  /** Local files and directories; `-` is stdin. */
  readonly from: readonly string[];
  readonly to: WorldPath;
  readonly signal: AbortSignal;
  readonly onBytes: (path: string, bytes: number) => void;
  readonly stdin: AsyncIterable<Uint8Array>;
}

export interface CopiedIn extends EditFilesView {
  readonly files: number;
  readonly bytes: number;
  /** Local links and what is neither file nor directory. */
  readonly skipped: readonly string[];
}

type Part = UploadFileInput['parts'][number];

/** Puts local files into a world: they are there at once, as one new state, or not at all. */
export async function copyIn(copy: CopyIn): Promise<CopiedIn> {
  const { transport, to, signal, from } = copy;
  const world = to.world === undefined ? {} : { world: to.world };
  const there = await entryAt(transport, { ...to, path: to.path === '' ? '.' : to.path }, signal);
  const isDirectory = there?.kind === 'directory' || to.path.endsWith('/') || to.path === '';
  if (from.length > 1 && !isDirectory) {
    throw new WorldError(
      'FILE_CONFLICT',
      `Several files need a directory to go to, and ${to.path} is none. End it with / to make it.`,
    );
  }
  const total = { files: 0, bytes: 0, skipped: [] as string[] };
  const edits: FileEditInput[] = [];
  for (const source of from) {
    const stage = new Stage(copy, world, total);
    const kind = await stage.add(source);
    const upload = await stage.finish();
    const path = destinationOf(source, to.path, { isDirectory });
    edits.push(
      kind === 'file' ? { kind: 'write', path, upload, ...stage.mode } : { kind: 'place', path, upload },
    );
  }
  const view = await callAction(transport, 'edit-files', { ...world, edits }, { signal });
  return { ...view, ...total };
}

/** What is at a path of a world; null when nothing is. */
export async function entryAt(
  transport: Transport,
  { world, state, path }: WorldPath,
  signal: AbortSignal,
): Promise<FileView | null> {
  const named = { ...(world === undefined ? {} : { world }), ...(state === undefined ? {} : { state }) };
  // With a slash a link counts as what it leads to; without, a file counts too.
  for (const form of path.endsWith('/') ? [path] : [`${path}/`, path]) {
    try {
      return (await callAction(transport, 'list-files', { ...named, path: form, limit: 1 }, { signal }))
        .entry;
    } catch (thrown) {
      const code = thrown instanceof WorldError ? thrown.code : null;
      if (code !== 'FILE_NOT_FOUND' && code !== 'FILE_CONFLICT') throw thrown;
    }
  }
  return null;
}

function destinationOf(source: string, to: string, { isDirectory }: { isDirectory: boolean }): string {
  if (source === '-' || !isDirectory) {
    if (!isDirectory) return to;
    throw new WorldError('BAD_INPUT', 'What comes from stdin has no name: say the whole path of the file.');
  }
  const name = source.endsWith('/.') || source === '.' ? '' : lastName(source) || basename(resolve(source));
  return name === '' ? to || '.' : joinPath(to, name);
}

/** @throws FILE_NOT_FOUND, STORAGE_FAILED */
async function locally<T>(path: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (thrown) {
    throw unreadable(path, thrown);
  }
}

async function* contentOf(path: string): AsyncGenerator<Uint8Array> {
  try {
    yield* createReadStream(path, { highWaterMark: PART_BYTES_MAX });
  } catch (thrown) {
    throw unreadable(path, thrown);
  }
}

/** What comes from stdin, which may keep one waiting: for that Ctrl-C does not wait. The process ends then, so it is left open. */
async function* untilInterrupted(
  stdin: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const parts = stdin[Symbol.asyncIterator]();
  for (;;) {
    const next = await orAborted(parts.next(), signal, () => interrupted('Nothing was put into the world.'));
    if (next.done) return;
    yield next.value;
  }
}

/** One upload: a file, or a directory with what is in it. */
class Stage {
  mode: { mode?: number } = {};
  readonly #copy: CopyIn;
  readonly #world: { world?: string };
  readonly #total: { files: number; bytes: number; skipped: string[] };
  #upload: string | undefined;
  #parts: Part[] = [];
  #bytes = 0;

  constructor(
    copy: CopyIn,
    world: { world?: string },
    total: { files: number; bytes: number; skipped: string[] },
  ) {
    this.#copy = copy;
    this.#world = world;
    this.#total = total;
  }

  async add(source: string): Promise<'file' | 'directory'> {
    if (source === '-') {
      await this.#content(undefined, '-', untilInterrupted(this.#copy.stdin, this.#copy.signal));
      return 'file';
    }
    // What the user names may be a link; what is found in a directory may not.
    const found = await locally(source, stat(source));
    if (found.isDirectory()) {
      await this.#push({ kind: 'directory' }, 0);
      await this.#directory(source, []);
      return 'directory';
    }
    if (!found.isFile())
      throw new WorldError('BAD_INPUT', `The local ${source} is neither a file nor a directory.`);
    this.mode = { mode: found.mode & 0o777 };
    await this.#content(undefined, source, contentOf(source));
    return 'file';
  }

  async finish(): Promise<string> {
    await this.#flush();
    if (this.#upload === undefined) throw new WorldError('INTERNAL', 'Nothing was uploaded.');
    return this.#upload;
  }

  async #directory(local: string, names: readonly string[]): Promise<void> {
    const inside = await locally(local, readdir(local));
    for (const name of inside.sort((a, b) => (a < b ? -1 : 1))) {
      const source = join(local, name);
      const path = [...names, name].join('/');
      const found = await locally(source, lstat(source));
      if (found.isDirectory()) {
        await this.#push({ kind: 'directory', path }, 0);
        await this.#directory(source, [...names, name]);
      } else if (found.isFile()) {
        await this.#content(path, source, contentOf(source), found.mode & 0o777);
      } else {
        this.#total.skipped.push(source);
      }
    }
  }

  async #content(
    path: string | undefined,
    source: string,
    content: AsyncIterable<Uint8Array>,
    mode?: number,
  ): Promise<void> {
    const named = { ...(path === undefined ? {} : { path }), ...(mode === undefined ? {} : { mode }) };
    let sizeBytes = 0;
    const push = async (bytes: Uint8Array): Promise<void> => {
      const part = { kind: 'content', ...named, content: Buffer.from(bytes).toString('base64') } as const;
      await this.#push({ ...part, append: sizeBytes > 0 }, bytes.length);
      sizeBytes += bytes.length;
      this.#copy.onBytes(source, sizeBytes);
    };
    for await (const chunk of content) {
      for (let at = 0; at < chunk.length; at += PART_BYTES_MAX)
        await push(chunk.subarray(at, at + PART_BYTES_MAX));
    }
    if (sizeBytes === 0) await push(Buffer.alloc(0));
    this.#total.files += 1;
    this.#total.bytes += sizeBytes;
  }

  async #push(part: Part, bytes: number): Promise<void> {
    if (this.#parts.length >= 1000 || this.#bytes + bytes > PART_BYTES_MAX) await this.#flush();
    this.#parts.push(part);
    this.#bytes += bytes;
  }

  async #flush(): Promise<void> {
    if (this.#parts.length === 0) return;
    const { transport, signal } = this.#copy;
    const input = {
      ...this.#world,
      parts: this.#parts,
      ...(this.#upload === undefined ? {} : { upload: this.#upload }),
    };
    this.#parts = [];
    this.#bytes = 0;
    this.#upload = (await callAction(transport, 'upload-file', input, { signal })).upload;
  }
}
