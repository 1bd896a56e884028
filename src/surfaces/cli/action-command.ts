import { type Command, Option } from 'commander';
import type { ActionInput, ActionName, ActionOutput } from '../../actions/table.js';
import type { CallOptions, Transport } from '../client/transport.js';
import type { Cli } from './cli.js';
import type { CliCommand } from './cli-command.js';
import { type Paint, paintFor } from './format/paint.js';
import { orAborted } from './interruption.js';
import { withTransport } from './open-runtime.js';
import { type Progress, startProgress } from './progress.js';
import { endedPartLine, ProgressParts } from './progress-parts.js';
import { interrupted } from './report-error.js';
import { type GlobalOptions, type Settings, settingsOf } from './settings.js';

/**
 * Which option (`--name`) or argument (`world`) sets a field of an action's input; or, deliberately, none and
 * why. A test holds this against the schemas and against the options that exist.
 */
export type FieldSource =
  | string
  | { readonly parts: Readonly<Record<string, string>> }
  | { readonly absent: string };

/** Where a command shows its result. */
export interface Screen {
  readonly paint: Paint;
  /** True when streamed guest output ended in the middle of a line. */
  readonly midLine: boolean;
  out(text: string): void;
  err(text: string): void;
}

/** What a command can ask before its own call. */
export interface Asking {
  readonly signal: AbortSignal;
  action<N extends ActionName>(action: N, input: ActionInput<N>): Promise<ActionOutput<N>>;
}

/** How one action appears in `wr`. */
export interface ActionCommandSpec<N extends ActionName, O extends object> {
  readonly action: N;
  /** As it is typed, when that differs from the action's name, which then is an alias. */
  readonly name?: string;
  readonly aliases?: readonly string[];
  /** What the command does of what the action can; default: what the action says of itself. */
  readonly summary?: string;
  /** Command that it belongs to; it can also be called without. */
  readonly group?: string;
  readonly arguments?: readonly (readonly [name: string, description: string])[];
  readonly options?: readonly Option[];
  readonly fields: { readonly [K in keyof Required<ActionInput<N>>]: FieldSource };
  /** What is said while it takes long. */
  readonly progress: string;
  readonly examples: readonly (readonly [line: string, comment: string])[];
  /** Guest output goes to stdout and stderr as it appears. */
  readonly streams?: boolean;
  input(args: readonly string[], options: O, ask: Asking): ActionInput<N> | Promise<ActionInput<N>>;
  show(output: ActionOutput<N>, screen: Screen, options: O): void | Promise<void>;
  /** Another command that these options ask for; what it does with the arguments is its own affair. */
  instead?(options: O): RunCommand | null;
  /** Calls the action, where these options ask for more than that; null: it is called as it is. */
  perform?(asked: {
    readonly transport: Transport;
    readonly input: ActionInput<N>;
    readonly options: O;
    readonly call: CallOptions;
  }): Promise<ActionOutput<N>> | null;
  /** Exit code of a call that did not throw; default 0. */
  exitCode?(output: ActionOutput<N>, options: O): number;
}

/** Runs a command that commander has parsed. */
export type RunCommand = (cli: Cli, command: Command) => Promise<void>;

/** What runs an action's command, to be called in place of another one. */
export function runnerOf<N extends ActionName, O extends object>(spec: ActionCommandSpec<N, O>): RunCommand {
  return (cli, command) => runCommand(cli, command, spec);
}

export interface ActionCommand extends CliCommand {
  readonly action: ActionName;
  readonly fields: Readonly<Record<string, FieldSource>>;
}

/** An option of one command. */
export function option<T>(
  flags: string,
  description: string,
  parse?: (text: string, before: T | undefined) => T,
): Option {
  const made = new Option(flags, description);
  return parse ? made.argParser<T | undefined>(parse) : made;
}

export const WORLD_ARGUMENT = [
  '[world]',
  'id, name, last part of the name, or prefix of the id; left out: the current world',
] as const;

/** A command of `wr` that runs one action. */
export function actionCommand<N extends ActionName, O extends object>(
  spec: ActionCommandSpec<N, O>,
): ActionCommand {
  const { action, name = action, group } = spec;
  const names = [...new Set([name, ...(spec.aliases ?? []), action])];
  return {
    action,
    words: group === undefined ? names : [group, action],
    group,
    fields: spec.fields,
    register(parent, cli, { underActionName = false, summaryOf } = {}) {
      const [first = name, ...aliases] = underActionName ? [action] : names;
      const command = parent.command(first, { hidden: underActionName });
      command
        .description((underActionName ? null : spec.summary) ?? summaryOf?.(action) ?? '')
        .aliases(aliases);
      for (const [argument, description] of spec.arguments ?? []) command.argument(argument, description);
      for (const one of spec.options ?? []) command.addOption(one);
      command.addHelpText('after', examplesText(spec.examples));
      command.action(() => {
        const instead = spec.instead?.(command.opts<O>());
        return instead ? instead(cli, command) : runCommand(cli, command, spec);
      });
      return command;
    },
  };
}

export function examplesText(examples: readonly (readonly [string, string])[]): string {
  const width = Math.max(...examples.map(([line]) => line.length));
  const lines = examples.map(([line, comment]) => `  ${line.padEnd(width)}  # ${comment}`);
  return `\nExamples:\n${lines.join('\n')}\n`;
}

async function runCommand<N extends ActionName, O extends object>(
  cli: Cli,
  command: Command,
  spec: ActionCommandSpec<N, O>,
): Promise<void> {
  const settings = settingsOf(command.optsWithGlobals<GlobalOptions>(), cli.env);
  const options = command.opts<O>();
  const { signal } = cli.interruption;
  await withTransport(cli, settings, async (transport) => {
    const ask: Asking = {
      signal,
      action: (action, input) => callAction(transport, action, input, { signal }),
    };
    // What it needs may come from stdin, for which Ctrl-C does not wait.
    const reading = Promise.resolve(spec.input(command.args, options, ask));
    const input = await orAborted(reading, signal, () => interrupted('Nothing was done.'));
    const progress = startProgress(cli.terminal, { text: spec.progress, quiet: settings.quiet });
    try {
      const parts = new ProgressParts();
      const stream = new GuestStream(cli, progress);
      const streams = spec.streams === true && !settings.json;
      const call: CallOptions = {
        signal,
        onProgress: (step) => {
          parts.note(step);
          progress.update(`${spec.progress} (${step.done}/${step.total}, ${step.what})${parts.text()}`);
          if (!cli.terminal.interactive && !settings.quiet && !settings.json) {
            cli.terminal.err(endedPartLine(step));
          }
        },
        ...(streams ? { onOutput: (name, text) => stream.write(name, text) } : {}),
      };
      const output = await (spec.perform?.({ transport, input, options, call }) ??
        callAction(transport, spec.action, input, call));
      progress.stop();
      await show(cli, settings, spec, { output, options, midLine: stream.midLine });
      const code = spec.exitCode?.(output, options) ?? 0;
      cli.exitCode = code === 0 ? 0 : (cli.interruption.exitCode ?? code);
    } finally {
      progress.stop();
    }
  });
}

/** Calls one action with the types of the table. */
export async function callAction<N extends ActionName>(
  transport: Transport,
  action: N,
  input: ActionInput<N>,
  options: CallOptions = {},
): Promise<ActionOutput<N>> {
  return (await transport.call(action, input as object, options)) as ActionOutput<N>;
}

async function show<N extends ActionName, O extends object>(
  cli: Cli,
  settings: Settings,
  spec: ActionCommandSpec<N, O>,
  result: { output: ActionOutput<N>; options: O; midLine: boolean },
): Promise<void> {
  const { terminal } = cli;
  if (settings.json) {
    terminal.out(jsonText(result.output));
    return;
  }
  const screen: Screen = {
    paint: paintFor(terminal.colour, terminal.width ?? null),
    midLine: result.midLine,
    out: terminal.out,
    err: terminal.err,
  };
  await spec.show(result.output, screen, result.options);
}

/** JSON for programs and people. Whole numbers beyond 2^53 are text, as in the rest of the API. */
export function jsonText(value: unknown): string {
  const safe = (_key: string, one: unknown): unknown => (typeof one === 'bigint' ? one.toString() : one);
  return `${JSON.stringify(value, safe, 2)}\n`;
}

/** Guest output on its way to the terminal. */
class GuestStream {
  readonly #cli: Cli;
  readonly #progress: Progress;
  midLine = false;

  constructor(cli: Cli, progress: Progress) {
    this.#cli = cli;
    this.#progress = progress;
  }

  write(stream: 'stdout' | 'stderr', text: string): void {
    this.#progress.stop();
    if (stream === 'stderr') {
      this.#cli.terminal.err(text);
      return;
    }
    this.#cli.terminal.out(text);
    if (text !== '') this.midLine = !text.endsWith('\n');
  }
}
