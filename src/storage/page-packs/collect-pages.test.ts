import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { PAGE_BYTES, type PageWrite } from '../../ports/page-store.js';
import { type FileOps, nodeFileOps } from '../file-ops.js';
import { sideBySide } from '../side-by-side.js';
import { openPagePacks, type PagePacks } from './page-packs.js';

let directory: string;
let opened: string[];
let synced: string[];
let removed: string[];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'collect-pages-'));
  for (const name of ['packs', 'states']) mkdirSync(join(directory, name));
  forget();
});

afterEach(() => rmSync(directory, { recursive: true }));

function forget(): void {
  [opened, synced, removed] = [[], [], []];
}

const noting: FileOps = {
  ...nodeFileOps,
  open: (path, access) => {
    opened.push(path);
    return nodeFileOps.open(path, access);
  },
  remove: (path) => {
    removed.push(path);
    return nodeFileOps.remove(path);
  },
  syncDirectory: (path) => {
    synced.push(path);
    return nodeFileOps.syncDirectory(path);
  },
};

const open = (): Promise<PagePacks> =>
  openPagePacks({
    packs: join(directory, 'packs'),
    states: join(directory, 'states'),
    index: join(directory, 'index'),
    fileOps: noting,
  });

function page(place: number, version: number): PageWrite {
  const bytes = Buffer.alloc(PAGE_BYTES, createHash('sha256').update(`${place} ${version}`).digest());
  return { hash: createHash('sha256').update(bytes).digest('hex'), bytes };
}

async function put(store: PagePacks, key: string, pages: readonly PageWrite[], basedOn?: string) {
  const references = pages.map(({ hash }) => hash);
  const write = { manifest: Buffer.from(key), references, pages };
  expect(await store.write(key, basedOn === undefined ? write : { ...write, basedOn })).toEqual({
    missing: [],
  });
}

const collect = async (store: PagePacks, live: readonly string[]) =>
  (await store.beginCollection()).collect({ live: new Set(live) });

const times = (paths: readonly string[], ending: string): number =>
  paths.filter((path) => path.endsWith(ending)).length;

describe('what a collection asks of the disk', () => {
  test('a state that goes costs one look at its manifest, one at its pack, and two removals', async () => {
    await using store = await open();
    await put(store, 'kept', [page(0, 0)]);
    const dead = 100;
    for (let index = 1; index <= dead; index += 1) await put(store, `dead-${index}`, [page(index, 0)]);
    forget();
    const result = await collect(store, ['kept']);
    expect(result).toMatchObject({ manifestsRemoved: dead, packsDeleted: dead });
    expect(times(opened, '.wrs')).toBe(dead + 1);
    expect(times(opened, '.wrp')).toBe(dead);
    expect(removed.length).toBe(2 * dead);
    // A group of manifests, or of packs, shares one fsync of the directory.
    expect(synced.length).toBeLessThanOrEqual(3);
  });

  test('states that are differences to one other do not read it again each', async () => {
    await using store = await open();
    const pages = Array.from({ length: 64 }, (_, index) => page(index, 0));
    await put(store, 'base', pages);
    const children = Array.from({ length: 100 }, (_, index) => `child-${index}`);
    for (const [index, key] of children.entries())
      await put(store, key, [page(0, index + 1), ...pages.slice(1)], 'base');
    forget();
    await collect(store, ['base', ...children]);
    expect(times(opened, 'base.wrs')).toBe(2);
    expect(times(opened, '.wrs')).toBe(children.length + 2);
    forget();
    await store.usage();
    expect(times(opened, 'base.wrs')).toBeLessThanOrEqual(3);
  });

  test('what it says it freed is what the files had', async () => {
    await using store = await open();
    const pages = Array.from({ length: 64 }, (_, index) => page(index, 0));
    await put(store, 'base', pages);
    await put(store, 'child', [page(0, 1), ...pages.slice(1)], 'base');
    await put(store, 'dead', [page(100, 1), page(101, 1)]);
    const before = (await store.usage()).bytes;
    const first = await collect(store, ['child']);
    const between = (await store.usage()).bytes;
    expect(before - between).toBe(first.bytesFreed);
    // The base went, but its content stayed for the child; now that goes too.
    expect(readdirSync(join(directory, 'states')).filter((name) => name.endsWith('.wrb'))).toHaveLength(1);
    const second = await collect(store, []);
    expect(between - (await store.usage()).bytes).toBe(second.bytesFreed);
    expect(readdirSync(join(directory, 'states'))).toEqual([]);
  });

  test('a manifest without its content goes like others', async () => {
    await using store = await open();
    await put(store, 'kept', [page(1, 0)]);
    await put(store, 'torn', [page(2, 0)]);
    await put(store, 'empty', [page(3, 0)]);
    truncateSync(join(directory, 'states', 'torn.wrs'), 50);
    truncateSync(join(directory, 'states', 'empty.wrs'), 0);
    expect(await collect(store, ['kept'])).toMatchObject({ manifestsRemoved: 2 });
    expect(await store.readPages([page(1, 0).hash])).toEqual(
      [new Uint8Array(page(1, 0).bytes)].map(Buffer.from),
    );
  });

  test('a dead pack without its index is read through and goes', async () => {
    await using store = await open();
    await put(store, 'dead', [page(1, 0), page(2, 0)]);
    const [name] = readdirSync(join(directory, 'packs'));
    const path = join(directory, 'packs', name!);
    truncateSync(path, statSync(path).size - 1);
    expect(await collect(store, [])).toMatchObject({ packsDeleted: 1, pagesRemoved: 2 });
    expect(readdirSync(join(directory, 'packs'))).toEqual([]);
  });
});

describe('work side by side', () => {
  test('never does more at once than it may, and does each item once', async () => {
    let [running, most] = [0, 0];
    const done: number[] = [];
    await sideBySide([1, 2, 3, 4, 5, 6, 7], 3, async (item) => {
      running += 1;
      most = Math.max(most, running);
      await new Promise((resolve) => setImmediate(resolve));
      running -= 1;
      done.push(item);
    });
    expect(most).toBe(3);
    expect(done.sort((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7]);
  });

  test('after a failure begins nothing more, and ends when what was begun has ended', async () => {
    const ended: number[] = [];
    const work = sideBySide([1, 2, 3, 4], 2, async (item) => {
      if (item === 1) throw new Error('no disk');
      await new Promise((resolve) => setImmediate(resolve));
      ended.push(item);
    });
    await expect(work).rejects.toThrow('no disk');
    expect(ended).toEqual([2]);
  });
});
