import { requireGuestPath } from '../../model/guest-path.js';
import { WorldError } from '../../model/world-error.js';
import {
  type CompareFilesRequest,
  DIFFERENCES_MAX,
  FILE_PART_BYTES,
  type FileBounds,
  type FileChange,
  type FileComparison,
  type FileEdit,
  type FileEntry,
  type FileListing,
  type FilePart,
  type FileRange,
  type ListRequest,
} from '../../ports/files.js';

/**
 * The files of a simulated world: absolute path -> content, a character a byte. A key that ends with a slash is a directory
 * that was made as one; the others are there because something is in them. No links, no times, no open files. Its code works
 * in `/`; `/system` cannot be edited.
 */
export type SimulatedFiles = ReadonlyMap<string, string>;

const SYSTEM = '/system';
const ALWAYS_THERE = ['/', '/tmp', '/home', SYSTEM];

/** The one form of a path. */
export function simulatedPath(path: string): string {
  const parts: string[] = [];
  for (const name of path.split('/')) {
    if (name === '' || name === '.') continue;
    if (name === '..') parts.pop();
    else parts.push(name);
  }
  return `/${parts.join('/')}`;
}

export function textToContent(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

export function contentToText(content: string): string {
  return Buffer.from(content, 'latin1').toString('utf8');
}

const inside = (directory: string): string => (directory === '/' ? '/' : `${directory}/`);
const parentOf = (path: string): string => path.slice(0, path.lastIndexOf('/')) || '/';

function isDirectory(files: SimulatedFiles, path: string): boolean {
  const prefix = inside(path);
  return ALWAYS_THERE.includes(path) || [...files.keys()].some((key) => key.startsWith(prefix));
}

function conflict(message: string): WorldError {
  return new WorldError('FILE_CONFLICT', `Not possible with these files: ${message}.`);
}

function notFound(path: string): WorldError {
  return new WorldError('FILE_NOT_FOUND', `No such file: there is no ${path}.`);
}

/** Every file and directory, the root excepted. */
function everyPath(files: SimulatedFiles): string[] {
  const paths = new Set(ALWAYS_THERE.filter((path) => path !== '/'));
  for (const key of files.keys()) {
    for (let path = key.endsWith('/') ? key.slice(0, -1) : key; path !== '/'; path = parentOf(path)) {
      paths.add(path);
    }
  }
  return [...paths].sort((a, b) => (a < b ? -1 : 1));
}

function entryOf(files: SimulatedFiles, path: string): FileEntry {
  const content = files.get(path);
  const common = { path, mtimeMs: 0 };
  if (content !== undefined) return { ...common, kind: 'file', sizeBytes: content.length, mode: 0o644 };
  if (isDirectory(files, path)) return { ...common, kind: 'directory', sizeBytes: 0, mode: 0o755 };
  throw notFound(path);
}

export function listSimulated(files: SimulatedFiles, request: ListRequest): FileListing {
  const path = simulatedPath(requireGuestPath(request.path));
  const entry = entryOf(files, path);
  if (entry.kind !== 'directory') return { entry, entries: [], more: false };
  const { after = '', recursive, limit } = request;
  const prefix = inside(path);
  const found = everyPath(files).filter(
    (one) => one.startsWith(prefix) && one > after && (recursive || !one.includes('/', prefix.length)),
  );
  const entries = found.slice(0, limit).map((one) => entryOf(files, one));
  return { entry, entries, more: found.length > limit };
}

export function readSimulated(files: SimulatedFiles, wanted: string, range: FileRange): FilePart {
  const path = simulatedPath(requireGuestPath(wanted));
  const entry = entryOf(files, path);
  if (entry.kind !== 'file') throw conflict(`${path} is not a regular file`);
  const { offset, length } = range;
  const part = (files.get(path) ?? '').slice(offset, offset + Math.min(length, FILE_PART_BYTES));
  return { entry, bytes: Buffer.from(part, 'latin1') };
}

export function compareSimulated(
  before: SimulatedFiles,
  after: SimulatedFiles,
  request: CompareFilesRequest,
): FileComparison {
  const [old, fresh] = [before, after].map(
    (files) => new Map(everyPath(files).map((path) => [path, entryOf(files, path)])),
  );
  const paths = [...new Set([...(old?.keys() ?? []), ...(fresh?.keys() ?? [])])].sort((a, b) =>
    a < b ? -1 : 1,
  );
  const differences = paths
    .filter((path) => path > (request.after ?? ''))
    .map((path) => {
      const [was, is] = [old?.get(path) ?? null, fresh?.get(path) ?? null];
      const content = was?.kind === 'file' && is?.kind === 'file' && before.get(path) !== after.get(path);
      return { path, before: was, after: is, content };
    })
    .filter(({ before: was, after: is, content }) => content || was?.kind !== is?.kind);
  const limit = Math.min(request.limit, DIFFERENCES_MAX);
  return { differences: differences.slice(0, limit), more: differences.length > limit };
}

export interface SimulatedEdit {
  readonly edits: readonly FileEdit[];
  readonly bounds: FileBounds;
  readonly filesOf: (edit: Extract<FileEdit, { kind: 'copy' }>) => SimulatedFiles;
}

/** All edits or, when it throws, none. */
export function editSimulated(
  before: SimulatedFiles,
  { edits, bounds, filesOf }: SimulatedEdit,
): { files: SimulatedFiles; changes: FileChange[] } {
  const content = edits.reduce((sum, edit) => sum + (edit.kind === 'write' ? edit.bytes.length : 0), 0);
  if (content > FILE_PART_BYTES)
    throw new WorldError('BAD_INPUT', `One edit takes ${FILE_PART_BYTES} bytes of content.`);
  const files = new Map(before);
  const changes = edits.map((edit): FileChange => {
    requireGuestPath(edit.path);
    if (edit.kind === 'rename' || edit.kind === 'copy') requireGuestPath(edit.to);
    const source = edit.kind === 'copy' && edit.source !== undefined ? filesOf(edit) : files;
    const path = apply(files, edit, source);
    const size = files.get(path)?.length;
    return size === undefined ? { path } : { path, sizeBytes: size };
  });
  const bytes = [...files.values()].reduce((sum, text) => sum + text.length, 0);
  if (bytes > bounds.fileBytes || files.size > bounds.files) {
    throw new WorldError(
      'FILE_LIMIT',
      'Refused: the files exceed what the world may have. Remove files, or give it more.',
      {
        details: { bytes, names: files.size, ...bounds },
      },
    );
  }
  return { files, changes };
}

function apply(files: Map<string, string>, edit: FileEdit, source: SimulatedFiles): string {
  const path = simulatedPath(edit.path);
  switch (edit.kind) {
    case 'write': {
      if (edit.path.endsWith('/') || isDirectory(files, path)) throw conflict(`${path} is a directory`);
      requirePlace(files, path);
      const bytes = Buffer.from(edit.bytes).toString('latin1');
      files.set(path, edit.append ? (files.get(path) ?? '') + bytes : bytes);
      return path;
    }
    case 'directory':
      if (!isDirectory(files, path)) {
        requirePlace(files, path);
        if (files.has(path)) throw conflict(`${path} is not a directory`);
        files.set(`${path}/`, '');
      }
      return path;
    case 'remove':
      remove(files, path, edit.recursive);
      return path;
    case 'rename': {
      const to = simulatedPath(edit.to);
      const { kind } = entryOf(files, path);
      if (to === path) return to;
      if (isDirectory(files, to) || (kind === 'directory' && files.has(to))) throw conflict(`${to} exists`);
      copy(files, files, path, to);
      remove(files, path, true);
      return to;
    }
    case 'copy': {
      const to = simulatedPath(edit.to);
      copy(files, source, path, to);
      return to;
    }
  }
}

function remove(files: Map<string, string>, path: string, recursive: boolean): void {
  const { kind } = entryOf(files, path);
  requirePlace(files, path);
  if (ALWAYS_THERE.includes(path)) throw conflict(`${path} must stay`);
  const contents = [...files.keys()].filter((key) => key.startsWith(inside(path)) && key !== `${path}/`);
  if (kind === 'directory' && contents.length > 0 && !recursive) throw conflict(`${path} is not empty`);
  for (const key of [...contents, path, `${path}/`]) files.delete(key);
  // Its directory is there even when nothing is in it any more.
  const parent = parentOf(path);
  if (!isDirectory(files, parent)) files.set(`${parent}/`, '');
}

function copy(files: Map<string, string>, source: SimulatedFiles, path: string, to: string): void {
  const { kind } = entryOf(source, path);
  if (source === files && `${to}/`.startsWith(inside(path))) throw conflict(`${to} is inside ${path}`);
  requirePlace(files, to);
  if (kind === 'file') {
    if (isDirectory(files, to)) throw conflict(`${to} is a directory`);
    files.set(to, source.get(path) ?? '');
    return;
  }
  if (files.has(to)) throw conflict(`${to} is not a directory`);
  files.set(`${to}/`, '');
  for (const [key, content] of [...source]) {
    if (key.startsWith(inside(path))) files.set(inside(to) + key.slice(inside(path).length), content);
  }
}

/** @throws WorldError unless there may be something at `path`. */
function requirePlace(files: SimulatedFiles, path: string): void {
  if (path === '/' || path === SYSTEM || path.startsWith(`${SYSTEM}/`)) {
    throw new WorldError(
      'FILE_PROTECTED',
      `Refused: ${path} belongs to the system of the world, which is not edited.`,
    );
  }
  for (let above = parentOf(path); above !== '/'; above = parentOf(above)) {
    if (files.has(above)) throw conflict(`${above} is not a directory`);
  }
}
