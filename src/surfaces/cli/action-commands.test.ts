import { type Command, Command as Program } from 'commander';
import { describe, expect, test } from 'vitest';
import type { z } from 'zod';
import { ACTIONS, type ActionName } from '../../actions/table.js';
import * as composition from '../../compose.js';
import type { ActionCommand, FieldSource } from './action-command.js';
import type { Cli, Composition } from './cli.js';
import { COMMAND_MODULES, modulesFor } from './command-index.js';
import { Interruption } from './interruption.js';
import { buildProgram } from './program.js';

const NAMES = Object.keys(ACTIONS) as ActionName[];

const terminal = { colour: false, interactive: false, out: () => {}, err: () => {}, flush: async () => {} };
// The real composition fits what the command line asks for: compiling this is the test.
const load = async (): Promise<Composition> => composition;
const cli: Cli = { terminal, interruption: new Interruption(terminal), env: {}, load, exitCode: 0 };
const program = await buildProgram(cli, () => {});
const loaded = await Promise.all(
  COMMAND_MODULES.map(async ({ words, load }) => ({ words, commands: await load() })),
);
const ACTION_COMMANDS = loaded
  .flatMap(({ commands }) => commands)
  .filter((command): command is ActionCommand => 'action' in command);

function commandOf(action: ActionName): Command {
  const named = (command: Command): boolean =>
    command.name() === action || command.aliases().includes(action);
  const found = program.commands.find(named);
  if (!found) throw new Error(`no command for ${action}`);
  return found;
}

function shapeOf(schema: z.ZodType): Record<string, z.ZodType> {
  return (schema as z.ZodObject).shape as Record<string, z.ZodType>;
}

function unwrap(schema: z.ZodType): z.ZodType {
  return 'unwrap' in schema ? unwrap((schema as z.ZodOptional).unwrap() as z.ZodType) : schema;
}

function sourcesOf(source: FieldSource): string[] {
  if (typeof source === 'string') return [source];
  return 'parts' in source ? Object.values(source.parts) : [];
}

function hasSource(command: Command, source: string): boolean {
  if (source.startsWith('--')) return command.options.some(({ long }) => long === source);
  return command.registeredArguments.some((argument) => argument.name() === source);
}

describe('the index of commands', () => {
  test.each(loaded)('knows where $words are', ({ words, commands }) => {
    expect(new Set(words)).toEqual(new Set(commands.flatMap((command) => command.words)));
  });

  test('has every word of the program, and no other', () => {
    const known = COMMAND_MODULES.flatMap(({ words }) => words);
    const typed = program.commands.flatMap((command) => [command.name(), ...command.aliases()]);
    expect(new Set(known)).toEqual(new Set(typed));
  });

  test.each([
    ['exec', ['exec', 'w', 'x']],
    ['list', ['--data-dir', 'doctor', '-q', '--json', 'list']],
    ['ledger', ['ledger', 'deposit', '--', '--help']],
  ])('%s is loaded alone by %j', (word, args) => {
    const modules = modulesFor(args);
    expect(modules.length).toBe(1);
    expect(modules[0]?.words).toContain(word);
  });

  test.each([
    [[]],
    [['--json']],
    [['help', 'exec']],
    [['exec', '--help']],
    [['-h']],
    [['exce', 'x']],
    [['--version']],
  ])('everything is loaded by %j', (args) => {
    expect(modulesFor(args)).toBe(COMMAND_MODULES);
  });

  test('and a command alone has the options and arguments that it has among all', async () => {
    for (const { words } of COMMAND_MODULES) {
      const alone = await buildProgram(cli, () => {}, modulesFor([words[0] ?? '']));
      for (const command of alone.commands) {
        const among = program.commands.find((one) => one.name() === command.name());
        expect(command.options.map(({ flags }) => flags)).toEqual(among?.options.map(({ flags }) => flags));
        expect(command.aliases()).toEqual(among?.aliases());
      }
    }
  });
});

describe('the command line', () => {
  test('has one command for every action, and none for anything else', () => {
    expect(ACTION_COMMANDS.length).toBe(NAMES.length);
    expect(new Set(ACTION_COMMANDS.map(({ action }) => action))).toEqual(new Set(NAMES));
  });

  test.each(NAMES)('%s answers to the name of the action', (action) => {
    expect(commandOf(action).description()).toBe(ACTIONS[action].summary);
  });

  test.each(NAMES)('%s can set every field of its input', (action) => {
    const command = ACTION_COMMANDS.find((one) => one.action === action);
    const shape = shapeOf(ACTIONS[action].input);
    expect(new Set(Object.keys(command?.fields ?? {}))).toEqual(new Set(Object.keys(shape)));
    for (const [field, source] of Object.entries(command?.fields ?? {})) {
      if (typeof source === 'object' && 'absent' in source) {
        expect(source.absent.length, `${field} says why it is absent`).toBeGreaterThan(10);
        continue;
      }
      if (typeof source === 'object') {
        const parts = shapeOf(unwrap(shape[field] as z.ZodType));
        expect(new Set(Object.keys(source.parts)), field).toEqual(new Set(Object.keys(parts)));
      }
      for (const one of sourcesOf(source)) {
        expect(hasSource(commandOf(action), one), `${field} by ${one}`).toBe(true);
      }
    }
  });

  test('a field that no option sets would be noticed', () => {
    const planted = new Program('x').option('--there');
    expect(hasSource(planted, '--there')).toBe(true);
    expect(hasSource(planted, '--missing')).toBe(false);
    expect(hasSource(planted, 'world')).toBe(false);
  });
});
