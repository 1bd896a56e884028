import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WorldRuntime } from '../../src/index.js';
import { MIB } from '../../src/model/limits.js';
import type { RuntimeClient } from '../../src/surfaces/client/runtime-client.js';

const folder = mkdtempSync(join(tmpdir(), 'wr-snapshots-test-'));
const open = (): Promise<RuntimeClient> => WorldRuntime.open({ dataDir: join(folder, 'data'), workers: 1 });
let runtime: RuntimeClient;

beforeAll(async () => {
  runtime = await open();
});
afterAll(async () => {
  await runtime?.close();
  rmSync(folder, { recursive: true, force: true });
});

test('pages that only a removed snapshot needed leave the disk, once no world made from it needs them either', async () => {
  const world = await runtime.create({ name: 'w', retainStates: 1 });
  await world.execute('import os\nsmall = 1');
  await world.execute('large = os.urandom(8 << 20)');
  const { id } = await world.snapshot('large');
  await world.rewind({ steps: 1 });
  const child = await runtime.create({ name: 'child', snapshotId: 'large', retainStates: 1 });
  await runtime.collectGarbage();
  const before = (await runtime.diskUsage()).kinds['packs'] ?? 0;
  expect(before).toBeGreaterThan(8 * MIB);

  expect(await runtime.removeSnapshots(['large', id])).toMatchObject([{ id, name: 'large' }]);
  await expect(runtime.removeSnapshots([id])).rejects.toMatchObject({ code: 'SNAPSHOT_NOT_FOUND' });
  expect((await runtime.collectGarbage()).bytesFreed).toBeLessThan(MIB);
  await runtime.close();
  runtime = await open();
  expect((await (await runtime.world(child.id)).execute('len(large)')).value).toBe(String(8 * MIB));

  await (await runtime.world('child')).delete();
  expect((await runtime.collectGarbage()).bytesFreed).toBeGreaterThan(8 * MIB);
  expect((await runtime.diskUsage()).kinds['packs']).toBeLessThan(before - 8 * MIB);
  expect((await (await runtime.world('w')).execute("small, 'large' in globals()")).value).toBe('(1, False)');
  const { rows } = await runtime.query('SELECT name, removed_at > taken_at FROM snapshots');
  expect(rows).toEqual([['large', true]]);
}, 120_000);

test('an image goes when its worlds are deleted and their snapshots removed', async () => {
  await runtime.images.create('tools', { preamble: 'answer = 42' });
  const world = await runtime.create({ name: 'of-tools', image: 'tools' });
  await world.snapshot('one');
  await world.snapshot('two');
  await world.delete();
  await expect(runtime.images.remove('tools')).rejects.toMatchObject({
    code: 'IMAGE_IN_USE',
    message: expect.stringMatching(/2 snapshots \(one, two\).*wr snapshots rm/),
  });
  // One name is wrong: none is removed.
  await expect(runtime.removeSnapshots(['one', 'three'])).rejects.toMatchObject({
    code: 'SNAPSHOT_NOT_FOUND',
    message: expect.stringContaining('"three"'),
  });
  expect(await runtime.images.show('tools')).toMatchObject({ worlds: 0, snapshots: 2 });
  await runtime.removeSnapshots(['one', 'two']);
  await runtime.images.remove('tools');
  expect(await runtime.images.list()).toEqual([]);
  await expect(runtime.create({ snapshotId: 'one' })).rejects.toMatchObject({ code: 'SNAPSHOT_NOT_FOUND' });
}, 120_000);
