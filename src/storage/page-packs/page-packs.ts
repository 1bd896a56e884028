import { WorldError } from '../../model/world-error.js';
import type {
  Collection,
  CollectionResult,
  CollectOptions,
  ManifestWrite,
  PageHash,
  PageStore,
  PageStoreUsage,
  PageWrite,
  StoredManifest,
  WriteResult,
} from '../../ports/page-store.js';
import { removeLeftovers } from '../atomic-write.js';
import { type FileOps, nodeFileOps, storageFailed } from '../file-ops.js';
import { sideBySide } from '../side-by-side.js';
import { markAll, PageCollection } from './collect-pages.js';
import { examinePages, type PageExamination } from './examine-pages.js';
import {
  MANIFESTS_AT_ONCE_MAX,
  type ManifestDraft,
  ManifestFiles,
  ReadBases,
  requireKey,
} from './manifest-files.js';
import { PackWriter } from './pack-writer.js';
import { PageMarks } from './page-marks.js';
import { pageCorrupt, readPages } from './page-reader.js';
import { PageWriter } from './page-writer.js';
import type { DamagedPage } from './read-entries.js';
import { StoredPacks } from './stored-packs.js';

/** Writes that share one pack and its fsyncs at most. */
const WRITES_TOGETHER_MAX = 64;

export interface PagePacksOptions {
  /** Directory of the packs and directory of the manifests; both exist. */
  readonly packs: string;
  readonly states: string;
  /** Directory of the index; it is made again from the packs when it is missing. */
  readonly index: string;
  readonly fileOps?: FileOps;
}

export interface PagePacks extends PageStore {
  /** What was found damaged at open, for the user; empty when all is well. */
  readonly notes: readonly string[];
  /** Number of different pages stored. */
  readonly pageCount: number;
  /** Reads and checks every page and manifest. Takes as long as the disk needs for all of it. */
  examine(signal?: AbortSignal): Promise<PageExamination>;
}

interface Write extends ManifestWrite {
  readonly key: string;
  resolve(result: WriteResult): void;
  reject(error: unknown): void;
}

/**
 * Opens the page store: compares the packs with their index, enters those that it lacks, and removes what unfinished
 * writes left. The caller holds the lock of the data directory.
 *
 * @throws DATA_DIR_VERSION for a pack of a newer version; STORAGE_FAILED. Damage is no error: see `notes`.
 */
export async function openPagePacks(options: PagePacksOptions): Promise<PagePacks> {
  const fileOps = options.fileOps ?? nodeFileOps;
  try {
    for (const directory of [options.packs, options.states]) {
      await removeLeftovers(fileOps, directory);
      // A write whose last sync failed may have left a name that power loss would take: what is found must stay.
      await fileOps.syncDirectory(directory);
    }
    const packs = await StoredPacks.open({ fileOps, directory: options.packs, index: options.index });
    return new PackedPages({ ...options, fileOps }, packs);
  } catch (thrown) {
    throw storageFailed(thrown, `Cannot open the page store ${options.packs}`);
  }
}

class PackedPages implements PagePacks {
  readonly #options: Required<PagePacksOptions>;
  readonly #packs: StoredPacks;
  readonly #manifests: ManifestFiles;
  readonly #pageWriter: PageWriter;
  readonly #queue: Write[] = [];
  /** Work between writes, of collections. */
  readonly #between: (() => Promise<void>)[] = [];
  #running: Promise<void> | null = null;
  #collection: PageCollection | null = null;
  readonly #closing = new AbortController();
  #collecting: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(options: Required<PagePacksOptions>, packs: StoredPacks) {
    this.#options = options;
    this.#packs = packs;
    this.#manifests = new ManifestFiles(options.fileOps, options.states);
    this.#pageWriter = new PageWriter(options.fileOps, packs);
  }

  get notes(): readonly string[] {
    return this.#packs.notes;
  }

  get pageCount(): number {
    return this.#packs.pageCount;
  }

  has(hash: PageHash): boolean {
    return this.#packs.depth(hash) !== null;
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
    const { pages, damaged } = await readPages(this.#options.fileOps, this.#packs, hashes);
    if (damaged.length > 0) throw pageCorrupt(this.#packs, damaged, await this.#manifestsWith(damaged));
    return hashes.map((hash) => pages.get(hash) ?? new Uint8Array(0));
  }

  async beginCollection(): Promise<Collection> {
    this.#requireOpen();
    const { fileOps, packs, states } = this.#options;
    const candidates = await this.#exclusively(async () => {
      const collection = new PageCollection(
        {
          fileOps,
          packsDirectory: packs,
          statesDirectory: states,
          packs: this.#packs,
          manifests: this.#manifests,
          exclusively: (work) => this.#exclusively(work),
        },
        await this.#manifests.keys(),
      );
      this.#collection = collection;
      return collection;
    });
    return { candidates: candidates.candidates, collect: (options) => this.#collect(candidates, options) };
  }

  async #collect(collection: PageCollection, options: CollectOptions): Promise<CollectionResult> {
    this.#requireOpen();
    if (this.#collection !== collection || collection.isStarted) {
      throw new WorldError('INTERRUPTED', 'This collection was replaced by a newer one. Nothing is lost.');
    }
    const signals = options.signal ? [options.signal, this.#closing.signal] : [this.#closing.signal];
    const work = collection.collect({ ...options, signal: AbortSignal.any(signals) });
    this.#collecting = work.then(ignore, ignore);
    try {
      return await work;
    } catch (thrown) {
      throw storageFailed(thrown, `Cannot collect pages in ${this.#options.packs}`);
    } finally {
      if (this.#collection === collection) this.#collection = null;
    }
  }

  async usage(): Promise<PageStoreUsage> {
    this.#requireOpen();
    const keys = await this.#manifests.keys();
    const marks = new PageMarks(this.#packs);
    const bases = new ReadBases();
    for (const key of keys) {
      // One that cannot be read says so to its own reader; here it counts for nothing.
      const manifest = await this.#manifests.read(key, bases).catch(() => null);
      await markAll(marks, manifest?.references ?? [], undefined);
    }
    const live = marks.total;
    const manifestBytes = await this.#manifests.bytes();
    let packBytes = 0;
    for (const row of this.#packs.rows) packBytes += row.packBytes;
    return {
      manifests: keys.length,
      manifestBytes,
      packs: this.#packs.packCount,
      packBytes,
      livePackBytes: live.bytes,
      pages: this.#packs.pageCount,
      livePages: live.pages,
      bytes: packBytes + manifestBytes,
      liveBytes: live.bytes + manifestBytes,
    };
  }

  examine(signal?: AbortSignal): Promise<PageExamination> {
    this.#requireOpen();
    return examinePages({
      fileOps: this.#options.fileOps,
      packs: this.#packs,
      manifests: this.#manifests,
      signal,
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    this.#closing.abort(closedError());
    await this.#collecting;
    while (this.#running !== null) await this.#running;
    await this.#packs.close();
  }

  #requireOpen(): void {
    if (this.#closed) throw closedError();
  }

  #start(): void {
    this.#running ??= this.#drain().finally(() => {
      this.#running = null;
      // What was queued after the last look, and before this, found a run that was over.
      if (this.#queue.length > 0 || this.#between.length > 0) this.#start();
    });
  }

  async #drain(): Promise<void> {
    while (this.#queue.length > 0 || this.#between.length > 0) {
      // In turns, so that neither waits for all of the other.
      await this.#between.shift()?.();
      if (this.#queue.length > 0) await this.#writeTogether(this.#queue.splice(0, WRITES_TOGETHER_MAX));
    }
  }

  #exclusively<T>(work: () => Promise<T>): Promise<T> {
    this.#requireOpen();
    return new Promise((resolve, reject) => {
      this.#between.push(() => work().then(resolve, reject));
      this.#start();
    });
  }

  /**
   * All packs first, synced, then the index, then the manifests, then their directory: no manifest is visible before
   * its pages. Only under other names are manifests written, and synced, beside the packs.
   */
  async #writeTogether(writes: readonly Write[]): Promise<void> {
    const { fileOps, packs, states } = this.#options;
    const writer = new PackWriter(fileOps, packs);
    const accepted: Write[] = [];
    const drafts: ManifestDraft[] = [];
    try {
      const fresh = new Set<PageHash>();
      for (const write of writes) if (await this.#addPages(writer, write, fresh)) accepted.push(write);
      // Two of them may have the same key, and the later one must win: it is drafted when the earlier one is there.
      const [early, late] = firstOfEachKey(accepted);
      const drafting = this.#draft(early, drafts);
      const drafted = drafting.catch(ignore);
      try {
        this.#packs.enter(await writer.finish());
      } finally {
        await drafted;
      }
      await drafting;
      await this.#publish(drafts);
      for (const write of late) {
        await this.#draft([write], drafts);
        await this.#publish(drafts);
      }
      if (accepted.length > 0) await fileOps.syncDirectory(states);
    } catch (thrown) {
      await writer.abandon();
      for (const draft of drafts) await draft.abandon();
      const error = storageFailed(thrown, `Cannot store pages in ${packs}`);
      for (const write of writes) write.reject(error);
      return;
    }
    for (const write of accepted) write.resolve({ missing: [] });
  }

  async #draft(writes: readonly Write[], drafts: ManifestDraft[]): Promise<void> {
    await sideBySide(writes, MANIFESTS_AT_ONCE_MAX, async ({ key, manifest, references, basedOn }) => {
      drafts.push(await this.#manifests.draft(key, { manifest, references }, basedOn));
    });
  }

  /** Takes them away, one after the other. */
  async #publish(drafts: ManifestDraft[]): Promise<void> {
    for (let draft = drafts[0]; draft !== undefined; draft = drafts[0]) {
      await draft.publish();
      drafts.shift();
      this.#collection?.noteWritten(draft.key, draft.references, draft.bases);
    }
  }

  /**
   * Adds what is not stored yet. False when nothing is to be written: the caller's pages are wrong, and that write
   * alone is refused, or some are missing. Pages added before are good ones that hurt nobody.
   */
  async #addPages(writer: PackWriter, write: Write, fresh: Set<PageHash>): Promise<boolean> {
    let pages: readonly PageWrite[];
    try {
      pages = [...write.pages];
    } catch (thrown) {
      write.reject(thrown);
      return false;
    }
    try {
      const given = new Set(pages.map(({ hash }) => hash));
      const missing = write.references.filter(
        (hash) => !given.has(hash) && !fresh.has(hash) && !this.has(hash),
      );
      if (missing.length > 0) {
        write.resolve({ missing });
        return false;
      }
      await this.#pageWriter.add(writer, { key: write.key, pages, fresh });
      return true;
    } catch (thrown) {
      // What the disk says concerns all writes; what these pages are, this one.
      if (!(thrown instanceof WorldError) || thrown.code !== 'PAGE_CORRUPT') throw thrown;
      write.reject(thrown);
      return false;
    }
  }

  /** Keys of the manifests that need a page that cannot be read. Reads all of them: only damage is worth that. */
  async #manifestsWith(damaged: readonly DamagedPage[]): Promise<string[]> {
    const lost = new Set(damaged.map(({ hash }) => hash));
    const isLost = (hash: PageHash): boolean => {
      const chain = this.#packs.chain(hash);
      return (
        (chain.missing !== null && lost.has(chain.missing)) || chain.pages.some((page) => lost.has(page.hash))
      );
    };
    const found: string[] = [];
    for (const key of await this.#manifests.keys().catch(() => [])) {
      const manifest = await this.#manifests.read(key).catch(() => null);
      if (manifest?.references?.some(isLost)) found.push(key);
    }
    return found;
  }
}

function ignore(): void {}

function firstOfEachKey(writes: readonly Write[]): [Write[], Write[]] {
  const keys = new Set<string>();
  const isFirst = ({ key }: Write): boolean => keys.size < keys.add(key).size;
  const early = writes.filter(isFirst);
  return [early, writes.filter((write) => !early.includes(write))];
}

function closedError(): WorldError {
  return new WorldError('RUNTIME_CLOSED', 'The page store is closed. Open the data directory again.');
}
