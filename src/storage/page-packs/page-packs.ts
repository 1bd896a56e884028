import { join } from 'node:path';
import { WorldError } from '../../model/world-error.js';
import { PAGE_BYTES, type PageHash, type PageStore } from '../../ports/page-store.js';
import { removeLeftovers, replaceAtomically } from '../atomic-write.js';
import { errnoOf, type FileOps, nodeFileOps, readSmallFile, storageFailed } from '../file-ops.js';
import { loadPack } from './load-pack.js';
import {
  decodeManifest,
  encodeManifest,
  MANIFEST_BYTES_MAX,
  MANIFEST_ENDING,
  MANIFEST_HEADER_BYTES,
  MANIFEST_VERSION,
} from './manifest-format.js';
import { PACK_ENDING } from './pack-format.js';
import { PackWriter, type WrittenPack } from './pack-writer.js';
import { hashOf, ZERO_HASH } from './page-codec.js';
import { PageIndex, type PagePlace } from './page-index.js';
import { type DamagedPage, readEntries, type Wanted } from './read-entries.js';

/** Writes that share one pack and its fsyncs at most. */
const WRITES_TOGETHER_MAX = 64;
const KEY = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;

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
}

interface Write {
  readonly key: string;
  readonly manifest: Uint8Array;
  readonly pages: Iterable<{ readonly hash: PageHash; readonly bytes: Uint8Array }>;
  resolve(): void;
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
  readonly #queue: Write[] = [];
  #running: Promise<void> | null = null;
  #closed = false;

  constructor(options: Required<PagePacksOptions>) {
    this.#options = options;
  }

  get pageCount(): number {
    return this.#index.size;
  }

  async load(name: string): Promise<void> {
    const path = join(this.#options.packs, name);
    const { key, pages, damage } = await loadPack(this.#options.fileOps, path);
    this.notes.push(...damage);
    this.#enter({ path, key }, pages);
  }

  has(hash: PageHash): boolean {
    return hash === ZERO_HASH || this.#index.get(hash) !== undefined;
  }

  write(key: string, manifest: Uint8Array, pages: Write['pages']): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#requireOpen();
      if (!KEY.test(key)) throw new WorldError('INTERNAL', `"${key}" cannot be the name of a manifest file.`);
      if (manifest.length > MANIFEST_BYTES_MAX) {
        const limit = `${manifest.length} bytes; at most ${MANIFEST_BYTES_MAX} can be stored`;
        throw new WorldError('STORAGE_FAILED', `The manifest ${key} has ${limit}.`, { details: { key } });
      }
      this.#queue.push({ key, manifest, pages, resolve, reject });
      this.#start();
    });
  }

  async readManifest(key: string): Promise<Uint8Array> {
    this.#requireOpen();
    if (!KEY.test(key)) throw new WorldError('INTERNAL', `"${key}" cannot be the name of a manifest file.`);
    const path = this.#manifestPath(key);
    const file = await this.#readManifestFile(key, path);
    const decoded = decodeManifest(file);
    if ('manifest' in decoded) return decoded.manifest;
    const details = { key, path };
    if ('version' in decoded) {
      const text = `version ${decoded.version}; this program reads version ${MANIFEST_VERSION}`;
      throw new WorldError(
        'DATA_DIR_VERSION',
        `The manifest ${path} has ${text}. Use the program that wrote it.`,
        { details },
      );
    }
    throw new WorldError(
      'PAGE_CORRUPT',
      `The manifest ${path} is damaged: ${decoded.reason}. Other states are not affected; restore this file from a backup.`,
      { details },
    );
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
        if (await this.#addPages(writer, write, fresh)) accepted.push(write);
      }
      for (const pack of await writer.finish()) this.#enterWritten(pack);
      // One after the other: two of them may have the same key, and the later one must win.
      for (const { key, manifest } of accepted) {
        await replaceAtomically(fileOps, this.#manifestPath(key), encodeManifest(manifest));
      }
      await fileOps.syncDirectory(states);
    } catch (thrown) {
      await writer.abandon();
      const error = storageFailed(thrown, `Cannot store pages in ${packs}`);
      for (const write of writes) write.reject(error);
      return;
    }
    for (const write of accepted) write.resolve();
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
    this.#enter({ path: join(this.#options.packs, pack.name), key: pack.key }, pack.pages);
  }

  #enter(pack: Pack, pages: WrittenPack['pages']): void {
    const number = this.#packs.push(pack) - 1;
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

  #manifestPath(key: string): string {
    return join(this.#options.states, `${key}${MANIFEST_ENDING}`);
  }

  async #readManifestFile(key: string, path: string): Promise<Uint8Array> {
    try {
      return await readSmallFile(this.#options.fileOps, path, MANIFEST_BYTES_MAX + MANIFEST_HEADER_BYTES);
    } catch (thrown) {
      if (errnoOf(thrown) !== 'ENOENT') throw storageFailed(thrown, `Cannot read the manifest ${path}`);
      throw new WorldError('STATE_LOST', `There is no manifest ${key} in ${this.#options.states}.`, {
        details: { key, path },
      });
    }
  }
}

function mismatch(key: string, hash: PageHash, length: number): WorldError {
  const what =
    length === PAGE_BYTES ? 'its content has another hash' : `it has ${length} bytes, not ${PAGE_BYTES}`;
  return new WorldError('PAGE_CORRUPT', `Page ${hash} of state ${key} was not stored: ${what}.`, {
    details: { pages: [{ hash, pack: null, reason: what, state: key }] },
  });
}
