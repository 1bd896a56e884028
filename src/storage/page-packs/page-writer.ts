import { WorldError } from '../../model/world-error.js';
import { PAGE_BYTES, type PageHash, type PageWrite } from '../../ports/page-store.js';
import type { FileOps } from '../file-ops.js';
import type { PackWriter } from './pack-writer.js';
import { type CodecBase, encodeEntry, hashOf, ZERO_HASH } from './page-codec.js';
import { readPages } from './page-reader.js';
import type { StoredPacks } from './stored-packs.js';

/** Pages of which the content is kept, since the next write's are probably differences to them: 8 MiB. */
const CACHED_PAGES_MAX = 2048;
/** With more new pages than this, LZ4 takes the place of deflate, so that no write keeps others waiting for long. */
const DEFLATED_PAGES_MAX = 256;

interface PagesToAdd {
  readonly key: string;
  readonly pages: readonly PageWrite[];
  /** Pages in the pack that is being written; those added here join them. */
  readonly fresh: Set<PageHash>;
}

/** Chooses how pages are stored: whole, or as the difference to another page. */
export class PageWriter {
  readonly #fileOps: FileOps;
  readonly #packs: StoredPacks;
  readonly #cached = new Map<PageHash, Uint8Array>();
  /** Depths of the pages in the pack that is being written, which the index does not have yet. */
  readonly #depths = new Map<PageHash, { readonly depth: number; readonly base: PageHash | null }>();

  constructor(fileOps: FileOps, packs: StoredPacks) {
    this.#fileOps = fileOps;
    this.#packs = packs;
  }

  /** @throws PAGE_CORRUPT when a page does not have the hash it was given with; Node's errors. */
  async add(writer: PackWriter, { key, pages, fresh }: PagesToAdd): Promise<void> {
    if (fresh.size === 0) this.#depths.clear();
    const isNew = ({ hash }: PageWrite): boolean => !fresh.has(hash) && this.#packs.depth(hash) === null;
    const added = pages.filter(isNew).map((page) => ({ ...page, bytes: checked(key, page) }));
    await this.#readBases(added);
    const deflate = added.length <= DEFLATED_PAGES_MAX;
    for (const { hash, bytes, base } of added) {
      if (fresh.has(hash)) continue;
      const entry = encodeEntry(hash, bytes, {
        base: base === undefined ? null : this.#base(hash, base),
        deflate,
      });
      await writer.add(key, hash, entry);
      fresh.add(hash);
      this.#depths.set(hash, entry);
      this.#keep(hash, bytes);
    }
  }

  /** The page as a base for `hash`, or null when that cannot be. */
  #base(hash: PageHash, base: PageHash): CodecBase | null {
    // A page that was stored before may be what others are differences to: only whole it cannot lead in a circle.
    if (base === hash || base === ZERO_HASH || this.#packs.wasStored(hash)) return null;
    const bytes = this.#cached.get(base);
    const depth = this.#depths.get(base)?.depth ?? this.#packs.depth(base);
    return bytes === undefined || depth === null ? null : { hash: base, bytes, depth };
  }

  async #readBases(pages: readonly PageWrite[]): Promise<void> {
    const wanted = new Set<PageHash>();
    for (const { base } of pages) {
      if (base === undefined || base === ZERO_HASH) continue;
      const cached = this.#cached.get(base);
      if (cached) this.#keep(base, cached);
      else if (wanted.size < CACHED_PAGES_MAX / 2 && this.#packs.depth(base) !== null) wanted.add(base);
    }
    if (wanted.size === 0) return;
    // What cannot be read is no base; whoever needs it will be told.
    const { pages: read } = await readPages(this.#fileOps, this.#packs, wanted);
    for (const hash of wanted) {
      const bytes = read.get(hash);
      if (bytes) this.#keep(hash, bytes);
    }
  }

  #keep(hash: PageHash, bytes: Uint8Array): void {
    this.#cached.delete(hash);
    this.#cached.set(hash, bytes);
    if (this.#cached.size <= CACHED_PAGES_MAX) return;
    const [oldest] = this.#cached.keys();
    if (oldest !== undefined) this.#cached.delete(oldest);
  }
}

/** A copy of the bytes, because the check must be about the bytes that are written. */
function checked(key: string, { hash, bytes }: PageWrite): Uint8Array {
  const page = Uint8Array.from(bytes);
  if (page.length === PAGE_BYTES && hashOf(page) === hash) return page;
  const what =
    page.length === PAGE_BYTES
      ? 'its content has another hash'
      : `it has ${page.length} bytes, not ${PAGE_BYTES}`;
  throw new WorldError('PAGE_CORRUPT', `Page ${hash} of state ${key} was not stored: ${what}.`, {
    details: { pages: [{ hash, pack: null, reason: what, state: key }] },
  });
}
