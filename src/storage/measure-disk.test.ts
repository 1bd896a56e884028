import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { measureDisk } from './measure-disk.js';

test('each file counts once, as what it is', async () => {
  const root = mkdtempSync(join(tmpdir(), 'measure-'));
  try {
    const files: [string, number][] = [
      ['FORMAT', 1],
      ['journal/000002.wrj', 20],
      ['packs/a.wrp', 300],
      ['packs/b.wrp', 4000],
      ['states/a.wrs', 5],
      ['index/data.mdb', 60],
      ['catalog.duckdb', 700],
      ['catalog.duckdb.wal', 8000],
    ];
    const put = (name: string, sizeBytes: number): void => {
      mkdirSync(join(root, name, '..'), { recursive: true });
      writeFileSync(join(root, name), Buffer.alloc(sizeBytes));
    };
    for (const [name, sizeBytes] of files) put(name, sizeBytes);
    const before = { other: 1, journal: 20, packs: 4300, manifests: 5, index: 60, catalog: 8700 };
    expect(await measureDisk(root)).toEqual(before);
    put('journal/archive/000001.wrj', 9);
    expect(await measureDisk(root)).toEqual({ ...before, 'journal archive': 9 });
  } finally {
    rmSync(root, { recursive: true });
  }
});
