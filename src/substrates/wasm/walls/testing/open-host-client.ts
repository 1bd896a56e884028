import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Duplex } from 'node:stream';
import type { HostCommand } from '../../host-process.js';
import { packageFolder } from '../host-files.js';
import type { OpenAnswer, OpenOrder } from './run-given-code.js';

const ANSWER_TIMEOUT_MS = 20_000;

/** The compiled open host. */
export function openHostCommand(): HostCommand {
  const path = `${packageFolder()}dist/substrates/wasm/walls/testing/open-host.js`;
  return { file: process.execPath, args: [path] };
}

/** Starts an open host as `command` says and sends it code. */
export class OpenHost {
  readonly #child: ChildProcess;
  readonly #control: Duplex;
  readonly #waiting = new Map<number, (answer: OpenAnswer) => void>();
  #printed = '';
  #nextId = 1;

  constructor({ file, args }: HostCommand) {
    this.#child = spawn(file, args, { env: {}, cwd: '/', stdio: ['ignore', 'pipe', 'pipe', 'pipe'] });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#printed += text;
      });
    }
    this.#control = this.#child.stdio[3] as Duplex;
    this.#control.on('error', () => undefined);
    createInterface({ input: this.#control }).on('line', (line) => {
      const answer = JSON.parse(line) as OpenAnswer;
      this.#waiting.get(answer.id)?.(answer);
      this.#waiting.delete(answer.id);
    });
    this.#child.on('close', (code, signal) => {
      const error = `the host ended with ${signal ?? code}: ${this.#printed}`;
      for (const [id, tell] of this.#waiting) tell({ id, error });
      this.#waiting.clear();
    });
  }

  get pid(): number {
    return this.#child.pid ?? -1;
  }

  run(where: OpenOrder['where'], code: string, target: unknown = null): Promise<OpenAnswer> {
    const id = this.#nextId++;
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve({ id, error: 'no answer' }), ANSWER_TIMEOUT_MS);
      this.#waiting.set(id, (answer) => {
        clearTimeout(timer);
        resolve(answer);
      });
      this.#control.write(`${JSON.stringify({ id, where, code, target } satisfies OpenOrder)}\n`);
    });
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#child.once('close', resolve));
    this.#child.kill('SIGKILL');
    await closed;
  }
}
