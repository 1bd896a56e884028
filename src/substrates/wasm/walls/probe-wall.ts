import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { HostCommand } from '../host-process.js';

/** Fewer lines than this are not the probe's. */
const ATTEMPTS_MIN = 70;
const TIMEOUT_MS = 10_000;
const FILES = { secret: 'a secret of the probe', spare: 'spare' } as const;

export interface ProbeResult {
  /** Attempts by name: 0 for one that succeeded, else the errno it was refused with. */
  readonly attempts: ReadonlyMap<string, number>;
  /** Those that had an effect, by their own word or by what they left behind. */
  readonly succeeded: readonly string[];
  /** Why it did not come to its end, or null. */
  readonly fault: string | null;
}

/** Runs the probe as `command` says, and looks at what it did. */
export function runProbe(command: (folder: string) => HostCommand): ProbeResult {
  const folder = mkdtempSync(join(tmpdir(), 'wr-probe-'));
  try {
    for (const [name, text] of Object.entries(FILES)) writeFileSync(join(folder, name), text);
    const { file, args } = command(folder);
    const { stdout, stderr, error, status, signal } = spawnSync(file, args, {
      env: {},
      cwd: '/',
      encoding: 'utf8',
      timeout: TIMEOUT_MS,
    });
    const attempts = parseLines(stdout ?? '');
    const isWhole = attempts.delete('end') && attempts.size >= ATTEMPTS_MIN;
    const words = [error?.message, stderr?.trim(), `it ended with ${signal ?? `code ${status}`}`];
    const succeeded = [...attempts].filter(([, errno]) => errno === 0).map(([name]) => name);
    return {
      attempts,
      succeeded: isUntouched(folder) ? succeeded : [...succeeded, 'changing files'],
      fault: isWhole ? null : (words.find((text) => text !== undefined && text !== '') ?? null),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function parseLines(text: string): Map<string, number> {
  const lines = text.matchAll(/^([a-z0-9-]+) (\d+)$/gm);
  return new Map([...lines].map(([, name = '', errno]) => [name, Number(errno)]));
}

function isUntouched(folder: string): boolean {
  const names = readdirSync(folder).sort();
  return (
    names.join() === Object.keys(FILES).join() &&
    Object.entries(FILES).every(([name, text]) => readFileSync(join(folder, name), 'utf8') === text)
  );
}
