import type { ActionInput, ActionName, ActionOutput } from '../../../actions/table.js';
import type { WorldView } from '../../../model/api.js';
import type { ProbeView } from '../../../model/probe-api.js';
import { WorldError } from '../../../model/world-error.js';
import { tritSymbol } from '../format/cells.js';

/** What a `:command` can do. */
export interface ReplHost {
  readonly world: WorldView;
  /** Calls an action on worlds by reference. */
  call<N extends ActionName>(action: N, input: ActionInput<N>): Promise<ActionOutput<N>>;
  /** Works in another world, or looks at the same again. */
  enter(reference: string): Promise<void>;
  say(text: string): void;
  quit(): void;
}

interface ReplCommand {
  readonly usage: string;
  readonly what: string;
  run(host: ReplHost, argument: string): Promise<void> | void;
}

/** The names that a session has made, with their types and the beginnings of their values. */
const VARIABLES = `
def __list():
    import types
    for name, value in sorted(globals().items()):
        if name.startswith('_') or isinstance(value, types.ModuleType): continue
        try: text = repr(value)
        except BaseException as error: text = '<repr raised ' + type(error).__name__ + '>'
        print(name, type(value).__name__, ' '.join(text.split())[:60], sep='\\t')
__list()`;

const COMMANDS: Readonly<Record<string, ReplCommand>> = {
  help: { usage: ':help', what: 'this list', run: ({ say }) => say(helpText()) },
  world: {
    usage: ':world [NAME]',
    what: 'work in another world; without a name, show this one',
    async run(host, reference) {
      if (reference !== '') await host.enter(reference);
      const { name, verse, status, head } = host.world;
      host.say(`${name}: verse ${verse}, ${status}, at ${head}\n`);
    },
  },
  worlds: {
    usage: ':worlds',
    what: 'worlds there are',
    async run({ call, say }) {
      const worlds = await call('list', {});
      say(
        worlds
          .map(({ name, trit, verse, status }) => `${tritSymbol(trit)} ${name}  ${verse}  ${status}\n`)
          .join(''),
      );
    },
  },
  vars: {
    usage: ':vars',
    what: 'names that the world has, their types and values; changes nothing',
    async run({ call, world, say }) {
      const { stdout, error } = (await call('probe', { world: world.id, code: VARIABLES })) as ProbeView;
      if (error)
        throw new WorldError('BAD_INPUT', `The names cannot be listed: ${error.type}: ${error.message}`);
      say(stdout === '' ? 'no names\n' : columns(stdout));
    },
  },
  snapshot: {
    usage: ':snapshot [NAME]',
    what: 'name the present state',
    async run({ call, world, say }, name) {
      const taken = await call('snapshot', { world: world.id, ...(name === '' ? {} : { name }) });
      say(`snapshot ${taken.name} (${taken.id})\n`);
    },
  },
  branch: {
    usage: ':branch [N]',
    what: 'start N worlds from here (default: 3)',
    async run({ call, world, say }, count) {
      const made = await call('branch', {
        world: world.id,
        ...(count === '' ? {} : { count: wholeNumber(count) }),
      });
      say(made.children.map(({ name, trit }) => `${tritSymbol(trit)} ${name}\n`).join(''));
    },
  },
  rewind: {
    usage: ':rewind [N | STATE | SNAPSHOT]',
    what: 'go back N executions (default: 1), or to a state',
    run: (host, to) => rewind(host, to),
  },
  undo: { usage: ':undo', what: 'take the last execution back', run: (host) => rewind(host, '') },
  quit: { usage: ':quit', what: 'leave; so does Ctrl-D', run: ({ quit }) => quit() },
};
const ALIASES: Readonly<Record<string, string>> = { exit: 'quit', q: 'quit', h: 'help', '?': 'help' };

async function rewind({ call, world, say, enter }: ReplHost, to: string): Promise<void> {
  const where = to === '' ? {} : /^\d+$/.test(to) ? { steps: wholeNumber(to) } : { to };
  const rewound = await call('rewind', { world: world.id, ...where });
  say(`at ${rewound.to}; it was at ${rewound.from}\n`);
  await enter(world.id);
}

/** True for a line that is for the prompt and not for Python. */
export function isReplCommand(line: string): boolean {
  return /^\s*[:%]/.test(line);
}

/** @throws BAD_INPUT for a command that there is not, and what its action throws */
export async function runReplCommand(host: ReplHost, line: string): Promise<void> {
  const [, word = '', argument = ''] = /^\s*[:%]\s*(\S*)\s*(.*?)\s*$/.exec(line) ?? [];
  const name = Object.hasOwn(ALIASES, word) ? ALIASES[word] : word;
  const command = name !== undefined && Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (!command) throw new WorldError('BAD_INPUT', `There is no command :${word}. See :help`);
  await command.run(host, argument);
}

/** Words for the completion of a line. */
export function replCommandNames(): string[] {
  return Object.keys(COMMANDS).map((name) => `:${name}`);
}

function helpText(): string {
  const width = Math.max(...Object.values(COMMANDS).map(({ usage }) => usage.length));
  const lines = Object.values(COMMANDS).map(({ usage, what }) => `${usage.padEnd(width)}  ${what}\n`);
  return `${lines.join('')}% does the same as :. Everything else is Python. Ctrl-C stops what runs, or clears the line.\n`;
}

function columns(text: string): string {
  const rows = text
    .trimEnd()
    .split('\n')
    .map((line) => line.replace(/[^\P{Cc}\t]/gu, '?').split('\t'));
  const width = (index: number): number => Math.max(...rows.map((row) => (row[index] ?? '').length));
  const [name, type] = [width(0), width(1)];
  return rows.map(([a = '', b = '', c = '']) => `${a.padEnd(name)}  ${b.padEnd(type)}  ${c}\n`).join('');
}

function wholeNumber(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new WorldError('BAD_INPUT', `${JSON.stringify(text)} is no whole number.`);
}
