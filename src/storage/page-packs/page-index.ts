import { mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Database, RootDatabase } from 'lmdb';
import { z } from 'zod';
import { WorldError } from '../../model/world-error.js';
import type { PageHash } from '../../ports/page-store.js';
import { storageFailed } from '../file-ops.js';
import { indexDamage, keepRoom, noteOpened, noteOpening, removeIndexFiles } from './index-files.js';
import type { PackedPage } from './pack-format.js';

/** Where a page is: the pack by its number, and its entry there. */
export interface PagePlace {
  readonly pack: number;
  readonly offset: number;
  readonly entryBytes: number;
  /** The how manieth entry of its pack it is. */
  readonly ordinal: number;
  readonly depth: number;
  readonly base: PageHash | null;
}

const PackRow = z.strictObject({
  number: z.int(),
  /** File name. */
  name: z.string(),
  /** The write that made it: a state that needed its pages; null when its header is damaged. */
  key: z.string().nullable(),
  version: z.int(),
  entries: z.int(),
  packBytes: z.int(),
});

/** What the index knows of a pack. */
export type PackRow = Readonly<z.infer<typeof PackRow>>;

/** Of the layout below. Another one is thrown away and made again. */
const VERSION = '1';
const VERSION_KEY = Buffer.from('#version');
/** The number of the next pack: numbers are never used again. */
const NEXT_KEY = Buffer.from('#next');
const PLACE_BYTES = 17;
const HASH_DIGITS = 64;

const require = createRequire(import.meta.url);

/**
 * Page hash to place, and the packs, in an LMDB environment: memory-mapped, so that millions of pages take none of
 * this process's heap and opening reads none of them. The packs are the truth, this can be made again from them.
 *
 * Everything is synchronous: asynchronous transactions of lmdb 3.5.6 were seen never to resolve.
 */
export class PageIndex {
  readonly #root: RootDatabase<Buffer, Buffer>;
  readonly #places: Database<Buffer, Buffer>;
  readonly #packs: Database<Buffer, Buffer>;
  readonly #directory: string;
  #closed = false;

  private constructor(directory: string, root: RootDatabase<Buffer, Buffer>) {
    this.#directory = directory;
    this.#root = root;
    this.#places = root.openDB({ name: 'places', encoding: 'binary', keyEncoding: 'binary' });
    this.#packs = root.openDB({ name: 'packs', encoding: 'binary', keyEncoding: 'binary' });
  }

  /**
   * Opens the index in a directory, or makes an empty one there. One that cannot be read is replaced by an empty one.
   *
   * @returns also why it was replaced, or null.
   * @throws STORAGE_FAILED when the directory cannot be written.
   */
  static open(directory: string): { readonly index: PageIndex; readonly replaced: string | null } {
    try {
      mkdirSync(directory, { recursive: true, mode: 0o700 });
    } catch (thrown) {
      throw storageFailed(thrown, `Cannot make the page index ${directory}`);
    }
    try {
      let replaced = indexDamage(directory);
      if (replaced === null) {
        const opened = PageIndex.#tryOpen(directory);
        if (opened instanceof PageIndex) return { index: opened, replaced };
        replaced = opened.reason;
      }
      removeIndexFiles(directory);
      const index = PageIndex.#openFiles(directory);
      index.#begin();
      return { index, replaced };
    } catch (thrown) {
      throw storageFailed(thrown, `Cannot make the page index ${directory}`);
    }
  }

  static #tryOpen(directory: string): PageIndex | { readonly reason: string } {
    let index: PageIndex | null = null;
    try {
      index = PageIndex.#openFiles(directory);
      if (index.#begin()) return index;
      void index.close();
      return { reason: 'it has another layout' };
    } catch (thrown) {
      void index?.close().catch(() => {});
      return { reason: thrown instanceof Error ? thrown.message : String(thrown) };
    }
  }

  static #openFiles(path: string): PageIndex {
    noteOpening(path);
    // Loaded here, because it takes its time and commands that open no data directory import this file too.
    const { open } = require('lmdb') as typeof import('lmdb');
    const options = { path, encoding: 'binary', keyEncoding: 'binary', maxDbs: 4 } as const;
    // Without the sync of its root page a commit may be lost with the power, but never be torn: opening finds the
    // packs that are not in it.
    return new PageIndex(
      path,
      open<Buffer, Buffer>({ ...options, overlappingSync: false, noMetaSync: true }),
    );
  }

  /** To be called once what was opened has proved readable. */
  settle(): void {
    noteOpened(this.#directory);
  }

  /** False when what is there has another layout. */
  #begin(): boolean {
    const version = this.#packs.getBinary(VERSION_KEY);
    if (version !== undefined) return version.toString() === VERSION;
    this.change(() => this.#packs.putSync(VERSION_KEY, Buffer.from(VERSION)));
    return true;
  }

  get(hash: PageHash): PagePlace | undefined {
    if (hash.length !== HASH_DIGITS) return undefined;
    const value = this.#read(() => this.#places.getBinary(Buffer.from(hash, 'hex')));
    if (value === undefined || value.length < PLACE_BYTES) return undefined;
    const depth = value.readUInt8(16);
    return {
      pack: value.readUInt32LE(0),
      offset: value.readUInt32LE(4),
      entryBytes: value.readUInt32LE(8),
      ordinal: value.readUInt32LE(12),
      depth,
      base: depth === 0 ? null : value.toString('hex', PLACE_BYTES, PLACE_BYTES + 32),
    };
  }

  /** Number of pages in it. */
  get size(): number {
    const stats: unknown = this.#read(() => this.#places.getStats());
    const count = typeof stats === 'object' && stats !== null && 'entryCount' in stats ? stats.entryCount : 0;
    return typeof count === 'number' ? count : 0;
  }

  packs(): PackRow[] {
    return this.#read(() => {
      const rows: PackRow[] = [];
      for (const { key, value } of this.#packs.getRange({})) {
        if (key[0] !== 0x23) rows.push(PackRow.parse(JSON.parse(value.toString('utf8'))));
      }
      return rows;
    });
  }

  /** Runs `work` as one transaction: all of it is there afterwards, or nothing. */
  change<T>(work: () => T): T {
    this.#requireOpen();
    try {
      keepRoom(this.#directory);
      const result = this.#root.transactionSync(work);
      keepRoom(this.#directory);
      return result;
    } catch (thrown) {
      throw this.#failed(thrown);
    }
  }

  /** Within `change`: enters a pack, and answers its number. */
  addPack(pack: Omit<PackRow, 'number'>): PackRow {
    const number = this.#packs.getBinary(NEXT_KEY)?.readUInt32LE(0) ?? 1;
    const next = Buffer.alloc(4);
    next.writeUInt32LE(number + 1);
    this.#packs.putSync(NEXT_KEY, next);
    const row = { ...pack, number };
    this.#packs.putSync(Buffer.from(pack.name), Buffer.from(JSON.stringify(row)));
    return row;
  }

  /** Within `change`. What places say of it stays, and leads nowhere. */
  removePack(name: string): void {
    this.#packs.removeSync(Buffer.from(name));
  }

  /** Within `change`. */
  set(page: PackedPage, pack: number, ordinal: number): void {
    const value = Buffer.alloc(PLACE_BYTES + (page.base === null ? 0 : 32));
    value.writeUInt32LE(pack, 0);
    value.writeUInt32LE(page.offset, 4);
    value.writeUInt32LE(page.entryBytes, 8);
    value.writeUInt32LE(ordinal, 12);
    value.writeUInt8(page.base === null ? 0 : page.depth, 16);
    if (page.base !== null) value.write(page.base, PLACE_BYTES, 'hex');
    this.#places.putSync(Buffer.from(page.hash, 'hex'), value);
  }

  /** Within `change`. */
  delete(hash: PageHash): void {
    this.#places.removeSync(Buffer.from(hash, 'hex'));
  }

  /** Forgets all pages and packs. */
  clear(): void {
    this.change(() => {
      const next = this.#packs.getBinary(NEXT_KEY);
      this.#places.clearSync();
      this.#packs.clearSync();
      this.#packs.putSync(VERSION_KEY, Buffer.from(VERSION));
      if (next !== undefined) this.#packs.putSync(NEXT_KEY, Buffer.from(next));
    });
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#root.close();
  }

  #read<T>(work: () => T): T {
    this.#requireOpen();
    try {
      return work();
    } catch (thrown) {
      throw this.#failed(thrown);
    }
  }

  /** Reading a closed environment would end the process. */
  #requireOpen(): void {
    if (this.#closed)
      throw new WorldError('RUNTIME_CLOSED', 'The page store is closed. Open the data directory again.');
  }

  #failed(thrown: unknown): WorldError {
    if (thrown instanceof WorldError) return thrown;
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    const advice = /space|ENOSPC|MDB_MAP_FULL/i.test(reason)
      ? 'The disk is full: free space and open the data directory again.'
      : `If it goes on, delete ${this.#directory} while nothing runs: it is made again from the packs.`;
    return new WorldError(
      'STORAGE_FAILED',
      `The page index ${this.#directory} failed: ${reason}. ${advice}`,
      {
        details: { path: this.#directory, reason },
        cause: thrown,
      },
    );
  }
}
