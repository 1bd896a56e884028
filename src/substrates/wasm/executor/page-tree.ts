import { hash } from 'node:crypto';
import { PAGE_BYTES } from '../../../ports/page-store.js';

const HASH_BYTES = 32;
/** Pages below one inner node. */
const CHUNK_PAGES = 64;
const ZERO_HASH = Buffer.alloc(HASH_BYTES);

/**
 * A Merkle tree over pages: SHA-256 of each page, of each 64 of these, and of all of those. A page of zeros is 32 zeros, and
 * so is a node of nothing else; zeros at the end do not count. So equal contents have equal roots, however much room they are
 * in. Only pages that became unknown since the last root are read.
 */
export class PageTree {
  #leaves = Buffer.alloc(0);
  #nodes = Buffer.alloc(0);
  readonly #unknown = new Set<number>();
  readonly #changedNodes = new Set<number>();

  /** The page may hold something else by now. */
  forget(page: number): void {
    this.#unknown.add(page);
  }

  /** The page holds zeros. */
  clear(page: number): void {
    this.#unknown.delete(page);
    if ((page + 1) * HASH_BYTES <= this.#leaves.length) this.#set(page, ZERO_HASH);
  }

  /** @param read answers the present content of a page, which is not kept. */
  root(read: (page: number) => Uint8Array): Buffer {
    for (const page of this.#unknown) {
      const bytes = read(page);
      this.#set(page, isZero(bytes) ? ZERO_HASH : hash('sha256', bytes, 'buffer'));
    }
    this.#unknown.clear();
    for (const node of this.#changedNodes) {
      const below = this.#leaves.subarray(
        node * CHUNK_PAGES * HASH_BYTES,
        (node + 1) * CHUNK_PAGES * HASH_BYTES,
      );
      (isZero(below) ? ZERO_HASH : hash('sha256', below, 'buffer')).copy(this.#nodes, node * HASH_BYTES);
    }
    this.#changedNodes.clear();
    let end = this.#nodes.length;
    while (end > 0 && isZero(this.#nodes.subarray(end - HASH_BYTES, end))) end -= HASH_BYTES;
    return hash('sha256', this.#nodes.subarray(0, end), 'buffer');
  }

  #set(page: number, leaf: Buffer): void {
    const node = Math.floor(page / CHUNK_PAGES);
    if ((node + 1) * HASH_BYTES > this.#nodes.length) this.#grow(node + 1);
    leaf.copy(this.#leaves, page * HASH_BYTES);
    this.#changedNodes.add(node);
  }

  #grow(nodesMin: number): void {
    const nodes = Math.max(nodesMin, (this.#nodes.length / HASH_BYTES) * 2);
    const [leaves, inner] = [this.#leaves, this.#nodes];
    this.#leaves = Buffer.alloc(nodes * CHUNK_PAGES * HASH_BYTES);
    this.#nodes = Buffer.alloc(nodes * HASH_BYTES);
    leaves.copy(this.#leaves);
    inner.copy(this.#nodes);
  }
}

const ZERO_PAGE = Buffer.alloc(PAGE_BYTES);

/** Of at most a page. */
function isZero(bytes: Uint8Array): boolean {
  return ZERO_PAGE.compare(bytes, 0, bytes.length, 0, bytes.length) === 0;
}
