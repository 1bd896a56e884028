import { requireGuestPath } from '../../model/guest-path.js';
import { WorldError } from '../../model/world-error.js';
import type {
  CompareFilesRequest,
  FileBounds,
  FileComparison,
  FileEdit,
  FileListing,
  FilePart,
  FileRange,
  ListRequest,
  StateComparison,
} from '../../ports/files.js';
import { DIFFERENCES_MAX, FILE_PART_BYTES, LIST_ENTRIES_MAX } from '../../ports/files.js';
import type { StateRef, Wait } from '../../ports/substrate.js';
import { BASE_STATE, type StateFacts, type WireFileChange, type WireFileEdit } from './host/wire.js';
import type { HostProcess } from './host-process.js';
import { endOnProtocolError } from './persist-state.js';
import { ProtocolError } from './run-call.js';
import type { StateEntry } from './state-registry.js';

/** A state and the host that answers for it. */
export interface FileTarget {
  readonly host: HostProcess;
  readonly entry: StateEntry;
  readonly wait: Wait;
}

export async function listFiles(target: FileTarget, request: ListRequest): Promise<FileListing> {
  const { host, entry, wait } = target;
  requireGuestPath(request.path);
  const limit = Math.max(1, Math.min(request.limit, LIST_ENTRIES_MAX));
  const { recursive, path, after = null } = request;
  const state = entry.handle;
  return endOnProtocolError(host, async () => {
    const { message } = await host.request(
      'listed',
      (id) => ({ type: 'listFiles', request: id, state, path, recursive, after, limit }),
      { wait },
    );
    const { entry: itself, entries, more } = message;
    const prefix = itself.path === '/' ? '/' : `${itself.path}/`;
    let last = after ?? '';
    for (const one of entries) {
      const isThere = one.path.startsWith(prefix) && (recursive || !one.path.includes('/', prefix.length));
      if (!isThere || one.path <= last)
        throw new ProtocolError(`a listing of ${itself.path} is not in order`);
      last = one.path;
    }
    if (entries.length > limit) throw new ProtocolError('a listing is longer than was asked for');
    return { entry: itself, entries, more };
  });
}

export async function readFile(target: FileTarget, path: string, range: FileRange): Promise<FilePart> {
  const { host, entry, wait } = target;
  requireGuestPath(path);
  const { offset } = range;
  const length = Math.min(range.length, FILE_PART_BYTES);
  const state = entry.handle;
  return endOnProtocolError(host, async () => {
    const { message, binary } = await host.request(
      'filePart',
      (request) => ({ type: 'readFile', request, state, path, offset, length }),
      { wait },
    );
    const expected = Math.max(0, Math.min(length, message.entry.sizeBytes - offset));
    if (binary.length !== expected || message.entry.kind !== 'file') {
      throw new ProtocolError(`part of a file has ${binary.length} bytes instead of ${expected}`);
    }
    return { entry: message.entry, bytes: binary };
  });
}

export interface EditRequest {
  readonly edits: readonly FileEdit[];
  readonly clockNs: bigint;
  readonly bounds: FileBounds;
  /** Handle for the new state. */
  readonly to: number;
  /** The entry of a copy's source. */
  readonly sourceOf: (state: StateRef) => StateEntry;
}

export async function editFiles(
  target: FileTarget,
  request: EditRequest,
): Promise<{ facts: StateFacts; changes: readonly WireFileChange[] }> {
  const { host, entry, wait } = target;
  const { edits, to, bounds, clockNs } = request;
  const wire = edits.map((edit) => wireEdit(edit, target, request.sourceOf));
  const binary = Buffer.concat(edits.map((edit) => (edit.kind === 'write' ? edit.bytes : Buffer.alloc(0))));
  if (binary.length > FILE_PART_BYTES) {
    throw new WorldError(
      'BAD_INPUT',
      `One edit takes ${FILE_PART_BYTES} bytes of content: append the rest in further ones.`,
    );
  }
  const { fileBytes, files } = bounds;
  return endOnProtocolError(host, async () => {
    const { message } = await host.request(
      'edited',
      (id) => ({
        type: 'editFiles',
        request: id,
        state: entry.handle,
        to,
        edits: wire,
        clockNs: clockNs.toString(),
        fileBytes,
        files,
      }),
      { wait, binary },
    );
    const { facts, changes } = message;
    if (changes.length !== edits.length) throw new ProtocolError('not every edit was answered');
    return { facts, changes };
  });
}

function wireEdit(
  edit: FileEdit,
  { host, entry }: FileTarget,
  sourceOf: EditRequest['sourceOf'],
): WireFileEdit {
  requireGuestPath(edit.path);
  if (edit.kind === 'rename' || edit.kind === 'copy') requireGuestPath(edit.to);
  if (edit.kind === 'write') return { ...edit, bytes: edit.bytes.length };
  if (edit.kind !== 'copy') return edit;
  const { kind, path, to, source } = edit;
  if (source === undefined) return { kind, path, to, source: null };
  const from = sourceOf(source);
  // Base states have the same handle in every host, and another content in those of another image.
  if (from.image !== entry.image || (from.home !== null && from.home !== host)) {
    throw new WorldError(
      'UNSUPPORTED',
      'The files of these two states are not in one process: read and write them.',
    );
  }
  return { kind, path, to, source: from.handle };
}

export async function compareStates(target: FileTarget, other: StateEntry): Promise<StateComparison> {
  const { host, entry, wait } = target;
  return endOnProtocolError(host, async () => {
    const { message } = await host.request(
      'compared',
      (request) => ({ type: 'compare', request, state: entry.handle, with: other.handle }),
      { wait },
    );
    const { differing, total } = message;
    if (differing > total) throw new ProtocolError(`${differing} of ${total} pages differ`);
    return { pagesDiffering: differing, pagesTotal: total };
  });
}

/** From `before`, or the base when that is null, to the target's state. */
export async function compareFiles(
  { host, entry, wait }: FileTarget,
  before: StateEntry | null,
  request: CompareFilesRequest,
): Promise<FileComparison> {
  const { after = null } = request;
  const limit = Math.max(1, Math.min(request.limit, DIFFERENCES_MAX));
  const state = before === null ? BASE_STATE : before.handle;
  return endOnProtocolError(host, async () => {
    const { message } = await host.request(
      'filesCompared',
      (id) => ({ type: 'compareFiles', request: id, state, with: entry.handle, after, limit }),
      { wait },
    );
    const { differences, more } = message;
    let last = after ?? '';
    for (const { path, before: old, after: fresh } of differences) {
      if (path <= last) throw new ProtocolError('differences of files are not in order');
      if (old === null && fresh === null) throw new ProtocolError(`${path} differs and is not there`);
      for (const one of [old, fresh]) {
        if (one !== null && one.path !== path) throw new ProtocolError(`${path} is given as ${one.path}`);
      }
      last = path;
    }
    if (differences.length > limit) throw new ProtocolError('more differences than were asked for');
    return { differences, more };
  });
}
