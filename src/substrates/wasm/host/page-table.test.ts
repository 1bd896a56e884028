import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  difference,
  differenceCount,
  EMPTY_TABLE,
  eachNewId,
  OWN_PAGES_MAX,
  PAGE_INDEX_MAX,
  type PageTable,
  pageIdIn,
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
  return Array.from({ length: PAGES }, (_, page) => pageIdIn(table, page));
}

const entry = fc.tuple(fc.nat(PAGES - 1), fc.nat(50));
const step = fc.record({ parent: fc.nat(), entries: fc.array(entry, { maxLength: 200, size: 'max' }) });

describe('page tables', () => {
  test('a tree of random commits behaves like flat arrays', () => {
    let anchored = 0;
    fc.assert(
      fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
        const tables: PageTable[] = [EMPTY_TABLE];
        const models: number[][] = [new Array<number>(PAGES).fill(0)];
        for (const { parent, entries } of steps) {
          const from = parent % tables.length;
          const old = tables[from]!;
          const model = models[from]!.slice();
          for (const [page, id] of entries) model[page] = id;
          const { table, overheadBytes } = withChanges(old, changes(entries));
          expect(flat(table)).toEqual(model);
          expect(flat(old), 'the parent is untouched').toEqual(models[from]);
          expect(table.own.length / 2).toBeLessThanOrEqual(OWN_PAGES_MAX);
          expect(overheadBytes).toBeGreaterThan(0);
          if (table.chunks !== old.chunks) anchored++;
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
    expect(anchored, 'tables that outgrew their own pages').toBeGreaterThan(0);
  });

  test('many children of one parent share one anchor, each with only its own changes', () => {
    const full = Array.from({ length: OWN_PAGES_MAX }, (_, i) => [i * 9, 1] as const);
    const parent = withChanges(EMPTY_TABLE, changes(full)).table;
    const first = withChanges(parent, changes([[2000, 7]]));
    const second = withChanges(parent, changes([[2001, 8]]));
    expect(second.table.chunks).toBe(first.table.chunks);
    expect(first.table.own).toEqual([2000, 7]);
    expect(second.overheadBytes, 'the first paid for the anchor').toBeLessThan(200);
    expect(first.overheadBytes).toBeGreaterThan(1000);
    expect([...difference(first.table, second.table).indexes]).toEqual([2000, 2001]);
  });

  test('setting a page to what it is already costs nothing, and so does setting it back', () => {
    const { table } = withChanges(EMPTY_TABLE, changes([[5, 9]]));
    expect(withChanges(table, changes([[5, 9]])).table.own).toEqual([5, 9]);
    expect(withChanges(table, changes([[900, 0]])).table.own).toEqual([5, 9]);
    expect(withChanges(table, changes([[5, 0]])).table.own).toEqual([]);
  });

  test('a chunk that two tables share is visited once', () => {
    const many = Array.from({ length: 2 * OWN_PAGES_MAX }, (_, i) => [i, i + 10] as const);
    const table = withChanges(EMPTY_TABLE, changes(many)).table;
    const child = withChanges(table, changes([[100, 9]])).table;
    const seen = new Set<object>();
    const ids: number[] = [];
    for (const each of [table, child]) eachNewId(each, seen, (id) => ids.push(id));
    expect(ids.sort((a, b) => a - b)).toEqual([9, ...many.map(([, id]) => id)]);
  });

  test.each([
    [-1, 1],
    [PAGE_INDEX_MAX + 1, 1],
    [3, -1],
  ])('page %i -> id %i is refused', (page, id) => {
    expect(() => withChanges(EMPTY_TABLE, changes([[page, id]]))).toThrow(RangeError);
  });
});
