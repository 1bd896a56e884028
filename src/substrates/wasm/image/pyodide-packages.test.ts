import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type DistributedPackage,
  distributionUrl,
  fetchPackage,
  readPackageLock,
  resolvePackages,
} from './pyodide-packages.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'packages-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const CONTENT = Buffer.from('a package');
const WANTED: DistributedPackage = {
  name: 'thing',
  version: '1.0',
  fileName: 'thing-1.0-py3-none-any.whl',
  sha256: createHash('sha256').update(CONTENT).digest('hex'),
  installDir: 'site',
  depends: [],
};

const answering =
  (body: Uint8Array | null, status = 200): typeof fetch =>
  async () =>
    new Response(body === null ? null : Uint8Array.from(body), { status });

describe("the engine's list of packages", () => {
  test('is the pinned one, and names each file with its hash', async () => {
    const lock = await readPackageLock();
    expect(lock.get('numpy')).toMatchObject({ name: 'numpy', installDir: 'site', depends: [] });
    expect(lock.get('numpy')?.fileName).toMatch(/^numpy-.*cp314-cp314-pyemscripten_2026_0_wasm32\.whl$/);
    expect(lock.get('libopenblas')).toMatchObject({ installDir: 'dynlib' });
    expect(lock.size).toBeGreaterThan(300);
  });

  test('puts what a package needs before it, each once, and always in the same order', async () => {
    const lock = await readPackageLock();
    const orderOf = (...names: string[]) => resolvePackages(lock, names).map(({ name }) => name);
    expect(orderOf('python-dateutil')).toEqual(['six', 'python-dateutil']);
    const order = orderOf('scipy', 'pandas');
    expect(order).toEqual(orderOf('scipy', 'pandas', 'SciPy'));
    expect(new Set(order).size).toBe(order.length);
    for (const name of order) {
      for (const needed of lock.get(name.toLowerCase())?.depends ?? []) {
        expect(order.indexOf(lock.get(needed)?.name ?? ''), `${needed} before ${name}`).toBeLessThan(
          order.indexOf(name),
        );
      }
    }
  });

  test('names near ones when there is none of that name', async () => {
    const lock = await readPackageLock();
    expect(() => resolvePackages(lock, ['umpy'])).toThrow(/no package "umpy".*numpy.*--wheel/);
  });
});

describe('the file of a package', () => {
  const fetched = (how: Partial<Parameters<typeof fetchPackage>[1]>) =>
    fetchPackage(WANTED, { packageDir: null, wait: {}, ...how });

  test('comes from a folder, or from where the engine is published', async () => {
    writeFileSync(join(folder, WANTED.fileName), CONTENT);
    expect(Buffer.from(await fetched({ packageDir: folder }))).toEqual(CONTENT);
    const asked: unknown[] = [];
    const download: typeof fetch = (url) => {
      asked.push(url);
      return answering(CONTENT)('');
    };
    expect(Buffer.from(await fetched({ download }))).toEqual(CONTENT);
    expect(asked).toEqual([await distributionUrl(WANTED.fileName)]);
    expect(asked[0]).toMatch(/^https:.*\/v314\.0\.7\/full\/thing-1\.0-py3-none-any\.whl$/);
  });

  test.each([
    ['another content', answering(Buffer.from('something else')), /SHA-256/],
    ['an error of the server', answering(null, 404), /answered 404/],
    [
      'no network',
      () => Promise.reject(new TypeError('fetch failed', { cause: new Error('ENOTFOUND') })),
      /ENOTFOUND/,
    ],
  ] as const)('is unavailable with %s, and the error says what to do', async (_what, download, reason) => {
    const made = fetched({ download });
    await expect(made).rejects.toMatchObject({
      code: 'PACKAGE_UNAVAILABLE',
      message: expect.stringMatching(reason),
    });
    await expect(made).rejects.toThrow(/https:.*thing-1\.0.*--package-dir or WORLD_PACKAGE_DIR.*--wheel/);
  });

  test('is not waited for after an interrupt', async () => {
    const stop = new AbortController();
    const download: typeof fetch = (_url, init) =>
      new Promise((_resolve, reject) => {
        const abort = () => reject(new Error('aborted'));
        if (init?.signal?.aborted === true) abort();
        init?.signal?.addEventListener('abort', abort);
      });
    const made = fetched({ download, wait: { signal: stop.signal } });
    stop.abort();
    await expect(made).rejects.toMatchObject({ code: 'INTERRUPTED' });
  });
});
