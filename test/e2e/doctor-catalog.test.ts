import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { wr, wrJson } from './cli-process.js';

interface Report {
  readonly ok: boolean;
  readonly checks: readonly { readonly name: string; readonly status: string; readonly detail: string }[];
}

let data: string;
beforeAll(async () => {
  data = join(mkdtempSync(join(tmpdir(), 'wr-doctor-')), 'data');
  await wr(data, 'create', '--name', 'market');
  await wr(data, 'branch', 'market', '-n', '3');
});
afterAll(() => rmSync(join(data, '..'), { recursive: true, force: true }));

/** What somebody with another DuckDB might do to the file. */
async function tamper(sql: string): Promise<void> {
  const instance = await DuckDBInstance.create(join(data, 'catalog.duckdb'));
  const connection = await instance.connect();
  await connection.run(sql);
  connection.closeSync();
  instance.closeSync();
}

async function failing(...flags: string[]): Promise<string[]> {
  const { out } = await wr(data, 'doctor', '--json', ...flags);
  const { ok, checks } = JSON.parse(out) as Report;
  const found = checks.filter(({ status }) => status === 'fail').map(({ name }) => name);
  expect(ok).toBe(found.length === 0);
  return found;
}

test('doctor notices a sum of trits that is not that of the children, and a rebuild mends it', async () => {
  await tamper('UPDATE world_branches SET gf3_sum = (gf3_sum + 1) % 3');
  expect(await failing()).toEqual(['trits']);
  expect(await failing('--rebuild')).toEqual([]);
  const { rows } = await wrJson<{ rows: unknown }>(
    data,
    'query',
    'SELECT DISTINCT gf3_sum FROM world_branches',
  );
  expect(rows).toEqual([[0]]);
});
