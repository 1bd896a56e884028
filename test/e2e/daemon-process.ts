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
