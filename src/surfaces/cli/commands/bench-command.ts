import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { WorldError } from '../../../model/world-error.js';
import { examplesText, jsonText } from '../action-command.js';
import type { Cli } from '../cli.js';
import { type GlobalOptions, settingsOf } from '../settings.js';

const SCRIPT = new URL('../../../../bench/run.mjs', import.meta.url);
const COMMAND = 'npm run bench';

/** `wr bench`: says how to measure. The measuring programs are part of a checkout, not of the installed package. */
export function registerBench(program: Command, cli: Cli): void {
  const command = program
    .command('bench')
    .description('say how to measure boot, snapshot, branch and execution times on this machine')
    .addHelpText('after', examplesText([['wr bench', 'prints the command to run']]));
  command.action(() => {
    const { json } = settingsOf(command.optsWithGlobals<GlobalOptions>(), cli.env);
    if (!existsSync(SCRIPT)) {
      throw new WorldError(
        'UNSUPPORTED',
        `The benchmarks are not part of the installed package. In a checkout of the repository, run: ${COMMAND}`,
        { details: { command: COMMAND } },
      );
    }
    const folder = fileURLToPath(new URL('../', SCRIPT));
    cli.terminal.out(json ? jsonText({ command: COMMAND, folder }) : `in ${folder} run: ${COMMAND}\n`);
  });
}
