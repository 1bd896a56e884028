import type { Command } from 'commander';
import type { RuntimeClient } from '../../client/runtime-client.js';
import { examplesText } from '../action-command.js';
import type { Cli } from '../cli.js';
import type { CliCommand } from '../cli-command.js';
import { isolationWarning } from '../isolation-warning.js';
import { reachWorlds } from '../open-runtime.js';
import { type GlobalOptions, type Settings, settingsOf } from '../settings.js';

/** `wr demo`: the whole story once, in a data directory of its own unless one is given. */
export const DEMO_COMMAND: CliCommand = {
  words: ['demo'],
  group: undefined,
  register: (parent, cli) => registerDemo(parent, cli),
};

function registerDemo(program: Command, cli: Cli): Command {
  const command = program
    .command('demo')
    .description('route traffic selfishly, optimally and at random in three verses, and resolve them')
    .addHelpText(
      'after',
      examplesText([
        [
          'wr demo',
          'in the data directory if one is named, else in a new folder, which stays to look around in',
        ],
        ['wr demo --json', 'the report alone, for a program'],
      ]),
    );
  command.action(async () => {
    const settings = settingsOf(command.optsWithGlobals<GlobalOptions>(), cli.env);
    const { runDemo } = await import('../demo/demo-command.js');
    const { terminal, interruption } = cli;
    cli.exitCode = await runDemo({
      open: await demoOpener(cli, settings),
      dataDir: settings.namedDataDir,
      json: settings.json,
      colour: terminal.colour,
      write: terminal.out,
      err: terminal.err,
      signal: interruption.signal,
    });
  });
  return command;
}

/** Opens worlds for a demo. Whoever tries this out for the first time shall see it, and be told what stands around it. */
export async function demoOpener(
  cli: Cli,
  settings: Settings,
): Promise<(at: { readonly dataDir: string }) => Promise<RuntimeClient>> {
  const { RuntimeClient } = await import('../../client/runtime-client.js');
  return async ({ dataDir }) => {
    const trusting = { ...settings.runtime, allowWeakIsolation: true };
    const runtime = new RuntimeClient(reachWorlds(cli, { ...settings, dataDir, runtime: trusting }));
    const warning = isolationWarning((await runtime.status()).substrates);
    if (warning !== undefined) cli.terminal.err(`warning: ${warning}\n`);
    return runtime;
  };
}
