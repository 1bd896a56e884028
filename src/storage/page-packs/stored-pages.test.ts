import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { PAGE_BYTES, type PageWrite } from '../../ports/page-store.js';
import { nodeFileOps } from '../file-ops.js';
import { applyLines, changedLines } from './changed-lines.js';
import { loadPack } from './load-pack.js';
import { openPagePacks, type PagePacks } from './page-packs.js';

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'stored-pages-'));
  for (const name of ['packs', 'states']) mkdirSync(join(directory, name));
});

afterEach(() => rmSync(directory, { recursive: true }));

const open = (): Promise<PagePacks> =>
  openPagePacks({
    packs: join(directory, 'packs'),
    states: join(directory, 'states'),
    index: join(directory, 'index'),
  });
const packFiles = (): string[] =>
  readdirSync(join(directory, 'packs')).map((name) => join(directory, 'packs', name));

/** Noise that does not pack, of which `version` changes one line. */
function page(place: number, version: number, base?: string): PageWrite {
  const bytes = Buffer.concat(
    Array.from({ length: 128 }, (_, index) => createHash('sha256').update(`${place} ${index}`).digest()),
  );
  bytes.writeUInt32LE(version, (version % 64) * 64);
  const hash = createHash('sha256').update(bytes).digest('hex');
  return { hash, bytes, ...(base === undefined ? {} : { base }) };
}

async function put(store: PagePacks, key: string, pages: readonly PageWrite[]): Promise<void> {
  const references = pages.map(({ hash }) => hash);
  expect(await store.write(key, { manifest: Buffer.from(key), references, pages })).toEqual({ missing: [] });
}

async function expectReads(store: PagePacks, pages: readonly PageWrite[]): Promise<void> {
  const read = await store.readPages(pages.map(({ hash }) => hash));
  for (const [index, bytes] of read.entries())
    expect(Buffer.from(bytes).equals(pages[index]!.bytes)).toBe(true);
}

const collect = async (store: PagePacks, live: readonly string[]) =>
  (await store.beginCollection()).collect({ live: new Set(live) });

/** A page and `count` later versions of it, each written as the difference to the one before. */
async function chain(store: PagePacks, count: number): Promise<PageWrite[]> {
  const pages = [page(1, 0)];
  await put(store, 's0', pages);
  for (let version = 1; version <= count; version += 1) {
    pages.push(page(1, version, pages.at(-1)!.hash));
    await put(store, `s${version}`, pages.slice(-1));
  }
  return pages;
}

describe('a page that differs little from another', () => {
  test('takes little room, at most 8 steps away from a whole one, also after reopening', async () => {
    const pages = await (async () => {
      await using store = await open();
      return await chain(store, 20);
    })();
    const entries = (await Promise.all(packFiles().map((path) => loadPack(nodeFileOps, path)))).flatMap(
      (pack) => pack.pages,
    );
    expect(Math.max(...entries.map(({ depth }) => depth))).toBe(8);
    expect(entries.filter(({ depth }) => depth === 0)).toHaveLength(3);
    expect(entries.filter(({ depth, entryBytes }) => depth > 0 && entryBytes > 256)).toEqual([]);
    for (const isIndexGone of [false, true]) {
      if (isIndexGone) rmSync(join(directory, 'index'), { recursive: true });
      await using store = await open();
      await expectReads(store, pages);
    }
  });

  test('is stored whole when the other is not there, is itself, or helps little', async () => {
    await using store = await open();
    const own = page(2, 1);
    await put(store, 'a', [
      { ...own, base: own.hash },
      page(3, 1, 'ab'.repeat(32)),
      page(4, 1, page(2, 1).hash),
    ]);
    const [pack] = await Promise.all(packFiles().map((path) => loadPack(nodeFileOps, path)));
    expect(pack!.pages.map(({ depth }) => depth)).toEqual([0, 0, 0]);
  });

  test('lines go there and back, and lines that do not fit are refused', () => {
    const [from, to] = [page(5, 1).bytes, page(5, 2).bytes];
    const lines = changedLines(to, from);
    expect(lines.length).toBe(8 + 2 * 64);
    expect(Buffer.from(applyLines(lines, from)!).equals(to)).toBe(true);
    expect(applyLines(lines.subarray(0, -1), from)).toBeNull();
    expect(applyLines(lines, from.subarray(1))).toBeNull();
  });

  test('damage to it names all states that need it, directly or through differences, and no other', async () => {
    await using store = await open();
    const [first, second] = await chain(store, 4);
    await put(store, 'other', [page(9, 0)]);
    const whole = packFiles().find(
      (path) => statSync(path).size > PAGE_BYTES && readFileSync(path).includes(first!.hash, 0, 'hex'),
    )!;
    const bytes = readFileSync(whole);
    bytes[bytes.indexOf('WRPE') + 60] = (bytes[bytes.indexOf('WRPE') + 60] ?? 0) ^ 1;
    writeFileSync(whole, bytes);
    await using again = await openPagePacks({
      packs: join(directory, 'packs'),
      states: join(directory, 'states'),
      index: join(directory, 'index-2'),
    });
    await expect(again.readPages([second!.hash])).rejects.toMatchObject({
      code: 'PAGE_CORRUPT',
      details: { manifests: ['s1', 's2', 's3', 's4'] },
    });
    expect(again.has(second!.hash)).toBe(false);
    await expectReads(again, [page(9, 0)]);
    const examined = await again.examine();
    expect(examined.damagedManifests.map(({ key }) => key)).toEqual(['s0', 's1', 's2', 's3', 's4']);
    expect(examined.damagedPages.map(({ hash }) => hash)).toContain(first!.hash);
    await put(again, 'healed', [first!]);
    await expectReads(again, [first!, second!]);
    expect((await again.examine()).damagedPages).toEqual([]);
  });
});

describe('a collection', () => {
  test('keeps what live pages are differences to, copies them out of sparse packs, and merges small packs', async () => {
    await using store = await open();
    const pages = await chain(store, 8);
    await put(
      store,
      'bulk',
      Array.from({ length: 40 }, (_, index) => page(100 + index, 0)),
    );
    expect(packFiles()).toHaveLength(10);
    const before = await store.usage();
    const result = await collect(store, ['s8']);
    expect(result).toMatchObject({
      manifestsRemoved: 9,
      pagesRemoved: 40,
      packsDeleted: 1,
      packsRewritten: 9,
    });
    expect(packFiles()).toHaveLength(1);
    expect(result.bytesFreed).toBe(before.bytes - (await store.usage()).bytes);
    await expectReads(store, pages);
    expect(await collect(store, [])).toMatchObject({ pagesRemoved: 9 });
    expect(await store.usage()).toMatchObject({ pages: 0, packs: 0, manifests: 0, bytes: 0 });
  });

  test('takes pages that were written for a manifest that never came', async () => {
    await using store = await open();
    await put(store, 'a', [page(1, 0)]);
    rmSync(join(directory, 'states', 'a.wrs'));
    expect(await collect(store, [])).toMatchObject({ manifestsRemoved: 0, pagesRemoved: 1 });
  });

  test('leaves reads alone that are under way while it rewrites their packs', async () => {
    await using store = await open();
    const pages = await chain(store, 8);
    await put(
      store,
      'bulk',
      Array.from({ length: 200 }, (_, index) => page(100 + index, 0)),
    );
    let done = false;
    const reading = (async () => {
      while (!done) await expectReads(store, pages);
    })();
    await collect(store, ['s8']);
    done = true;
    await reading;
    await expectReads(store, pages);
  });

  test('that was replaced by a newer one refuses, and an interrupted one is completed by the next', async () => {
    await using store = await open();
    await put(store, 'a', [page(1, 0)]);
    const old = await store.beginCollection();
    const abort = AbortSignal.abort();
    await expect(
      (await store.beginCollection()).collect({ live: new Set(), signal: abort }),
    ).rejects.toMatchObject({
      code: 'INTERRUPTED',
    });
    await expect(old.collect({ live: new Set() })).rejects.toMatchObject({ code: 'INTERRUPTED' });
    await expectReads(store, [page(1, 0)]);
    expect(await collect(store, [])).toMatchObject({ manifestsRemoved: 1, pagesRemoved: 1 });
  });

  test('does not work while a manifest that is to stay cannot be read', async () => {
    await using store = await open();
    await put(store, 'a', [page(1, 0)]);
    writeFileSync(join(directory, 'states', 'a.wrs'), 'x');
    await expect(collect(store, ['a'])).rejects.toMatchObject({ code: 'PAGE_CORRUPT' });
    await expectReads(store, [page(1, 0)]);
    expect(await collect(store, [])).toMatchObject({ manifestsRemoved: 1, pagesRemoved: 1 });
  });
});

describe('the index', () => {
  test.each(['garbage', 'a stub', 'its first half', 'one that ended the process', 'nothing', 'an older one'])(
    '%s in its place is replaced from the packs',
    async (what) => {
      await (await open())[Symbol.asyncDispose]();
      const data = join(directory, 'index', 'data.mdb');
      const older = readFileSync(data);
      const pages = [page(1, 0), page(2, 0)];
      {
        await using store = await open();
        await put(store, 'a', pages);
      }
      if (what === 'garbage') writeFileSync(data, Buffer.alloc(20_000, 'garbage'));
      else if (what === 'a stub') writeFileSync(data, 'x');
      else if (what === 'its first half') writeFileSync(data, readFileSync(data).subarray(0, 16_384));
      else if (what === 'one that ended the process') writeFileSync(join(directory, 'index', 'opening'), '');
      else if (what === 'nothing') rmSync(join(directory, 'index'), { recursive: true });
      else writeFileSync(data, older);
      await using store = await open();
      expect(store.notes.length).toBe(['nothing', 'an older one'].includes(what) ? 0 : 1);
      await expectReads(store, pages);
    },
  );

  test('that knows packs which are gone is made again, and says so', async () => {
    {
      await using store = await open();
      await put(store, 'a', [page(1, 0)]);
      await put(store, 'b', [page(2, 0)]);
    }
    rmSync(packFiles()[0]!);
    await using store = await open();
    expect(store.notes).toEqual([expect.stringContaining('1 packs are gone')]);
    expect([page(1, 0), page(2, 0)].filter(({ hash }) => store.has(hash))).toHaveLength(1);
  });

  test('does not keep a process alive that forgets to close it', () => {
    const module = new URL('../../../dist/storage/page-packs/page-packs.js', import.meta.url).href;
    const options = {
      packs: join(directory, 'packs'),
      states: join(directory, 'states'),
      index: join(directory, 'index'),
    };
    const source = `import { openPagePacks } from ${JSON.stringify(module)};
      const store = await openPagePacks(${JSON.stringify(options)});
      await store.write('a', { manifest: Buffer.from('a'), references: [], pages: [] });
      process.stdout.write('written');`;
    const { stdout, status } = spawnSync(process.execPath, ['--input-type=module', '-e', source], {
      encoding: 'utf8',
      timeout: 20_000,
    });
    expect({ stdout, status }).toEqual({ stdout: 'written', status: 0 });
  });
});
