import type { Command } from 'commander';
import type { Cli } from './cli.js';

/** How a command is put into the program. */
export interface Registration {
  /**
   * Hidden, under the name of its action alone: how a member of a group is also called without the group, as every
   * action is.
   */
  readonly underActionName?: boolean;
  /** One line for an action; known only when the action table was loaded, which help does. */
  readonly summaryOf?: (action: string) => string;
}

/** One command of `wr`. */
export interface CliCommand {
  /** Every word after `wr` that calls it: its names, or its group and the name of its action. */
  readonly words: readonly string[];
  /** Command that it belongs to: `wr GROUP NAME`. */
  readonly group: string | undefined;
  /** Adds the command to `parent`. */
  register(parent: Command, cli: Cli, how?: Registration): Command;
}

/** A module of commands that is loaded only when one of them is called, or all are listed. */
export interface CommandModule {
  /** The words of all its commands. A test compares them with the module. */
  readonly words: readonly string[];
  readonly load: () => Promise<readonly CliCommand[]>;
}
