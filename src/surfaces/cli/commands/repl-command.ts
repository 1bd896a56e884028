import type { Command } from 'commander';
import type { ActionOutput } from '../../../actions/table.js';
import { examplesText, WORLD_ARGUMENT } from '../action-command.js';
import type { Cli } from '../cli.js';
import type { CliCommand } from '../cli-command.js';
import { paintFor } from '../format/paint.js';
import { withTransport } from '../open-runtime.js';
import { appendHistory, historyPath, readHistory } from '../repl/history-file.js';
import { type ReplConsole, runRepl } from '../repl/repl-session.js';
import { type GlobalOptions, type Settings, settingsOf } from '../settings.js';

const AFTER_HELP = `
At the prompt:
  :help                 what can be done besides Python: snapshots, branches, going back
  Ctrl-C                stops what runs, and the world is as before; else clears the line
  Ctrl-D                leaves
A block ends with an empty line. Lines are remembered in $XDG_STATE_HOME/world-runtime/repl-history.

When stdin is no terminal, it is a program that is run piece by piece; exit code 1 when a piece raised.
With --json every execution is one line of JSON.
`;

/** `wr repl`: Python with a world behind it. */
export const REPL_COMMAND: CliCommand = {
  words: ['repl'],
  group: undefined,
  register: (parent, cli) => registerRepl(parent, cli),
};

function registerRepl(program: Command, cli: Cli): Command {
  const command = program
    .command('repl')
    .description('talk to a world: a Python prompt with history, snapshots and undo')
    .argument(...WORLD_ARGUMENT)
    .addHelpText(
      'after',
      AFTER_HELP +
        examplesText([
          ['wr repl market', 'a prompt'],
          ['wr repl market < session.py', 'a program, piece by piece'],
        ]),
    );
  command.action(async (world: string | undefined) => {
    const settings = settingsOf(command.optsWithGlobals<GlobalOptions>(), cli.env);
    const path = historyPath(cli.env);
    const io = consoleOf(cli, settings, path);
    const { signal } = cli.interruption;
    const end = await withTransport(cli, settings, (transport) => runRepl(transport, world, io, signal));
    remember(cli, path, end.typed);
    cli.exitCode = cli.interruption.exitCode ?? end.exitCode;
  });
  return command;
}

function consoleOf(cli: Cli, settings: Settings, path: string): ReplConsole {
  const { terminal } = cli;
  const isTerminal = !settings.json && process.stdin.isTTY === true && process.stdout.isTTY === true;
  const json = (execution: ActionOutput<'execute'>): void => terminal.out(`${JSON.stringify(execution)}\n`);
  return {
    input: process.stdin,
    screen: process.stdout,
    terminal: isTerminal,
    paint: paintFor(terminal.colour),
    history: isTerminal ? readHistory(path) : [],
    out: terminal.out,
    err: terminal.err,
    ...(settings.json ? { onExecution: json } : {}),
  };
}

/** A history that cannot be kept is no reason to fail. */
function remember(cli: Cli, path: string, typed: readonly string[]): void {
  try {
    appendHistory(path, typed);
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    cli.terminal.err(`note: the history was not kept: ${reason}\n`);
  }
}
