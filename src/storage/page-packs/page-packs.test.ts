import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FaultyFiles } from '../../../test/property/storage-faulty-files.js';
import { PAGE_BYTES } from '../../ports/page-store.js';
import { ZERO_HASH } from './page-codec.js';
import { openPagePacks, type PagePacks } from './page-packs.js';

let directory: string;
let packs: string;
let states: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'packs-'));
  packs = join(directory, 'packs');
  states = join(directory, 'states');
  mkdirSync(packs);
  mkdirSync(states);
});

afterEach(() => rmSync(directory, { recursive: true }));

const open = (fileOps?: FaultyFiles): Promise<PagePacks> =>
  openPagePacks({ packs, states, index: join(directory, 'index'), ...(fileOps ? { fileOps } : {}) });

/** Writes a state that needs the pages given. */
async function put(store: PagePacks, key: string, manifest: Uint8Array, list: Iterable<Page>): Promise<void> {
  const references: string[] = [];
  function* noted(): Generator<Page> {
    for (const each of list) {
      references.push(each.hash);
      yield each;
    }
  }
  const pages = Array.isArray(list) ? list : noted();
  if (Array.isArray(list)) references.push(...hashes(list));
  expect(await store.write(key, { manifest, references, pages })).toEqual({ missing: [] });
}

interface Page {
  readonly hash: string;
  readonly bytes: Uint8Array;
}

/** A page made from a number: even ones compress, odd ones do not. */
function page(number: number): Page {
  const bytes = new Uint8Array(PAGE_BYTES);
  let word = number + 1;
  for (let at = 0; at < (number % 2 === 0 ? 40 : PAGE_BYTES); at += 1) {
    word = (Math.imul(word, 1664525) + 1013904223) >>> 0;
    bytes[at] = word >>> 24;
  }
  return { hash: createHash('sha256').update(bytes).digest('hex'), bytes };
}

const pagesOf = (from: number, count: number): Page[] =>
  Array.from({ length: count }, (_, index) => page(from + index));
const hashes = (list: readonly Page[]): string[] => list.map(({ hash }) => hash);
const MANIFEST = Buffer.from('which pages, in which order');
const packFiles = (): string[] => readdirSync(packs);

async function expectReads(store: PagePacks, list: readonly Page[]): Promise<void> {
  const read = await store.readPages(hashes(list));
  expect(read.length).toBe(list.length);
  for (const [index, bytes] of read.entries())
    expect(Buffer.from(bytes).equals(list[index]!.bytes)).toBe(true);
}

describe('writing and reading', () => {
  test('pages and manifest read back, in the order asked for, also after reopening', async () => {
    const list = pagesOf(0, 40);
    {
      await using store = await open();
      await put(store, 'stt_1', MANIFEST, list);
      await expectReads(store, list.toReversed());
    }
    await using store = await open();
    expect(store.notes).toEqual([]);
    expect(store.pageCount).toBe(40);
    expect(Buffer.from((await store.readManifest('stt_1')).manifest)).toEqual(MANIFEST);
    await expectReads(store, [...list, ...list.slice(0, 3)]);
    expect(await store.readPages([])).toEqual([]);
    expect(packFiles()).toHaveLength(1);
    expect(packFiles()[0]).toMatch(/^[0-9a-f]{64}\.wrp$/);
  });

  test('pages already stored are not written again, and without new ones there is no pack', async () => {
    await using store = await open();
    await put(store, 'a', MANIFEST, pagesOf(0, 10));
    const { size } =
      readFileSync(join(packs, packFiles()[0]!)).length > 0 ? { size: packFiles().length } : { size: 0 };
    await put(store, 'b', MANIFEST, pagesOf(0, 10));
    expect(packFiles()).toHaveLength(size);
    await put(store, 'c', MANIFEST, [...pagesOf(5, 10), ...pagesOf(5, 10)]);
    expect(packFiles()).toHaveLength(2);
    expect(store.pageCount).toBe(15);
    await expectReads(store, pagesOf(0, 15));
  });

  test('zero pages are never stored and always there', async () => {
    await using store = await open();
    expect(store.has(ZERO_HASH)).toBe(true);
    await put(store, 'z', MANIFEST, [{ hash: ZERO_HASH, bytes: new Uint8Array(PAGE_BYTES) }]);
    expect(packFiles()).toEqual([]);
    expect(await store.readPages([ZERO_HASH])).toEqual([new Uint8Array(PAGE_BYTES)]);
  });

  test('a manifest of the same key is replaced, the later write winning', async () => {
    await using store = await open();
    await Promise.all([put(store, 'k', Buffer.from('1'), []), put(store, 'k', Buffer.from('2'), [])]);
    expect(Buffer.from((await store.readManifest('k')).manifest).toString()).toBe('2');
    await put(store, 'k', new Uint8Array(0), []);
    expect((await store.readManifest('k')).manifest.length).toBe(0);
  });

  test('one write after the other, and many at once, which share a pack and its syncs', async () => {
    const fileOps = new FaultyFiles();
    await using store = await open(fileOps);
    for (let index = 0; index < 20; index += 1) await put(store, `s${index}`, MANIFEST, pagesOf(index, 1));
    fileOps.calls.length = 0;
    await Promise.all(
      Array.from({ length: 30 }, (_, index) => put(store, `m${index}`, MANIFEST, pagesOf(100 + index, 2))),
    );
    expect(packFiles().length).toBeLessThanOrEqual(22);
    expect(fileOps.count('syncDirectory')).toBeLessThanOrEqual(4);
    await expectReads(store, pagesOf(100, 31));
  });

  test('content that does not have its hash, or another size, is refused, and only that write', async () => {
    await using store = await open();
    const wrong = { hash: page(1).hash, bytes: page(2).bytes };
    const short = { hash: createHash('sha256').update('x').digest('hex'), bytes: Buffer.from('x') };
    const settled = await Promise.allSettled([
      put(store, 'good', MANIFEST, pagesOf(10, 2)),
      put(store, 'wrong', MANIFEST, [page(20), wrong]),
      put(store, 'short', MANIFEST, [short]),
      put(store, 'thrower', MANIFEST, throwing()),
      put(store, 'also-good', MANIFEST, pagesOf(12, 2)),
    ]);
    expect(settled.map(({ status }) => status)).toEqual([
      'fulfilled',
      'rejected',
      'rejected',
      'rejected',
      'fulfilled',
    ]);
    expect(settled[1]).toMatchObject({ reason: { code: 'PAGE_CORRUPT' } });
    expect(store.has(wrong.hash)).toBe(false);
    await expectReads(store, pagesOf(10, 4));
    await expect(store.readManifest('wrong')).rejects.toMatchObject({ code: 'STATE_LOST' });
  });

  test('what is missing is named', async () => {
    await using store = await open();
    await expect(store.readManifest('nothing')).rejects.toMatchObject({
      code: 'STATE_LOST',
      details: { key: 'nothing' },
    });
    await expect(store.readPages([page(1).hash])).rejects.toMatchObject({
      code: 'PAGE_CORRUPT',
      details: { pages: [{ hash: page(1).hash }] },
    });
    for (const key of ['', '../x', 'a/b', '.hidden', 'x'.repeat(129)]) {
      await expect(put(store, key, MANIFEST, [])).rejects.toMatchObject({ code: 'INTERNAL' });
      await expect(store.readManifest(key)).rejects.toMatchObject({ code: 'INTERNAL' });
    }
  });

  test('a closed store refuses', async () => {
    const store = await open();
    await store[Symbol.asyncDispose]();
    await expect(put(store, 'x', MANIFEST, [])).rejects.toMatchObject({ code: 'RUNTIME_CLOSED' });
    await expect(store.readPages([])).rejects.toMatchObject({ code: 'RUNTIME_CLOSED' });
  });
});

function* throwing(): Generator<Page> {
  yield page(30);
  throw new Error('the slab is gone');
}

describe('damage', () => {
  test.each([
    ['as the index knows it', false],
    ['of which the index is made again', true],
  ])(
    'a flipped bit in any byte of a pack %s: never wrong data, and the other pages are fine',
    async (_, isIndexGone) => {
      const list = [page(0), page(2), page(4)];
      {
        await using store = await open();
        await put(store, 'stt_A', MANIFEST, list);
      }
      const file = join(packs, packFiles()[0]!);
      const whole = readFileSync(file);
      let damagedTimes = 0;
      for (let at = 0; at < whole.length; at += 1) {
        const bytes = Buffer.from(whole);
        bytes[at] = (bytes[at] ?? 0) ^ (1 << (at % 8));
        writeFileSync(file, bytes);
        if (isIndexGone) rmSync(join(directory, 'index'), { recursive: true });
        await using store = await open();
        const results = await Promise.allSettled(list.map(({ hash }) => store.readPages([hash])));
        const bad = results.filter(({ status }) => status === 'rejected');
        expect(bad.length, `byte ${at}`).toBeLessThanOrEqual(1);
        if (bad.length > 0) damagedTimes += 1;
        else if (isIndexGone && store.notes.length === 0) expect.fail(`the flip at ${at} went unnoticed`);
        for (const [index, result] of results.entries()) {
          if (result.status === 'fulfilled')
            expect(Buffer.from(result.value[0]!).equals(list[index]!.bytes)).toBe(true);
          else
            expect(result.reason).toMatchObject({
              code: 'PAGE_CORRUPT',
              details: { pages: [{ hash: list[index]!.hash }] },
            });
        }
      }
      expect(damagedTimes).toBeGreaterThan(100);
    },
  );

  test('cut off at every length: what is whole is found, nothing wrong is', async () => {
    const list = [page(0), page(2), page(4)];
    {
      await using store = await open();
      await put(store, 'stt_A', MANIFEST, list);
    }
    const file = join(packs, packFiles()[0]!);
    const whole = readFileSync(file);
    let found = 0;
    for (let size = 0; size < whole.length; size += 3) {
      writeFileSync(file, whole.subarray(0, size));
      rmSync(join(directory, 'index'), { recursive: true });
      await using store = await open();
      expect(store.notes.length).toBeGreaterThan(0);
      expect(store.pageCount).toBeGreaterThanOrEqual(found);
      found = store.pageCount;
      await expectReads(
        store,
        list.filter(({ hash }) => store.has(hash)),
      );
    }
    expect(found).toBe(3);
  });

  test('the error names page, pack and state; writing the page again heals it', async () => {
    const list = pagesOf(0, 6);
    {
      await using store = await open();
      await put(store, 'stt_A', MANIFEST, list);
    }
    const file = join(packs, packFiles()[0]!);
    const bytes = readFileSync(file);
    bytes[bytes.indexOf('WRPE') + 60] = 1;
    writeFileSync(file, bytes);
    await using store = await open();
    await expect(store.readPages(hashes(list))).rejects.toMatchObject({
      code: 'PAGE_CORRUPT',
      message: expect.stringContaining('stt_A'),
      details: { pages: [{ hash: list[0]!.hash, pack: file, state: 'stt_A' }] },
    });
    await expectReads(store, list.slice(1));
    expect(store.has(list[0]!.hash)).toBe(false);
    await put(store, 'stt_B', MANIFEST, list.slice(0, 1));
    await expectReads(store, list);
    await using again = await open();
    await expectReads(again, list);
  });

  test('a pack that is gone', async () => {
    await using store = await open();
    await put(store, 'stt_A', MANIFEST, pagesOf(0, 2));
    rmSync(join(packs, packFiles()[0]!));
    await expect(store.readPages(hashes(pagesOf(0, 2)))).rejects.toMatchObject({ code: 'PAGE_CORRUPT' });
    const pages = await store
      .readPages(hashes(pagesOf(0, 2)))
      .catch((error: { details: { pages: unknown[] } }) => error.details.pages);
    expect(pages).toHaveLength(2);
  });

  test('a flipped bit in any byte of a manifest', async () => {
    await using store = await open();
    await put(store, 'stt_A', MANIFEST, []);
    const file = join(states, 'stt_A.wrs');
    const whole = readFileSync(file);
    for (let at = 0; at < whole.length; at += 1) {
      const bytes = Buffer.from(whole);
      bytes[at] = (bytes[at] ?? 0) ^ 4;
      writeFileSync(file, bytes);
      await expect(store.readManifest('stt_A')).rejects.toMatchObject({ code: 'PAGE_CORRUPT' });
    }
  });
});

describe('failing disks', () => {
  test('whatever call fails first, the write is refused whole, leaves no leftovers, and can be tried again', async () => {
    const list = pagesOf(0, 5);
    let failed = 0;
    for (let failing = 0; ; failing += 1) {
      rmSync(directory, { recursive: true });
      mkdirSync(packs, { recursive: true });
      mkdirSync(states);
      const fileOps = new FaultyFiles();
      await using store = await open(fileOps);
      let calls = 0;
      fileOps.fault = ({ call }) =>
        call !== 'remove' && calls++ === failing ? { kind: 'error', code: 'ENOSPC' } : null;
      const result = await put(store, 'stt_A', MANIFEST, list).then(
        () => null,
        (error: unknown) => error,
      );
      fileOps.fault = () => null;
      if (result === null) break;
      failed += 1;
      expect(result).toMatchObject({ code: 'STORAGE_FAILED', details: { errno: 'ENOSPC' } });
      expect([...packFiles(), ...readdirSync(states)].filter((name) => name.endsWith('.tmp'))).toEqual([]);
      await put(store, 'stt_A', MANIFEST, list);
      await using again = await open();
      await expectReads(again, list);
    }
    expect(failed).toBeGreaterThanOrEqual(8);
  });

  test('no manifest is visible before its pages are synced', async () => {
    const fileOps = new FaultyFiles();
    await using store = await open(fileOps);
    fileOps.calls.length = 0;
    await put(store, 'stt_A', MANIFEST, pagesOf(0, 3));
    const steps = fileOps.calls.map(
      ({ call, path }) => `${call} ${path.startsWith(packs) ? 'packs' : 'states'}`,
    );
    const order = [
      'sync packs',
      'rename packs',
      'syncDirectory packs',
      'rename states',
      'syncDirectory states',
    ];
    expect(steps.filter((step) => order.includes(step))).toEqual(order);
    // Its own bytes are synced beside the packs, under another name.
    expect(steps.filter((step) => step === 'sync states')).toHaveLength(1);
    expect(steps.indexOf('sync states')).toBeLessThan(steps.indexOf('rename states'));
  });

  test('leftovers of unfinished writes are removed at open', async () => {
    writeFileSync(join(packs, 'writing.wrp.tmp'), 'x');
    writeFileSync(join(states, 'stt_A.wrs.tmp'), 'x');
    await using store = await open();
    expect(store.pageCount).toBe(0);
    expect([...packFiles(), ...readdirSync(states)]).toEqual([]);
  });
});

test('a collection removes the manifests not named, and the pages that nobody needs', async () => {
  await using store = await open();
  await put(store, 'a', MANIFEST, pagesOf(0, 10));
  await put(store, 'b', MANIFEST, pagesOf(5, 10));
  const collection = await store.beginCollection();
  expect(collection.candidates).toEqual(['a', 'b']);
  await put(store, 'c', MANIFEST, pagesOf(20, 4));
  const before = await store.usage();
  const result = await collection.collect({ live: new Set(['a']) });
  expect(result).toMatchObject({ manifestsRemoved: 1, pagesRemoved: 5 });
  expect(result.bytesFreed).toBe(before.bytes - (await store.usage()).bytes);
  await expect(store.readManifest('b')).rejects.toMatchObject({ code: 'STATE_LOST' });
  await expectReads(store, [...pagesOf(0, 10), ...pagesOf(20, 4)]);
  expect(hashes(pagesOf(10, 5)).some((hash) => store.has(hash))).toBe(false);
  const references = hashes(pagesOf(8, 4));
  expect(await store.write('d', { manifest: MANIFEST, references, pages: [] })).toEqual({
    missing: references.slice(2),
  });
  expect(await store.write('d', { manifest: MANIFEST, references, pages: pagesOf(8, 4) })).toEqual({
    missing: [],
  });
});
