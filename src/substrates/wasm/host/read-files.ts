import { PAGE_BYTES } from '../../../ports/page-store.js';
import type { FileNode, PageSlots } from '../executor/executor-contract.js';
import {
  below,
  DIRECTORY_MODE,
  FILE_MODE,
  FileRefusal,
  formatOf,
  isDirectory,
  isFile,
  LINK_MODE,
  nodesByPath,
  resolvePath,
} from './file-paths.js';
import type { HostState } from './state-store.js';
import type { WireFileEntry } from './wire.js';

export interface Listing {
  readonly entry: WireFileEntry;
  readonly entries: readonly WireFileEntry[];
  readonly more: boolean;
}

/** @throws FileRefusal */
export function listFiles(
  state: HostState,
  request: {
    readonly path: string;
    readonly recursive: boolean;
    readonly after: string | null;
    readonly limit: number;
  },
): Listing {
  const nodes = nodesByPath(state.files.nodes);
  const { cwd } = state.registers;
  const { path, node } = resolvePath(nodes, request.path, { cwd, followLast: false });
  if (node === undefined) throw new FileRefusal('fileNotFound', `there is no ${path}`);
  if (!isDirectory(node)) return { entry: entryOf(node), entries: [], more: false };
  const prefix = below(path);
  const { after, recursive, limit } = request;
  const found = state.files.nodes.filter(
    (one) =>
      one.path !== '/' &&
      one.path.startsWith(prefix) &&
      (recursive || !one.path.includes('/', prefix.length)) &&
      (after === null || one.path > after),
  );
  found.sort((a, b) => (a.path < b.path ? -1 : 1));
  return {
    entry: entryOf(node),
    entries: found.slice(0, limit).map(entryOf),
    more: found.length > limit,
  };
}

/** @throws FileRefusal */
export function readFile(
  state: HostState,
  slots: PageSlots,
  request: { readonly path: string; readonly offset: number; readonly length: number },
): { readonly entry: WireFileEntry; readonly bytes: Uint8Array } {
  const nodes = nodesByPath(state.files.nodes);
  const { cwd } = state.registers;
  const { path, node } = resolvePath(nodes, request.path, { cwd, followLast: true });
  if (node === undefined) throw new FileRefusal('fileNotFound', `there is no ${path}`);
  if (!isFile(node)) throw new FileRefusal('fileConflict', `${path} is not a regular file`);
  const start = Math.min(request.offset, node.sizeBytes ?? 0);
  const end = Math.min(start + request.length, node.sizeBytes ?? 0);
  return { entry: entryOf(node), bytes: contentOf(node, slots, start, end) };
}

/** Bytes `[start, end)` of a file. */
export function contentOf(node: FileNode, slots: PageSlots, start: number, end: number): Buffer {
  const first = Math.floor(start / PAGE_BYTES);
  const pages = (node.pages ?? []).slice(first, Math.ceil(end / PAGE_BYTES));
  const bytes = Buffer.alloc(pages.length * PAGE_BYTES);
  pages.forEach((id, i) => {
    if (id !== 0) slots.read(id, bytes, i * PAGE_BYTES);
  });
  return bytes.subarray(start - first * PAGE_BYTES, end - first * PAGE_BYTES);
}

export function entryOf(node: FileNode): WireFileEntry {
  return {
    path: node.path,
    kind: kindOf(node),
    sizeBytes: isFile(node) ? (node.sizeBytes ?? 0) : 0,
    mode: node.mode & 0o7777,
    mtimeMs: node.mtimeMs,
    ...(node.link === undefined ? {} : { target: node.link }),
  };
}

function kindOf(node: FileNode): WireFileEntry['kind'] {
  switch (formatOf(node)) {
    case DIRECTORY_MODE:
      return 'directory';
    case FILE_MODE:
      return 'file';
    case LINK_MODE:
      return 'symlink';
    default:
      return 'device';
  }
}
