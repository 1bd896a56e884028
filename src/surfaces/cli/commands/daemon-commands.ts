import type { Command } from 'commander';
import type { StatusView } from '../../../model/status-api.js';
import { WorldError } from '../../../model/world-error.js';
import type { DaemonFile } from '../../client/daemon-file.js';
import { type ActionCommand, examplesText, jsonText, option } from '../action-command.js';
import type { Cli } from '../cli.js';
import type { CliCommand } from '../cli-command.js';
import { askDaemon } from '../daemon/ask-daemon.js';
import { detach } from '../daemon/detach.js';
import { serve } from '../daemon/serve.js';
import { stopDaemon } from '../daemon/stop-daemon.js';
import { paintFor } from '../format/paint.js';
import { fields } from '../format/table.js';
import { parseDuration, parseWhole } from '../parse-options.js';
import { startProgress } from '../progress.js';
import { type GlobalOptions, type Settings, settingsOf } from '../settings.js';

/** The daemon: one process that keeps a data directory open, so that commands answer at once. */

const STOP_MS_DEFAULT = 60_000;
const PORT_MAX = 65_535;
/** Exit code of `wr status` when no daemon runs. */
const EXIT_NOT_RUNNING = 3;

const up: CliCommand = { words: ['up'], group: undefined, register: registerUp };
const down: CliCommand = { words: ['down'], group: undefined, register: registerDown };
const status: ActionCommand = {
  action: 'status',
  fields: {},
  words: ['status'],
  group: undefined,
  register: (parent, cli, how) => registerStatus(parent, cli, how?.summaryOf?.('status') ?? ''),
};

export const DAEMON_COMMANDS: readonly CliCommand[] = [up, down, status];

interface UpOptions {
  readonly detach?: boolean;
  readonly port?: number;
}

function registerUp(program: Command, cli: Cli): Command {
  const command = program
    .command('up')
    .description('keep the data directory open in a daemon, so that every command answers at once')
    .option('-d, --detach', 'in the background; it logs to daemon.log in the data directory')
    .addOption(option('--port <n>', 'port on the loopback interface (default: a free one)', parsePort))
    .addHelpText(
      'after',
      examplesText([
        ['wr up --detach', 'commands use it from now on'],
        ['wr up', 'in the foreground; Ctrl-C finishes what runs and ends it'],
        ['wr up --detach --workers 4', 'with four executors'],
      ]),
    );
  command.action(async () => {
    const settings = settingsOf(command.optsWithGlobals<GlobalOptions>(), cli.env);
    const { detach: inBackground = false, port } = command.opts<UpOptions>();
    if (!inBackground) {
      await serve(cli, settings, { port, started: (daemon) => tellStarted(cli, settings, daemon, null) });
      if (!settings.json && !settings.quiet) cli.terminal.err('The daemon has ended.\n');
      return;
    }
    const progress = startProgress(cli.terminal, { text: 'Starting the daemon', quiet: settings.quiet });
    try {
      const { daemon, log } = await detach(cli, settings, port);
      progress.stop();
      tellStarted(cli, settings, daemon, log);
    } finally {
      progress.stop();
    }
  });
  return command;
}

function parsePort(text: string): number {
  const port = parseWhole('--port')(text);
  if (port <= PORT_MAX) return port;
  throw new WorldError('BAD_INPUT', `Expected --port: at most ${PORT_MAX}. Got ${text}.`);
}

function tellStarted(cli: Cli, settings: Settings, daemon: DaemonFile, log: string | null): void {
  const { pid, url, version } = daemon;
  const { dataDir } = settings;
  if (settings.json) {
    cli.terminal.out(jsonText({ pid, url, version, dataDir, ...(log === null ? {} : { log }) }));
    return;
  }
  const end = log === null ? 'Ctrl-C ends it.' : 'wr down ends it.';
  cli.terminal.out(`The daemon, process ${pid}, answers at ${url} for ${dataDir}. ${end}\n`);
}

function registerDown(program: Command, cli: Cli): Command {
  const command = program
    .command('down')
    .description('end the daemon: it finishes what runs and takes no new work')
    .addOption(option('--timeout <time>', 'how long to wait for that (default: 1m)', parseDuration))
    .option('--force', 'after the timeout, end it at once; only what was not acknowledged is lost')
    .addHelpText(
      'after',
      examplesText([
        ['wr down', 'exit code 0 also when none runs'],
        ['wr down --timeout 5s --force', 'five seconds for what runs, and no more'],
      ]),
    );
  command.action(async () => {
    const settings = settingsOf(command.optsWithGlobals<GlobalOptions>(), cli.env);
    const { timeout = STOP_MS_DEFAULT, force = false } = command.opts<{
      timeout?: number;
      force?: boolean;
    }>();
    const { dataDir } = settings;
    const progress = startProgress(cli.terminal, {
      text: 'The daemon is finishing',
      quiet: settings.quiet,
    });
    try {
      const daemon = await stopDaemon(cli, dataDir, { timeoutMs: timeout, force });
      progress.stop();
      if (settings.json)
        cli.terminal.out(jsonText({ stopped: daemon !== null, pid: daemon?.pid ?? null, dataDir }));
      else if (daemon === null) cli.terminal.out(`No daemon runs for ${dataDir}.\n`);
      else cli.terminal.out(`The daemon of ${dataDir}, process ${daemon.pid}, has ended.\n`);
    } finally {
      progress.stop();
    }
  });
  return command;
}

function registerStatus(program: Command, cli: Cli, summary: string): Command {
  const command = program
    .command('status')
    .description(summary)
    .addHelpText(
      'after',
      examplesText([
        ['wr status', `exit code 0 when a daemon runs, ${EXIT_NOT_RUNNING} when none does`],
        ['wr status --json', 'for a program'],
      ]),
    );
  command.action(async () => {
    const settings = settingsOf(command.optsWithGlobals<GlobalOptions>(), cli.env);
    const { dataDir } = settings;
    const state = await askDaemon(dataDir);
    if (state.kind === 'none' || state.kind === 'gone') {
      if (settings.json) cli.terminal.out(jsonText({ running: false, dataDir }));
      else cli.terminal.out(notRunningText(dataDir, state.kind === 'gone' ? state.daemon : null));
      cli.exitCode = EXIT_NOT_RUNNING;
      return;
    }
    if (state.kind === 'lives') throw state.reason;
    const { pid, url, version, startedAt, workers } = state.daemon;
    const uptimeMs = Math.max(0, Date.now() - Date.parse(startedAt));
    if (settings.json) {
      const process = { running: true, pid, url, version, startedAt, uptimeMs, dataDir, workers };
      cli.terminal.out(jsonText({ ...process, ...state.status }));
      return;
    }
    cli.terminal.out(statusText(cli, dataDir, { daemon: state.daemon, status: state.status, uptimeMs }));
  });
  return command;
}

function notRunningText(dataDir: string, gone: DaemonFile | null): string {
  const former = gone
    ? ` The one that was process ${gone.pid} ended without saying so; nothing is lost by it.`
    : '';
  return `No daemon runs for ${dataDir}.${former} Commands open the directory by themselves; wr up --detach makes them faster.\n`;
}

function statusText(
  cli: Cli,
  dataDir: string,
  { daemon, status, uptimeMs }: { daemon: DaemonFile; status: StatusView; uptimeMs: number },
): string {
  const { worlds, states, snapshots, processBytes } = status;
  return fields(paintFor(cli.terminal.colour), [
    ['daemon', `process ${daemon.pid} at ${daemon.url}`],
    ['version', daemon.version],
    ['up for', uptimeText(uptimeMs)],
    ['data', dataDir],
    ['worlds', `${worlds.running} running, ${worlds.snapshotted} pushed down, ${worlds.ended} ended`],
    ['states', `${states}, ${snapshots} of them named snapshots`],
    ['memory', `${Math.round(processBytes / 1024 ** 2)} MiB, executors not counted`],
  ]);
}

/** `3 d 4 h`, `5 min 2 s`: the two largest units. */
export function uptimeText(ms: number): string {
  const units: [string, number][] = [
    ['d', 86_400],
    ['h', 3600],
    ['min', 60],
    ['s', 1],
  ];
  let seconds = Math.floor(ms / 1000);
  const parts: string[] = [];
  for (const [unit, size] of units) {
    const count = Math.floor(seconds / size);
    seconds -= count * size;
    if (count > 0) parts.push(`${count} ${unit}`);
  }
  return parts.slice(0, 2).join(' ') || '0 s';
}
