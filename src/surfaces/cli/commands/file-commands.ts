import type { Command, Option } from 'commander';
import type { ActionName } from '../../../actions/table.js';
import type { EditFilesView } from '../../../model/file-api.js';
import { WorldError } from '../../../model/world-error.js';
import type { Transport } from '../../client/transport.js';
import {
  type ActionCommand,
  actionCommand,
  callAction,
  examplesText,
  type FieldSource,
  jsonText,
  option,
} from '../action-command.js';
import type { Cli } from '../cli.js';
import type { CliCommand } from '../cli-command.js';
import { copyIn, entryAt } from '../files/copy-in.js';
import { copyOut, readParts } from '../files/copy-out.js';
import { isWorldPath, joinPath, lastName, parseWorldPath, type WorldPath } from '../files/world-path.js';
import { bytesText, filesText, printable } from '../format/files.js';
import { withTransport } from '../open-runtime.js';
import { parseWhole } from '../parse-options.js';
import { startProgress } from '../progress.js';
import { type GlobalOptions, type Settings, settingsOf } from '../settings.js';
import { given } from './world-commands.js';

/** Files of worlds: from the local disk and back, and between worlds. */

const PLACE = ['<place>', 'WORLD:PATH, WORLD@STATE:PATH, or :PATH for the current world'] as const;
const SEMANTICS = `
A path that does not begin with / counts from the directory in which the world's code works. What is copied goes into a
directory that is there, or whose path ends with /; otherwise it gets the name that is said. A source that ends with /.
is the content of a directory. Directories merge; directories on the way are made. All that one command puts into a
world becomes one new state, or nothing does. A local file with a colon in its name is written ./a:b.
`;

const ls = actionCommand({
  action: 'list-files',
  name: 'ls',
  group: 'files',
  arguments: [['[place]', 'WORLD, WORLD:PATH, WORLD@STATE:PATH, or :PATH for the current world']],
  options: [
    option('-l, --long', 'mode, size and time too'),
    option('-R, --recursive', 'everything below too'),
    option('--after <path>', 'go on behind this path'),
    option('--limit <n>', 'entries at most (default: 10000)', parseWhole('--limit')),
  ],
  fields: {
    world: 'place',
    state: 'place',
    path: 'place',
    recursive: '--recursive',
    after: '--after',
    limit: '--limit',
  },
  progress: 'Listing',
  examples: [
    ['wr files ls market', 'the directory in which its code works'],
    ['wr files ls -lR market:/data', 'everything below, with sizes'],
    ['wr files ls market@pre-event:/data', 'as it was at a snapshot or state'],
  ],
  input([place = ':'], options: { recursive?: boolean; after?: string; limit?: number; long?: boolean }) {
    const { world, state, path } = parseWorldPath(place.includes(':') ? place : `${place}:`);
    const { recursive, after, limit = 10_000 } = options;
    return { limit, ...given({ world, state, path: path === '' ? undefined : path, recursive, after }) };
  },
  show({ entry, entries, more }, screen, { long = false }) {
    const shown = entry.kind === 'directory' ? entries : [entry];
    screen.out(filesText(screen.paint, { root: entry.path, entries: shown, long }));
    if (more) screen.err(`There are more; go on with --after ${printable(entries.at(-1)?.path ?? '')}\n`);
  },
});

const rm = actionCommand({
  action: 'edit-files',
  name: 'rm',
  summary: "remove a world's files",
  group: 'files',
  arguments: [['<places...>', 'WORLD:PATH, all of one world; or :PATH for the current world']],
  options: [
    option('-r, --recursive', 'directories with all that is in them'),
    option('--expect-head <state>', "fail unless the world's head is this state"),
  ],
  fields: { world: 'places', edits: 'places', expectHead: '--expect-head' },
  progress: 'Removing',
  examples: [
    ['wr files rm market:/data/a.csv', 'one file'],
    ['wr files rm -r market:/data market:/tmp/x', 'directories, as one step'],
  ],
  input(args, { recursive = false, expectHead }: { recursive?: boolean; expectHead?: string }) {
    const places = args.map(parseWorldPath);
    const world = oneWorld(places);
    const edits = places.map(({ path }) => ({ kind: 'remove' as const, path, recursive }));
    return { edits, ...given({ world, expectHead }) };
  },
  show: ({ world, changes, state }, screen) =>
    screen.out(`removed ${changes.length} from ${world}; it is now at ${state}\n`),
});

function oneWorld(places: readonly WorldPath[]): string | undefined {
  const [first, ...rest] = places;
  if (places.some(({ state }) => state !== undefined)) {
    throw new WorldError('BAD_INPUT', 'States of the past are not changed. Rewind to one, or branch it.');
  }
  if (rest.every(({ world }) => world === first?.world)) return first?.world;
  throw new WorldError('BAD_INPUT', 'One command changes one world.');
}

/** What a command of several calls works with. */
interface Flow<O> {
  readonly cli: Cli;
  readonly settings: Settings;
  readonly transport: Transport;
  readonly args: readonly string[];
  readonly options: O;
  readonly signal: AbortSignal;
  onBytes(path: string, bytes: number): void;
  /** Takes the progress away and writes the result. */
  show(json: object, text: string): void;
}

interface FlowSpec<O> {
  readonly name: string;
  readonly arguments: readonly (readonly [string, string])[];
  readonly options: readonly Option[];
  readonly progress: string;
  readonly examples: readonly (readonly [string, string])[];
  run(flow: Flow<O>): Promise<void>;
}

function registerFlow<O extends object>(
  parent: Command,
  cli: Cli,
  spec: FlowSpec<O>,
  how: { readonly summary: string; readonly hidden: boolean },
): Command {
  const command = parent.command(spec.name, { hidden: how.hidden }).description(how.summary);
  for (const [argument, description] of spec.arguments) command.argument(argument, description);
  for (const one of spec.options) command.addOption(one);
  command.addHelpText('after', `${SEMANTICS}${examplesText(spec.examples)}`);
  return command.action(async () => {
    const settings = settingsOf(command.optsWithGlobals<GlobalOptions>(), cli.env);
    const progress = startProgress(cli.terminal, { text: spec.progress, quiet: settings.quiet });
    try {
      await withTransport(cli, settings, (transport) =>
        spec.run({
          cli,
          settings,
          transport,
          args: command.args,
          options: command.opts<O>(),
          signal: cli.interruption.signal,
          onBytes: (path, bytes) =>
            progress.update(`${spec.progress} (${printable(path)}, ${bytesText(bytes)})`),
          show(json, text) {
            progress.stop();
            if (settings.json) cli.terminal.out(jsonText(json));
            else if (!settings.quiet) cli.terminal.err(text);
          },
        }),
      );
    } finally {
      progress.stop();
    }
  });
}

function flowCommand<O extends object>(
  action: ActionName,
  fields: Readonly<Record<string, FieldSource>>,
  spec: FlowSpec<O>,
): ActionCommand {
  return {
    action,
    fields,
    group: 'files',
    words: ['files', action],
    register(parent, cli, { underActionName = false, summaryOf } = {}) {
      const named = underActionName ? { ...spec, name: action } : spec;
      const command = registerFlow(parent, cli, named, {
        summary: summaryOf?.(action) ?? '',
        hidden: underActionName,
      });
      if (!underActionName) command.alias(action);
      return command;
    },
  };
}

const get = flowCommand<{ force?: boolean }>(
  'read-file',
  {
    world: 'place',
    state: 'place',
    path: 'place',
    offset: { absent: 'whole files are copied, part by part' },
    length: { absent: 'whole files are copied, part by part' },
  },
  {
    name: 'get',
    arguments: [PLACE, ['[local]', 'file or directory (default: .); - writes to stdout']],
    options: [option('-f, --force', 'replace local files')],
    progress: 'Copying',
    examples: [
      ['wr files get market:/data/result.csv', 'into the present directory'],
      ['wr files get market:/data backup/', 'a directory'],
      ['wr files get market@pre-event:/data/x -', 'as it was at a snapshot, to stdout'],
    ],
    async run(flow) {
      const [place = '', local = '.'] = flow.args;
      const from = parseWorldPath(place);
      if (local === '-') {
        for await (const part of readParts({ ...flow, from }, from.state, from.path)) await toStdout(part);
        return;
      }
      const { force = false } = flow.options;
      const copied = await copyOut({ ...flow, from, to: local, force });
      const skipped = copied.skipped.map((path) => `left away: ${printable(path)}, a link out or a device\n`);
      flow.show(copied, `${skipped.join('')}${countText(copied)} from ${copied.world} to ${copied.to}\n`);
    },
  },
);

const put = flowCommand<object>(
  'upload-file',
  {
    world: 'paths',
    upload: { absent: 'the command begins and ends its own uploads' },
    parts: 'paths',
  },
  {
    name: 'put',
    arguments: [['<paths...>', 'local files and directories, - for stdin; and at last WORLD:PATH']],
    options: [],
    progress: 'Copying',
    examples: [
      ['wr files put prices.csv market:/data/', 'into a directory, which is made if need be'],
      ['wr files put src/. market:lib', 'what is in a directory'],
      ['date | wr files put - market:now.txt', 'from stdin'],
    ],
    async run(flow) {
      const from = flow.args.slice(0, -1);
      const to = parseWorldPath(flow.args.at(-1) ?? '');
      if (from.length === 0)
        throw new WorldError('BAD_INPUT', 'Say what to put, and where: wr files put LOCAL WORLD:PATH');
      oneWorld([to]);
      const copied = await copyIn({ ...flow, from, to, stdin: process.stdin });
      const skipped = copied.skipped.map((path) => `left away: ${path}, a link or a device\n`);
      const { world, state } = copied;
      flow.show(copied, `${skipped.join('')}${countText(copied)} to ${world}; it is now at ${state}\n`);
    },
  },
);

const CP: FlowSpec<object> = {
  name: 'cp',
  arguments: [
    ['<source>', 'WORLD:PATH or WORLD@STATE:PATH'],
    ['<target>', 'WORLD:PATH'],
  ],
  options: [],
  progress: 'Copying',
  examples: [
    ['wr files cp market:/data other:/data', 'from world to world'],
    ['wr files cp market@pre-event:/data/x :/data/', "from a snapshot into the current world's directory"],
  ],
  async run(flow) {
    const [source = '', target = ''] = flow.args;
    for (const text of [source, target]) {
      if (!isWorldPath(text))
        throw new WorldError('BAD_INPUT', `${text} is local: see wr files get and wr files put.`);
    }
    const from = parseWorldPath(source);
    const to = parseWorldPath(target);
    oneWorld([to]);
    const view = await copyBetween(flow, from, to);
    flow.show(
      view,
      `copied to ${view.changes[0]?.path ?? to.path} in ${view.world}; it is now at ${view.state}\n`,
    );
  },
};

async function copyBetween(flow: Flow<object>, from: WorldPath, to: WorldPath): Promise<EditFilesView> {
  const { transport, signal } = flow;
  const there = await entryAt(transport, { ...to, path: to.path === '' ? '.' : to.path }, signal);
  const into = there?.kind === 'directory' || to.path.endsWith('/') || to.path === '';
  const name = from.path.endsWith('/.') ? '' : lastName(from.path);
  const path = into && name !== '' ? joinPath(to.path, name) : to.path || '.';
  const source = await worldAt(flow, from);
  const edit = { kind: 'copy' as const, path: from.path || '.', to: path, from: source };
  return callAction(transport, 'edit-files', { edits: [edit], ...given({ world: to.world }) }, { signal });
}

/** The id of the world, also of the current one, which naming the target would change. */
async function worldAt(
  { transport, signal }: Flow<object>,
  { world, state, path }: WorldPath,
): Promise<{ world: string; state?: string }> {
  const input = { path: path || '.', limit: 1, ...given({ world, state }) };
  const view = await callAction(transport, 'list-files', input, { signal });
  return { world: view.worldId, state: view.state };
}

const cp: CliCommand = {
  words: ['files', 'copy-files'],
  group: 'files',
  register(parent, cli, { underActionName = false } = {}) {
    const spec = underActionName ? { ...CP, name: 'copy-files' } : CP;
    const summary = 'copy files and folders inside a world or from one to another';
    return registerFlow(parent, cli, spec, { summary, hidden: underActionName });
  },
};

function countText({ files, bytes }: { files: number; bytes: number }): string {
  return `copied ${files} ${files === 1 ? 'file' : 'files'} (${bytesText(bytes)})`;
}

function toStdout(bytes: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(bytes, (error) => {
      if (error && (error as NodeJS.ErrnoException).code !== 'EPIPE') reject(error);
      else resolve();
    });
  });
}

export const FILE_COMMANDS: readonly CliCommand[] = [ls, get, put, rm, cp];
