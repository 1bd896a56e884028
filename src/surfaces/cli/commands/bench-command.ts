import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { examplesText } from '../action-command.js';
import type { Cli } from '../cli.js';
import type { CliCommand } from '../cli-command.js';
import { interrupted } from '../report-error.js';
import { type GlobalOptions, settingsOf } from '../settings.js';

const SCRIPT = new URL('../../../../bench/run.mjs', import.meta.url);

interface BenchOptions {
  readonly only?: string[];
  readonly n?: string;
  readonly quick?: boolean;
  readonly list?: boolean;
  readonly compare?: string;
  readonly results?: string;
  readonly failAbove?: string;
}

/** `wr bench`: measures in data directories of its own, in a process of its own. */
export const BENCH_COMMAND: CliCommand = {
  words: ['bench'],
  group: undefined,
  register: (parent, cli) => registerBench(parent, cli),
};

function registerBench(program: Command, cli: Cli): Command {
  const command = program
    .command('bench')
    .description('measure boot, snapshot, branch and execution times on this machine')
    .option('--only <name>', 'measure only this; repeatable', (name: string, before: string[] = []) => [
      ...before,
      name,
    ])
    .option('--n <count>', 'samples of each measurement (default: its own)')
    .option('--quick', 'a tenth of the samples')
    .option('--list', 'names of the measurements, their units, goals and numbers of samples')
    .option('--compare <file>', 'compare with what an earlier run printed with --json')
    .option('--results <file>', 'take these results of an earlier run instead of measuring')
    .option('--fail-above <factor>', 'with --compare: exit code 1 when a median is worse by more than this')
    .addHelpText(
      'after',
      examplesText([
        ['wr bench', 'everything; takes about a minute'],
        ['wr bench --json > before.json', 'to compare with later'],
        [
          'wr bench --compare before.json --fail-above 1.2',
          'is anything worse by a fifth, and by more than chance?',
        ],
        ['wr bench --only wasm.branch_exec_reply --json', 'one measurement, for a program'],
      ]),
    );
  command.action(async () => {
    const { only = [], n, quick, list, compare, results, failAbove } = command.opts<BenchOptions>();
    const { json } = settingsOf(command.optsWithGlobals<GlobalOptions>(), cli.env);
    const args = [
      ...only.flatMap((name) => ['--only', name]),
      ...(n === undefined ? [] : ['--n', n]),
      ...(quick ? ['--quick'] : []),
      ...(list ? ['--list'] : []),
      ...(compare === undefined ? [] : ['--compare', compare]),
      ...(results === undefined ? [] : ['--results', results]),
      ...(failAbove === undefined ? [] : ['--fail-above', failAbove]),
      ...(json ? ['--json'] : []),
    ];
    const { signal } = cli.interruption;
    const child = spawn(process.execPath, [fileURLToPath(SCRIPT), ...args], { stdio: 'inherit' });
    const stop = (): void => {
      child.kill('SIGINT');
    };
    signal.addEventListener('abort', stop, { once: true });
    const [code] = (await once(child, 'exit')) as [number | null];
    signal.removeEventListener('abort', stop);
    if (signal.aborted) throw interrupted('The measurements so far are lost.');
    cli.exitCode = code ?? 1;
  });
  return command;
}
