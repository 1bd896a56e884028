import { type ChildProcess, spawn } from 'node:child_process';
import { resolve } from 'node:path';

const WR = resolve(import.meta.dirname, '../../bin/wr.js');

export interface Ended {
  /** Exit code, or the signal's name. */
  readonly code: number | string | null;
  readonly out: string;
  readonly err: string;
}

export interface StartedWr {
  readonly child: ChildProcess;
  /** Resolves when stdout or stderr has said this. */
  said(text: string): Promise<void>;
  readonly ended: Promise<Ended>;
}

/** Starts the real `wr`, leader of a process group of its own, as a terminal would. With `stdin: null` its input stays open. */
export function startWr(
  dataDir: string,
  args: readonly string[],
  options: { stdin?: string | null; env?: NodeJS.ProcessEnv } = {},
): StartedWr {
  const child = spawn(process.execPath, [WR, ...args], {
    env: { ...process.env, WORLD_DATA_DIR: dataDir, WORLD_WORKERS: '2', ...options.env },
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
  });
  const heard = { out: '', err: '' };
  const listeners = new Set<() => void>();
  const hear = (key: 'out' | 'err') => (text: string) => {
    heard[key] += text;
    for (const listener of listeners) listener();
  };
  child.stdout.setEncoding('utf8').on('data', hear('out'));
  child.stderr.setEncoding('utf8').on('data', hear('err'));
  child.stdin.on('error', () => {});
  if (options.stdin !== null) child.stdin.end(options.stdin ?? '');
  const ended = new Promise<Ended>((done) => {
    child.on('close', (code, signal) => done({ code: code ?? signal, ...heard }));
  });
  const said = (text: string): Promise<void> =>
    new Promise((done, fail) => {
      const look = (): void => {
        if (!heard.out.includes(text) && !heard.err.includes(text)) return;
        listeners.delete(look);
        done();
      };
      listeners.add(look);
      look();
      ended.then(() => fail(new Error(`ended without saying ${text}: ${JSON.stringify(heard)}`)), fail);
    });
  return { child, said, ended };
}

/** Runs the real `wr` to its end. */
export function wr(dataDir: string, ...args: string[]): Promise<Ended> {
  return startWr(dataDir, args).ended;
}

/** What it prints with `--json`. */
export async function wrJson<T>(dataDir: string, ...args: string[]): Promise<T> {
  const { code, out, err } = await wr(dataDir, ...args, '--json');
  if (code !== 0) throw new Error(`wr ${args.join(' ')} ended with ${code}: ${err}`);
  return JSON.parse(out) as T;
}
