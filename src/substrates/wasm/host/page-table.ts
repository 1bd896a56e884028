/**
 * The memory of a state: page number -> slot of the slab, 0 for a page of zeros. Tables are immutable and
 * have two levels, so that a state shares with its parent every chunk in which nothing changed, and the
 * difference between two tables is found by comparing chunk identities.
 */

export const CHUNK_ENTRIES = 64;
const CHUNK_SHIFT = 6;
const CHUNK_MASK = CHUNK_ENTRIES - 1;

/** Pages a 32-bit wasm memory can have. */
export const PAGE_INDEX_MAX = 1_048_575;

export type Chunk = readonly number[];

export interface PageTable {
  readonly chunks: readonly Chunk[];
}

/** Which page gets which slot; the arrays have equal length. */
export interface PageChanges {
  readonly indexes: Int32Array;
  readonly ids: Int32Array;
}

/** Every chunk of zeros is this one, so that comparing identities also skips them. */
const ZERO_CHUNK: Chunk = new Array<number>(CHUNK_ENTRIES).fill(0);

export const EMPTY_TABLE: PageTable = { chunks: [] };

export function slotOf(table: PageTable, page: number): number {
  return table.chunks[page >>> CHUNK_SHIFT]?.[page & CHUNK_MASK] ?? 0;
}

export interface AppliedChanges {
  readonly table: PageTable;
  /** Chunks that the new table does not share with the old one. */
  readonly newChunks: number;
}

/** The table with some pages replaced. @throws RangeError on a page number outside wasm memory. */
export function withChanges(table: PageTable, changes: PageChanges): AppliedChanges {
  const old = table.chunks;
  const next: Chunk[] = old.slice();
  let newChunks = 0;
  for (let i = 0; i < changes.indexes.length; i++) {
    const page = changes.indexes[i] ?? -1;
    const id = changes.ids[i] ?? -1;
    if (page < 0 || page > PAGE_INDEX_MAX || id < 0) throw new RangeError(`page ${page} -> slot ${id}`);
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
  return { table: { chunks: next }, newChunks };
}

function eachDifference(from: PageTable, to: PageTable, visit: (page: number, slot: number) => void): void {
  const length = Math.max(from.chunks.length, to.chunks.length);
  for (let c = 0; c < length; c++) {
    const a = from.chunks[c] ?? ZERO_CHUNK;
    const b = to.chunks[c] ?? ZERO_CHUNK;
    if (a === b) continue;
    for (let i = 0; i < CHUNK_ENTRIES; i++) {
      const slot = b[i] ?? 0;
      if (a[i] !== slot) visit((c << CHUNK_SHIFT) | i, slot);
    }
  }
}

/** What must be changed in `from` to have `to`, pages ascending. */
export function difference(from: PageTable, to: PageTable): PageChanges {
  const indexes: number[] = [];
  const ids: number[] = [];
  eachDifference(from, to, (page, slot) => {
    indexes.push(page);
    ids.push(slot);
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

/** Visits every non-zero slot of every chunk not in `seen`, and adds those chunks to it. */
export function eachNewSlot(table: PageTable, seen: Set<Chunk>, visit: (slot: number) => void): void {
  for (const chunk of table.chunks) {
    if (chunk === ZERO_CHUNK || seen.has(chunk)) continue;
    seen.add(chunk);
    for (const slot of chunk) if (slot !== 0) visit(slot);
  }
}

/** Bytes of bookkeeping a table costs beyond the chunks it shares with its parent. */
export function overheadBytes(table: PageTable, newChunks: number): number {
  return table.chunks.length * 8 + newChunks * (CHUNK_ENTRIES * 8 + 32);
}
