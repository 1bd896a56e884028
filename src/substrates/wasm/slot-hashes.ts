import type { PageHash } from '../../ports/page-store.js';

/**
 * What the control process knows about the content of a host's slots. A slot is reused after its content
 * was freed, and then has another epoch; an entry of an old epoch counts as unknown.
 */
export class SlotHashes {
  readonly #bySlot = new Map<number, { readonly epoch: number; readonly hash: PageHash }>();
  readonly #byHash = new Map<PageHash, number>();

  set(slot: number, epoch: number, hash: PageHash): void {
    const old = this.#bySlot.get(slot);
    if (old !== undefined && this.#byHash.get(old.hash) === slot) this.#byHash.delete(old.hash);
    this.#bySlot.set(slot, { epoch, hash });
    this.#byHash.set(hash, slot);
  }

  hashOf(slot: number, epoch: number): PageHash | null {
    const known = this.#bySlot.get(slot);
    return known !== undefined && known.epoch === epoch ? known.hash : null;
  }

  /** A slot that held this content when it was last heard of. */
  find(hash: PageHash): { readonly slot: number; readonly epoch: number } | null {
    const slot = this.#byHash.get(hash);
    const known = slot === undefined ? undefined : this.#bySlot.get(slot);
    return slot === undefined || known === undefined ? null : { slot, epoch: known.epoch };
  }
}
