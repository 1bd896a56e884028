import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WorldRuntime } from '../../src/index.js';
import { mountSmallDisk, type SmallDisk } from '../support/small-disk.js';

/** What a bad place for data gets: a named error, and nothing acknowledged that is lost. On real Python. */

const mounted = mountSmallDisk(400);
const disk = 'path' in mounted ? mounted : null;
if ('reason' in mounted) process.stderr.write(`bad-disk: skipped, no small disk: ${mounted.reason}\n`);
if (disk === null && process.env['REQUIRE_SMALL_DISK'] === '1')
  throw new Error('no small disk can be mounted');

describe.runIf(disk !== null)('a data directory on a disk', () => {
  const { path } = disk ?? ({ path: '' } as SmallDisk);
  const dataDir = join(path, 'data');
  afterAll(() => disk?.remove());

  test('that becomes full: refused with a name, and all that was acknowledged is there afterwards', async () => {
    const runtime = await WorldRuntime.open({ dataDir });
    const world = await runtime.create({ name: 'w' });
    const acknowledged: string[] = [];
    await world.execute('seen = []');
    disk?.fill();
    const filling = (async () => {
      for (let i = 0; i < 200; i += 1) {
        await world.execute(`seen.append(${i})\n# ${'long '.repeat(2000)}`);
        acknowledged.push(String(i));
      }
    })();
    const refused = await filling.catch((error: unknown) => error);
    expect(refused).toMatchObject({ name: 'WorldError', code: 'STORAGE_FAILED' });
    expect((refused as Error).message).toMatch(/space|ENOSPC/i);
    await expect(world.execute('1')).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
    await runtime.close().catch(() => {});

    disk?.free();
    await using again = await WorldRuntime.open({ dataDir });
    const { value } = await (await again.world('w')).execute('seen');
    expect(value).toBe(`[${acknowledged.join(', ')}]`);
    await (await again.world('w')).snapshot('after');
  }, 240_000);

  test('that is full from the start, or read-only, is told so', async () => {
    disk?.fill();
    const full = await WorldRuntime.open({ dataDir: join(path, 'fresh') }).catch((error: unknown) => error);
    expect(full).toMatchObject({ name: 'WorldError', code: 'STORAGE_FAILED' });
    disk?.free();
    disk?.makeReadOnly();
    for (const at of [dataDir, join(path, 'new')]) {
      const readOnly = await WorldRuntime.open({ dataDir: at }).catch((error: unknown) => error);
      expect(readOnly).toMatchObject({ name: 'WorldError', code: 'STORAGE_FAILED' });
      expect((readOnly as Error).message).toMatch(/read-only|EROFS/i);
    }
  }, 120_000);
});

describe('a data directory that was damaged', () => {
  let dataDir: string;
  beforeAll(() => {
    dataDir = mkdtempSync(join(tmpdir(), 'wr-damaged-'));
  });
  afterAll(() => rmSync(dataDir, { recursive: true, force: true }));

  test('in a pack: what can be made again is, and the other states are not affected', async () => {
    const packs = join(dataDir, 'packs');
    const packFiles = (): string[] => readdirSync(packs).filter((name) => name.endsWith('.wrp'));
    {
      await using runtime = await WorldRuntime.open({ dataDir });
      const first = await runtime.create({ name: 'first' });
      await first.execute('x = "first " * 3000');
      await first.snapshot('s1');
    }
    const before = new Set(packFiles());
    {
      await using runtime = await WorldRuntime.open({ dataDir });
      const second = await runtime.create({ name: 'second' });
      await second.execute('x = "second " * 3000');
      await second.snapshot('s2');
    }
    const added = packFiles().filter((name) => !before.has(name));
    expect(added.length).toBeGreaterThan(0);
    for (const name of added) {
      const bytes = readFileSync(join(packs, name));
      for (let at = 64; at < bytes.length; at += 97) bytes[at] = (bytes[at] ?? 0) ^ 0x55;
      writeFileSync(join(packs, name), bytes);
    }
    await using runtime = await WorldRuntime.open({ dataDir });
    const good = await runtime.create({ snapshotId: 's1' });
    expect((await good.execute('x[:5], len(x)')).value).toBe("('first', 18000)");
    const again = await runtime.create({ snapshotId: 's2' });
    expect((await again.execute('x[:6], len(x)')).value).toBe("('second', 21000)");
  }, 120_000);

  test('by another version: told, and left as it is', async () => {
    const format = join(dataDir, 'FORMAT');
    const text = readFileSync(format, 'utf8').replace(/version \d+/, 'version 99');
    writeFileSync(format, text);
    await expect(WorldRuntime.open({ dataDir })).rejects.toMatchObject({ code: 'DATA_DIR_VERSION' });
    expect(readFileSync(format, 'utf8')).toBe(text);
  });
});
