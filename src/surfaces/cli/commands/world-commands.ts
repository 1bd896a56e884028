import type { Trit } from '../../../model/trit.js';
import { WorldError } from '../../../model/world-error.js';
import { type ActionCommand, actionCommand, option, WORLD_ARGUMENT } from '../action-command.js';
import { branchText, snapshotText } from '../format/verbs.js';
import { worldCard, worldsTable, worldTree } from '../format/worlds.js';
import { given } from '../given-fields.js';
import {
  objectOf,
  parseChild,
  parseDuration,
  parsePair,
  parseSize,
  parseTag,
  parseTrit,
  parseWhole,
  repeated,
} from '../parse-options.js';

export { given } from '../given-fields.js';

/** Commands on single worlds, except running code in them. */

interface CreateOptions {
  name?: string;
  substrate?: string;
  image?: string;
  seed?: string;
  snapshot?: string;
  detached?: boolean;
  commonRandomNumbers?: boolean;
  metadata?: [string, string][];
  verse?: string;
  trit?: Trit;
  retainStates?: number;
  tenant?: string;
  timeout?: number;
  memory?: number;
  outputLimit?: number;
  fileLimit?: number;
  filesMax?: number;
  cpu?: number;
  openFiles?: number;
  codeLimit?: number;
  queue?: number;
}

const create = actionCommand({
  action: 'create',
  arguments: [['[name]', 'name of the new world; left out: world-N']],
  options: [
    option('--name <name>', 'the same as the argument'),
    option('--substrate <name>', 'what it runs on (default: wasm)'),
    option('--image <name>', 'base image that it starts from (default: standard)'),
    option('--seed <number>', 'seed of everything random in it (default: drawn)'),
    option('--snapshot <snapshot>', 'start from this snapshot, by id or name'),
    option('--detached', 'from a snapshot of a collapsed world: in the root verse, with no balances'),
    option('--common-random-numbers', "keep the snapshot's random state"),
    option('--metadata <key=value>', 'a free text pair; repeatable', repeated(parsePair('metadata'))),
    option('--verse <name>', 'the same as --metadata verse=NAME'),
    option('--trit <trit>', 'its role: -1 validator, 0 coordinator, +1 generator', parseTrit),
    option(
      '--retain-states <n>',
      'its last states to keep (default: retention.states)',
      parseWhole('--retain-states'),
    ),
    option('--tenant <name>', 'whose it is; with --isolate tenant, hosts are not shared (default: default)'),
    option('--timeout <time>', 'limit: time of one execution (default: 30s)', parseDuration),
    option('--memory <size>', 'limit: guest memory (default: 512MiB)', parseSize),
    option('--output-limit <size>', 'limit: output kept of one execution (default: 1MiB)', parseSize),
    option('--file-limit <size>', 'limit: all its files together (default: 256MiB)', parseSize),
    option('--files-max <n>', 'limit: number of files (default: 20000)', parseWhole('--files-max')),
    option(
      '--cpu <time>',
      'limit: processor time of one execution (default: none of its own)',
      parseDuration,
    ),
    option('--open-files <n>', 'limit: files open at a time (default: 1024)', parseWhole('--open-files')),
    option('--code-limit <size>', 'limit: code of one execution (default: 16MiB)', parseSize),
    option('--queue <n>', 'limit: requests at the world at a time (default: 1024)', parseWhole('--queue')),
  ],
  fields: {
    name: 'name',
    substrate: '--substrate',
    image: '--image',
    seed: '--seed',
    limits: {
      parts: {
        timeoutMs: '--timeout',
        memoryBytes: '--memory',
        outputBytes: '--output-limit',
        fileBytes: '--file-limit',
        files: '--files-max',
        cpuMs: '--cpu',
        openFiles: '--open-files',
        codeBytes: '--code-limit',
        queue: '--queue',
      },
    },
    snapshot: '--snapshot',
    detached: '--detached',
    commonRandomNumbers: '--common-random-numbers',
    metadata: '--metadata',
    trit: '--trit',
    retainStates: '--retain-states',
    tenant: '--tenant',
  },
  progress: 'Making a world',
  examples: [
    ['wr create', 'a fresh world, world-1, which is now the current one'],
    ['wr create market --seed 7', 'named, with everything random in it decided by the seed'],
    ['wr create --snapshot pre-event --verse nash --trit -1', 'one more world from a snapshot'],
  ],
  input([argument], options: CreateOptions) {
    const name = onlyOne('name', argument, options.name);
    const pairs = [...(options.metadata ?? [])];
    if (options.verse !== undefined) pairs.push(['verse', options.verse]);
    const limits = given({
      timeoutMs: options.timeout,
      memoryBytes: options.memory,
      outputBytes: options.outputLimit,
      fileBytes: options.fileLimit,
      files: options.filesMax,
      cpuMs: options.cpu,
      openFiles: options.openFiles,
      codeBytes: options.codeLimit,
      queue: options.queue,
    });
    return given({
      name,
      substrate: options.substrate,
      image: options.image,
      seed: options.seed,
      snapshot: options.snapshot,
      detached: options.detached,
      commonRandomNumbers: options.commonRandomNumbers,
      trit: options.trit,
      retainStates: options.retainStates,
      tenant: options.tenant,
      metadata: pairs.length > 0 ? objectOf('metadata', pairs) : undefined,
      limits: Object.keys(limits).length > 0 ? limits : undefined,
    });
  },
  show: (world, screen) => screen.out(worldCard(screen.paint, world)),
});

const snapshot = actionCommand({
  action: 'snapshot',
  arguments: [WORLD_ARGUMENT, ['[name]', 'name of the snapshot; left out: snapshot-N']],
  options: [option('--name <name>', 'the same as the argument')],
  fields: { world: 'world', name: 'name' },
  progress: 'Making the state durable',
  examples: [
    ['wr snapshot', 'the current world, as snapshot-1'],
    ['wr snapshot market pre-event', 'a world and a name'],
  ],
  input: ([world, argument], options: { name?: string }) =>
    given({ world, name: onlyOne('name', argument, options.name) }),
  show: (taken, screen) => screen.out(snapshotText(screen.paint, taken)),
});

const branch = actionCommand({
  action: 'branch',
  arguments: [WORLD_ARGUMENT],
  options: [
    option('-n, --count <n>', 'number of children (default: 3)', parseWhole('--count')),
    option('--child <name[=trit]>', 'a child by name, with its trit; repeatable', repeated(parseChild)),
    option('--common-random-numbers', "children keep the parent's random state, to be compared pairwise"),
  ],
  fields: {
    world: 'world',
    count: '--count',
    children: '--child',
    commonRandomNumbers: '--common-random-numbers',
  },
  progress: 'Starting worlds',
  examples: [
    ['wr branch', 'three children of the current world, trits -1, 0, +1'],
    ['wr branch market -n 100', 'a hundred'],
    ['wr branch market --child a=-1 --child b=+1', 'two, with names and trits'],
  ],
  input: (
    [world],
    options: { count?: number; child?: { name: string; trit?: Trit }[]; commonRandomNumbers?: boolean },
  ) =>
    given({
      world,
      count: options.count,
      children: options.child,
      commonRandomNumbers: options.commonRandomNumbers,
    }),
  show: (branched, screen) => screen.out(branchText(screen.paint, branched)),
});

const rewind = actionCommand({
  action: 'rewind',
  arguments: [WORLD_ARGUMENT],
  options: [
    option('--to <state>', 'a state or snapshot of its history, by id; a snapshot also by name'),
    option('--steps <n>', 'executions to go back (default: 1)', parseWhole('--steps')),
  ],
  fields: { world: 'world', to: '--to', steps: '--steps' },
  progress: 'Going back',
  examples: [
    ['wr rewind', 'the current world, to before its last execution'],
    ['wr rewind market --to pre-event', 'to a snapshot'],
  ],
  input: ([world], options: { to?: string; steps?: number }) =>
    given({ world, to: options.to, steps: options.steps }),
  show: ({ worldId, from, to }, screen) => screen.out(`${worldId} is at ${to}; it was at ${from}\n`),
});

const list = actionCommand({
  action: 'list',
  aliases: ['ls'],
  options: [
    option('-a, --all', 'also worlds that ended: stopped, collapsed, deleted'),
    option('--tree', 'as a tree, children under their parents'),
    option('--tag <key[=value]>', 'only worlds with this tag; repeatable, all must fit', repeated(parseTag)),
  ],
  fields: { all: '--all', tags: '--tag' },
  progress: 'Reading',
  examples: [
    ['wr list', 'worlds that run or wait for their verses'],
    ['wr list --tree --all', 'the whole history of branching'],
    ['wr list --tag stage=two', 'worlds that were tagged so'],
  ],
  input: (_, options: { all?: boolean; tree?: boolean; tag?: { key: string; value?: string }[] }) =>
    given({ all: options.all, tags: options.tag }),
  show: (worlds, screen, options) => {
    screen.out(options.tree ? worldTree(screen.paint, worlds) : worldsTable(screen.paint, worlds));
  },
});

const show = actionCommand({
  action: 'show',
  arguments: [WORLD_ARGUMENT],
  fields: { world: 'world' },
  progress: 'Reading',
  examples: [['wr show market', 'all there is to know about a world']],
  input: ([world]) => given({ world }),
  show: (world, screen) => screen.out(worldCard(screen.paint, world)),
});

const remove = actionCommand({
  action: 'delete',
  aliases: ['rm'],
  arguments: [['<world>', 'id, name, last part of the name, or prefix of the id']],
  fields: { world: 'world' },
  progress: 'Deleting',
  examples: [['wr delete market/1', 'it runs no more; its rows and its log stay']],
  input: ([world = '']) => ({ world }),
  show: ({ name, worldId }, screen) => screen.out(`deleted ${name} (${worldId})\n`),
});

export const WORLD_COMMANDS: readonly ActionCommand[] = [
  create,
  snapshot,
  branch,
  rewind,
  list,
  show,
  remove,
];

function onlyOne(what: string, argument: string | undefined, opted: string | undefined): string | undefined {
  if (argument !== undefined && opted !== undefined && argument !== opted) {
    throw new WorldError('BAD_INPUT', `Two ${what}s are given: ${argument} and ${opted}.`);
  }
  return argument ?? opted;
}
