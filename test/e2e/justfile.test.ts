import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { wrJson } from './cli-process.js';

const ROOT = resolve(import.meta.dirname, '../..');
/** As the project's founding document lists them, in an order in which they make sense. */
const RECIPES = [
  'world-runtime-create',
  'world-runtime-snapshot',
  'world-runtime-branch',
  'world-runtime-push-down',
  'world-runtime-pull-up',
  'world-runtime-metrics',
  'world-runtime-entities',
  'world-runtime-branches',
  'world-runtime-resolutions',
] as const;

type Row = Readonly<Record<string, unknown>>;

let folder: string;
let data: string;
const said = new Map<string, string>();

function just(...args: string[]): string {
  const env = { ...process.env, WORLD_DATA_DIR: data };
  return execFileSync(join(ROOT, 'node_modules/.bin/just'), args, { cwd: ROOT, encoding: 'utf8', env });
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'wr-just-'));
  data = join(folder, 'data');
  for (const recipe of RECIPES) said.set(recipe, just(recipe));
}, 180_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const rows = (action: string): Promise<Row[]> => wrJson<Row[]>(data, action);

describe('the nine recipes, in order and without arguments', () => {
  test('are the recipes there are', () => {
    const listed = just('--summary').trim().split(' ');
    expect(new Set(listed)).toEqual(new Set(RECIPES));
  });

  test('leave one entity for each world, in its state', async () => {
    const entities = await rows('entities');
    const count = (type: string, state: string): number =>
      entities.filter((row) => row['entity_type'] === type && row['state'] === state).length;
    // The world itself and its three plain children; of the verses, the winner stopped and two collapsed.
    expect(entities).toHaveLength(7);
    expect(count('sandbox', 'running')).toBe(4);
    expect(count('verse', 'stopped')).toBe(1);
    expect(count('verse', 'collapsed')).toBe(2);
    const [parent] = entities.filter((row) => row['parent_id'] === null);
    expect(entities.filter((row) => row['parent_id'] === parent?.['entity_id'])).toHaveLength(6);
    const verses = entities.filter((row) => row['entity_type'] === 'verse');
    expect(new Set(verses.map((row) => row['trit']))).toEqual(new Set([-1, 0, 1]));
    expect(verses.every((row) => row['resolved_at'] !== null)).toBe(true);
    expect(parent).toMatchObject({ state: 'running', memory_mib: 512, vcpu_count: 1 });
  });

  test('leave one row for each branch, with trits that sum to 0', async () => {
    const branches = await rows('branches');
    expect(branches.map((row) => [row['branch_type'], row['gf3_sum']])).toEqual([
      ['push_down', 0],
      ['fork', 0],
      ['snapshot', 0],
    ]);
    for (const row of branches.slice(0, 2)) {
      expect(row['child_entity_ids']).toHaveLength(3);
    }
    expect(branches.every((row) => typeof row['snapshot_time_ms'] === 'number')).toBe(true);
  });

  test('leave a resolution whose WEV is null, because no verse reported a cost', async () => {
    const [row, ...more] = await rows('resolutions');
    expect(more).toEqual([]);
    expect(row).toMatchObject({
      oracle_source: 'manual',
      winner_outcome: 'optimal',
      wev_extracted: null,
      wev: null,
      wev_reason: expect.stringContaining('no cost was reported'),
    });
    expect(row?.['verses']).toHaveLength(3);
    expect(row?.['pull_up_time_ms']).toBeGreaterThan(0);
    expect(said.get('world-runtime-resolutions')).toContain('null: no cost was reported');
  });

  test('leave measured times for boot, snapshot and every branch', async () => {
    const metrics = await rows('metrics');
    const measured = (column: string): number[] =>
      metrics.flatMap((row) => (typeof row[column] === 'number' ? [row[column]] : []));
    expect(measured('boot_time_ms')).toHaveLength(1);
    expect(measured('branch_time_ms')).toHaveLength(6);
    expect(measured('snapshot_time_ms').length).toBeGreaterThanOrEqual(1);
    expect(measured('snapshot_time_ms').every((ms) => ms > 0)).toBe(true);
    expect(said.get('world-runtime-metrics')).toContain('branch_time_ms');
  });

  test('pass on what is written behind them', () => {
    expect(JSON.parse(just('world-runtime-entities', '--limit', '2', '--json'))).toHaveLength(2);
  });
});
