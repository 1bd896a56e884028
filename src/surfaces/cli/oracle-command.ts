import { spawn } from 'node:child_process';
import { WorldError } from '../../model/world-error.js';
import { interrupted } from './report-error.js';

/** What is asked, as the command reads it from its stdin, in JSON. */
export interface CommandQuestion {
  readonly outcomes: readonly { readonly name: string }[];
}

/** Characters of a command's output that are kept as evidence. */
const PRINTED_MAX = 4000;

/**
 * Runs a shell command that answers a question: the last line that it prints names the outcome; when it prints nothing, its
 * exit code is the outcome's number, from 0. What it writes to stderr goes to ours.
 *
 * @throws ORACLE_FAILED when it names no outcome, INTERRUPTED
 */
export async function runOracleCommand(
  command: string,
  question: CommandQuestion,
  signal: AbortSignal,
): Promise<{ outcome: string; evidence: Record<string, string | number> }> {
  const { printed, exitCode } = await run(command, `${JSON.stringify(question)}\n`, signal);
  const names = question.outcomes.map(({ name }) => name);
  const last = printed.trimEnd().split('\n').at(-1)?.trim() ?? '';
  const outcome = last === '' ? names[exitCode] : exitCode === 0 ? last : undefined;
  if (outcome === undefined || !names.includes(outcome)) {
    const said = last === '' ? 'printed nothing' : `printed ${JSON.stringify(last.slice(0, 100))} last`;
    throw new WorldError(
      'ORACLE_FAILED',
      `The command ${said} and exited with ${exitCode}. Its last line must be one of: ${names.join(', ')}. Nothing was answered.`,
      { details: { command, exitCode, printed: printed.slice(0, PRINTED_MAX) } },
    );
  }
  return { outcome, evidence: { command, exitCode, printed: printed.slice(0, PRINTED_MAX) } };
}

/** A process group of its own, so that a shell's children end with it. */
function run(
  command: string,
  stdin: string,
  signal: AbortSignal,
): Promise<{ printed: string; exitCode: number }> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, { shell: true, detached: true, stdio: ['pipe', 'pipe', 'inherit'] });
    const stop = () => {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    };
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    let printed = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      printed += text;
    });
    // A command that does not read what it is told is none the worse for it.
    child.stdin.on('error', () => {});
    child.stdin.end(stdin);
    child.on('error', (cause) =>
      reject(new WorldError('ORACLE_FAILED', `The command did not start: ${cause.message}`)),
    );
    child.on('close', (code, killedBy) => {
      signal.removeEventListener('abort', stop);
      if (signal.aborted) reject(interrupted('The command was stopped; nothing was answered.'));
      else if (code === null)
        reject(
          new WorldError('ORACLE_FAILED', `The command was ended by ${killedBy}. Nothing was answered.`),
        );
      else resolve({ printed, exitCode: code });
    });
  });
}
