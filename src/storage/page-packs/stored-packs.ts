import { join } from 'node:path';
import type { PageHash } from '../../ports/page-store.js';
import type { FileOps } from '../file-ops.js';
import { loadPack } from './load-pack.js';
import { PACK_ENDING, type PackedPage } from './pack-format.js';
import type { WrittenPack } from './pack-writer.js';
import { PAGE_DEPTH_MAX, ZERO_HASH } from './page-codec.js';
import { type PackRow, PageIndex, type PagePlace } from './page-index.js';
import type { DamagedPage } from './read-entries.js';

/** More than the writer makes, since a base that was lost and written again may itself be a difference. */
const CHAIN_MAX = 4 * PAGE_DEPTH_MAX;
/** Packs entered in one transaction when the index is made again. */
const PACKS_TOGETHER = 64;

export interface StoredPage {
  readonly hash: PageHash;
  readonly place: PagePlace;
  readonly pack: PackRow;
}

/** The packs of a directory and where in them each page is. */
export class StoredPacks {
  /** What was repaired or found damaged, for the user. */
  readonly notes: string[] = [];
  readonly #fileOps: FileOps;
  readonly #directory: string;
  readonly #index: PageIndex;
  readonly #packs = new Map<number, PackRow>();
  /** Pages found damaged: not there for `has`, so that a later write stores them again. */
  readonly #damaged = new Map<PageHash, DamagedPage>();
  /** Whether a collection is about to take a page away. */
  #isDoomed: (place: PagePlace) => boolean = () => false;

  private constructor(options: { fileOps: FileOps; directory: string; index: PageIndex }) {
    this.#fileOps = options.fileOps;
    this.#directory = options.directory;
    this.#index = options.index;
  }

  /**
   * Compares the packs in `directory` with the index and enters those that it lacks; reads nothing else. An index
   * that is gone, unreadable, or knows packs that are gone is made again.
   */
  static async open(options: { fileOps: FileOps; directory: string; index: string }): Promise<StoredPacks> {
    const { index, replaced } = PageIndex.open(options.index);
    const packs = new StoredPacks({ ...options, index });
    try {
      if (replaced !== null) packs.notes.push(`the page index was made again from the packs: ${replaced}`);
      await packs.#compare();
      index.settle();
      return packs;
    } catch (thrown) {
      await index.close();
      // Failing is not crashing: what went wrong with it, the next opening may see again.
      index.settle();
      throw thrown;
    }
  }

  async #compare(): Promise<void> {
    const names = new Set(
      (await this.#fileOps.list(this.#directory)).filter((name) => name.endsWith(PACK_ENDING)),
    );
    let rows = this.#index.packs();
    const gone = rows.filter(({ name }) => !names.has(name));
    if (gone.length > 0) {
      // Pages of these may have copies in other packs, of which the index knows one place only.
      this.notes.push(
        `${gone.length} packs are gone from ${this.#directory}, ${gone[0]?.name} first; the page index was made again`,
      );
      this.#index.clear();
      rows = [];
    }
    for (const row of rows) {
      this.#packs.set(row.number, row);
      names.delete(row.name);
    }
    const unknown = [...names];
    for (let start = 0; start < unknown.length; start += PACKS_TOGETHER) {
      const loaded: WrittenPackOfAnyVersion[] = [];
      for (const name of unknown.slice(start, start + PACKS_TOGETHER)) {
        const { key, version, packBytes, pages, damage } = await loadPack(this.#fileOps, this.path(name));
        this.notes.push(...damage);
        loaded.push({ name, key, version, packBytes, pages });
      }
      this.#enterFound(loaded);
    }
  }

  path(name: string): string {
    return join(this.#directory, name);
  }

  get rows(): Iterable<PackRow> {
    return this.#packs.values();
  }

  get packCount(): number {
    return this.#packs.size;
  }

  /** Number of different pages, those included that nobody needs any more. */
  get pageCount(): number {
    return this.#index.size;
  }

  /** Number of the newest pack. */
  get lastNumber(): number {
    return Math.max(0, ...this.#packs.keys());
  }

  find(hash: PageHash): StoredPage | null {
    const place = this.#index.get(hash);
    const pack = place && this.#packs.get(place.pack);
    return place && pack ? { hash, place, pack } : null;
  }

  /** The page and those it is a difference to, down to a whole one; what of them is missing ends it. */
  chain(hash: PageHash): { readonly pages: readonly StoredPage[]; readonly missing: PageHash | null } {
    const pages: StoredPage[] = [];
    let next: PageHash | null = hash;
    while (next !== null) {
      const page: StoredPage | null = pages.length < CHAIN_MAX ? this.find(next) : null;
      if (page === null) return { pages, missing: next };
      pages.push(page);
      next = page.place.base;
    }
    return { pages, missing: null };
  }

  /** How far from a whole page it is stored; null when it, or what it is a difference to, is not there. */
  depth(hash: PageHash): number | null {
    if (hash === ZERO_HASH) return 0;
    let depth = 0;
    let next: PageHash | null = hash;
    while (depth < CHAIN_MAX) {
      const page: StoredPage | null = this.#damaged.has(next) ? null : this.find(next);
      if (page === null || this.#isDoomed(page.place)) return null;
      next = page.place.base;
      if (next === null) return depth;
      depth += 1;
    }
    return null;
  }

  /** True when some pack had the page: whoever writes it again must not make it depend on others. */
  wasStored(hash: PageHash): boolean {
    return this.#index.get(hash) !== undefined;
  }

  damageOf(hash: PageHash): DamagedPage | undefined {
    return this.#damaged.get(hash);
  }

  noteDamage(page: DamagedPage): void {
    this.#damaged.set(page.hash, page);
  }

  /** Pages for which this is so are no longer there for `depth`, though still to be read. */
  doom(isDoomed: ((place: PagePlace) => boolean) | null): void {
    this.#isDoomed = isDoomed ?? (() => false);
  }

  /** Packs just written: theirs are the places of their pages from now on. */
  enter(written: readonly WrittenPack[]): void {
    if (written.length === 0) return;
    this.#index.change(() => {
      for (const pack of written) {
        const row = this.#addRow({ ...pack, version: 2 });
        for (const [ordinal, page] of pack.pages.entries()) this.#index.set(page, row.number, ordinal);
      }
    });
    for (const { pages } of written) for (const { hash } of pages) this.#damaged.delete(hash);
  }

  /**
   * Packs found: of a page that is in several, the copy nearest to a whole page counts. Each copy was one deeper
   * than some copy of its base, so places chosen like this never lead in a circle.
   */
  #enterFound(packs: readonly WrittenPackOfAnyVersion[]): void {
    this.#index.change(() => {
      for (const pack of packs) {
        const row = this.#addRow(pack);
        for (const [ordinal, page] of pack.pages.entries()) {
          const known = this.find(page.hash);
          if (known === null || page.depth < known.place.depth) this.#index.set(page, row.number, ordinal);
        }
      }
    });
  }

  #addRow({ name, key, version, packBytes, pages }: WrittenPackOfAnyVersion): PackRow {
    const row = this.#index.addPack({ name, key, version, packBytes, entries: pages.length });
    this.#packs.set(row.number, row);
    return row;
  }

  /**
   * Takes packs out of the index, and those of their pages whose place is there; `moved` have other places from now on.
   * One transaction: before it everything is as it was, after it the files may be deleted.
   */
  replace(
    old: readonly { readonly row: PackRow; readonly pages: readonly PackedPage[] }[],
    moved: readonly WrittenPack[],
  ): number {
    let removed = 0;
    const numbers = new Set(old.map(({ row }) => row.number));
    this.#index.change(() => {
      for (const pack of moved) {
        const row = this.#addRow({ ...pack, version: 2 });
        for (const [ordinal, page] of pack.pages.entries()) {
          const place = this.#index.get(page.hash);
          // Written again meanwhile: the newer place stays.
          if (place !== undefined && !numbers.has(place.pack) && this.#packs.has(place.pack)) continue;
          this.#index.set(page, row.number, ordinal);
        }
      }
      for (const { row, pages } of old) {
        for (const { hash } of pages) {
          if (this.#index.get(hash)?.pack !== row.number) continue;
          this.#index.delete(hash);
          removed += 1;
        }
        this.#index.removePack(row.name);
      }
    });
    for (const number of numbers) this.#packs.delete(number);
    return removed;
  }

  /**
   * Looks through all packs for other copies of damaged pages and takes those as their places. Returns the pages for
   * which there is one. Reads the index of every pack, so only damage is worth it.
   */
  async findCopies(damaged: readonly DamagedPage[]): Promise<Set<PageHash>> {
    const wanted = new Map(damaged.map((page) => [page.hash, page]));
    const found = new Set<PageHash>();
    for (const row of [...this.#packs.values()]) {
      const { pages } = await loadPack(this.#fileOps, this.path(row.name)).catch(() => ({ pages: [] }));
      const copies = [...pages.entries()].filter(
        ([, { hash, base }]) =>
          base === null && wanted.has(hash) && wanted.get(hash)?.pack !== this.path(row.name),
      );
      if (copies.length === 0) continue;
      this.#index.change(() => {
        for (const [ordinal, page] of copies) this.#index.set(page, row.number, ordinal);
      });
      for (const [, { hash }] of copies) {
        found.add(hash);
        wanted.delete(hash);
      }
    }
    return found;
  }

  async close(): Promise<void> {
    await this.#index.close();
  }
}

interface WrittenPackOfAnyVersion {
  readonly name: string;
  readonly key: string | null;
  readonly version: number;
  readonly packBytes: number;
  readonly pages: readonly PackedPage[];
}
