import { NAME_BYTES_MAX, PATH_LENGTH_MAX } from '../../../model/guest-path.js';
import type { Fs, FsNode } from './pyodide-internals.js';

/** Emscripten's numbers. */
const ERRNO = { EILSEQ: 25, ENAMETOOLONG: 37 } as const;

/**
 * The engine takes any name. Here they have the bounds that they have everywhere else: what a state consists of must fit
 * the messages in which its host tells it, or the host would be ended for it.
 *
 * @throws ErrnoError: ENAMETOOLONG, EILSEQ for what is not well-formed Unicode.
 */
export function requireName(fs: Fs, parent: FsNode, name: string): void {
  if (!name.isWellFormed()) throw new fs.ErrnoError(ERRNO.EILSEQ);
  if (Buffer.byteLength(name) > NAME_BYTES_MAX || lengthOf(parent) + 1 + name.length > PATH_LENGTH_MAX) {
    throw new fs.ErrnoError(ERRNO.ENAMETOOLONG);
  }
}

/** @throws ErrnoError when something in the directory `node` would have too long a path after it is moved. */
export function requireRoomBelow(fs: Fs, node: FsNode, to: { parent: FsNode; name: string }): void {
  const length = lengthOf(to.parent) + 1 + to.name.length + depthOf(node);
  if (length > PATH_LENGTH_MAX) throw new fs.ErrnoError(ERRNO.ENAMETOOLONG);
}

/** @throws ErrnoError for a link to what could not be a path. */
export function requireTarget(fs: Fs, target: string): void {
  if (!target.isWellFormed()) throw new fs.ErrnoError(ERRNO.EILSEQ);
  if (target.length > PATH_LENGTH_MAX) throw new fs.ErrnoError(ERRNO.ENAMETOOLONG);
}

/** Length of the path of a directory, without the slash that is the root's. */
function lengthOf(directory: FsNode): number {
  let length = 0;
  for (let node = directory; node !== node.parent; node = node.parent) length += 1 + node.name.length;
  return length;
}

/** Length of the longest path below a node, its own name left out. */
function depthOf(node: FsNode): number {
  const { contents } = node;
  if (contents === undefined || ArrayBuffer.isView(contents)) return 0;
  let depth = 0;
  for (const [name, child] of Object.entries(contents as Record<string, FsNode>)) {
    depth = Math.max(depth, 1 + name.length + depthOf(child));
  }
  return depth;
}
