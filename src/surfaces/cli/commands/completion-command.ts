import type { Command } from 'commander';
import { WorldError } from '../../../model/world-error.js';
import { readDaemonFile } from '../../client/daemon-file.js';
import { daemonTransport } from '../../client/daemon-transport.js';
import { callAction, examplesText } from '../action-command.js';
import type { Cli } from '../cli.js';
import type { CliCommand } from '../cli-command.js';
import { type GlobalOptions, settingsOf } from '../settings.js';

/** Nobody waits longer for a list of names. */
const NAMES_MS_MAX = 1000;
const SHELLS = ['bash', 'zsh', 'fish'] as const;

const AFTER_HELP = `
To have it in every shell:
  bash: wr completion bash > ~/.local/share/bash-completion/completions/wr
  zsh:  wr completion zsh > "\${fpath[1]}/_wr"
  fish: wr completion fish > ~/.config/fish/completions/wr.fish
Names of worlds and snapshots are completed while a daemon runs: wr up --detach
`;

/** `wr completion SHELL`, and what its scripts ask. */
export const COMPLETION_COMMANDS: readonly CliCommand[] = [
  { words: ['completion'], group: undefined, register: registerCompletion },
  { words: ['__complete'], group: undefined, register: registerNames },
];

function registerCompletion(program: Command, cli: Cli): Command {
  const command = program
    .command('completion')
    .description('print a script that completes commands, options and names in your shell')
    .argument('<shell>', SHELLS.join(', '))
    .addHelpText(
      'after',
      AFTER_HELP + examplesText([['source <(wr completion bash)', 'in this shell, now']]),
    );
  command.action(async (shell: string) => {
    const script = await scriptFor(shell);
    if (!script) {
      throw new WorldError(
        'BAD_INPUT',
        `There is no completion for ${JSON.stringify(shell)}. Shells: ${SHELLS.join(', ')}`,
      );
    }
    // All modules are loaded for this command (command-index.ts), so that the program is whole.
    const { shapeOf } = await import('../program-shape.js');
    cli.terminal.out(script(shapeOf(program)));
  });
  return command;
}

async function scriptFor(shell: string) {
  switch (shell) {
    case 'bash':
      return (await import('../completion/bash-script.js')).bashScript;
    case 'zsh':
      return (await import('../completion/zsh-script.js')).zshScript;
    case 'fish':
      return (await import('../completion/fish-script.js')).fishScript;
    default:
      return null;
  }
}

/** Names, a line each; nothing at all when no daemon says them at once. Completion must never be an error. */
function registerNames(program: Command, cli: Cli): Command {
  const command = program.command('__complete', { hidden: true }).argument('<what>');
  command.action(async (what: string) => {
    try {
      const { dataDir } = settingsOf(command.optsWithGlobals<GlobalOptions>(), cli.env);
      for (const name of await namesFrom(dataDir, what)) cli.terminal.out(`${name}\n`);
    } catch {
      // As if there were none.
    }
  });
  return command;
}

async function namesFrom(dataDir: string, what: string): Promise<string[]> {
  const daemon = readDaemonFile(dataDir);
  if (!daemon) return [];
  const transport = daemonTransport(daemon);
  const signal = AbortSignal.timeout(NAMES_MS_MAX);
  try {
    if (what === 'snapshots')
      return (await callAction(transport, 'snapshots', {}, { signal })).map(({ name }) => name);
    return (await callAction(transport, 'list', {}, { signal })).map(({ name }) => name);
  } finally {
    await transport.close();
  }
}
