import { describe, expect, it } from 'vitest';
import { refused } from '../../../test/support/verbs.js';
import type { Tried } from '../../contests/best-of.js';
import { scoreByCommand } from './score-command.js';

const TRIED: Tried = {
  name: 'try-2',
  number: 2,
  worldId: 'wld_1',
  execution: {
    executionId: 'exe_1',
    worldId: 'wld_1',
    world: 'w/try-2',
    verse: 'try-2',
    ok: true,
    value: '42',
    stdout: 'said\n',
    stderr: '',
    stdoutTruncated: false,
    stderrTruncated: false,
    error: null,
    effects: [],
    state: 'stt_1',
    timeMs: 2,
    runMs: 1,
  },
};

function score(command: string, more: { timeoutMs?: number; signal?: AbortSignal } = {}): Promise<string> {
  return scoreByCommand(TRIED, { command, timeoutMs: 5_000, env: process.env, ...more });
}

describe('a score command', () => {
  it('gets the try as JSON on stdin and answers what it prints', async () => {
    expect(await score(`sed 's/.*"number":\\([0-9]*\\).*"value":"\\([0-9]*\\)".*/\\1\\/\\2/'`)).toBe('2/42');
    expect(await score('echo " -1.5e-3 "')).toBe('-1.5e-3');
  });

  it.each([
    ['fails', 'echo no data >&2; exit 3', /failed with 3: no data/],
    ['prints nothing', 'true', /must print one number, not ""/],
    ['prints words', 'echo fine', /not "fine"/],
    ['prints two numbers', 'echo 1 2', /not "1 2"/],
    ['does not exist', '/no/such/command', /failed with 127/],
    ['is killed', 'kill -9 $$', /failed with SIGKILL/],
  ])('that %s gives no score', async (_what, command, message) => {
    await refused(score(command), 'REPORT_MISSING', message);
  });

  it('that takes too long is ended, with what it started', async () => {
    const started = performance.now();
    await refused(score('sleep 60 | cat', { timeoutMs: 100 }), 'WAIT_TIMEOUT', /--timeout/);
    expect(performance.now() - started).toBeLessThan(5_000);
  });

  it('ends when the caller is interrupted', async () => {
    await refused(score('sleep 60', { signal: AbortSignal.timeout(50) }), 'INTERRUPTED');
    await refused(score('sleep 60', { signal: AbortSignal.abort() }), 'INTERRUPTED');
  });
});
