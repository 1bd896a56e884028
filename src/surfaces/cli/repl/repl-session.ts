import { createInterface, type Interface } from 'node:readline';
import type { ActionInput, ActionName, ActionOutput } from '../../../actions/table.js';
import type { WorldView } from '../../../model/api.js';
import { toWorldError, type WorldError } from '../../../model/world-error.js';
import type { Transport } from '../../client/transport.js';
import { callAction } from '../action-command.js';
import { tritSymbol } from '../format/cells.js';
import { executionNotes } from '../format/execution-notes.js';
import type { Paint } from '../format/paint.js';
import { BlockReader, isComplete } from './python-input.js';
import { isReplCommand, type ReplHost, replCommandNames, runReplCommand } from './repl-commands.js';

/** Where a session reads and writes. */
export interface ReplConsole {
  readonly input: NodeJS.ReadableStream;
  /** Where the line that is being edited is drawn. */
  readonly screen: NodeJS.WritableStream;
  /** Somebody types: lines are edited, prompts shown, and Ctrl-C is a key. */
  readonly terminal: boolean;
  readonly paint: Paint;
  /** Lines of earlier sessions, oldest first. */
  readonly history: readonly string[];
  out(text: string): void;
  err(text: string): void;
  /** Receives each execution instead of people's text: for programs. */
  readonly onExecution?: (execution: ActionOutput<'execute'>) => void;
}

export interface ReplEnd {
  /** 1 when something that was piped in raised or was refused. */
  readonly exitCode: number;
  /** Lines that were typed, for the history. */
  readonly typed: readonly string[];
}

/**
 * Runs what is typed, or piped in, in a world, piece by piece, until the input ends. Only calls actions, so that it works
 * over a daemon as well. Typed: an error is told and the session goes on; Ctrl-C stops what runs and leaves the world as it
 * was before. Piped: the first error of the runtime ends it; code that raises does not.
 *
 * @throws WORLD_NOT_FOUND, NO_CURRENT_WORLD at the start; when piped, whatever an action throws
 */
export async function runRepl(
  transport: Transport,
  world: string | undefined,
  io: ReplConsole,
  signal?: AbortSignal,
): Promise<ReplEnd> {
  const session = new ReplSession(transport, io, signal);
  await session.enter(world);
  return io.terminal ? session.talk() : session.readAll();
}

class ReplSession implements ReplHost {
  readonly #transport: Transport;
  readonly #io: ReplConsole;
  readonly #signal: AbortSignal | undefined;
  readonly #typed: string[] = [];
  #world: WorldView | null = null;
  #running: AbortController | null = null;
  #leaving = false;
  #exitCode = 0;
  #midLine = false;

  constructor(transport: Transport, io: ReplConsole, signal: AbortSignal | undefined) {
    this.#transport = transport;
    this.#io = io;
    this.#signal = signal;
  }

  get world(): WorldView {
    if (!this.#world) throw new Error('the session is in a world');
    return this.#world;
  }

  // Functions of their own, because commands take them apart.
  readonly say = (text: string): void => this.#io.out(text);
  readonly quit = (): void => {
    this.#leaving = true;
  };
  readonly call = <N extends ActionName>(action: N, input: ActionInput<N>): Promise<ActionOutput<N>> =>
    callAction(this.#transport, action, input, this.#signals());
  readonly enter = async (reference: string | undefined): Promise<void> => {
    this.#world = await this.call('show', reference === undefined ? {} : { world: reference });
  };

  /** With somebody who types. */
  async talk(): Promise<ReplEnd> {
    const { input, screen, history } = this.#io;
    const lines = createInterface({
      input,
      output: screen,
      terminal: true,
      history: [...history].reverse(),
      historySize: 1000,
      removeHistoryDuplicates: true,
      completer: (line: string) => this.#complete(line),
    });
    let buffer: string[] = [];
    const prompt = (): void => {
      lines.setPrompt(buffer.length === 0 ? this.#prompt() : `${'.'.repeat(3)} `);
      lines.prompt();
    };
    lines.on('SIGINT', () => {
      if (this.#running) {
        this.#running.abort();
        return;
      }
      // The line that was begun stays on the screen, as in a shell, and nothing of it is run.
      screen.write('^C\n');
      buffer = [];
      clearLine(lines);
      prompt();
    });
    this.#signal?.addEventListener('abort', () => lines.close(), { once: true });
    prompt();
    for await (const line of eachLine(lines)) {
      if (line.trim() !== '') this.#typed.push(line);
      if (buffer.length === 0 && (line.trim() === '' || isReplCommand(line))) {
        if (line.trim() !== '') await this.#tell(() => runReplCommand(this, line));
      } else {
        buffer.push(line);
        const text = buffer.join('\n');
        if (isComplete(text)) {
          buffer = [];
          await this.#tell(() => this.#execute(text));
        }
      }
      if (this.#leaving) break;
      prompt();
    }
    lines.close();
    if (!this.#leaving) screen.write('\n');
    return { exitCode: 0, typed: this.#typed };
  }

  /** A program from a pipe. */
  async readAll(): Promise<ReplEnd> {
    const lines = createInterface({ input: this.#io.input, terminal: false });
    const blocks = new BlockReader();
    const run = async (block: string | null): Promise<void> => {
      if (block === null || block.trim() === '' || this.#leaving) return;
      if (isReplCommand(block)) await runReplCommand(this, block);
      else await this.#execute(block);
    };
    for await (const line of eachLine(lines)) {
      await run(blocks.push(line));
      await run(blocks.ready());
      if (this.#leaving) break;
    }
    lines.close();
    await run(blocks.end());
    return { exitCode: this.#exitCode, typed: [] };
  }

  async #execute(code: string): Promise<void> {
    this.#midLine = false;
    const execution = await callAction(
      this.#transport,
      'execute',
      { world: this.world.id, code },
      {
        ...this.#signals(),
        ...(this.#io.onExecution ? {} : { onOutput: (stream, text) => this.#stream(stream, text) }),
      },
    );
    if (!execution.ok) this.#exitCode = 1;
    if (this.#io.onExecution) {
      this.#io.onExecution(execution);
      return;
    }
    if (this.#midLine) this.#io.out('\n');
    if (execution.value !== null) this.#io.out(`${execution.value}\n`);
    this.#io.err(executionNotes(execution));
  }

  #stream(stream: 'stdout' | 'stderr', text: string): void {
    if (text === '') return;
    if (stream === 'stderr') {
      this.#io.err(text);
      return;
    }
    this.#midLine = !text.endsWith('\n');
    this.#io.out(text);
  }

  /** Does something that Ctrl-C stops, and tells its error instead of ending the session. */
  async #tell(work: () => Promise<void>): Promise<void> {
    this.#running = new AbortController();
    try {
      await work();
    } catch (thrown) {
      this.#io.err(`${errorText(toWorldError(thrown, 'INTERNAL', 'wr repl failed'))}\n`);
    } finally {
      this.#running = null;
    }
  }

  #signals(): { signal?: AbortSignal } {
    const signals = [this.#signal, this.#running?.signal].filter((one) => one !== undefined);
    return signals.length === 0 ? {} : { signal: AbortSignal.any(signals) };
  }

  #prompt(): string {
    const { name, verse, trit } = this.world;
    const { paint } = this.#io;
    return `${paint.heading(name)} ${paint.trit(trit, `${tritSymbol(trit)} ${verse}`)} >>> `;
  }

  #complete(line: string): [string[], string] {
    // A tab at the beginning of a line of Python indents it.
    if (line.trim() === '') return [[`${line}    `], line];
    if (!isReplCommand(line)) return [[], line];
    const wanted = line.trim().replace(/^%/, ':');
    return [replCommandNames().filter((name) => name.startsWith(wanted)), line.trim()];
  }
}

function errorText(error: WorldError): string {
  if (error.code === 'INTERRUPTED') return 'Interrupted: the world is as it was before.';
  return `error ${error.code}: ${error.message}`;
}

function clearLine(lines: Interface): void {
  // Ctrl-E and Ctrl-U: to the end of the line, and delete all before it.
  lines.write(null, { ctrl: true, name: 'e' });
  lines.write(null, { ctrl: true, name: 'u' });
}

/** Lines in their order, those that come while an earlier one is being dealt with included. Ends when the input does. */
async function* eachLine(lines: Interface): AsyncGenerator<string> {
  const waiting: string[] = [];
  let ended = false;
  let wake = (): void => {};
  lines.on('line', (line) => {
    waiting.push(line);
    wake();
  });
  lines.on('close', () => {
    ended = true;
    wake();
  });
  for (;;) {
    const line = waiting.shift();
    if (line !== undefined) {
      yield line;
    } else if (ended) {
      return;
    } else {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  }
}
