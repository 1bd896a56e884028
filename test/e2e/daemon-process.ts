import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { type DaemonFile, readDaemonFile } from '../../src/surfaces/client/daemon-file.js';
import { startWr, wr } from './cli-process.js';

/** A daemon of the test's own data directory. */
export interface RunningDaemon {
  readonly file: DaemonFile;
  /** The process dies here and now, as in a loss of power; resolves when it is gone. */
  kill(): Promise<void>;
}

/** Starts the real daemon in the foreground of a process of the test's. */
export async function startDaemon(dataDir: string, ...args: string[]): Promise<RunningDaemon> {
  const started = startWr(dataDir, ['up', ...args]);
  await started.said('answers at');
  const file = readDaemonFile(dataDir);
  if (file === null) throw new Error('the daemon answers, but has no file');
  return {
    file,
    kill: async () => {
      // The process alone, not its group: its executor host has to notice by itself.
      process.kill(file.pid, 'SIGKILL');
      await started.ended;
    },
  };
}

/** Ends the daemon of a data directory, if one runs. */
export async function stopDaemon(dataDir: string): Promise<void> {
  expect(await wr(dataDir, 'down')).toMatchObject({ code: 0 });
}

/** Processes whose parent is `pid`; none where the system has no /proc. */
export function childrenOf(pid: number): number[] {
  if (!existsSync('/proc')) return [];
  const all = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return all.map(Number).filter((one) => new RegExp(`^PPid:\\s+${pid}$`, 'm').test(statusOf(one)));
}

/** False also for one that has ended and that nobody has waited for. */
export function isRunning(pid: number): boolean {
  const status = statusOf(pid);
  return status !== '' && !/^State:\s+[ZX]/m.test(status);
}

/** Empty for a process that has ended. */
function statusOf(pid: number): string {
  try {
    return readFileSync(join('/proc', String(pid), 'status'), 'utf8');
  } catch {
    return '';
  }
}
