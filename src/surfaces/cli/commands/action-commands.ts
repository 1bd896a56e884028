import type { ActionCommand } from '../action-command.js';
import { CATALOG_COMMANDS } from './catalog-commands.js';
import { EXECUTE_COMMANDS } from './execute-commands.js';
import { VERSE_COMMANDS } from './verse-commands.js';
import { WORLD_COMMANDS } from './world-commands.js';

/** One command for each action of the table; a test checks that none is missing. */
export const ACTION_COMMANDS: readonly ActionCommand[] = [
  ...WORLD_COMMANDS,
  ...EXECUTE_COMMANDS,
  ...VERSE_COMMANDS,
  ...CATALOG_COMMANDS,
];
