import type { PageHash } from '../../ports/page-store.js';
import { ZERO_HASH } from './page-codec.js';
import type { PackRow, PagePlace } from './page-index.js';
import type { StoredPacks } from './stored-packs.js';

interface PackMarks {
  readonly bits: Uint8Array;
  pages: number;
  bytes: number;
}

/** Which pages are needed: a bit a page, by its place, so that millions fit. */
export class PageMarks {
  readonly #packs: StoredPacks;
  readonly #marks = new Map<number, PackMarks>();

  constructor(packs: StoredPacks) {
    this.#packs = packs;
  }

  /** Marks a page and all that it is a difference to. */
  mark(hash: PageHash): void {
    let next: PageHash | null = hash === ZERO_HASH ? null : hash;
    while (next !== null) {
      const page = this.#packs.find(next);
      // Below a marked page everything is marked.
      if (page === null || !this.#set(page.place, page.pack.entries)) return;
      next = page.place.base;
    }
  }

  /** False when it was marked before. */
  #set(place: PagePlace, entries: number): boolean {
    const marks = this.#marks.get(place.pack) ?? {
      bits: new Uint8Array((entries >> 3) + 1),
      pages: 0,
      bytes: 0,
    };
    this.#marks.set(place.pack, marks);
    const bit = 1 << (place.ordinal & 7);
    const before = marks.bits[place.ordinal >> 3] ?? 0;
    if ((before & bit) !== 0) return false;
    marks.bits[place.ordinal >> 3] = before | bit;
    marks.pages += 1;
    marks.bytes += place.entryBytes;
    return true;
  }

  /** Marks every entry of a pack. */
  keepWhole({ number, entries, packBytes }: PackRow): void {
    this.#marks.set(number, {
      bits: new Uint8Array((entries >> 3) + 1).fill(255),
      pages: entries,
      bytes: packBytes,
    });
  }

  isMarked({ pack, ordinal }: { readonly pack: number; readonly ordinal: number }): boolean {
    return ((this.#marks.get(pack)?.bits[ordinal >> 3] ?? 0) & (1 << (ordinal & 7))) !== 0;
  }

  /** Marked pages of a pack and the bytes of their entries. */
  of(pack: number): { readonly pages: number; readonly bytes: number } {
    return this.#marks.get(pack) ?? { pages: 0, bytes: 0 };
  }

  get total(): { readonly pages: number; readonly bytes: number } {
    let [pages, bytes] = [0, 0];
    for (const marks of this.#marks.values()) {
      pages += marks.pages;
      bytes += marks.bytes;
    }
    return { pages, bytes };
  }
}
