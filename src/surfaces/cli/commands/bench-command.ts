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
    .addHelpText(
      'after',
      examplesText([
        ['wr bench', 'everything; takes about a minute'],
        ['wr bench --only wasm.branch_exec_reply --json', 'one measurement, for a program'],
      ]),
    );
  command.action(async () => {
    const { only = [], n, quick } = command.opts<BenchOptions>();
    const { json } = settingsOf(command.optsWithGlobals<GlobalOptions>(), cli.env);
    const args = [
      ...only.flatMap((name) => ['--only', name]),
      ...(n === undefined ? [] : ['--n', n]),
      ...(quick ? ['--quick'] : []),
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
