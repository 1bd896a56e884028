import { stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import type { FileView, ListFilesView, ReadFileView } from '../../../model/file-api.js';
import type { Transport } from '../../client/transport.js';
import { callAction } from '../action-command.js';
import { LocalTree } from './local-tree.js';
import { lastName, type WorldPath } from './world-path.js';

export interface CopyOut {
  readonly transport: Transport;
  readonly from: WorldPath;
  /** Local file or directory. */
  readonly to: string;
  readonly force: boolean;
  readonly signal: AbortSignal;
  readonly onBytes: (path: string, bytes: number) => void;
}

export interface CopiedOut {
  readonly world: string;
  readonly state: string;
  /** Where it went. */
  readonly to: string;
  files: number;
  directories: number;
  bytes: number;
  /** Links that lead out of what was copied, and devices. */
  readonly skipped: string[];
}

/** Copies a file or directory of a world to the local disk, all of it from one state. */
export async function copyOut(copy: CopyOut): Promise<CopiedOut> {
  const path = copy.from.path === '' ? '.' : copy.from.path;
  const first = await list(copy, { ...copy.from, path });
  const { entry, state, world } = first;
  const isThere = await isDirectory(copy.to);
  const name = lastName(path) === '' ? '' : lastName(entry.path);
  const into = copy.to.endsWith('/') || isThere;
  if (entry.kind === 'directory') {
    const root = into && name !== '' ? `${copy.to.replace(/\/+$/, '')}/${name}` : copy.to;
    const copied: CopiedOut = { world, state, to: root, files: 0, directories: 0, bytes: 0, skipped: [] };
    await copyTree(copy, copied, entry.path);
    return copied;
  }
  const [root, local] = into ? [copy.to, name] : [dirname(copy.to), basename(copy.to)];
  const to = into ? `${copy.to.replace(/\/+$/, '')}/${name}` : copy.to;
  const copied: CopiedOut = { world, state, to, files: 0, directories: 0, bytes: 0, skipped: [] };
  const tree = new LocalTree(root, copy);
  // A link that is named itself gives what it leads to, inside the world.
  const content = readParts(copy, state, entry.path, copied);
  const head = await content.next();
  await tree.file([local], withHead(head, content), modeOf(entry));
  copied.files += 1;
  return copied;
}

/** Reads a file of one state in parts. */
export async function* readParts(
  copy: Pick<CopyOut, 'transport' | 'from' | 'signal' | 'onBytes'>,
  state: string | undefined,
  path: string,
  copied?: CopiedOut,
): AsyncGenerator<Uint8Array> {
  const { transport, signal, from } = copy;
  let pinned = state;
  for (let offset = 0; ; ) {
    const input = { path, offset, ...worldOf(from), ...(pinned === undefined ? {} : { state: pinned }) };
    const part: ReadFileView = await callAction(transport, 'read-file', input, { signal });
    pinned = part.state;
    const bytes = Buffer.from(part.content, 'base64');
    offset += bytes.length;
    if (copied) copied.bytes += bytes.length;
    copy.onBytes(path, offset);
    if (bytes.length > 0) yield bytes;
    if (part.end) return;
  }
}

async function copyTree(copy: CopyOut, copied: CopiedOut, path: string): Promise<void> {
  const tree = new LocalTree(copied.to, copy);
  await tree.directory([]);
  const prefix = path === '/' ? '/' : `${path}/`;
  for (let after: string | undefined; ; ) {
    const view = await list(copy, { ...copy.from, state: copied.state, path }, after);
    for (const entry of view.entries) {
      await copyEntry(copy, copied, tree, { entry, names: entry.path.slice(prefix.length).split('/') });
    }
    after = view.entries.at(-1)?.path;
    if (!view.more) return;
  }
}

async function copyEntry(
  copy: CopyOut,
  copied: CopiedOut,
  tree: LocalTree,
  { entry, names }: { entry: FileView; names: readonly string[] },
): Promise<void> {
  switch (entry.kind) {
    case 'directory':
      await tree.directory(names);
      copied.directories += 1;
      return;
    case 'file':
      await tree.file(names, readParts(copy, copied.state, entry.path, copied), modeOf(entry));
      copied.files += 1;
      return;
    case 'symlink':
      if (!(await tree.link(names, entry.target ?? ''))) copied.skipped.push(entry.path);
      return;
    case 'device':
      copied.skipped.push(entry.path);
      return;
  }
}

function list(copy: CopyOut, from: WorldPath, after?: string): Promise<ListFilesView> {
  const { transport, signal } = copy;
  const input = {
    path: from.path,
    recursive: true,
    ...worldOf(from),
    ...(from.state === undefined ? {} : { state: from.state }),
    ...(after === undefined ? {} : { after }),
  };
  return callAction(transport, 'list-files', input, { signal });
}

function worldOf({ world }: WorldPath): { world?: string } {
  return world === undefined ? {} : { world };
}

/** The mode of a link says nothing about the file. */
function modeOf({ kind, mode }: FileView): number {
  return kind === 'file' ? mode : 0o644;
}

async function* withHead(
  head: IteratorResult<Uint8Array>,
  rest: AsyncGenerator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  if (head.done) return;
  yield head.value;
  yield* rest;
}

async function isDirectory(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}
