import type { PageHash, PageStore } from '../../ports/page-store.js';
import type { DurableState, Wait } from '../../ports/substrate.js';
import { type BasePages, RelativePages } from './base-hints.js';
import { digestEngine } from './executor/engine-files.js';
import type { StateFacts } from './host/wire.js';
import type { HostProcess } from './host-process.js';
import type { LiveHost } from './host-supervisor.js';
import { persistState } from './persist-state.js';
import { readDurable, recallState } from './recall-state.js';
import { SlotHashes } from './slot-hashes.js';
import type { StateEntry } from './state-registry.js';

/** A state that was brought into a host. */
export interface Recalled {
  readonly handle: number;
  readonly stamp: string | null;
  readonly facts: StateFacts;
  /** Key of its manifest. */
  readonly key: string;
}

/** Writes states to the page store and brings them back into hosts, with what is known of each host's pages. */
export class DurableForms {
  readonly #pageStore: PageStore;
  readonly #relatives: RelativePages;
  readonly #known = new WeakMap<HostProcess, SlotHashes>();
  readonly #basePages = new WeakMap<HostProcess, BasePages>();
  #engineDigest: Promise<string> | null = null;

  constructor(pageStore: PageStore) {
    this.#pageStore = pageStore;
    this.#relatives = new RelativePages(pageStore);
  }

  /** Writes a state that is in `host`. */
  async write(
    entry: StateEntry,
    { host, baseDigest }: { readonly host: HostProcess; readonly baseDigest: string },
    wait: Wait,
  ): Promise<DurableState> {
    this.#engineDigest ??= digestEngine();
    const engineDigest = await this.#engineDigest;
    return persistState({
      host,
      entry,
      known: this.#knownOf(host),
      relatives: this.#relatives,
      basePages: this.#basePagesOf(host),
      pageStore: this.#pageStore,
      baseDigest,
      engineDigest,
      wait,
    });
  }

  /** @throws as `readDurable` and `recallState`. */
  async read(durable: DurableState, { process, baseDigest }: LiveHost, wait: Wait): Promise<Recalled> {
    const { manifest, key, root } = await readDurable(durable, this.#pageStore, baseDigest);
    const handle = process.nextId();
    const built = await recallState({
      host: process,
      manifest,
      state: handle,
      known: this.#knownOf(process),
      pageStore: this.#pageStore,
      wait,
    });
    return { handle, stamp: manifest.stamp, facts: { ...built, root }, key };
  }

  #basePagesOf(host: HostProcess): BasePages {
    const pages = this.#basePages.get(host) ?? new Map<number, PageHash>();
    this.#basePages.set(host, pages);
    return pages;
  }

  #knownOf(host: HostProcess): SlotHashes {
    const known = this.#known.get(host) ?? new SlotHashes();
    this.#known.set(host, known);
    return known;
  }
}
