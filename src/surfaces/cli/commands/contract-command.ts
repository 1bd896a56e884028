import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { WorldError } from '../../../model/world-error.js';
import { examplesText, jsonText } from '../action-command.js';
import type { Cli } from '../cli.js';
import type { CliCommand } from '../cli-command.js';
import { type GlobalOptions, settingsOf } from '../settings.js';

/** The compiled contract, as `npm run contract` wrote it. */
const COMPILED = new URL('../../../../contracts/Multiverse.json', import.meta.url);
const PARTS = ['abi', 'bytecode'] as const;

interface CompiledContract {
  readonly contract: string;
  readonly solc: string;
  readonly settings: unknown;
  readonly sources: Readonly<Record<string, string>>;
  readonly abi: readonly unknown[];
  readonly bytecode: string;
}

const AFTER_HELP = `
The contract keeps one ERC-20 token in verses by the rules of the ledger; docs/contract.md says how, and the sources are in
contracts/. A deployment sends the bytecode followed by the address of the token, as a word of 32 bytes.
`;

/** `wr contract`: what a deployment of the multiverse contract needs. It opens no data directory. */
export const CONTRACT_COMMAND: CliCommand = {
  words: ['contract'],
  group: undefined,
  register: (parent, cli) => registerContract(parent, cli),
};

function registerContract(program: Command, cli: Cli): Command {
  const command = program
    .command('contract')
    .description('the compiled Solidity contract with the rules of the ledger')
    .argument('<part>', PARTS.join(', '))
    .addHelpText(
      'after',
      AFTER_HELP +
        examplesText([
          ['wr contract abi > Multiverse.abi.json', 'for a wallet, a library or a block explorer'],
          ['wr contract bytecode', '0x and hex, without the argument of the constructor'],
          ['wr contract bytecode --json', 'with the compiler, its settings and the SHA-256 of each source'],
        ]),
    );
  command.action(async (part: string) => {
    const { json } = settingsOf(command.optsWithGlobals<GlobalOptions>(), cli.env);
    cli.terminal.out(partText(await readCompiled(), part, json));
  });
  return command;
}

function partText(compiled: CompiledContract, part: string, json: boolean): string {
  const { abi, ...rest } = compiled;
  if (part === 'abi') return jsonText(abi);
  if (part === 'bytecode') return json ? jsonText(rest) : `${compiled.bytecode}\n`;
  throw new WorldError(
    'BAD_INPUT',
    `The contract has no part ${JSON.stringify(part)}. Parts: ${PARTS.join(', ')}`,
  );
}

async function readCompiled(): Promise<CompiledContract> {
  try {
    return JSON.parse(await readFile(COMPILED, 'utf8')) as CompiledContract;
  } catch (cause) {
    throw new WorldError(
      'STORAGE_FAILED',
      `The compiled contract cannot be read: ${fileURLToPath(COMPILED)}. Install the package again, or run npm run contract in its sources`,
      { cause },
    );
  }
}
