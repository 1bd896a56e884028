import { join } from 'node:path';
import { WorldError } from '../../model/world-error.js';
import {
  type Collection,
  type CollectionResult,
  type CollectOptions,
  type ManifestWrite,
  PAGE_BYTES,
  type PageHash,
  type PageStore,
  type PageStoreUsage,
  type StoredManifest,
  type WriteResult,
} from '../../ports/page-store.js';
import { removeLeftovers } from '../atomic-write.js';
import { type FileOps, nodeFileOps, storageFailed } from '../file-ops.js';
import { loadPack } from './load-pack.js';
import { ManifestFiles, requireKey } from './manifest-files.js';
import { PACK_ENDING } from './pack-format.js';
import { PackWriter, type WrittenPack } from './pack-writer.js';
import { hashOf, ZERO_HASH } from './page-codec.js';
import { PageIndex, type PagePlace } from './page-index.js';
import { type DamagedPage, readEntries, type Wanted } from './read-entries.js';

/** Writes that share one pack and its fsyncs at most. */
const WRITES_TOGETHER_MAX = 64;

export interface PagePacksOptions {
  /** Directory of the packs and directory of the manifests; both exist. */
  readonly packs: string;
  readonly states: string;
  readonly fileOps?: FileOps;
}

export interface PagePacks extends PageStore {
  /** What was found damaged at open, for the user; empty when all is well. */
  readonly notes: readonly string[];
  /** Number of different pages stored. */
  readonly pageCount: number;
}

interface Pack {
  readonly path: string;
  /** The write that made it: the state that certainly needs its pages. */
  readonly key: string | null;
  readonly pages: WrittenPack['pages'];
  readonly bytes: number;
}

interface Write extends ManifestWrite {
  readonly key: string;
  resolve(result: WriteResult): void;
  reject(error: unknown): void;
}

/**
 * Opens the page store: reads the index of every pack and removes what unfinished writes left. The
 * caller holds the lock of the data directory.
 *
 * @throws DATA_DIR_VERSION for a pack of a newer version; STORAGE_FAILED. Damage is no error: see `notes`.
 */
export async function openPagePacks(options: PagePacksOptions): Promise<PagePacks> {
  const fileOps = options.fileOps ?? nodeFileOps;
  const store = new PackedPages({ ...options, fileOps });
  try {
    for (const directory of [options.packs, options.states]) await removeLeftovers(fileOps, directory);
    const names = (await fileOps.list(options.packs)).filter((name) => name.endsWith(PACK_ENDING));
    for (const name of names) await store.load(name);
  } catch (thrown) {
    throw storageFailed(thrown, `Cannot open the page store ${options.packs}`);
  }
  return store;
}

class PackedPages implements PagePacks {
  readonly notes: string[] = [];
  readonly #options: Required<PagePacksOptions>;
  readonly #index = new PageIndex();
  readonly #packs: Pack[] = [];
  /** Pages found damaged: no longer in the index, so that a later write stores them again. */
  readonly #damaged = new Map<PageHash, DamagedPage>();
  /** Further places of pages that are in several packs: those stored again after damage. */
  readonly #copies = new Map<PageHash, PagePlace[]>();
  readonly #manifests: ManifestFiles;
  /** Manifests written since the latest collection began. */
  readonly #writtenSince = new Set<string>();
  readonly #queue: Write[] = [];
  #running: Promise<void> | null = null;
  #closed = false;

  constructor(options: Required<PagePacksOptions>) {
    this.#options = options;
    this.#manifests = new ManifestFiles(options.fileOps, options.states);
  }

  get pageCount(): number {
    return this.#index.size;
  }

  async load(name: string): Promise<void> {
    const path = join(this.#options.packs, name);
    const { key, pages, damage } = await loadPack(this.#options.fileOps, path);
    this.notes.push(...damage);
    this.#enter(path, key, pages);
  }

  has(hash: PageHash): boolean {
    return hash === ZERO_HASH || this.#index.get(hash) !== undefined;
  }

  write(key: string, write: ManifestWrite): Promise<WriteResult> {
    return new Promise((resolve, reject) => {
      this.#requireOpen();
      requireKey(key);
      this.#queue.push({ ...write, key, resolve, reject });
      this.#start();
    });
  }

  async readManifest(key: string): Promise<StoredManifest> {
    this.#requireOpen();
    const { manifest, references } = await this.#manifests.read(key);
    return { manifest, references: references ?? [] };
  }

  async readPages(hashes: readonly PageHash[]): Promise<Uint8Array[]> {
    this.#requireOpen();
    const found = new Map<PageHash, Uint8Array>();
    if (hashes.includes(ZERO_HASH)) found.set(ZERO_HASH, new Uint8Array(PAGE_BYTES));
    const missing: DamagedPage[] = [];
    let left = new Set(hashes);
    left.delete(ZERO_HASH);
    while (left.size > 0) {
      const wanted: Wanted[] = [];
      for (const hash of left) {
        const place = this.#index.get(hash);
        const pack = place && this.#packs[place.pack];
        if (pack) wanted.push({ hash, pack: pack.path, offset: place.offset, entryBytes: place.entryBytes });
        else missing.push(this.#damaged.get(hash) ?? { hash, pack: null, reason: 'it is in no pack' });
      }
      const damaged = await readEntries(this.#options.fileOps, wanted, found);
      // Once more for the damaged ones: another pack may have them too.
      for (const page of damaged) this.#noteDamage(page);
      left = new Set(damaged.map((page) => page.hash));
    }
    if (missing.length > 0) throw this.#pageCorrupt(missing);
    return hashes.map((hash) => found.get(hash) ?? new Uint8Array(0));
  }

  async beginCollection(): Promise<Collection> {
    this.#requireOpen();
    this.#writtenSince.clear();
    const candidates = await this.#manifests.keys();
    return { candidates, collect: (options) => this.#exclusively(() => this.#collect(candidates, options)) };
  }

  async usage(): Promise<PageStoreUsage> {
    this.#requireOpen();
    const keys = await this.#manifests.keys();
    const live = await this.#referenced(keys, undefined);
    let [packBytes, livePackBytes, livePages] = [0, 0, 0];
    for (const [number, pack] of this.#packs.entries()) {
      packBytes += pack.bytes;
      for (const page of pack.pages) {
        if (!live.has(page.hash) || this.#index.get(page.hash)?.pack !== number) continue;
        livePackBytes += page.entryBytes;
        livePages += 1;
      }
    }
    const manifestBytes = await this.#manifests.bytes();
    return {
      manifests: keys.length,
      manifestBytes,
      packs: this.#packs.filter(({ pages }) => pages.length > 0).length,
      packBytes,
      livePackBytes,
      pages: this.#index.size,
      livePages,
      bytes: packBytes + manifestBytes,
      liveBytes: livePackBytes + manifestBytes,
    };
  }

  /** Pages that the manifests need. */
  async #referenced(keys: readonly string[], signal: AbortSignal | undefined): Promise<Set<PageHash>> {
    const live = new Set<PageHash>();
    for (const key of keys) {
      signal?.throwIfAborted();
      const { references } = await this.#manifests.read(key);
      if (references === null)
        for (const pack of this.#packs) for (const { hash } of pack.pages) live.add(hash);
      for (const hash of references ?? []) live.add(hash);
    }
    return live;
  }

  async #collect(
    candidates: readonly string[],
    { live, signal, onProgress }: CollectOptions,
  ): Promise<CollectionResult> {
    const { fileOps, packs, states } = this.#options;
    const dead = candidates.filter((key) => !live.has(key) && !this.#writtenSince.has(key));
    const bytesBefore = await this.#manifests.bytes();
    for (const [done, key] of dead.entries()) {
      signal?.throwIfAborted();
      await this.#manifests.remove(key, false);
      onProgress?.({ step: 'removing manifests', done: done + 1, total: dead.length });
    }
    await fileOps.syncDirectory(states);
    const needed = await this.#referenced(await this.#manifests.keys(), signal);
    let [packsDeleted, pagesRemoved, bytesFreed] = [0, 0, bytesBefore - (await this.#manifests.bytes())];
    for (const [number, pack] of this.#packs.entries()) {
      signal?.throwIfAborted();
      onProgress?.({ step: 'reclaiming packs', done: number + 1, total: this.#packs.length });
      if (pack.pages.length === 0 || pack.pages.some(({ hash }) => needed.has(hash))) continue;
      await fileOps.remove(pack.path);
      for (const { hash } of pack.pages) if (this.#index.get(hash)?.pack === number) this.#index.delete(hash);
      packsDeleted += 1;
      pagesRemoved += pack.pages.length;
      bytesFreed += pack.bytes;
      this.#packs[number] = { ...pack, pages: [], bytes: 0 };
    }
    await fileOps.syncDirectory(packs);
    return { manifestsRemoved: dead.length, pagesRemoved, packsDeleted, packsRewritten: 0, bytesFreed };
  }

  /** Runs when no write does; writes wait. */
  async #exclusively<T>(work: () => Promise<T>): Promise<T> {
    while (this.#running !== null) await this.#running;
    this.#requireOpen();
    const done = work();
    this.#running = done.then(
      () => {},
      () => {},
    );
    void this.#running.then(() => {
      this.#running = null;
      if (this.#queue.length > 0) this.#start();
    });
    return done;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    while (this.#running !== null) await this.#running;
  }

  #requireOpen(): void {
    if (this.#closed)
      throw new WorldError('RUNTIME_CLOSED', 'The page store is closed. Open the data directory again.');
  }

  #start(): void {
    this.#running ??= this.#drain().finally(() => {
      this.#running = null;
      // What was queued after the last look, and before this, found a run that was over.
      if (this.#queue.length > 0) this.#start();
    });
  }

  async #drain(): Promise<void> {
    while (this.#queue.length > 0) await this.#writeTogether(this.#queue.splice(0, WRITES_TOGETHER_MAX));
  }

  /** All packs first, synced, then the manifests, then their directory: no manifest is visible before its pages. */
  async #writeTogether(writes: readonly Write[]): Promise<void> {
    const { fileOps, packs, states } = this.#options;
    const writer = new PackWriter(fileOps, packs);
    const accepted: Write[] = [];
    try {
      const fresh = new Set<PageHash>();
      for (const write of writes) {
        if (!(await this.#addPages(writer, write, fresh))) continue;
        const missing = write.references.filter((hash) => !this.has(hash) && !fresh.has(hash));
        if (missing.length === 0) accepted.push(write);
        else write.resolve({ missing });
      }
      for (const pack of await writer.finish()) this.#enterWritten(pack);
      // One after the other: two of them may have the same key, and the later one must win.
      for (const { key, manifest, references, basedOn } of accepted) {
        await this.#manifests.write(key, { manifest, references }, basedOn);
        this.#writtenSince.add(key);
      }
      if (accepted.length > 0) await fileOps.syncDirectory(states);
    } catch (thrown) {
      await writer.abandon();
      const error = storageFailed(thrown, `Cannot store pages in ${packs}`);
      for (const write of writes) write.reject(error);
      return;
    }
    for (const write of accepted) write.resolve({ missing: [] });
  }

  /**
   * Adds what is not stored yet. False when the caller's pages are wrong: that write alone is refused, and the
   * pages added before are good ones that hurt nobody.
   */
  async #addPages(writer: PackWriter, write: Write, fresh: Set<PageHash>): Promise<boolean> {
    let wrong: unknown = null;
    const pages = write.pages[Symbol.iterator]();
    while (wrong === null) {
      let next: IteratorResult<{ readonly hash: PageHash; readonly bytes: Uint8Array }>;
      try {
        next = pages.next();
      } catch (thrown) {
        wrong = thrown;
        break;
      }
      if (next.done) return true;
      const { hash, bytes } = next.value;
      if (this.has(hash) || fresh.has(hash)) continue;
      // A copy, because the check must be about the bytes that are written.
      const page = Uint8Array.from(bytes);
      if (page.length !== PAGE_BYTES || hashOf(page) !== hash) wrong = mismatch(write.key, hash, page.length);
      else {
        await writer.add(write.key, hash, page);
        fresh.add(hash);
      }
    }
    write.reject(wrong);
    return false;
  }

  #enterWritten(pack: WrittenPack): void {
    this.#enter(join(this.#options.packs, pack.name), pack.key, pack.pages);
  }

  #enter(path: string, key: string | null, pages: WrittenPack['pages']): void {
    const bytes = pages.reduce((sum, page) => sum + page.entryBytes, 0);
    const number = this.#packs.push({ path, key, pages, bytes }) - 1;
    for (const { hash, offset, entryBytes } of pages) {
      const before = this.#index.get(hash);
      if (before) this.#copies.set(hash, [...(this.#copies.get(hash) ?? []), before]);
      this.#index.set(hash, { pack: number, offset, entryBytes });
      this.#damaged.delete(hash);
    }
  }

  /** Takes the damaged copy out; another one, if there is any, takes its place. */
  #noteDamage(page: DamagedPage): void {
    const place = this.#index.get(page.hash);
    if (!place || this.#packs[place.pack]?.path !== page.pack) return;
    const copy = this.#copies.get(page.hash)?.pop();
    if (copy) {
      this.#index.set(page.hash, copy);
      return;
    }
    this.#index.delete(page.hash);
    this.#damaged.set(page.hash, page);
  }

  #pageCorrupt(pages: readonly DamagedPage[]): WorldError {
    const listed = pages.map((page) => ({
      ...page,
      state: this.#packs.find((pack) => pack.path === page.pack)?.key ?? null,
    }));
    const [first] = listed;
    const where = first?.pack ? ` in ${first.pack}` : '';
    const state = first?.state ? ` (written for state ${first.state})` : '';
    const more = listed.length > 1 ? `, and ${listed.length - 1} more pages` : '';
    return new WorldError(
      'PAGE_CORRUPT',
      `Page ${first?.hash}${where}${state} cannot be read: ${first?.reason}${more}. Other pages are not affected; ` +
        'rewind to another snapshot or restore the pack from a backup.',
      { details: { pages: listed } },
    );
  }
}

function mismatch(key: string, hash: PageHash, length: number): WorldError {
  const what =
    length === PAGE_BYTES ? 'its content has another hash' : `it has ${length} bytes, not ${PAGE_BYTES}`;
  return new WorldError('PAGE_CORRUPT', `Page ${hash} of state ${key} was not stored: ${what}.`, {
    details: { pages: [{ hash, pack: null, reason: what, state: key }] },
  });
}
