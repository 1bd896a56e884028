import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type IsolationMode, isIsolationMode } from '../../model/isolation-mode.js';

/** How the daemon of a data directory is reached: what its file says, which only its owner can read. */
export interface DaemonFile {
  readonly pid: number;
  /** `http://127.0.0.1:PORT`. */
  readonly url: string;
  /** Bearer token of every request. */
  readonly token: string;
  /** Of world-runtime. */
  readonly version: string;
  /** ISO 8601. */
  readonly startedAt: string;
  /** Executors it was told to have; null: its own choice. */
  readonly workers: number | null;
  /** Whose code one of its hosts may run. */
  readonly isolate: IsolationMode;
}

export function daemonFilePath(dataDir: string): string {
  return join(dataDir, 'daemon.json');
}

/**
 * What the daemon's file says. Null when there is none, or none that can be read and understood. That it is there
 * does not mean that the daemon lives: one that was killed leaves it behind.
 */
export function readDaemonFile(dataDir: string): DaemonFile | null {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(daemonFilePath(dataDir), 'utf8'));
  } catch {
    return null;
  }
  return isDaemonFile(value) ? value : null;
}

function isDaemonFile(value: unknown): value is DaemonFile {
  if (typeof value !== 'object' || value === null) return false;
  const { pid, url, token, version, startedAt, workers, isolate } = value as Record<string, unknown>;
  const texts = [url, token, version, startedAt].every((text) => typeof text === 'string' && text !== '');
  return (
    texts &&
    isIsolationMode(isolate) &&
    Number.isSafeInteger(pid) &&
    (workers === null || Number.isSafeInteger(workers))
  );
}
