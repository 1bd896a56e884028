import { strict as assert } from 'node:assert';
import { PRIMARY_KEYS, type ProjectedTable } from './schema.js';

/** A value of a column: timestamps are ISO text with microseconds, BIGINTs are numbers or bigints. */
export type Cell = string | number | bigint | boolean | null | readonly string[];
export type Row = Readonly<Record<string, Cell>>;

/** A child that joins a branch row which is already there. */
export interface Joined {
  readonly childId: string;
  readonly trit: number;
}

/**
 * What a batch of entries does to the tables. A row is touched at most once per transaction, however many
 * entries change it: DuckDB checks keys too early when a row is written twice in one.
 */
export class ChangeSet {
  readonly inserts = new Map<ProjectedTable, Map<string, Record<string, Cell>>>();
  readonly updates = new Map<ProjectedTable, Map<string, { readonly key: Row; set: Record<string, Cell> }>>();
  /** Children that join a branch row, by branch id. */
  readonly joined = new Map<string, Joined[]>();

  insert(table: ProjectedTable, row: Row): void {
    const rows = this.inserts.get(table) ?? new Map<string, Record<string, Cell>>();
    const key = keyOf(table, row);
    assert(!rows.has(key), `${table} ${key} is inserted once`);
    rows.set(key, { ...row });
    this.inserts.set(table, rows);
  }

  /** Changes the row with this key, which is in the table or among the inserts. No key column may be in `set`. */
  update(table: ProjectedTable, key: Row, set: Row): void {
    for (const column of PRIMARY_KEYS[table]) assert(!(column in set), `${table}.${column} is never set`);
    const name = keyOf(table, key);
    const inserted = this.inserts.get(table)?.get(name);
    if (inserted) {
      Object.assign(inserted, set);
      return;
    }
    const rows =
      this.updates.get(table) ?? new Map<string, { readonly key: Row; set: Record<string, Cell> }>();
    const before = rows.get(name);
    if (before) Object.assign(before.set, set);
    else rows.set(name, { key, set: { ...set } });
    this.updates.set(table, rows);
  }

  /** Adds a child to a branch row: one inserted in this batch, or one of the table. */
  join(branchId: string, child: Joined): void {
    const inserted = this.inserts.get('world_branches')?.get(branchId);
    if (inserted) {
      const before = Array.isArray(inserted['child_entity_ids']) ? inserted['child_entity_ids'] : [];
      inserted['child_entity_ids'] = [...before, child.childId];
      inserted['gf3_sum'] = (((Number(inserted['gf3_sum']) + child.trit) % 3) + 3) % 3;
      return;
    }
    const joined = this.joined.get(branchId);
    if (joined) joined.push(child);
    else this.joined.set(branchId, [child]);
  }
}

function keyOf(table: ProjectedTable, row: Row): string {
  return PRIMARY_KEYS[table].map((column) => String(row[column])).join('\u0000');
}
