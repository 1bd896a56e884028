import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { nodeFileOps, storageFailed } from './file-ops.js';

const folder = mkdtempSync(join(tmpdir(), 'wr-file-ops-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('making a directory', () => {
  test('makes its parents too, for the owner alone, and is fine when it is there', async () => {
    const deep = join(folder, 'a/b/c');
    await Promise.all([nodeFileOps.makeDirectory(deep), nodeFileOps.makeDirectory(deep)]);
    await nodeFileOps.makeDirectory(deep);
    expect(statSync(join(folder, 'a')).mode & 0o777).toBe(0o700);
  });

  test('is refused where a file has the name', async () => {
    writeFileSync(join(folder, 'file'), '');
    await expect(nodeFileOps.makeDirectory(join(folder, 'file'))).rejects.toMatchObject({ code: 'EEXIST' });
  });

  test.skipIf(process.platform !== 'linux')(
    'is refused, and comes back, where none can be made',
    async () => {
      await expect(nodeFileOps.makeDirectory('/proc/nothing/here')).rejects.toMatchObject({ code: 'ENOENT' });
    },
  );
});

test('a failure because something is gone is told as that', () => {
  const gone = Object.assign(new Error("ENOENT: no such file or directory, open '/data/x'"), {
    code: 'ENOENT',
  });
  const { code, message, details } = storageFailed(gone, 'Cannot read /data/x');
  expect({ code, errno: details['errno'] }).toEqual({ code: 'STORAGE_FAILED', errno: 'ENOENT' });
  expect(message).toMatch(/data directory is gone.*backup/);
  expect(message).not.toMatch(/check the disk/);
});

describe('a failure that has no code', () => {
  test.each([
    ['IO Error: Could not write file "x": No space left on device', 'ENOSPC', /free space/],
    ['IO Error: Cannot open file "x": Permission denied', 'EACCES', /correct the permissions/],
    ['IO Error: Cannot open file "x": Read-only file system', 'EROFS', /another data directory/],
    ['something else', undefined, /check the disk/],
  ])('%s is understood by its words', (reason, errno, advice) => {
    const error = storageFailed(new Error(reason), 'Cannot open the catalog x');
    expect(error.code).toBe('STORAGE_FAILED');
    expect(error.details['errno']).toBe(errno);
    expect(error.message).toMatch(advice);
  });
});
