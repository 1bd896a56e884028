import { mkdtempSync, rmSync, statSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { seededRandom } from '../../../test/simulation/random.js';
import { DATA_FILE, indexDamage } from './index-files.js';
import { PageIndex } from './page-index.js';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'index-files-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

test('an index is sound after every transaction, also those that give back what they took (seed 11)', async () => {
  const random = seededRandom(11n);
  const { index } = PageIndex.open(directory);
  index.settle();
  const hash = () =>
    Array.from({ length: 8 }, () =>
      random
        .below(2 ** 32)
        .toString(16)
        .padStart(8, '0'),
    ).join('');
  const known: string[] = [];
  for (let step = 0; step < 400; step += 1) {
    index.change(() => {
      const pack = index.addPack({
        name: `${step}.wrp`,
        key: null,
        version: 2,
        packBytes: 100,
        entries: 200,
      });
      const added = Array.from({ length: 200 }, hash);
      for (const one of added) {
        index.set({ hash: one, offset: 0, entryBytes: 1, depth: 0, base: null }, pack.number, 0);
      }
      known.push(...added);
      // Most of it goes again at once, and with it pages at the end of the file.
      if (step % 2 === 0) for (const one of known.splice(10)) index.delete(one);
    });
    expect(indexDamage(directory), `step ${step}`).toBeNull();
  }
  await index.close();
});

test('an index that was cut off is told', async () => {
  const { index } = PageIndex.open(directory);
  index.settle();
  await index.close();
  expect(indexDamage(directory)).toBeNull();
  truncateSync(join(directory, DATA_FILE), 4096 * 2);
  expect(statSync(join(directory, DATA_FILE)).size).toBe(8192);
  expect(indexDamage(directory)).toMatch(/cut off/);
});
