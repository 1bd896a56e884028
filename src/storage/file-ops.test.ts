import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { nodeFileOps } from './file-ops.js';

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
