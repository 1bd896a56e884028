/**
 * The memory of a state: page number -> page id, 0 for a page of zeros. Tables are immutable. Most states differ from
 * a relative in a few pages, so a table is a shared *anchor* of two levels, whose chunks anchors share in turn, and
 * its own few pages that differ from it. The difference between two tables is found by comparing identities.
 */

export const CHUNK_ENTRIES = 64;
const CHUNK_SHIFT = 6;
const CHUNK_MASK = CHUNK_ENTRIES - 1;
/** Most pages that a table may have of its own. */
export const OWN_PAGES_MAX = 128;

/** Pages a 32-bit wasm memory can have. */
export const PAGE_INDEX_MAX = 1_048_575;

export type Chunk = readonly number[];

/** Which page gets which id; the arrays have equal length. */
export interface PageChanges {
  readonly indexes: Int32Array;
  readonly ids: Int32Array;
}

/** Every chunk of zeros is this one, so that comparing identities also skips them. */
const ZERO_CHUNK: Chunk = new Array<number>(CHUNK_ENTRIES).fill(0);

export class PageTable {
  readonly chunks: readonly Chunk[];
  /** Page, id, page, id, ...: what differs from the chunks, pages ascending. */
  readonly own: readonly number[];
  /** The chunks of an equal table with nothing of its own: made when first asked for, then shared by all children. */
  #anchor: { readonly chunks: readonly Chunk[]; readonly bytes: number } | null = null;

  constructor(chunks: readonly Chunk[], own: readonly number[]) {
    this.chunks = chunks;
    this.own = own;
  }

  /** `bytes` is what making it took now; 0 when it was there. */
  anchor(): { readonly chunks: readonly Chunk[]; readonly bytes: number } {
    if (this.own.length === 0) return { chunks: this.chunks, bytes: 0 };
    if (this.#anchor !== null) return { chunks: this.#anchor.chunks, bytes: 0 };
    this.#anchor = applied(this.chunks, this.own);
    return this.#anchor;
  }
}

export const EMPTY_TABLE = new PageTable([], []);

function idInChunks(chunks: readonly Chunk[], page: number): number {
  return chunks[page >>> CHUNK_SHIFT]?.[page & CHUNK_MASK] ?? 0;
}

export function pageIdIn(table: PageTable, page: number): number {
  const { own } = table;
  let [low, high] = [0, own.length / 2];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((own[middle * 2] ?? 0) < page) low = middle + 1;
    else high = middle;
  }
  return own[low * 2] === page ? (own[low * 2 + 1] ?? 0) : idInChunks(table.chunks, page);
}

export interface AppliedChanges {
  readonly table: PageTable;
  /** Bytes of bookkeeping that the new table does not share with the old one. */
  readonly overheadBytes: number;
}

/** The table with some pages replaced. @throws RangeError on a page number outside wasm memory. */
export function withChanges(table: PageTable, changes: PageChanges): AppliedChanges {
  const pairs = normalised(changes);
  const own = merged(table, pairs);
  if (own.length <= OWN_PAGES_MAX * 2) return ownTable(table.chunks, own, 0);
  // Too many by now: what was collected so far becomes the anchor of this table and of its siblings.
  const anchor = table.anchor();
  const few = pairs.length <= OWN_PAGES_MAX * 2;
  if (few) return ownTable(anchor.chunks, changed(anchor.chunks, pairs), anchor.bytes);
  const whole = applied(anchor.chunks, pairs);
  return { table: new PageTable(whole.chunks, []), overheadBytes: anchor.bytes + whole.bytes };
}

const TABLE_BYTES = 96;

function ownTable(chunks: readonly Chunk[], own: readonly number[], bytes: number): AppliedChanges {
  return { table: new PageTable(chunks, own), overheadBytes: bytes + TABLE_BYTES + own.length * 8 };
}

/** Pairs with pages ascending, each once; of several for one page the last one counts. */
function normalised(changes: PageChanges): number[] {
  const { indexes, ids } = changes;
  let pairs: number[] = [];
  let ascending = true;
  for (let i = 0; i < indexes.length; i++) {
    const page = indexes[i] ?? -1;
    const id = ids[i] ?? -1;
    if (page < 0 || page > PAGE_INDEX_MAX || id < 0) throw new RangeError(`page ${page} -> id ${id}`);
    if (i > 0 && page <= (indexes[i - 1] ?? -1)) ascending = false;
    pairs.push(page, id);
  }
  if (!ascending) {
    const last = new Map<number, number>();
    for (let i = 0; i < pairs.length; i += 2) last.set(pairs[i] ?? 0, pairs[i + 1] ?? 0);
    pairs = [...last].sort(([a], [b]) => a - b).flat();
  }
  return pairs;
}

/** Only those pairs that say something else than the chunks. */
function changed(chunks: readonly Chunk[], pairs: readonly number[]): number[] {
  const kept: number[] = [];
  for (let i = 0; i < pairs.length; i += 2) {
    const [page, id] = [pairs[i] ?? 0, pairs[i + 1] ?? 0];
    if (idInChunks(chunks, page) !== id) kept.push(page, id);
  }
  return kept;
}

/** The table's own pairs overlaid with others. */
function merged(table: PageTable, pairs: readonly number[]): number[] {
  const all: number[] = [];
  eachPage(table.own, pairs, (page, before, after) => {
    const id = after ?? before ?? 0;
    if (idInChunks(table.chunks, page) !== id) all.push(page, id);
  });
  return all;
}

/** Every page of two ascending lists of pairs, with its id in each. */
function eachPage(
  a: readonly number[],
  b: readonly number[],
  visit: (page: number, inA: number | undefined, inB: number | undefined) => void,
): void {
  for (let [i, j] = [0, 0]; i < a.length || j < b.length; ) {
    const pageA = a[i] ?? Number.POSITIVE_INFINITY;
    const pageB = b[j] ?? Number.POSITIVE_INFINITY;
    visit(
      Math.min(pageA, pageB),
      pageA <= pageB ? a[i + 1] : undefined,
      pageB <= pageA ? b[j + 1] : undefined,
    );
    if (pageA <= pageB) i += 2;
    if (pageB <= pageA) j += 2;
  }
}

function applied(
  old: readonly Chunk[],
  pairs: readonly number[],
): { chunks: readonly Chunk[]; bytes: number } {
  const next: Chunk[] = old.slice();
  let newChunks = 0;
  for (let i = 0; i < pairs.length; i += 2) {
    const [page, id] = [pairs[i] ?? 0, pairs[i + 1] ?? 0];
    const c = page >>> CHUNK_SHIFT;
    while (next.length <= c) next.push(ZERO_CHUNK);
    const shared = old[c] ?? ZERO_CHUNK;
    let chunk = next[c] ?? shared;
    if (chunk[page & CHUNK_MASK] === id) continue;
    if (chunk === shared) {
      chunk = shared.slice();
      next[c] = chunk;
      newChunks++;
    }
    (chunk as number[])[page & CHUNK_MASK] = id;
  }
  return { chunks: next, bytes: TABLE_BYTES + next.length * 8 + newChunks * (CHUNK_ENTRIES * 8 + 32) };
}

function eachDifference(from: PageTable, to: PageTable, visit: (page: number, id: number) => void): void {
  if (from.chunks === to.chunks) {
    eachPage(from.own, to.own, (page, before, after) => {
      const id = after ?? idInChunks(to.chunks, page);
      if ((before ?? idInChunks(from.chunks, page)) !== id) visit(page, id);
    });
    return;
  }
  for (const page of suspects(from, to)) {
    const id = pageIdIn(to, page);
    if (pageIdIn(from, page) !== id) visit(page, id);
  }
}

/** Pages that may differ, ascending: those in which the anchors do, and those either table has of its own. */
function suspects(from: PageTable, to: PageTable): number[] {
  const pages: number[] = [];
  const length = Math.max(from.chunks.length, to.chunks.length);
  for (let c = 0; c < length; c++) {
    const a = from.chunks[c] ?? ZERO_CHUNK;
    const b = to.chunks[c] ?? ZERO_CHUNK;
    if (a === b) continue;
    for (let i = 0; i < CHUNK_ENTRIES; i++) if (a[i] !== b[i]) pages.push((c << CHUNK_SHIFT) | i);
  }
  const all = new Set(pages);
  for (const { own } of [from, to]) for (let i = 0; i < own.length; i += 2) all.add(own[i] ?? 0);
  return [...all].sort((a, b) => a - b);
}

/** What must be changed in `from` to have `to`, pages ascending. */
export function difference(from: PageTable, to: PageTable): PageChanges {
  const indexes: number[] = [];
  const ids: number[] = [];
  eachDifference(from, to, (page, id) => {
    indexes.push(page);
    ids.push(id);
  });
  return { indexes: Int32Array.from(indexes), ids: Int32Array.from(ids) };
}

export function differenceCount(from: PageTable, to: PageTable): number {
  let count = 0;
  eachDifference(from, to, () => {
    count++;
  });
  return count;
}

/** Visits the ids of the table's own pages and of every chunk not in `seen`, which are added to it. */
export function eachNewId(table: PageTable, seen: Set<object>, visit: (id: number) => void): void {
  if (seen.has(table)) return;
  seen.add(table);
  for (let i = 1; i < table.own.length; i += 2) visit(table.own[i] ?? 0);
  // What an anchor made for its children names, it names too.
  if (seen.has(table.chunks)) return;
  seen.add(table.chunks);
  for (const chunk of table.chunks) {
    if (chunk === ZERO_CHUNK || seen.has(chunk)) continue;
    seen.add(chunk);
    for (const id of chunk) if (id !== 0) visit(id);
  }
}
