import { setImmediate as nextTurn } from 'node:timers/promises';
import { WorldError } from '../../model/world-error.js';
import type { CollectionResult, CollectOptions, PageHash } from '../../ports/page-store.js';
import type { FileOps } from '../file-ops.js';
import { sideBySide } from '../side-by-side.js';
import { loadKnownPack } from './load-pack.js';
import { MANIFESTS_AT_ONCE_MAX, type ManifestFiles, ReadBases, type ReadManifest } from './manifest-files.js';
import type { PackedPage } from './pack-format.js';
import { PackWriter } from './pack-writer.js';
import type { PackRow, PagePlace } from './page-index.js';
import { PageMarks } from './page-marks.js';
import { readEntries } from './read-entries.js';
import type { StoredPacks } from './stored-packs.js';

/** Manifests removed, and pages marked, in one step; between steps reads and writes go on. */
const REMOVED_TOGETHER = 250;
const MARKED_TOGETHER = 2000;
/** A pack is rewritten when less than this part of its bytes is live. */
const LIVE_SHARE_MIN = 0.5;
/** Packs smaller than this are put together once there are so many of them. */
const SMALL_PACK_BYTES = 1024 * 1024;
const SMALL_PACKS_MIN = 8;
/** Live bytes that are copied together into a new pack. */
const REWRITE_BYTES_MAX = 32 * 1024 * 1024;
/** Packs reclaimed, or entries copied, in one step. */
const GROUP_MAX = 256;
/** Bytes of entries read at once while copying. */
const COPY_BYTES_MAX = 4 * 1024 * 1024;
/** Packs read, and files removed, at the same time. */
const PACKS_AT_ONCE_MAX = 4;
const REMOVED_AT_ONCE_MAX = 16;

export interface CollectionParts {
  readonly fileOps: FileOps;
  readonly packsDirectory: string;
  readonly statesDirectory: string;
  readonly packs: StoredPacks;
  readonly manifests: ManifestFiles;
  /** Runs something while no write does. */
  exclusively<T>(work: () => Promise<T>): Promise<T>;
}

/** A manifest that goes. */
interface DeadManifest {
  depth: number;
  fileBytes: number;
}

interface LoadedVictim {
  readonly row: PackRow;
  readonly pages: readonly PackedPage[];
  readonly live: readonly PackedPage[];
}

/** One pass of collection, and what writes tell it meanwhile. */
export class PageCollection {
  readonly candidates: readonly string[];
  readonly #parts: CollectionParts;
  /** Manifests written since it began. */
  readonly #written = new Set<string>();
  /** Manifests that surviving ones are differences to: keys, and digests of their content. */
  readonly #baseKeys = new Set<string>();
  readonly #baseDigests = new Set<string>();
  #marks: PageMarks | null = null;
  #isStarted = false;
  #isSweeping = false;
  /** Packs with higher numbers were written after marking began, and are left alone. */
  #lastPack = 0;

  constructor(parts: CollectionParts, candidates: readonly string[]) {
    this.#parts = parts;
    this.candidates = candidates;
  }

  /** A manifest was written: it lives, with everything it needs. Called before the write is answered. */
  noteWritten(
    key: string,
    references: readonly PageHash[],
    bases: readonly { key: string; digest: string }[],
  ): void {
    this.#written.add(key);
    this.#noteBases(bases);
    if (this.#isSweeping) return;
    for (const hash of references) this.#marks?.mark(hash);
  }

  #noteBases(bases: readonly { readonly key: string; readonly digest: string }[]): void {
    for (const { key, digest } of bases) {
      this.#baseKeys.add(key);
      this.#baseDigests.add(digest);
    }
  }

  get isStarted(): boolean {
    return this.#isStarted;
  }

  async collect(options: CollectOptions): Promise<CollectionResult> {
    this.#isStarted = true;
    const { packs } = this.#parts;
    const marks = new PageMarks(packs);
    await this.#parts.exclusively(async () => {
      this.#lastPack = packs.lastNumber;
      this.#marks = marks;
    });
    try {
      const dead = new Map<string, DeadManifest>();
      for (const key of this.candidates)
        if (!options.live.has(key)) dead.set(key, { depth: 0, fileBytes: 0 });
      await this.#mark(marks, dead, options);
      const manifests = await this.#removeManifests(dead, options);
      await this.#parts.exclusively(async () => {
        this.#isSweeping = true;
        packs.doom((place) => this.#isDead(place));
      });
      const reclaimed = await this.#reclaim(marks, options);
      return {
        manifestsRemoved: manifests.removed,
        ...reclaimed,
        bytesFreed: manifests.bytesFreed + reclaimed.bytesFreed,
      };
    } finally {
      packs.doom(null);
      this.#marks = null;
    }
  }

  #isDead(place: PagePlace): boolean {
    return place.pack <= this.#lastPack && this.#marks !== null && !this.#marks.isMarked(place);
  }

  /** Marks what the manifests that stay need, and notes how deep the others are. */
  async #mark(
    marks: PageMarks,
    dead: Map<string, DeadManifest>,
    { signal, onProgress }: CollectOptions,
  ): Promise<void> {
    const keys = await this.#parts.manifests.keys();
    const bases = new ReadBases();
    let done = 0;
    await sideBySide(keys, MANIFESTS_AT_ONCE_MAX, async (key) => {
      checkSignal(signal);
      onProgress?.({ step: 'marking pages', done, total: keys.length });
      if (dead.has(key) && !this.#written.has(key)) dead.set(key, await this.#parts.manifests.glance(key));
      else await this.#markManifest(await this.#readManifest(key, bases), marks, signal);
      done += 1;
    });
    onProgress?.({ step: 'marking pages', done: keys.length, total: keys.length });
  }

  async #markManifest(
    manifest: ReadManifest | null,
    marks: PageMarks,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    if (manifest === null) return;
    this.#noteBases(manifest.bases);
    if (manifest.references === null) this.#markVersion1(marks);
    await markAll(marks, manifest.references ?? [], signal);
  }

  /** Null when it is gone. One that cannot be read stops the collection: what it needs is not known. */
  async #readManifest(key: string, bases: ReadBases): Promise<ReadManifest | null> {
    try {
      return await this.#parts.manifests.read(key, bases);
    } catch (thrown) {
      if (!(thrown instanceof WorldError)) throw thrown;
      if (thrown.code === 'STATE_LOST') return null;
      if (thrown.code !== 'PAGE_CORRUPT') throw thrown;
      throw new WorldError(
        'PAGE_CORRUPT',
        `Nothing was collected, because it is not known which pages the state ${key} needs. ${thrown.message} ` +
          'Or forget this state, and collect again.',
        { details: thrown.details ?? {}, cause: thrown },
      );
    }
  }

  /** A manifest of version 1 of unknown making: every page that was written then may be its. */
  #markVersion1(marks: PageMarks): void {
    for (const row of this.#parts.packs.rows) {
      if (row.version !== 1) continue;
      marks.keepWhole(row);
    }
  }

  async #removeManifests(
    dead: ReadonlyMap<string, DeadManifest>,
    { signal, onProgress }: CollectOptions,
  ): Promise<{ readonly removed: number; readonly bytesFreed: number }> {
    const { manifests, fileOps, statesDirectory } = this.#parts;
    let [done, removed, bytesFreed] = [0, 0, 0];
    const remove = async ([key, { fileBytes }]: readonly [string, DeadManifest]): Promise<void> => {
      if (this.#written.has(key)) return;
      if (await manifests.remove(key, this.#baseKeys.has(key))) bytesFreed += fileBytes;
      removed += 1;
    };
    for (const group of byDepth(dead)) {
      checkSignal(signal);
      await this.#parts.exclusively(async () => {
        await sideBySide(group, REMOVED_AT_ONCE_MAX, remove);
        await fileOps.syncDirectory(statesDirectory);
      });
      done += group.length;
      onProgress?.({ step: 'removing manifests', done, total: dead.size });
    }
    await this.#parts.exclusively(async () => {
      const unneeded = (await manifests.bases()).filter((digest) => !this.#baseDigests.has(digest));
      if (unneeded.length === 0) return;
      await sideBySide(unneeded, REMOVED_AT_ONCE_MAX, async (digest) => {
        bytesFreed += await manifests.removeBase(digest);
      });
      await fileOps.syncDirectory(statesDirectory);
    });
    return { removed, bytesFreed };
  }

  async #reclaim(
    marks: PageMarks,
    { signal, onProgress }: CollectOptions,
  ): Promise<Omit<CollectionResult, 'manifestsRemoved'>> {
    const rows = [...this.#parts.packs.rows].filter(({ number }) => number <= this.#lastPack);
    const empty = rows.filter(({ number }) => marks.of(number).pages === 0);
    const groups = [
      ...groupsOf(empty, () => 0),
      ...groupsOf(sparse(rows, marks), ({ number }) => marks.of(number).bytes),
    ];
    const total = groups.reduce((sum, group) => sum + group.length, 0);
    let [done, pagesRemoved, packsDeleted, packsRewritten, bytesFreed] = [0, 0, 0, 0, 0];
    for (const group of groups) {
      checkSignal(signal);
      const reclaimed = await this.#reclaimGroup(group, marks, signal);
      pagesRemoved += reclaimed.pagesRemoved;
      bytesFreed += reclaimed.bytesFreed;
      packsDeleted += reclaimed.packsDeleted;
      packsRewritten += reclaimed.packsRewritten;
      done += group.length;
      onProgress?.({ step: 'reclaiming packs', done, total });
    }
    return { pagesRemoved, packsDeleted, packsRewritten, bytesFreed };
  }

  /** Copies the live pages of some packs into new ones, changes the index, then deletes the old: in this order. */
  async #reclaimGroup(
    group: readonly PackRow[],
    marks: PageMarks,
    signal: AbortSignal | undefined,
  ): Promise<Omit<CollectionResult, 'manifestsRemoved'>> {
    const { fileOps, packs, packsDirectory } = this.#parts;
    const writer = new PackWriter(fileOps, packsDirectory, 'rewriting');
    const victims: LoadedVictim[] = [];
    const old: LoadedVictim[] = [];
    try {
      await sideBySide(group, PACKS_AT_ONCE_MAX, async (row, index) => {
        checkSignal(signal);
        victims[index] = await this.#loadVictim(row, marks);
      });
      for (const victim of victims) {
        // A live page that cannot be read stays where it is, and with it the pack: there it is reported.
        if (await this.#copy(writer, victim, signal)) old.push(victim);
      }
      const moved = await writer.finish();
      const pagesRemoved = await this.#parts.exclusively(async () => {
        const removed = packs.replace(old, moved);
        await sideBySide(old, REMOVED_AT_ONCE_MAX, ({ row }) => fileOps.remove(packs.path(row.name)));
        if (old.length > 0) await fileOps.syncDirectory(packsDirectory);
        return removed;
      });
      const packsRewritten = old.filter(({ live }) => live.length > 0).length;
      const bytesFreed =
        sum(old.map(({ row }) => row.packBytes)) - sum(moved.map(({ packBytes }) => packBytes));
      return { pagesRemoved, packsDeleted: old.length - packsRewritten, packsRewritten, bytesFreed };
    } catch (thrown) {
      await writer.abandon();
      throw thrown;
    }
  }

  async #loadVictim(row: PackRow, marks: PageMarks): Promise<LoadedVictim> {
    const { fileOps, packs } = this.#parts;
    const pages = await loadKnownPack(fileOps, packs.path(row.name), row);
    if (marks.of(row.number).pages === 0) return { row, pages, live: [] };
    const live = pages.filter(({ hash }) => {
      const place = packs.find(hash)?.place;
      return place?.pack === row.number && marks.isMarked(place);
    });
    return { row, pages, live };
  }

  async #copy(
    writer: PackWriter,
    { row, live }: LoadedVictim,
    signal: AbortSignal | undefined,
  ): Promise<boolean> {
    const { fileOps, packs } = this.#parts;
    const pack = packs.path(row.name);
    const batches = groupsOf(live, ({ entryBytes }) => entryBytes, COPY_BYTES_MAX);
    const copied: { page: PackedPage; bytes: Buffer }[] = [];
    for (const batch of batches) {
      checkSignal(signal);
      const found = new Map<PageHash, Buffer>();
      const damaged = await readEntries(
        fileOps,
        batch.map((page) => ({ ...page, pack })),
        found,
      );
      if (damaged.length > 0) return false;
      for (const page of batch) {
        const bytes = found.get(page.hash);
        if (bytes) copied.push({ page, bytes });
      }
    }
    for (const { page, bytes } of copied) {
      await writer.add(row.key ?? 'rewritten', page.hash, { bytes, depth: page.depth, base: page.base });
    }
    return true;
  }
}

/** Packs that are worth rewriting: mostly dead, or many small ones. */
function sparse(rows: readonly PackRow[], marks: PageMarks): PackRow[] {
  const live = rows.filter(({ number }) => marks.of(number).pages > 0);
  const isSparse = (row: PackRow): boolean => marks.of(row.number).bytes < row.packBytes * LIVE_SHARE_MIN;
  const small = live.filter(({ packBytes }) => packBytes < SMALL_PACK_BYTES);
  const together = new Set(small.length >= SMALL_PACKS_MIN ? small : []);
  return live.filter(
    (row) => together.has(row) || (isSparse(row) && marks.of(row.number).pages < row.entries),
  );
}

/**
 * The deepest first, and never two depths together: what is interrupted leaves no manifest without the one it is a
 * difference to.
 */
function byDepth(dead: ReadonlyMap<string, DeadManifest>): (readonly [string, DeadManifest])[][] {
  const groups: (readonly [string, DeadManifest])[][] = [];
  for (const entry of [...dead].sort(([, a], [, b]) => b.depth - a.depth)) {
    const group = groups.at(-1);
    const isFull = group === undefined || group.length >= REMOVED_TOGETHER;
    if (isFull || group[0]?.[1].depth !== entry[1].depth) groups.push([entry]);
    else group.push(entry);
  }
  return groups;
}

function groupsOf<T>(items: readonly T[], bytesOf: (item: T) => number, bytesMax = REWRITE_BYTES_MAX): T[][] {
  const groups: T[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const item of items) {
    bytes += bytesOf(item);
    const group = groups.at(-1);
    if (group === undefined || bytes > bytesMax || group.length >= GROUP_MAX) {
      groups.push([item]);
      bytes = bytesOf(item);
    } else {
      group.push(item);
    }
  }
  return groups;
}

/** In small steps. */
export async function markAll(
  marks: PageMarks,
  references: readonly PageHash[],
  signal: AbortSignal | undefined,
): Promise<void> {
  for (let start = 0; start < references.length; start += MARKED_TOGETHER) {
    for (const hash of references.slice(start, start + MARKED_TOGETHER)) marks.mark(hash);
    checkSignal(signal);
    await nextTurn();
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

function checkSignal(signal: AbortSignal | undefined): void {
  if (!signal?.aborted) return;
  if (signal.reason instanceof WorldError) throw signal.reason;
  throw new WorldError(
    'INTERRUPTED',
    'The collection was interrupted. Nothing is lost; run it again to complete it.',
    {
      cause: signal.reason,
    },
  );
}
