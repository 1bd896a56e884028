import { createHash } from 'node:crypto';
import { PAGE_BYTES } from '../../../../ports/page-store.js';
import type { FileNode } from '../executor-contract.js';
import type { TestState } from './executor-bench.js';

const sha = (bytes: Uint8Array | string): Buffer => createHash('sha256').update(bytes).digest();
const hashOrZero = (bytes: Uint8Array): Buffer =>
  bytes.some((byte) => byte !== 0) ? sha(bytes) : Buffer.alloc(32);

/** Root over pages, all of them hashed, from the definition. */
export function naivePagesRoot(pages: readonly Uint8Array[]): Buffer {
  const nodes: Buffer[] = [];
  for (let start = 0; start < pages.length; start += 64) {
    const leaves = pages.slice(start, start + 64).map(hashOrZero);
    while (leaves.length < 64) leaves.push(Buffer.alloc(32));
    nodes.push(hashOrZero(Buffer.concat(leaves)));
  }
  while (nodes.length > 0 && nodes.at(-1)?.every((byte) => byte === 0)) nodes.pop();
  return sha(Buffer.concat(nodes));
}

/** A state's root from what is stored of it, computed without anything that an executor remembers. */
export function naiveRoot(state: TestState, bytesOf: (id: number) => Uint8Array): string {
  const page = (id: number): Uint8Array => (id === 0 ? new Uint8Array(PAGE_BYTES) : bytesOf(id));
  const { registers: r, files } = state;
  const last = Math.max(0, ...state.pages.keys());
  const memory = Array.from({ length: last + 1 }, (_, i) => page(state.pages.get(i) ?? 0));
  const line = (node: FileNode): unknown[] => [
    ...[node.path, node.ino, node.mode, node.atimeMs, node.mtimeMs, node.ctimeMs, node.rdev],
    ...[node.link ?? null, node.sizeBytes ?? null],
    node.pages === undefined ? null : naivePagesRoot(node.pages.map(page)).toString('hex'),
  ];
  const tree = JSON.stringify([files.nodes.map(line), files.orphans.map(line), files.nextIno]);
  const small = JSON.stringify([
    [r.stackPointer, r.heapTop, `${r.clockNs}`, `${r.entropySeed}`, `${r.entropyDrawn}`, r.cwd, r.umask],
    r.openFiles.map((open) => [open.fd, open.ino, open.path, open.flags, open.position, open.group]),
  ]);
  const magic = Buffer.from('world-runtime wasm state root 1\0', 'latin1');
  return sha(Buffer.concat([magic, naivePagesRoot(memory), sha(tree), Buffer.from(small)])).toString('hex');
}
