import { hash } from 'node:crypto';
import type { FileNode, Registers } from './executor-contract.js';

/** Says what is hashed; another layout must say something else. */
const MAGIC = Buffer.from('world-runtime wasm state root 1\0', 'latin1');

/**
 * Names a state by its content: equal for equal memory, files, descriptors, clock and entropy, wherever their pages are kept and
 * however they came to be. 64 hex digits.
 */
export function stateRoot(pages: Uint8Array, files: Uint8Array, registers: Registers): string {
  const { stackPointer, heapTop, clockNs, entropySeed, entropyDrawn, cwd, umask, openFiles } = registers;
  const small = JSON.stringify([
    [stackPointer, heapTop, `${clockNs}`, `${entropySeed}`, `${entropyDrawn}`, cwd, umask],
    openFiles.map(({ fd, ino, path, flags, position, group }) => [fd, ino, path, flags, position, group]),
  ]);
  return hash('sha256', Buffer.concat([MAGIC, pages, files, Buffer.from(small)]), 'hex');
}

/** A file's node with the root of its content, which only regular files have. */
export interface HashedNode {
  readonly node: FileNode;
  readonly content: string | null;
}

/** Root of a file tree: of what names, places and contents it has, in directory order. */
export function filesRoot(
  named: readonly HashedNode[],
  orphans: readonly HashedNode[],
  nextIno: number,
): Buffer {
  const lines = [named, orphans].map((nodes) =>
    nodes.map(({ node, content }) => [
      node.path,
      node.ino,
      node.mode,
      node.atimeMs,
      node.mtimeMs,
      node.ctimeMs,
      node.rdev,
      node.link ?? null,
      node.sizeBytes ?? null,
      content,
    ]),
  );
  return hash('sha256', JSON.stringify([...lines, nextIno]), 'buffer');
}
