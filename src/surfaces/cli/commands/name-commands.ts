import type { SnapshotItem } from '../../../model/name-api.js';
import { WorldError } from '../../../model/world-error.js';
import { type ActionCommand, actionCommand, option, WORLD_ARGUMENT } from '../action-command.js';
import { timeText } from '../format/cells.js';
import type { Paint } from '../format/paint.js';
import { table } from '../format/table.js';
import { tagsText } from '../format/worlds.js';
import { objectOf, parsePair, parseWhole, repeated } from '../parse-options.js';
import { given } from './world-commands.js';

/** Commands on names, tags and snapshots. */

const rename = actionCommand({
  action: 'rename',
  arguments: [WORLD_ARGUMENT, ['[name]', 'the new name']],
  options: [option('--snapshot <snapshot>', 'rename this snapshot, by id or name, instead of a world')],
  fields: { world: 'world', snapshot: '--snapshot', name: 'name' },
  progress: 'Renaming',
  examples: [
    ['wr rename world-1 market', 'a world; its children keep their names'],
    ['wr rename market', 'a single argument is the new name of the current world'],
    ['wr rename --snapshot snapshot-1 pre-event', 'a snapshot'],
  ],
  input(args, options: { snapshot?: string }) {
    const name = args.at(-1);
    if (name === undefined) {
      throw new WorldError('BAD_INPUT', 'There is no new name. Say it last: wr rename WORLD NAME');
    }
    return {
      name,
      ...given({ world: args.length > 1 ? args[0] : undefined, snapshot: options.snapshot }),
    };
  },
  show: ({ kind, id, name, before }, screen) =>
    screen.out(
      before === name ? `${kind} ${id} is already named ${name}\n` : `${before} is now ${name} (${id})\n`,
    ),
});

const tag = actionCommand({
  action: 'tag',
  arguments: [WORLD_ARGUMENT, ['[pairs...]', 'KEY=VALUE, any number of them']],
  options: [option('--remove <key>', 'a tag that goes; repeatable', repeated(String))],
  fields: { world: 'world', set: 'pairs', remove: '--remove' },
  progress: 'Tagging',
  examples: [
    ['wr tag market stage=two owner=ann', 'sets two tags'],
    ['wr tag stage=three', 'an argument with = is a tag of the current world'],
    ['wr tag market --remove owner', 'removes one'],
    ['wr tag market', 'shows them'],
    ['wr list --tag stage=two', 'finds worlds by them'],
  ],
  input(args, options: { remove?: string[] }) {
    const [first, ...rest] = args;
    const isWorld = first !== undefined && !first.includes('=');
    const pairs = (isWorld ? rest : args).map(parsePair('a tag'));
    return given({
      world: isWorld ? first : undefined,
      set: pairs.length > 0 ? objectOf('the tag', pairs) : undefined,
      remove: options.remove,
    });
  },
  show: ({ name, metadata }, screen) => screen.out(`${name}: ${tagsText(metadata) || 'no tags'}\n`),
});

const snapshots = actionCommand({
  action: 'snapshots',
  arguments: [[WORLD_ARGUMENT[0], 'only those of this world: id, name, last part of the name, or id prefix']],
  options: [
    option('--limit <n>', 'snapshots at most, the newest first (default: 1000)', parseWhole('--limit')),
  ],
  fields: { world: 'world', limit: '--limit' },
  progress: 'Reading',
  examples: [
    ['wr snapshots', 'all of them, newest first'],
    ['wr snapshots market', 'those of one world'],
    ['wr create --snapshot pre-event', 'a new world from one'],
    ['wr rewind market --to pre-event', 'back to one'],
    ['wr snapshots rm pre-event', 'it is not needed any more'],
  ],
  input: ([world], options: { limit?: number }) => given({ world, limit: options.limit }),
  show: (items, screen) => screen.out(snapshotsTable(screen.paint, items)),
});

const removeSnapshots = actionCommand({
  action: 'remove-snapshots',
  name: 'remove',
  aliases: ['rm'],
  group: 'snapshots',
  arguments: [['<snapshots...>', 'by name, id, or prefix of the id']],
  fields: { snapshots: 'snapshots' },
  progress: 'Removing',
  examples: [
    ['wr snapshots rm pre-event', 'its name is free; worlds made from it stay'],
    ['wr snapshots rm one two && wr gc', 'two of them, and the disk space that only they needed'],
  ],
  input: (snapshots) => ({ snapshots: [...snapshots] }),
  show: (removed, screen) => {
    for (const { name, id } of removed) screen.out(`removed snapshot ${name} (${id})\n`);
  },
});

function snapshotsTable(paint: Paint, items: readonly SnapshotItem[]): string {
  if (items.length === 0) return 'no snapshots; take one: wr snapshot\n';
  const columns = [
    { title: 'NAME' },
    { title: 'WORLD' },
    { title: 'VERSE' },
    { title: 'TAKEN (UTC)' },
    { title: 'WORLDS FROM IT', right: true },
    { title: 'STATE' },
    { title: 'ID' },
  ];
  const rows = items.map((one) => [
    one.name,
    one.world,
    one.verse,
    timeText(one.takenAt),
    String(one.worlds),
    one.state,
    one.id,
  ]);
  return table(paint, columns, rows);
}

export const NAME_COMMANDS: readonly ActionCommand[] = [rename, tag, snapshots, removeSnapshots];
