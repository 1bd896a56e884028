import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openPagePacks } from '../../../storage/page-packs/page-packs.js';
import { pagesChecks } from './examine-pages.js';

test('wr doctor --pages is content with a sound store, and names the page and the states of a damaged one', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'doctor-pages-'));
  const folders = ['packs', 'states', 'index'].map((name) => join(directory, name));
  for (const folder of folders) mkdirSync(folder);
  const [packs = '', states = '', index = ''] = folders;
  const bytes = Buffer.alloc(4096, 'a page that packs');
  const hash = createHash('sha256').update(bytes).digest('hex');
  const { signal } = new AbortController();
  try {
    await using store = await openPagePacks({ packs, states, index });
    await store.write('first', { manifest: Buffer.from('1'), references: [hash], pages: [{ hash, bytes }] });
    await store.write('second', { manifest: Buffer.from('2'), references: [hash], pages: [] });
    await store.write('sound', { manifest: Buffer.from('3'), references: [], pages: [] });
    expect(await pagesChecks(store, signal)).toEqual([
      { name: 'pages', status: 'ok', message: expect.stringContaining('1 pages in 1 packs and 3 states') },
    ]);
    const pack = join(packs, readdirSync(packs)[0]!);
    const damaged = readFileSync(pack);
    damaged[damaged.indexOf('WRPE') + 50]! ^= 1;
    writeFileSync(pack, damaged);
    writeFileSync(join(states, 'second.wrs'), 'x');
    const checks = await pagesChecks(store, signal);
    expect(checks.every(({ status }) => status === 'fail')).toBe(true);
    expect(checks.map(({ name, message }) => `${name} ${message}`)).toEqual([
      expect.stringContaining('1 pages and 2 states are damaged'),
      expect.stringContaining(`page ${hash} in ${pack}`),
      expect.stringContaining('state first: 1 of its pages cannot be read'),
      expect.stringContaining('state second: '),
    ]);
    expect(await pagesChecks(undefined, signal)).toMatchObject([{ status: 'warn' }]);
  } finally {
    rmSync(directory, { recursive: true });
  }
});
