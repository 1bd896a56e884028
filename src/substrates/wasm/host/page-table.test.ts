import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  CHUNK_ENTRIES,
  difference,
  differenceCount,
  EMPTY_TABLE,
  eachNewSlot,
  PAGE_INDEX_MAX,
  type PageTable,
  slotOf,
  withChanges,
} from './page-table.js';

const PAGES = 2000;

function changes(entries: readonly (readonly [number, number])[]) {
  return {
    indexes: Int32Array.from(entries.map(([page]) => page)),
    ids: Int32Array.from(entries.map(([, id]) => id)),
  };
}

function flat(table: PageTable): number[] {
  return Array.from({ length: PAGES }, (_, page) => slotOf(table, page));
}

const entry = fc.tuple(fc.nat(PAGES - 1), fc.nat(50));
const step = fc.record({ parent: fc.nat(), entries: fc.array(entry, { maxLength: 40 }) });

describe('page tables', () => {
  test('a tree of random commits behaves like flat arrays, and unchanged chunks are shared', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
        const tables: PageTable[] = [EMPTY_TABLE];
        const models: number[][] = [new Array<number>(PAGES).fill(0)];
        for (const { parent, entries } of steps) {
          const from = parent % tables.length;
          const old = tables[from]!;
          const model = models[from]!.slice();
          for (const [page, id] of entries) model[page] = id;
          const { table, newChunks } = withChanges(old, changes(entries));
          expect(flat(table)).toEqual(model);
          expect(flat(old), 'the parent is untouched').toEqual(models[from]);
          let unshared = 0;
          for (const [c, chunk] of table.chunks.entries()) {
            const range = [c * CHUNK_ENTRIES, (c + 1) * CHUNK_ENTRIES] as const;
            const same = model.slice(...range).every((id, i) => id === (models[from]![range[0] + i] ?? 0));
            if (old.chunks[c] !== chunk && old.chunks[c] !== undefined) unshared++;
            if (old.chunks[c] !== undefined && same && !entries.some(([page]) => page >> 6 === c)) {
              expect(chunk, 'an untouched chunk is the parent’s own').toBe(old.chunks[c]);
            }
          }
          expect(newChunks).toBeGreaterThanOrEqual(unshared);
          tables.push(table);
          models.push(model);
        }
        for (const [i, a] of tables.entries()) {
          const j = (i * 7 + 3) % tables.length;
          const delta = difference(a, tables[j]!);
          const patched = models[i]!.slice();
          delta.indexes.forEach((page, k) => {
            expect(patched[page]).not.toBe(delta.ids[k]);
            patched[page] = delta.ids[k]!;
          });
          expect(patched).toEqual(models[j]);
          expect(differenceCount(a, tables[j]!)).toBe(delta.indexes.length);
          expect([...delta.indexes]).toEqual([...delta.indexes].sort((x, y) => x - y));
        }
      }),
      { numRuns: 60 },
    );
  });

  test('setting a page to what it is already shares the chunk', () => {
    const { table } = withChanges(EMPTY_TABLE, changes([[5, 9]]));
    expect(withChanges(table, changes([[5, 9]])).table.chunks[0]).toBe(table.chunks[0]);
    expect(withChanges(table, changes([[900, 0]])).newChunks).toBe(0);
  });

  test('a chunk that two tables share is visited once', () => {
    const { table } = withChanges(
      EMPTY_TABLE,
      changes([
        [1, 10],
        [100, 11],
      ]),
    );
    const child = withChanges(table, changes([[100, 12]])).table;
    const seen = new Set<readonly number[]>();
    const slots: number[] = [];
    for (const each of [table, child]) eachNewSlot(each, seen, (slot) => slots.push(slot));
    expect(slots.sort((a, b) => a - b)).toEqual([10, 11, 12]);
  });

  test.each([
    [-1, 1],
    [PAGE_INDEX_MAX + 1, 1],
    [3, -1],
  ])('page %i -> slot %i is refused', (page, id) => {
    expect(() => withChanges(EMPTY_TABLE, changes([[page, id]]))).toThrow(RangeError);
  });
});
