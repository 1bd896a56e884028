import { mkdtemp, open, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readStartupFile, STARTUP_HEADER_BYTES } from './host/startup-file.js';
import { openStartupCache } from './startup-cache.js';
import { identityOf, openSubstrate, SPEC, value } from './testing/wasm-fixture.js';

const KEY = 'a'.repeat(64);
const NAME = `startup-${'a'.repeat(32)}`;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'startup-cache-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function readBack(key = KEY): Promise<Uint8Array | null> {
  const handle = await openStartupCache(folder).open(key);
  if (handle === null) return null;
  try {
    return readStartupFile(handle.fd);
  } finally {
    await handle.close();
  }
}

/** A little content, a megabyte of zeros, a little content. */
function sample(): Buffer {
  const bytes = Buffer.alloc(1_200_000);
  bytes.write('start', 10);
  bytes.write('end', bytes.length - 3);
  return bytes;
}

describe('the startup cache', () => {
  test('gives back what was written, without storing zeros, and leaves no other file', async () => {
    const cache = openStartupCache(folder);
    expect(await readBack()).toBeNull();
    await cache.write('b'.repeat(64), Buffer.from('older'));
    await cache.write(KEY, sample());
    expect(Buffer.from((await readBack()) ?? [])).toEqual(sample());
    expect(await readdir(folder)).toEqual([NAME]);
    const { blocks, size } = await stat(join(folder, NAME));
    expect(size).toBe(STARTUP_HEADER_BYTES + 1_200_000);
    expect(blocks * 512).toBeLessThan(400_000);
    await cache.remove(KEY);
    expect(await readBack()).toBeNull();
  });

  test('every flipped bit, missing end and foreign file is noticed', async () => {
    await openStartupCache(folder).write(KEY, sample());
    const file = join(folder, NAME);
    const whole = await readFile(file);
    for (const at of [0, 9, 12, 20, STARTUP_HEADER_BYTES + 10, whole.length - 1]) {
      const damaged = Buffer.from(whole);
      damaged.writeUInt8(damaged.readUInt8(at) ^ 4, at);
      await writeFile(file, damaged);
      expect(await readBack(), `byte ${at}`).toBeNull();
    }
    for (const length of [0, 7, STARTUP_HEADER_BYTES, whole.length - 1]) {
      await writeFile(file, whole.subarray(0, length));
      expect(await readBack(), `length ${length}`).toBeNull();
    }
    await writeFile(file, whole);
    expect(await readBack()).not.toBeNull();
  });
});

describe('starting', () => {
  test('from no cache, from the cache, and from a damaged one gives the same base', async () => {
    const cacheDir = join(folder, 'made-when-needed');
    const messages: string[] = [];
    const start = async (): Promise<string> => {
      const substrate = await openSubstrate({
        cacheDir,
        workers: 2,
        log: (message) => messages.push(message),
      });
      const machine = await substrate.boot(SPEC, identityOf(1), {});
      expect(await value(machine, '6 * 7')).toBe('42');
      const digest = await substrate.baseDigest({});
      await substrate[Symbol.asyncDispose]();
      return digest;
    };
    const first = await start();
    const name = (await readdir(cacheDir))[0]!;
    const modified = async (): Promise<number> => (await stat(join(cacheDir, name))).mtimeMs;
    const written = await modified();
    expect(await start()).toBe(first);
    expect(await modified(), 'used, not written again').toBe(written);
    const handle = await open(join(cacheDir, name), 'r+');
    await handle.write(Buffer.from('damage'), 0, 6, 5_000_000);
    await handle.close();
    expect(await start()).toBe(first);
    expect(await modified(), 'made anew').not.toBe(written);
    // Whole, but nothing that an executor starts from.
    await openStartupCache(cacheDir).write(name.slice('startup-'.length).padEnd(64, '0'), sample());
    expect(messages).toEqual([]);
    expect(await start()).toBe(first);
    expect(messages.join('\n')).toContain('made anew');
  }, 120_000);

  test('a cache folder that cannot be written is told, not fatal', async () => {
    const messages: string[] = [];
    const file = join(folder, 'a-file');
    await writeFile(file, '');
    const substrate = await openSubstrate({
      cacheDir: join(file, 'below'),
      workers: 2,
      log: (message) => messages.push(message),
    });
    expect(await value(await substrate.boot(SPEC, identityOf(1), {}), '1 + 1')).toBe('2');
    expect(messages.join('\n')).toContain('cannot be');
    await substrate[Symbol.asyncDispose]();
  });
});
