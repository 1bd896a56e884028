import type { Fs, FsNode, LookupFound, LookupHow } from './pyodide-internals.js';

/** Emscripten's numbers. */
const ERRNO = { ENOENT: 44, ELOOP: 32, ENOSYS: 52 } as const;
const LINKS_MAX = 40;

/** Where a look-up stands: what it found so far, under which names, and what remains of the path. */
interface Walk {
  node: FsNode;
  readonly names: string[];
  readonly rest: string[];
  links: number;
}

/**
 * Replaces the engine's look-up of paths, which writes the whole path anew for every name in it: a guest in a deep folder
 * could keep its thread busy for minutes, and no interrupt is noticed meanwhile. The answers are the same, in a
 * time that grows with the length of the path.
 */
export function replaceLookup(fs: Fs): void {
  fs.lookupPath = (path, how = {}) => lookUp(fs, path, how);
}

/** @throws ErrnoError: ENOENT for an empty path or a missing name, ELOOP, and what a directory answers that cannot be searched. */
function lookUp(fs: Fs, path: string, how: LookupHow): LookupFound {
  if (!path) throw new fs.ErrnoError(ERRNO.ENOENT);
  const walk: Walk = { node: fs.root, names: [], rest: [], links: 0 };
  enter(fs, walk, path.startsWith('/') ? path : `${fs.currentPath}/${path}`);
  for (let name = walk.rest.pop(); name !== undefined; name = walk.rest.pop()) {
    const last = walk.rest.length === 0;
    if (last && how.parent) break;
    if (name === '.') continue;
    if (name === '..') {
      leave(fs, walk);
      continue;
    }
    walk.names.push(name);
    const found = child(fs, walk, name, last && how.noent_okay === true);
    if (found === null) return { path: pathOf(walk) };
    walk.node = found;
    step(fs, walk, last, how);
  }
  return { path: pathOf(walk), node: walk.node };
}

/** Goes on, from the root, with this path and then with what remains. */
function enter(fs: Fs, walk: Walk, path: string): void {
  const names = path.split('/').filter((name) => name !== '');
  for (let i = names.length - 1; i >= 0; i--) walk.rest.push(names[i] ?? '');
  walk.node = fs.root;
  walk.names.length = 0;
}

function leave(fs: Fs, walk: Walk): void {
  walk.names.pop();
  if (!fs.isRoot(walk.node)) walk.node = walk.node.parent;
  // The root of what is mounted is its own parent: the directory above is found by its path.
  else if (walk.names.length > 0) enter(fs, walk, pathOf(walk));
}

function child(fs: Fs, walk: Walk, name: string, mayBeMissing: boolean): FsNode | null {
  try {
    return fs.lookupNode(walk.node, name);
  } catch (error) {
    if (mayBeMissing && error instanceof fs.ErrnoError && error.errno === ERRNO.ENOENT) return null;
    throw error;
  }
}

/** Enters what is mounted where the walk stands, or follows the link that is there. */
function step(fs: Fs, walk: Walk, last: boolean, how: LookupHow): void {
  const { mounted } = walk.node;
  if (mounted && (!last || how.follow_mount !== false)) walk.node = mounted.root;
  if (!fs.isLink(walk.node.mode) || (last && !how.follow)) return;
  const target = walk.node.node_ops.readlink?.(walk.node);
  if (target === undefined) throw new fs.ErrnoError(ERRNO.ENOSYS);
  walk.links++;
  if (walk.links >= LINKS_MAX) throw new fs.ErrnoError(ERRNO.ELOOP);
  walk.names.pop();
  enter(fs, walk, target.startsWith('/') ? target : `${pathOf(walk)}/${target}`);
}

function pathOf(walk: Walk): string {
  return `/${walk.names.join('/')}`;
}
