import { CommanderError } from 'commander';
import { toWorldError, WorldError } from '../../model/world-error.js';
import type { Cli } from './cli.js';

export const EXIT_USAGE = 2;

export function interrupted(what: string): WorldError {
  return new WorldError('INTERRUPTED', `Interrupted. ${what}`);
}

/**
 * Says on stderr what went wrong, as JSON when that is asked for, and answers the exit code.
 * What commander has to say was said already, unless as JSON.
 */
export function reportError(cli: Cli, thrown: unknown, json: boolean): number {
  if (thrown instanceof CommanderError) return reportUsage(cli, thrown, json);
  const error = toWorldError(thrown, 'INTERNAL', 'wr failed; please report this defect of world-runtime');
  if (json) {
    cli.terminal.err(`${JSON.stringify({ error: error.toJSON() })}\n`);
  } else {
    cli.terminal.err(`error ${error.code}: ${error.message}\n`);
    if (error.code === 'INTERNAL' || cli.env['WORLD_DEBUG']) cli.terminal.err(traceOf(error));
  }
  return error.code === 'INTERRUPTED' ? (cli.interruption.exitCode ?? error.exitCode) : error.exitCode;
}

function reportUsage(cli: Cli, error: CommanderError, json: boolean): number {
  if (error.exitCode === 0) return 0;
  const message = error.message.replace(/^error: /, '');
  // Commander signals "help was shown because no command was given" as an error with a message of its own.
  if (json && error.code !== 'commander.help') {
    const usage = new WorldError('BAD_INPUT', message, { details: { usage: error.code } });
    cli.terminal.err(`${JSON.stringify({ error: usage.toJSON() })}\n`);
  }
  return EXIT_USAGE;
}

function traceOf(error: Error): string {
  const causes: string[] = [];
  for (let one: unknown = error; one instanceof Error; one = one.cause) causes.push(one.stack ?? String(one));
  return `${causes.join('\ncaused by: ')}\n`;
}
