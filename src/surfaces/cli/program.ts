import { Command } from 'commander';
import { ownPackage } from '../client/own-package.js';
import type { Cli } from './cli.js';
import type { CliCommand, CommandModule } from './cli-command.js';
import { COMMAND_MODULES } from './command-index.js';
import { parseCount, parseDuration, parseIsolation } from './parse-options.js';

const AFTER_HELP = `
Worlds are given by id, name, last part of the name, or a prefix of the id. A command without a world means the
current one: the last that was created or named.

Exit codes:
  0 done   1 failed, or the guest code raised   2 wrong usage   3 not found   4 conflict
  5 timed out   6 not supported here   130 interrupted

Environment:
  WORLD_DATA_DIR  the data directory        WORLD_WORKERS  the number of executors
  NO_COLOR        no colour in the output   WORLD_DEBUG    where an error came from
  Every setting has a variable and a place in configuration files: wr config --help

Examples:
  wr create market                 # a world
  wr exec 'x = 6 * 7; x'           # code in it: 42
  wr push-down market              # verses nash, optimal and chaos
  wr exec nash 'x'                 # each has all that the world had
  wr pull-up market --outcome nash # the world becomes that verse, the others collapse
  wr up --detach                   # a daemon, so that every command answers at once
  wr help exec                     # more on one command
`;

/** Where to read on. */
const SEE_ALSO: Readonly<Record<string, readonly string[]>> = {
  create: ['exec', 'snapshot', 'tag', 'repl'],
  snapshot: ['snapshots', 'create', 'rewind'],
  snapshots: ['snapshot', 'rename', 'create', 'gc'],
  branch: ['exec', 'push-down', 'graph'],
  rewind: ['log', 'bisect', 'snapshot'],
  list: ['show', 'graph', 'tag'],
  show: ['list', 'log'],
  rename: ['tag', 'list'],
  tag: ['list', 'rename'],
  exec: ['exec-all', 'probe', 'repl', 'log'],
  'exec-all': ['exec', 'branch', 'push-down'],
  probe: ['exec', 'bisect'],
  repl: ['exec', 'probe'],
  bisect: ['log', 'rewind', 'probe'],
  diff: ['log', 'snapshots', 'files', 'bisect'],
  'push-down': ['exec-all', 'pull-up', 'void'],
  'pull-up': ['push-down', 'resolutions', 'void'],
  void: ['push-down', 'pull-up'],
  'best-of': ['push-down', 'budget', 'tournament'],
  tournament: ['best-of', 'ledger', 'pull-up'],
  log: ['graph', 'show', 'bisect'],
  graph: ['log', 'list'],
  query: ['entities', 'branches', 'resolutions', 'metrics'],
  up: ['down', 'status', 'config'],
  down: ['up', 'status'],
  status: ['up', 'doctor'],
  completion: ['up'],
};

/**
 * The command line of `wr`, with the commands of some modules or, by default, of all. What is listed for help, all of
 * it, has the summaries of the action table; a single command runs without loading that.
 */
export async function buildProgram(
  cli: Cli,
  onError: (text: string) => void,
  modules: readonly CommandModule[] = COMMAND_MODULES,
): Promise<Command> {
  const commands = (await Promise.all(modules.map(({ load }) => load()))).flat();
  const summaryOf = modules === COMMAND_MODULES ? await loadSummaries() : () => '';
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
      '--isolate <mode>',
      "whose code one host process may run: world, tenant or none (default: $WORLD_ISOLATE, else none: everybody's)",
      parseIsolation,
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
  registerCommands(program, cli, commands, summaryOf);
  return program;
}

async function loadSummaries(): Promise<(action: string) => string> {
  const { ACTIONS, isActionName } = await import('../../actions/table.js');
  return (action) => (isActionName(action) ? ACTIONS[action].summary : '');
}

function registerCommands(
  program: Command,
  cli: Cli,
  commands: readonly CliCommand[],
  summaryOf: (action: string) => string,
): void {
  /** Commands that only group others. */
  const groups = new Set<Command>();
  for (const command of commands) {
    const { group } = command;
    if (group === undefined) {
      command.register(program, cli, { summaryOf });
      continue;
    }
    // A command can also run by itself: `wr snapshots` lists them, `wr snapshots rm` removes some.
    let parent = program.commands.find((one) => one.name() === group);
    if (!parent) {
      parent = program.command(group);
      groups.add(parent);
    }
    command.register(parent, cli, { summaryOf });
    // Every action's own name works everywhere; the help lists the command once, under its group.
    command.register(program, cli, { underActionName: true, summaryOf });
  }
  for (const command of program.commands) tellSeeAlso(command);
  for (const parent of groups) parent.description(groupSummary(parent));
}

function tellSeeAlso(command: Command): void {
  const others = Object.hasOwn(SEE_ALSO, command.name()) ? SEE_ALSO[command.name()] : undefined;
  if (others) command.addHelpText('after', `\nSee also: ${others.map((name) => `wr ${name}`).join(', ')}\n`);
}

function groupSummary(parent: Command): string {
  return parent.commands.map((member) => `${member.name()}: ${member.description()}`).join('; ');
}
