import type { Command } from 'commander';
import type { Cli, Composition } from './cli.js';
import { modulesFor } from './command-index.js';
import { Interruption } from './interruption.js';
import { buildProgram } from './program.js';
import { reportError } from './report-error.js';
import { processTerminal } from './terminal.js';

/** Runs `wr` with the arguments of this process and ends the process with the documented exit code. */
export async function main(load: () => Promise<Composition>): Promise<void> {
  const terminal = processTerminal();
  const interruption = new Interruption(terminal);
  interruption.listen();
  const cli: Cli = { terminal, interruption, env: process.env, load, exitCode: 0 };
  const code = await runCli(cli, process.argv.slice(2));
  await terminal.flush();
  process.exit(code);
}

/** Runs one command line; everything it says goes to `cli.terminal`. Answers the exit code. */
export async function runCli(cli: Cli, args: readonly string[]): Promise<number> {
  const json = wantsJson(args);
  // With --json what commander has to say about wrong usage is told as JSON, by reportError.
  const onError = (text: string): void => {
    if (!json) cli.terminal.err(text);
  };
  try {
    const program = await buildProgram(cli, onError, modulesFor(args));
    await program.parseAsync(withoutLostHelp(program, args), { from: 'user' });
    return cli.exitCode;
  } catch (thrown) {
    return reportError(cli, thrown, json);
  }
}

/** Help on a command that there is not: what calling it says, a name that is near included. */
function withoutLostHelp(program: Command, args: readonly string[]): string[] {
  const [help, name] = args.filter((arg) => !arg.startsWith('-'));
  if (help !== 'help' || name === undefined) return [...args];
  const isKnown = program.commands.some((one) => one.name() === name || one.aliases().includes(name));
  return isKnown || name === 'help' ? [...args] : [name];
}

/** Asked before parsing, since parsing itself may fail. */
function wantsJson(args: readonly string[]): boolean {
  const end = args.indexOf('--');
  return args.slice(0, end < 0 ? undefined : end).includes('--json');
}
