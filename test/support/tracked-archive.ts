import { WorldError } from '../../src/model/world-error.js';
import type { PageCollector } from '../../src/ports/page-collector.js';
import type {
  Collection,
  CollectionResult,
  CollectOptions,
  PageStoreUsage,
} from '../../src/ports/page-store.js';

/** Durable states of the simulated substrate, which knows when each was written last. */
export class TrackedArchive extends Map<string, string> implements PageCollector {
  #writes = 0;
  readonly #writtenAt = new Map<string, number>();
  /** Waits between two steps of a collection; for tests that do something meanwhile. */
  betweenSteps: () => Promise<void> = () => new Promise((resolve) => setImmediate(resolve));
  /** Collects also what was written since the collection began, as no store may: for tests of the checkers. */
  forgetsOrder = false;

  /** Another disk with the same content. */
  copy(): TrackedArchive {
    const copy = new TrackedArchive();
    for (const [key, text] of this) copy.set(key, text);
    return copy;
  }

  override set(key: string, text: string): this {
    this.#writes += 1;
    this.#writtenAt.set(key, this.#writes);
    return super.set(key, text);
  }

  async beginCollection(): Promise<Collection> {
    const begun = this.#writes;
    const candidates = [...this.keys()];
    return { candidates, collect: (options) => this.#collect(candidates, begun, options) };
  }

  async usage(): Promise<PageStoreUsage> {
    const bytes = [...this.values()].reduce((sum, text) => sum + text.length, 0);
    const pages = {
      pages: this.size,
      livePages: this.size,
      packs: 1,
      packBytes: bytes,
      livePackBytes: bytes,
    };
    return { ...pages, manifests: this.size, manifestBytes: 0, bytes, liveBytes: bytes };
  }

  async #collect(
    candidates: readonly string[],
    begun: number,
    { live, signal, onProgress }: CollectOptions,
  ): Promise<CollectionResult> {
    let [manifestsRemoved, bytesFreed] = [0, 0];
    for (const key of this.forgetsOrder ? this.keys() : candidates) {
      await this.betweenSteps();
      if (signal?.aborted) throw new WorldError('INTERRUPTED', 'the collection was interrupted');
      const written = this.#writtenAt.get(key) ?? 0;
      if (live.has(key) || (!this.forgetsOrder && written > begun)) continue;
      bytesFreed += this.get(key)?.length ?? 0;
      if (this.delete(key)) manifestsRemoved += 1;
      onProgress?.({ step: 'removing manifests', done: manifestsRemoved, total: candidates.length });
    }
    const packs = { packsDeleted: 0, packsRewritten: 0 };
    return { manifestsRemoved, pagesRemoved: manifestsRemoved, bytesFreed, ...packs };
  }
}
