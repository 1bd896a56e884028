import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A file system of its own in memory, which can be filled and made read-only. */
export interface SmallDisk {
  readonly path: string;
  /** Leaves at most one block free. */
  fill(): void;
  /** Takes back what `fill` took. */
  free(): void;
  makeReadOnly(): void;
  remove(): void;
}

/** Mounts one, or says why this machine does not let us. */
export function mountSmallDisk(mebibytes: number): SmallDisk | { readonly reason: string } {
  const path = mkdtempSync(join(tmpdir(), 'wr-small-disk-'));
  const filler = join(path, 'filler');
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${mebibytes}m`, 'tmpfs', path], { stdio: 'pipe' });
  } catch (thrown) {
    rmSync(path, { recursive: true, force: true });
    const reason =
      thrown instanceof Error ? (thrown.message.split('\n')[1] ?? thrown.message) : String(thrown);
    return { reason };
  }
  return {
    path,
    fill() {
      const { bavail, bsize } = statfsSync(path);
      try {
        writeFileSync(filler, Buffer.alloc(bavail * bsize));
      } catch (thrown) {
        // Whoever else writes there was quicker: it is full all the same.
        if (!(thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOSPC')) throw thrown;
      }
    },
    free: () => rmSync(filler, { force: true }),
    makeReadOnly: () => {
      execFileSync('mount', ['-o', 'remount,ro', path], { stdio: 'pipe' });
    },
    remove() {
      execFileSync('umount', ['-l', path], { stdio: 'pipe' });
      rmSync(path, { recursive: true, force: true });
    },
  };
}
