import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FaultyFiles } from '../../test/property/storage-faulty-files.js';
import { openStorageRuntime } from '../../test/support/storage-runtime.js';
import { newDisk, type TestRuntime } from '../../test/support/test-runtime.js';
import { named, newWorld, run } from '../../test/support/verbs.js';
import { openStorage } from './open-storage.js';

let directory: string;
let root: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'disks-'));
  root = join(directory, 'data');
});

afterEach(() => rmSync(directory, { recursive: true }));

describe('a file system without fsync', () => {
  test.each(['EINVAL', 'ENOTSUP', 'EOPNOTSUPP'])(
    'of directories (%s) is used and told of once; everything works',
    async (code) => {
      const fileOps = new FaultyFiles();
      fileOps.fault = ({ call }) => (call === 'syncDirectory' ? { kind: 'error', code } : null);
      {
        await using storage = await openStorage(root, { fileOps, segmentBytes: 1 });
        expect(storage.notes).toEqual([expect.stringContaining('cannot make file names durable')]);
      }
      await using storage = await openStorage(root);
      expect(storage.notes).toEqual([]);
    },
  );

  test.each(['EINVAL', 'ENOTSUP'])('of files (%s) is refused: nothing could be promised', async (code) => {
    const fileOps = new FaultyFiles();
    fileOps.fault = ({ call }) => (call === 'sync' ? { kind: 'error', code } : null);
    await expect(openStorage(root, { fileOps })).rejects.toMatchObject({
      code: 'STORAGE_FAILED',
      message: /nothing on it would be durable: use a data directory on a local disk/,
      details: { errno: code },
    });
  });

  test('other failures of a directory are failures', async () => {
    const fileOps = new FaultyFiles();
    fileOps.fault = ({ call }) => (call === 'syncDirectory' ? { kind: 'error', code: 'EIO' } : null);
    await expect(openStorage(root, { fileOps })).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
  });
});

describe('a disk that is full', () => {
  const fill = (t: { fileOps: FaultyFiles }, ending: RegExp): void => {
    t.fileOps.fault = ({ call, path }) =>
      call === 'write' && ending.test(path) ? { kind: 'torn', bytes: 10, code: 'ENOSPC' } : null;
  };

  test('for checkpoints costs time only: it is told of, nothing half-written stays, and verbs go on', async () => {
    const disk = newDisk();
    const pace = { checkpointPace: { entriesMin: 2, entriesShare: 0, entriesMinOnClose: 1 } };
    const t = await openStorageRuntime(root, disk, pace);
    const test = t as unknown as TestRuntime;
    fill(t, /wrc/);
    await newWorld(test, 'w');
    for (let n = 0; n < 6; n += 1) await run(test, named(test, 'w'), `set x ${n}`);
    await t.context.backgroundDone();
    expect(t.notes.join()).toMatch(/no checkpoint was written.*disk is full/);
    expect(readdirSync(join(root, 'checkpoints'))).toEqual([]);
    await t.close();
    const again = await openStorageRuntime(root, disk, pace);
    expect(again.notes).toEqual([]);
    const other = again as unknown as TestRuntime;
    expect((await run(other, named(other, 'w'), 'get x')).value).toBe('5');
    await again.close();
    expect(readdirSync(join(root, 'checkpoints'))).not.toEqual([]);
  });

  test('for the journal stops the runtime; what was acknowledged is there when it is opened again', async () => {
    const disk = newDisk();
    const t = await openStorageRuntime(root, disk);
    const test = t as unknown as TestRuntime;
    await newWorld(test, 'w');
    await run(test, named(test, 'w'), 'set x 1');
    fill(t, /wrj/);
    const full = { code: 'STORAGE_FAILED', message: /disk is full: free space/ };
    await expect(run(test, named(test, 'w'), 'set x 2')).rejects.toMatchObject(full);
    t.fileOps.fault = () => null;
    await expect(run(test, named(test, 'w'), 'set x 3')).rejects.toMatchObject(full);
    await t.crash();
    const again = await openStorageRuntime(root, disk);
    expect(again.notes.join()).toMatch(/cut off/);
    const other = again as unknown as TestRuntime;
    expect((await run(other, named(other, 'w'), 'get x')).value).toBe('1');
    await again.close();
  });
});

test('a data directory that may only be read is STORAGE_FAILED with what to do, and stays as it was', () => {
  const module = new URL('../../dist/storage/open-storage.js', import.meta.url).href;
  const script = (work: string): string => `
    import { chmodSync, chownSync } from 'node:fs';
    const { openStorage } = await import(${JSON.stringify(module)});
    const root = ${JSON.stringify(root)};
    const tell = (thrown) => console.log(JSON.stringify({ code: thrown.code, message: thrown.message }));
    ${work}`;
  const say = (work: string): string => {
    const cwd = fileURLToPath(new URL('../..', import.meta.url));
    return spawnSync(process.execPath, ['--input-type=module', '-e', script(work)], { cwd, encoding: 'utf8' })
      .stdout;
  };
  expect(say("await (await openStorage(root))[Symbol.asyncDispose](); console.log('made');")).toBe('made\n');
  const before = readdirSync(root);
  // The superuser may write everywhere, so somebody else tries.
  const answer = say(`
    for (const path of [${JSON.stringify(directory)}, root]) chmodSync(path, 0o555);
    if (process.getuid?.() === 0) { process.setgid(65534); process.setuid(65534); }
    await openStorage(root).then(() => console.log('opened'), tell);`);
  expect(JSON.parse(answer)).toMatchObject({
    code: 'STORAGE_FAILED',
    message: expect.stringMatching(/correct the permissions|use another data directory/),
  });
  say(`for (const path of [${JSON.stringify(directory)}, root]) chmodSync(path, 0o700);`);
  expect(readdirSync(root)).toEqual(before);
});
