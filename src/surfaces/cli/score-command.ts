import { spawn } from 'node:child_process';
import type { Tried } from '../../contests/best-of.js';
import { WorldError } from '../../model/world-error.js';
import { shortText } from './format/cells.js';

export interface ScoreCommand {
  /** A line for the shell. */
  readonly command: string;
  /** How long it may take, ms. */
  readonly timeoutMs: number;
  readonly env: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal | undefined;
}

/** Of what the command prints, so many characters are kept: a number needs fewer. */
const OUTPUT_MAX = 65_536;

/**
 * Runs a command of this machine for one try: it gets the try as JSON on stdin and prints its score, one number. It and what it
 * started are ended when it takes too long or the caller is interrupted.
 *
 * @throws REPORT_MISSING when it fails or prints something else, WAIT_TIMEOUT, INTERRUPTED
 */
export async function scoreByCommand(tried: Tried, how: ScoreCommand): Promise<string> {
  const { name, number, worldId, execution } = tried;
  const { world, value, stdout, stderr, runMs, effects } = execution;
  const input = JSON.stringify({ name, number, worldId, world, value, stdout, stderr, runMs, effects });
  const { status, out, err } = await runCommand(input, how);
  const about = `the score command ${JSON.stringify(shortText(how.command))}`;
  if (status !== 0) {
    const said = err.trim() === '' ? '' : `: ${shortText(err, 200)}`;
    throw new WorldError('REPORT_MISSING', `${about} failed with ${status}${said}`, { details: { status } });
  }
  const text = out.trim();
  if (/^[+-]?[\d./eE+-]+$/.test(text)) return text;
  throw new WorldError(
    'REPORT_MISSING',
    `${about} must print one number, not ${JSON.stringify(shortText(text))}`,
  );
}

function runCommand(
  input: string,
  { command, timeoutMs, env, signal }: ScoreCommand,
): Promise<{ status: number | string; out: string; err: string }> {
  return new Promise((resolve, reject) => {
    // A group of its own, so that what it starts ends with it.
    const child = spawn('/bin/sh', ['-c', command], { env, detached: true, stdio: ['pipe', 'pipe', 'pipe'] });
    const texts = { out: '', err: '' };
    const stop = (why: WorldError): void => {
      settle();
      if (child.pid !== undefined) killGroup(child.pid);
      reject(why);
    };
    const onAbort = (): void =>
      stop(new WorldError('INTERRUPTED', 'the caller interrupted the score command'));
    const timer = setTimeout(() => {
      stop(
        new WorldError('WAIT_TIMEOUT', `the score command took longer than ${timeoutMs} ms: see --timeout`),
      );
    }, timeoutMs);
    const settle = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
    };
    signal?.addEventListener('abort', onAbort, { once: true });
    if (signal?.aborted) onAbort();
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      texts.out = (texts.out + text).slice(0, OUTPUT_MAX);
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      texts.err = (texts.err + text).slice(0, OUTPUT_MAX);
    });
    // A command may end without having read what it was given.
    child.stdin.on('error', () => {});
    child.stdin.end(input);
    child.on('error', (error) =>
      stop(new WorldError('REPORT_MISSING', `sh could not be started: ${error.message}`)),
    );
    child.on('close', (code, name) => {
      settle();
      resolve({ status: code ?? name ?? 'a signal', ...texts });
    });
  });
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It is gone already.
  }
}
