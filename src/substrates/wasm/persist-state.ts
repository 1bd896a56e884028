import { hash } from 'node:crypto';
import { WorldError } from '../../model/world-error.js';
import { PAGE_BYTES, type PageHash, type PageStore } from '../../ports/page-store.js';
import type { DurableState, Wait } from '../../ports/substrate.js';
import { type BasePages, baseHints, type RelativePages } from './base-hints.js';
import { PAGE_INDEX_MAX } from './host/page-table.js';
import type { WireFileNode, WireFileTree } from './host/wire.js';
import type { HostProcess } from './host-process.js';
import { BATCH_PAGES, readSlots, ZERO_HASH } from './read-slots.js';
import { ProtocolError } from './run-call.js';
import type { SlotHashes } from './slot-hashes.js';
import { encodeManifest, type ManifestPage, rootOf } from './state-manifest.js';
import type { StateEntry } from './state-registry.js';

/** A collection may take pages between the look and the write, but not again and again. */
const WRITES_MAX = 3;

export interface PersistOptions {
  readonly host: HostProcess;
  readonly entry: StateEntry;
  readonly known: SlotHashes;
  readonly relatives: RelativePages;
  readonly basePages: BasePages;
  readonly pageStore: PageStore;
  readonly baseDigest: string;
  readonly engineDigest: string;
  readonly wait: Wait;
}

interface Description {
  readonly pages: readonly { readonly page: number; readonly slot: number; readonly baseSlot: number }[];
  /** Every slot that the state needs beyond the base, with its epoch. */
  readonly epochs: ReadonlyMap<number, number>;
}

/** @throws ProtocolError on anything a correct host does not send. */
export function parseDescription(binary: Buffer): Description {
  const fail = (): never => {
    throw new ProtocolError('the executor host described a state with impossible page numbers');
  };
  let at = 0;
  const next = (): number => {
    if (at + 4 > binary.length) return fail();
    at += 4;
    return binary.readUInt32LE(at - 4);
  };
  const count = (itemBytes: number): number => {
    const items = next();
    return items * itemBytes > binary.length - at ? fail() : items;
  };
  let last = -1;
  const pages = Array.from({ length: count(12) }, () => {
    const page = next();
    if (page <= last || page > PAGE_INDEX_MAX) fail();
    last = page;
    return { page, slot: next(), baseSlot: next() };
  });
  const epochs = new Map<number, number>();
  for (let left = count(8); left > 0; left--) {
    const slot = next();
    if (slot === 0 || slot > 0x7fff_ffff || epochs.has(slot)) fail();
    epochs.set(slot, next());
  }
  if (at !== binary.length || pages.some(({ slot }) => slot !== 0 && !epochs.has(slot))) fail();
  return { pages, epochs };
}

/** Numbers hashes in the order in which they are first asked for; zeros are 0. */
class References {
  readonly hashes: PageHash[] = [];
  readonly #numbers = new Map<PageHash, number>([[ZERO_HASH, 0]]);

  of(pageHash: PageHash): number {
    const known = this.#numbers.get(pageHash);
    if (known !== undefined) return known;
    this.hashes.push(pageHash);
    this.#numbers.set(pageHash, this.hashes.length);
    return this.hashes.length;
  }
}

function renumber(files: WireFileTree, referenceOf: (slot: number) => number): WireFileTree {
  const change = (node: WireFileNode): WireFileNode =>
    node.pages === undefined ? node : { ...node, pages: node.pages.map(referenceOf) };
  return { nodes: files.nodes.map(change), orphans: files.orphans.map(change), nextIno: files.nextIno };
}

/** Hashes of all slots, reading only those whose bytes the store may lack. The bytes read are in `fresh`. */
async function hashSlots(
  options: PersistOptions,
  epochs: ReadonlyMap<number, number>,
): Promise<{ hashes: Map<number, PageHash>; fresh: Map<PageHash, Uint8Array> }> {
  const { known, pageStore } = options;
  const hashes = new Map<number, PageHash>();
  const fresh = new Map<PageHash, Uint8Array>();
  const unread: number[] = [];
  for (const [slot, epoch] of epochs) {
    const pageHash = known.hashOf(slot, epoch);
    if (pageHash !== null && (pageHash === ZERO_HASH || pageStore.has(pageHash))) hashes.set(slot, pageHash);
    else unread.push(slot);
  }
  for (let start = 0; start < unread.length; start += BATCH_PAGES) {
    const batch = unread.slice(start, start + BATCH_PAGES);
    const binary = await readSlots(options, batch);
    batch.forEach((slot, i) => {
      const bytes = binary.subarray(i * PAGE_BYTES, (i + 1) * PAGE_BYTES);
      // Hashed here: what a host says about its own pages proves nothing.
      const pageHash = hash('sha256', bytes, 'hex');
      hashes.set(slot, pageHash);
      known.set(slot, epochs.get(slot) ?? 0, pageHash);
      if (pageHash !== ZERO_HASH && !pageStore.has(pageHash)) fresh.set(pageHash, bytes);
    });
  }
  return { hashes, fresh };
}

/** Bytes of pages that the store had when they were hashed, and that a collection has taken since. */
async function readAgain(
  options: PersistOptions,
  hashes: ReadonlyMap<number, PageHash>,
  missing: readonly PageHash[],
): Promise<[PageHash, Uint8Array][]> {
  const wanted = new Set(missing);
  const slots = [...hashes].flatMap(([slot, pageHash]) => (wanted.delete(pageHash) ? [slot] : []));
  const pages: [PageHash, Uint8Array][] = [];
  for (let start = 0; start < slots.length; start += BATCH_PAGES) {
    const batch = slots.slice(start, start + BATCH_PAGES);
    const binary = await readSlots(options, batch);
    batch.forEach((slot, i) => {
      pages.push([hashes.get(slot) ?? '', binary.subarray(i * PAGE_BYTES, (i + 1) * PAGE_BYTES)]);
    });
  }
  return pages;
}

function collectedAgain(missing: readonly PageHash[]): WorldError {
  return new WorldError(
    'STORAGE_FAILED',
    `The state was not made durable: ${missing.length} of its pages were collected each time it was written. Try again.`,
    { details: { missing: missing.length } },
  );
}

/** Ends the host when it broke the protocol: its other answers are not worth more. */
export async function endOnProtocolError<T>(host: HostProcess, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    const lost = new WorldError('EXECUTOR_LOST', error.message, { cause: error });
    host.kill(lost);
    throw lost;
  }
}

/** Writes the state's pages and manifest. Resolves when they would survive power loss. */
export async function persistState(options: PersistOptions): Promise<DurableState> {
  const { host, entry, pageStore, wait, baseDigest, engineDigest } = options;
  return endOnProtocolError(host, async () => {
    const { message, binary } = await host.request(
      'described',
      (request) => ({ type: 'describe', request, state: entry.handle }),
      { wait },
    );
    const { pages, epochs } = parseDescription(binary);
    const { hashes, fresh } = await hashSlots(options, epochs);
    const references = new References();
    const referenceOf = (slot: number): number => {
      if (slot === 0) return 0;
      const pageHash = hashes.get(slot);
      if (pageHash === undefined)
        throw new ProtocolError(`a file uses slot ${slot}, which was not described`);
      return references.of(pageHash);
    };
    const numbered: ManifestPage[] = pages.map(({ page, slot }) => ({ page, reference: referenceOf(slot) }));
    const files = renumber(message.files, referenceOf);
    const { hashes: needed } = references;
    const { stamp, relative } = entry;
    const head = { baseDigest, engineDigest, stamp, registers: message.registers };
    const manifest = encodeManifest({ ...head, files, pages: numbered });
    const root = rootOf(manifest, needed);
    const key = `wasm-${root}`;
    const own = { pages: numbered, files, hashes: needed };
    const hints = await baseHints(options, { pages, hashes, fresh, own });
    const write = {
      manifest,
      references: needed,
      ...(relative.key === null ? {} : { basedOn: relative.key }),
    };
    for (let attempt = 1; ; attempt += 1) {
      const { missing } = await pageStore.write(key, {
        ...write,
        pages: hints.pagesOf(fresh),
      });
      if (missing.length === 0) break;
      if (attempt === WRITES_MAX) throw collectedAgain(missing);
      for (const [pageHash, bytes] of await readAgain(options, hashes, missing)) fresh.set(pageHash, bytes);
    }
    options.relatives.add(key, own);
    // Siblings that are not durable yet have this one to differ from; what comes of this state has the state itself.
    relative.key ??= key;
    entry.relative = { key };
    const image = entry.image === null ? {} : { image: entry.image };
    const named = entry.facts.root === null ? {} : { stateRoot: entry.facts.root };
    return {
      substrate: 'wasm',
      data: { version: 1, key, root, baseDigest, engineDigest, ...image, ...named },
    };
  });
}
