import { chmodSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';

export const HISTORY_LINES_MAX = 1000;
/** Longer lines are pasted data, not something to call back. */
const LINE_LENGTH_MAX = 4096;
const FILE_BYTES_MAX = 8 * 1024 * 1024;
/** People type secrets: nobody else may read the file. */
const OWNER_ONLY = 0o600;

/** Where lines are kept between sessions: in the XDG state directory. */
export function historyPath(env: NodeJS.ProcessEnv): string {
  const state = env['XDG_STATE_HOME'] || join(env['HOME'] || homedir(), '.local', 'state');
  return join(state, 'world-runtime', 'repl-history');
}

/** Lines of earlier sessions, oldest first. A file that is not there or cannot be read is an empty history. */
export function readHistory(path: string): string[] {
  try {
    if (statSync(path).size > FILE_BYTES_MAX) return [];
    return bounded(readFileSync(path, 'utf8').split('\n'));
  } catch {
    return [];
  }
}

/**
 * Adds the lines of a session. What another session wrote meanwhile stays; the oldest go.
 *
 * @throws what the file system throws
 */
export function appendHistory(path: string, lines: readonly string[]): void {
  if (lines.length === 0) return;
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const all = bounded([...readHistory(path), ...lines]);
  const next = `${path}.${process.pid}.tmp`;
  writeFileSync(next, `${all.join('\n')}\n`, { mode: OWNER_ONLY });
  // The mode of `writeFile` is only for a file that it makes.
  chmodSync(next, OWNER_ONLY);
  renameSync(next, path);
}

function bounded(lines: readonly string[]): string[] {
  const kept = lines.filter((line) => line.trim() !== '' && line.length <= LINE_LENGTH_MAX);
  return kept.filter((line, index) => line !== kept[index - 1]).slice(-HISTORY_LINES_MAX);
}
