import type { PageHash } from '../../ports/page-store.js';

/** Where a page is: the pack by its number, and its entry there. */
export interface PagePlace {
  readonly pack: number;
  readonly offset: number;
  readonly entryBytes: number;
}

const KEY_WORDS = 8;
const SLOT_WORDS = KEY_WORDS + 3;
const START_SLOTS = 1024;
/** Marks a slot whose page was taken out; pack numbers are stored plus one, and an empty slot holds 0. */
const REMOVED = 0xffffffff;

/**
 * Page hash to place, in 44 bytes a slot: a Map would take five times that, and there may be millions of pages.
 * Hashes are SHA-256, so their first word spreads them well enough.
 */
export class PageIndex {
  #slots = new Uint32Array(START_SLOTS * SLOT_WORDS);
  #used = 0;
  #size = 0;

  /** Pages present. */
  get size(): number {
    return this.#size;
  }

  get(hash: PageHash): PagePlace | undefined {
    const at = this.#find(wordsOf(hash));
    const pack = this.#word(at + KEY_WORDS);
    if (pack === 0 || pack === REMOVED) return undefined;
    return {
      pack: pack - 1,
      offset: this.#word(at + KEY_WORDS + 1),
      entryBytes: this.#word(at + KEY_WORDS + 2),
    };
  }

  set(hash: PageHash, place: PagePlace): void {
    if ((this.#used + 1) * 4 > (this.#slots.length / SLOT_WORDS) * 3) this.#grow();
    const words = wordsOf(hash);
    const at = this.#find(words);
    const before = this.#word(at + KEY_WORDS);
    if (before === 0) this.#used += 1;
    if (before === 0 || before === REMOVED) this.#size += 1;
    this.#slots.set(words, at);
    this.#slots.set([place.pack + 1, place.offset, place.entryBytes], at + KEY_WORDS);
  }

  delete(hash: PageHash): void {
    const at = this.#find(wordsOf(hash));
    const pack = this.#word(at + KEY_WORDS);
    if (pack === 0 || pack === REMOVED) return;
    this.#slots[at + KEY_WORDS] = REMOVED;
    this.#size -= 1;
  }

  #word(index: number): number {
    return this.#slots[index] ?? 0;
  }

  /** Start of the slot that holds the key, or of the empty one where it belongs. */
  #find(words: Uint32Array): number {
    const count = this.#slots.length / SLOT_WORDS;
    for (let slot = (words[0] ?? 0) % count; ; slot = (slot + 1) % count) {
      const at = slot * SLOT_WORDS;
      if (this.#word(at + KEY_WORDS) === 0 || this.#holds(at, words)) return at;
    }
  }

  #holds(at: number, words: Uint32Array): boolean {
    for (let word = 0; word < KEY_WORDS; word += 1) {
      if (this.#slots[at + word] !== words[word]) return false;
    }
    return true;
  }

  #grow(): void {
    const before = this.#slots;
    this.#slots = new Uint32Array(before.length * 2);
    this.#used = 0;
    for (let at = 0; at < before.length; at += SLOT_WORDS) {
      const pack = before[at + KEY_WORDS] ?? 0;
      if (pack === 0 || pack === REMOVED) continue;
      const slot = before.subarray(at, at + SLOT_WORDS);
      this.#slots.set(slot, this.#find(slot));
      this.#used += 1;
    }
  }
}

function wordsOf(hash: PageHash): Uint32Array {
  const bytes = Buffer.from(hash, 'hex');
  const words = new Uint32Array(KEY_WORDS);
  for (let word = 0; word < KEY_WORDS; word += 1) words[word] = bytes.readUInt32LE(word * 4);
  return words;
}
