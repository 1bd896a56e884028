import { hash } from 'node:crypto';
import { WorldError } from '../../model/world-error.js';
import { PAGE_BYTES, type PageHash, type PageStore, type PageWrite } from '../../ports/page-store.js';
import type { Wait } from '../../ports/substrate.js';
import type { HostProcess } from './host-process.js';
import { BATCH_PAGES, readSlots, ZERO_HASH } from './read-slots.js';
import { decodeManifest, type StateManifest } from './state-manifest.js';
import type { StateEntry } from './state-registry.js';

/** Pages of the base image by the host's slot: they stay where they are for the life of the host. */
export type BasePages = Map<number, PageHash>;

/** Durable states of which the pages are remembered. */
const REMEMBERED_MAX = 8;

type OwnPages = Pick<StateManifest, 'pages' | 'files' | 'hashes'>;

/** Where in memory and in files a state has which page: another state's page in the same place is probably similar. */
export class PagesByPlace {
  readonly #memory = new Map<number, PageHash>();
  readonly #files = new Map<number, readonly (PageHash | undefined)[]>();

  constructor({ pages, files, hashes }: OwnPages) {
    for (const { page, reference } of pages) {
      const pageHash = hashes[reference - 1];
      if (pageHash !== undefined) this.#memory.set(page, pageHash);
    }
    for (const node of [...files.nodes, ...files.orphans]) {
      if (node.pages !== undefined)
        this.#files.set(
          node.ino,
          node.pages.map((reference) => hashes[reference - 1]),
        );
    }
  }

  /** For each page of `own` the one in the same place here, where it is another. */
  differing(own: OwnPages): Map<PageHash, PageHash> {
    const found = new Map<PageHash, PageHash>();
    const note = (reference: number, there: PageHash | undefined): void => {
      const here = own.hashes[reference - 1];
      if (here !== undefined && there !== undefined && here !== there) found.set(here, there);
    };
    for (const { page, reference } of own.pages) note(reference, this.#memory.get(page));
    for (const node of [...own.files.nodes, ...own.files.orphans]) {
      const there = this.#files.get(node.ino);
      if (there === undefined) continue;
      for (const [i, reference] of (node.pages ?? []).entries()) note(reference, there[i]);
    }
    return found;
  }
}

/** The pages of the durable states that were written or asked for last, by key. */
export class RelativePages {
  readonly #pageStore: PageStore;
  readonly #remembered = new Map<string, PagesByPlace>();

  constructor(pageStore: PageStore) {
    this.#pageStore = pageStore;
  }

  add(key: string, own: OwnPages): PagesByPlace {
    const places = new PagesByPlace(own);
    this.#remembered.delete(key);
    this.#remembered.set(key, places);
    const [oldest] = this.#remembered.keys();
    if (this.#remembered.size > REMEMBERED_MAX && oldest !== undefined) this.#remembered.delete(oldest);
    return places;
  }

  /** Null when it cannot be read: hints only save room. */
  async get(key: string): Promise<PagesByPlace | null> {
    const known = this.#remembered.get(key);
    if (known !== undefined) return known;
    try {
      const { manifest, references } = await this.#pageStore.readManifest(key);
      return this.add(key, decodeManifest(Buffer.from(manifest), references));
    } catch (error) {
      if (error instanceof WorldError) return null;
      throw error;
    }
  }
}

export interface HintOptions {
  readonly host: HostProcess;
  readonly entry: StateEntry;
  readonly relatives: RelativePages;
  readonly basePages: BasePages;
  readonly pageStore: PageStore;
  readonly wait: Wait;
}

interface Described {
  readonly pages: readonly { readonly page: number; readonly slot: number; readonly baseSlot: number }[];
  readonly hashes: ReadonlyMap<number, PageHash>;
  /** Pages that are to be written. */
  readonly fresh: ReadonlyMap<PageHash, Uint8Array>;
  readonly own: OwnPages;
}

export interface BaseHints {
  /** The pages with their hints, behind those pages of the base image that they are differences to. */
  pagesOf(fresh: ReadonlyMap<PageHash, Uint8Array>): PageWrite[];
}

/**
 * What each fresh page probably differs little from: the page in the same place of the nearest durable relative, else
 * that of the base image, which is stored when it is first needed.
 */
export async function baseHints(options: HintOptions, described: Described): Promise<BaseHints> {
  const { entry, relatives, pageStore, basePages } = options;
  const { pages, hashes, fresh, own } = described;
  const relative = entry.relative.key === null ? null : await relatives.get(entry.relative.key);
  const hints = relative?.differing(own) ?? new Map<PageHash, PageHash>();
  const wanted = new Map<PageHash, number>();
  for (const { slot, baseSlot } of pages) {
    const pageHash = hashes.get(slot);
    if (pageHash === undefined || baseSlot === 0 || !fresh.has(pageHash)) continue;
    const hint = hints.get(pageHash);
    if (hint === undefined || !pageStore.has(hint)) wanted.set(pageHash, baseSlot);
  }
  const bytesOf = await readBasePages(options, new Set(wanted.values()));
  for (const [pageHash, slot] of wanted) {
    const base = basePages.get(slot);
    if (base !== undefined && base !== ZERO_HASH && base !== pageHash) hints.set(pageHash, base);
  }
  const first = [...bytesOf].map(([pageHash, bytes]) => ({ hash: pageHash, bytes }));
  return {
    pagesOf: (all) => [
      ...first,
      ...[...all].map(([pageHash, bytes]) => {
        const base = hints.get(pageHash);
        return { hash: pageHash, bytes, ...(base === undefined ? {} : { base }) };
      }),
    ],
  };
}

/** Learns the hashes of slots of the base image. Returns the content of those that the store lacks. */
async function readBasePages(
  options: HintOptions,
  slots: ReadonlySet<number>,
): Promise<ReadonlyMap<PageHash, Uint8Array>> {
  const { basePages, pageStore } = options;
  const lacking = new Map<PageHash, Uint8Array>();
  const isStored = (pageHash: PageHash | undefined): boolean =>
    pageHash !== undefined && (pageHash === ZERO_HASH || pageStore.has(pageHash));
  const unread = [...slots].filter((slot) => !isStored(basePages.get(slot)));
  for (let start = 0; start < unread.length; start += BATCH_PAGES) {
    const batch = unread.slice(start, start + BATCH_PAGES);
    const binary = await readSlots(options, batch);
    batch.forEach((slot, i) => {
      const bytes = binary.subarray(i * PAGE_BYTES, (i + 1) * PAGE_BYTES);
      const pageHash = hash('sha256', bytes, 'hex');
      basePages.set(slot, pageHash);
      if (!isStored(pageHash)) lacking.set(pageHash, bytes);
    });
  }
  return lacking;
}
