import type { FileNode, FileTree, OpenFile, Registers } from '../executor/executor-contract.js';

function sameNode(a: FileNode, b: FileNode): boolean {
  if (a.path !== b.path || a.ino !== b.ino || a.mode !== b.mode || a.rdev !== b.rdev || a.link !== b.link)
    return false;
  if (a.atimeMs !== b.atimeMs || a.mtimeMs !== b.mtimeMs || a.ctimeMs !== b.ctimeMs) return false;
  if (a.sizeBytes !== b.sizeBytes || a.pages?.length !== b.pages?.length) return false;
  return a.pages?.every((slot, i) => slot === b.pages?.[i]) ?? true;
}

/**
 * `next` with every node that `previous` also has taken from there. A commit that touches one file arrives as
 * a whole new tree; without this each state would keep a copy of all nodes.
 */
export function shareFiles(previous: FileTree, next: FileTree): FileTree {
  const known = new Map(previous.nodes.map((node) => [node.ino, node]));
  const share = (node: FileNode): FileNode => {
    const old = known.get(node.ino);
    return old !== undefined && sameNode(old, node) ? old : node;
  };
  return { nodes: next.nodes.map(share), orphans: next.orphans.map(share), nextIno: next.nextIno };
}

function sameOpenFile(a: OpenFile, b: OpenFile | undefined): boolean {
  if (a.fd !== b?.fd || a.ino !== b.ino || a.path !== b.path) return false;
  return a.flags === b.flags && a.position === b.position && a.group === b.group;
}

/** `next` with the list of open files of `previous` where that is the same, as it nearly always is. */
export function shareOpenFiles(previous: Registers, next: Registers): Registers {
  const [old, now] = [previous.openFiles, next.openFiles];
  const same = old.length === now.length && old.every((file, i) => sameOpenFile(file, now[i]));
  return { ...next, cwd: previous.cwd === next.cwd ? previous.cwd : next.cwd, openFiles: same ? old : now };
}
