import type { PageHash } from '../../ports/page-store.js';

/** Contents remembered at least: the pages of 512 MiB. */
const HASHES_KEPT = 131_072;

interface Known {
  readonly epoch: number;
  readonly hash: PageHash;
}

/** What was used or learnt in one stretch of time. */
interface Generation {
  readonly bySlot: Map<number, Known>;
  readonly byHash: Map<PageHash, number>;
}

/**
 * What the control process knows about the content of a host's slots. A slot is reused after its content was freed, and then
 * has another epoch; an entry of an old epoch counts as unknown. Nobody tells of freed slots, so that what was not asked for
 * in a long time is forgotten: whoever needs it then reads the page again.
 */
export class SlotHashes {
  readonly #kept: number;
  #young = newGeneration();
  #old = newGeneration();

  /** `kept`: that many entries are remembered at least, and twice as many at most. */
  constructor(kept = HASHES_KEPT) {
    this.#kept = kept;
  }

  /** Entries remembered now, of slots or of contents, whichever are more. */
  get size(): number {
    const [young, old] = [this.#young, this.#old];
    return Math.max(young.bySlot.size + old.bySlot.size, young.byHash.size + old.byHash.size);
  }

  set(slot: number, epoch: number, hash: PageHash): void {
    forget(this.#young, slot);
    forget(this.#old, slot);
    this.#young.bySlot.set(slot, { epoch, hash });
    this.#young.byHash.set(hash, slot);
    if (this.#young.bySlot.size < this.#kept) return;
    this.#old = this.#young;
    this.#young = newGeneration();
  }

  hashOf(slot: number, epoch: number): PageHash | null {
    const known = this.#know(slot);
    return known !== undefined && known.epoch === epoch ? known.hash : null;
  }

  /** A slot that held this content when it was last heard of. */
  find(hash: PageHash): { readonly slot: number; readonly epoch: number } | null {
    const slot = this.#young.byHash.get(hash) ?? this.#old.byHash.get(hash);
    const known = slot === undefined ? undefined : this.#know(slot);
    // The slot may have been heard of again since, with another content.
    return slot === undefined || known?.hash !== hash ? null : { slot, epoch: known.epoch };
  }

  /** What is asked for is used: it stays for another generation. */
  #know(slot: number): Known | undefined {
    const young = this.#young.bySlot.get(slot);
    if (young !== undefined) return young;
    const old = this.#old.bySlot.get(slot);
    if (old !== undefined) this.set(slot, old.epoch, old.hash);
    return old;
  }
}

/** Also the content: slots are few, and what they held in their time is without end. */
function forget({ bySlot, byHash }: Generation, slot: number): void {
  const known = bySlot.get(slot);
  if (known === undefined) return;
  bySlot.delete(slot);
  if (byHash.get(known.hash) === slot) byHash.delete(known.hash);
}

function newGeneration(): Generation {
  return { bySlot: new Map(), byHash: new Map() };
}
