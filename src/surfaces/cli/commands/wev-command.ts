import type { Command } from 'commander';
import { WorldError } from '../../../model/world-error.js';
import { examplesText, option } from '../action-command.js';
import type { Cli } from '../cli.js';
import type { CliCommand } from '../cli-command.js';
import { type GlobalOptions, settingsOf } from '../settings.js';
import { EXPONENTS, type Exponent, GAME_NAMES, type GameName, gameOf } from '../wev/games.js';
import { demoOpener } from './demo-command.js';

/** `wr wev`: world extractable value. */
export const WEV_COMMAND: CliCommand = {
  words: ['wev'],
  group: undefined,
  register: (parent, cli) => registerWev(parent, cli),
};

function registerWev(program: Command, cli: Cli): Command {
  const wev = program.command('wev').description('world extractable value: what acting selfishly costs');
  const demo = wev
    .command('demo')
    .description(
      'compute a known game in three verses (selfish, planned, at random), and what selfishness costs in it',
    )
    .argument('<game>', GAME_NAMES.join(', '))
    .addOption(option('--d <n>', `exponent of pigou-d: ${EXPONENTS.join(', ')} (default: 2)`))
    .addHelpText(
      'after',
      examplesText([
        ['wr wev demo braess', 'the famous paradox: 2 selfish, 3/2 planned'],
        ['wr wev demo pigou-d --d 4 --json', 'a steep road, with bounds where the optimum is no fraction'],
      ]),
    );
  demo.action(async (name: string, options: { d?: string }) => {
    const settings = settingsOf(demo.optsWithGlobals<GlobalOptions>(), cli.env);
    const game = gameOf(requireGame(name), requireExponent(name, options.d));
    const { runWevDemo } = await import('../wev/wev-demo.js');
    const { terminal, interruption } = cli;
    cli.exitCode = await runWevDemo({
      game,
      open: await demoOpener(cli, settings),
      dataDir: settings.namedDataDir,
      json: settings.json,
      quiet: settings.quiet,
      colour: terminal.colour,
      write: terminal.out,
      err: terminal.err,
      signal: interruption.signal,
    });
  });
  return wev;
}

/** @throws BAD_INPUT */
function requireGame(name: string): GameName {
  const game = GAME_NAMES.find((one) => one === name);
  if (game) return game;
  throw new WorldError(
    'BAD_INPUT',
    `There is no game ${JSON.stringify(name)}. The games are: ${GAME_NAMES.join(', ')}.`,
  );
}

/** @throws BAD_INPUT */
function requireExponent(game: string, text: string | undefined): Exponent {
  if (text === undefined) return 2;
  const exponent = EXPONENTS.find((one) => `${one}` === text);
  if (exponent && game === 'pigou-d') return exponent;
  throw new WorldError(
    'BAD_INPUT',
    `--d is the exponent of pigou-d, one of ${EXPONENTS.join(', ')}. Got ${game} and ${text}.`,
  );
}
