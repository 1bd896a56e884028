import type { StateId } from '../model/ids.js';
import { WorldError } from '../model/world-error.js';
import { DIFFERENCES_MAX, FILE_PART_BYTES, type FileDifference, type FileEntry } from '../ports/files.js';
import type { Wait } from '../ports/substrate.js';
import type { DiffBudget } from './line-diff.js';
import { changedFiles, listFiles, readFile } from './read-files.js';
import type { RuntimeContext } from './runtime-context.js';
import { textOf, unifiedDiff } from './unified-diff.js';

/** How one path differs. */
export interface FileDiff {
  readonly path: string;
  readonly change: 'added' | 'removed' | 'changed';
  readonly before: FileEntry | null;
  readonly after: FileEntry | null;
  readonly content: 'text' | 'binary' | 'large' | 'unread' | 'same' | 'none';
  readonly linesAdded: number | null;
  readonly linesRemoved: number | null;
  readonly hunks: string | null;
}

export interface FilesDiff {
  readonly differences: readonly FileDiff[];
  readonly more: boolean;
}

export interface DiffFilesRequest {
  readonly before: StateId;
  readonly after: StateId;
  /** False: nothing is read. */
  readonly content: boolean;
  readonly contextLines: number;
}

/** Most files in an answer. */
const FILES_MAX = 10_000;
/** Longest file that is compared by lines, bytes. */
const TEXT_BYTES_MAX = 1024 * 1024;
/** Contents that are read, and hunks that are written, in one answer. */
const READ_BYTES_ALL = 64 * 1024 * 1024;
const HUNK_CHARS_ALL = 8 * 1024 * 1024;
/** Work on one file and on all: about a tenth of a second and two seconds, in which nothing else is answered. */
const STEPS_EACH = 10_000_000;
const STEPS_ALL = 200_000_000;

/** What may still be read, compared and written. */
interface Room extends DiffBudget {
  readBytes: number;
  hunkChars: number;
}

/**
 * In which files two states differ and, for text, in which lines. Files that both have from their base do not appear; a
 * directory appears when nothing in it does. Of two states on different bases, what is compared is what either has besides
 * its base.
 *
 * @throws what making a state again throws
 */
export async function diffFiles(
  context: RuntimeContext,
  request: DiffFilesRequest,
  wait: Wait,
): Promise<FilesDiff> {
  const { before, after, content } = request;
  const found = haveOneBase(context, before, after)
    ? await allChanged(context, { before, after }, wait)
    : await ownDifferences(context, { before, after }, wait);
  const shown = withoutImplied(found.differences);
  const room = { readBytes: READ_BYTES_ALL, hunkChars: HUNK_CHARS_ALL, steps: STEPS_ALL };
  const differences: FileDiff[] = [];
  for (const difference of shown) {
    const { path, before: was, after: is } = difference;
    const change = was ? (is ? ('changed' as const) : ('removed' as const)) : ('added' as const);
    const said = content
      ? await contentDiff(context, request, difference, { room, wait })
      : nothing(kindOfContent(difference) ?? 'unread');
    differences.push({ path, change, before: was, after: is, ...said });
  }
  return { differences, more: found.more };
}

function haveOneBase({ model }: RuntimeContext, a: StateId, b: StateId): boolean {
  const [left, right] = [a, b].map((id) => model.world(model.state(id).origin.worldId).birth);
  return left?.substrate === right?.substrate && left?.baseDigest === right?.baseDigest;
}

interface Found {
  readonly differences: readonly FileDifference[];
  readonly more: boolean;
}

/** @param states `before` null: against the base */
async function allChanged(
  context: RuntimeContext,
  states: { readonly before: StateId | null; readonly after: StateId },
  wait: Wait,
): Promise<Found> {
  const differences: FileDifference[] = [];
  for (let more = true; more; ) {
    const last = differences.at(-1)?.path;
    const limit = Math.min(DIFFERENCES_MAX, FILES_MAX - differences.length);
    if (limit === 0) return { differences, more };
    const part = await changedFiles(context, states, { limit, ...(last ? { after: last } : {}) }, wait);
    differences.push(...part.differences);
    more = part.more;
  }
  return { differences, more: false };
}

/** Two bases have no files in common; what either world put on top of its own is looked for in the other. */
async function ownDifferences(
  context: RuntimeContext,
  { before, after }: { readonly before: StateId; readonly after: StateId },
  wait: Wait,
): Promise<Found> {
  const own = [
    await allChanged(context, { before: null, after: before }, wait),
    await allChanged(context, { before: null, after }, wait),
  ];
  const paths = [...new Set(own.flatMap(({ differences }) => differences.map(({ path }) => path)))];
  const differences: FileDifference[] = [];
  for (const path of paths.sort((a, b) => (a < b ? -1 : 1)).slice(0, FILES_MAX)) {
    const [was, is] = [await entryAt(context, before, path, wait), await entryAt(context, after, path, wait)];
    const content =
      was?.kind === 'file' &&
      is?.kind === 'file' &&
      (was.sizeBytes !== is.sizeBytes || !(await haveSameBytes(context, { before, after }, was, wait)));
    const isSame = !content && was?.kind === is?.kind && was?.mode === is?.mode && was?.target === is?.target;
    if (!isSame) differences.push({ path, before: was, after: is, content });
  }
  return { differences, more: paths.length > FILES_MAX || own.some(({ more }) => more) };
}

async function entryAt(
  context: RuntimeContext,
  state: StateId,
  path: string,
  wait: Wait,
): Promise<FileEntry | null> {
  try {
    const { entry } = await listFiles(context, state, { path, recursive: false, limit: 1 }, wait);
    // A link on the way leads to a file that has a path of its own.
    return entry.path === path ? entry : null;
  } catch (thrown) {
    if (thrown instanceof WorldError && ['FILE_NOT_FOUND', 'FILE_CONFLICT'].includes(thrown.code))
      return null;
    throw thrown;
  }
}

async function haveSameBytes(
  context: RuntimeContext,
  { before, after }: { readonly before: StateId; readonly after: StateId },
  { path, sizeBytes }: FileEntry,
  wait: Wait,
): Promise<boolean> {
  for (let offset = 0; offset < sizeBytes; offset += FILE_PART_BYTES) {
    const range = { offset, length: FILE_PART_BYTES };
    const [a, b] = [
      await readFile(context, before, path, range, wait),
      await readFile(context, after, path, range, wait),
    ];
    if (!Buffer.from(a.bytes).equals(b.bytes)) return false;
  }
  return true;
}

/** Directories that came or went with something in them say nothing new. */
function withoutImplied(differences: readonly FileDifference[]): FileDifference[] {
  const above = new Set<string>();
  for (const { path } of differences) {
    for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) {
      const directory = path.slice(0, end);
      if (above.has(directory)) break;
      above.add(directory);
    }
  }
  return differences.filter(({ path, before, after }) => {
    const only = before === null ? after : after === null ? before : null;
    return only?.kind !== 'directory' || !above.has(path);
  });
}

type Said = Pick<FileDiff, 'content' | 'linesAdded' | 'linesRemoved' | 'hunks'>;

function nothing(content: FileDiff['content']): Said {
  return { content, linesAdded: null, linesRemoved: null, hunks: null };
}

/** Null when there are contents to compare. */
function kindOfContent({ before, after, content }: FileDifference): 'none' | 'same' | null {
  if ([before, after].some((entry) => entry !== null && entry.kind !== 'file')) {
    return before?.kind === 'symlink' && after?.kind === 'symlink' ? 'same' : 'none';
  }
  return before && after && !content ? 'same' : null;
}

async function contentDiff(
  context: RuntimeContext,
  { before, after, contextLines }: DiffFilesRequest,
  difference: FileDifference,
  { room, wait }: { room: Room; wait: Wait },
): Promise<Said> {
  const kind = kindOfContent(difference);
  if (kind !== null) return nothing(kind);
  const sizes = [difference.before, difference.after].map((entry) => entry?.sizeBytes ?? 0);
  const bytes = sizes.reduce((sum, size) => sum + size, 0);
  if (
    Math.max(...sizes) > TEXT_BYTES_MAX ||
    bytes > room.readBytes ||
    room.hunkChars <= 0 ||
    room.steps <= 0
  ) {
    return nothing('large');
  }
  room.readBytes -= bytes;
  const read = async (state: StateId, entry: FileEntry | null): Promise<string | null> => {
    if (entry === null) return '';
    const range = { offset: 0, length: TEXT_BYTES_MAX };
    return textOf((await readFile(context, state, entry.path, range, wait)).bytes);
  };
  const [old, fresh] = [await read(before, difference.before), await read(after, difference.after)];
  if (old === null || fresh === null) return nothing('binary');
  const budget = { steps: Math.min(STEPS_EACH, room.steps) };
  const steps = budget.steps;
  const { hunks, ...counts } = unifiedDiff(old, fresh, { context: contextLines, budget });
  room.steps -= steps - budget.steps;
  if (hunks.length > room.hunkChars) return { content: 'large', ...counts, hunks: null };
  room.hunkChars -= hunks.length;
  return { content: 'text', ...counts, hunks };
}
