import { Command } from 'commander';
import { ACTIONS } from '../../actions/table.js';
import type { ActionCommand } from './action-command.js';
import type { Cli } from './cli.js';
import { ACTION_COMMANDS } from './commands/action-commands.js';
import { registerBench } from './commands/bench-command.js';
import { registerDemo } from './commands/demo-command.js';
import { registerDoctor } from './commands/doctor-command.js';
import { ownPackage } from './own-package.js';
import { parseCount, parseDuration } from './parse-options.js';

const AFTER_HELP = `
Worlds are given by id, name, last part of the name, or a prefix of the id. A command without a world means the
current one: the last that was created or named.

Exit codes:
  0 done   1 failed, or the guest code raised   2 wrong usage   3 not found   4 conflict
  5 timed out   6 not supported here   130 interrupted

Environment:
  WORLD_DATA_DIR  the data directory        WORLD_WORKERS  the number of executors
  NO_COLOR        no colour in the output   WORLD_DEBUG    where an error came from

Examples:
  wr create market                 # a world
  wr exec 'x = 6 * 7; x'           # code in it: 42
  wr push-down market              # verses nash, optimal and chaos
  wr exec nash 'x'                 # each has all that the world had
  wr pull-up market --outcome nash # the world becomes that verse, the others collapse
  wr help exec                     # more on one command
`;

/** The command line of `wr`: one command per action, and those that are not actions. */
export function buildProgram(cli: Cli, onError: (text: string) => void): Command {
  const program = new Command('wr')
    .description('Worlds that run code and can be snapshotted, branched into verses and resolved.')
    .version(ownPackage().version, '-V, --version', 'print the version')
    .option(
      '--data-dir <path>',
      'where worlds are kept (default: $WORLD_DATA_DIR, else in the XDG data home)',
    )
    .option(
      '--workers <n>',
      'executors at a time (default: $WORLD_WORKERS, else by the processors)',
      parseCount('--workers'),
    )
    .option(
      '--lock-wait <time>',
      'how long to wait while another process has the data directory (default: 10s)',
      parseDuration,
    )
    .option('--json', 'JSON alone on stdout; errors as JSON on stderr')
    .option('-q, --quiet', 'no progress on stderr')
    .addHelpText('after', AFTER_HELP)
    .configureHelp({ showGlobalOptions: true })
    .exitOverride()
    .configureOutput({
      writeOut: cli.terminal.out,
      writeErr: onError,
      getOutHasColors: () => cli.terminal.colour,
      getErrHasColors: () => false,
    });
  registerActions(program, cli);
  registerDoctor(program, cli);
  registerDemo(program, cli);
  registerBench(program, cli);
  return program;
}

function registerActions(program: Command, cli: Cli): void {
  const groups = new Map<string, Command>();
  for (const command of ACTION_COMMANDS) {
    const { group } = command;
    if (group === undefined) {
      command.register(program, cli);
      continue;
    }
    const parent = groups.get(group) ?? program.command(group).description(groupSummary(group));
    groups.set(group, parent);
    command.register(parent, cli);
    // The action's own name works everywhere; the help lists it once, under its group.
    command.register(program, cli, { hidden: true });
  }
}

function groupSummary(group: string): string {
  const members = ACTION_COMMANDS.filter((command: ActionCommand) => command.group === group);
  return members.map(({ name, action }) => `${name}: ${ACTIONS[action].summary}`).join('; ');
}
