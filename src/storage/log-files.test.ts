import {
  constants,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type FileAccess, nodeFileOps } from './file-ops.js';

/** The flags with which this process has a file open, as the kernel knows them. */
function flagsOf(path: string): number {
  const fd = readdirSync('/proc/self/fd').find((name) => {
    try {
      return readlinkSync(`/proc/self/fd/${name}`) === path;
    } catch {
      return false;
    }
  });
  const [, octal] = /^flags:\s+(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8')) ?? [];
  return Number.parseInt(octal ?? '', 8);
}

test.runIf(process.platform === 'linux')(
  'a write to a log, and only to one, waits for the disk',
  async () => {
    const directory = mkdtempSync(join(tmpdir(), 'log-files-'));
    try {
      const path = join(directory, 'file');
      writeFileSync(path, 'before');
      const waits = async (access: FileAccess): Promise<boolean> => {
        const file = await nodeFileOps.open(path, access);
        const flags = flagsOf(path);
        await file.close();
        return (flags & constants.O_DSYNC) === constants.O_DSYNC;
      };
      expect(await waits('log')).toBe(true);
      expect(await waits('update')).toBe(false);
      expect(await waits('read')).toBe(false);
      const file = await nodeFileOps.open(path, 'log');
      expect(await file.write(Buffer.from('after'), 2)).toBe(5);
      await file.close();
      expect(readFileSync(path, 'utf8')).toBe('beafter');
    } finally {
      rmSync(directory, { recursive: true });
    }
  },
);
