import type { FileNode } from '../executor/executor-contract.js';

/** Why something cannot be done with a file. */
export type FileRefusalReason = 'fileNotFound' | 'fileConflict' | 'fileProtected' | 'fileLimit';

/** A request about files that cannot be fulfilled; the state is what it was. */
export class FileRefusal extends Error {
  override readonly name = 'FileRefusal';
  readonly reason: FileRefusalReason;

  constructor(reason: FileRefusalReason, message: string) {
    super(message);
    this.reason = reason;
  }
}

/** As many as Linux follows. */
const LINKS_MAX = 40;
const FORMAT_MASK = 0o170000;
export const DIRECTORY_MODE = 0o040000;
export const FILE_MODE = 0o100000;
export const LINK_MODE = 0o120000;

export type Nodes = ReadonlyMap<string, FileNode>;

export function formatOf(node: FileNode): number {
  return node.mode & FORMAT_MASK;
}

export function isDirectory(node: FileNode): boolean {
  return formatOf(node) === DIRECTORY_MODE;
}

export function isFile(node: FileNode): boolean {
  return formatOf(node) === FILE_MODE;
}

export function nodesByPath(nodes: readonly FileNode[]): Map<string, FileNode> {
  return new Map(nodes.map((node) => [node.path, node]));
}

export function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/')) || '/';
}

export function below(directory: string): string {
  return directory === '/' ? '/' : `${directory}/`;
}

export interface Resolution {
  /** Absolute, with no link on the way. */
  readonly path: string;
  readonly node: FileNode | undefined;
}

/**
 * Follows a path as the guest's system calls do. What does not exist may end a path: then `node` is undefined.
 *
 * @throws FileRefusal for a way through something that is no directory, or through too many links.
 */
export function resolvePath(
  nodes: Nodes,
  path: string,
  how: { readonly cwd: string; readonly followLast: boolean },
): Resolution {
  const followLast = how.followLast || path.endsWith('/');
  const parts = (path.startsWith('/') ? path : `${how.cwd}/${path}`).split('/');
  let links = 0;
  let at = '/';
  for (let name = parts.shift(); name !== undefined; name = parts.shift()) {
    if (name === '' || name === '.') continue;
    const here = nodes.get(at);
    if (here !== undefined && !isDirectory(here)) {
      throw new FileRefusal('fileConflict', `${at} is not a directory`);
    }
    if (name === '..') {
      if (here === undefined) throw new FileRefusal('fileNotFound', `${at} does not exist`);
      at = parentOf(at);
      continue;
    }
    const next = below(at) + name;
    const link = nodes.get(next)?.link;
    const isLast = parts.every((part) => part === '');
    if (link === undefined || (isLast && !followLast)) {
      at = next;
      continue;
    }
    links += 1;
    if (links > LINKS_MAX)
      throw new FileRefusal('fileConflict', `${path} leads through more than ${LINKS_MAX} links`);
    parts.unshift(...link.split('/'));
    if (link.startsWith('/')) at = '/';
  }
  const node = nodes.get(at);
  if (node !== undefined && !isDirectory(node) && path.endsWith('/')) {
    throw new FileRefusal('fileConflict', `${at} is not a directory`);
  }
  return { path: at, node };
}
