import type { ReplayView, VerifyView } from '../../../model/history-api.js';
import { type ActionCommand, actionCommand, option, WORLD_ARGUMENT } from '../action-command.js';
import { rootText } from '../format/cells.js';
import type { Paint } from '../format/paint.js';
import { table } from '../format/table.js';
import { given } from './world-commands.js';

const verify = actionCommand({
  action: 'verify',
  arguments: [WORLD_ARGUMENT],
  options: [
    option('--from <state>', 'a state or snapshot of its history (default: the oldest that is known)'),
  ],
  fields: { world: 'world', from: '--from' },
  progress: 'Verifying',
  examples: [
    ['wr verify market', 'is the whole history what the journal says?'],
    ['wr verify market --from pre-event', 'from a snapshot on'],
    ['wr verify market --json', 'with whole roots'],
  ],
  input: ([world], { from }: { from?: string }) => given({ world, from }),
  show: (view, screen) => screen.out(verifyText(screen.paint, view)),
});

const replay = actionCommand({
  action: 'replay',
  arguments: [WORLD_ARGUMENT],
  options: [
    option(
      '--to <moment>',
      'number of an execution since its beginning (0: before the first), or a state, execution or snapshot of its history',
    ).makeOptionMandatory(),
    option('--name <name>', 'name of the new world (default: WORLD-at-NUMBER)'),
  ],
  fields: { world: 'world', to: '--to', name: '--name' },
  progress: 'Replaying',
  examples: [
    ['wr replay market --to 3', 'a world as market was after its third execution'],
    ['wr replay market --to 0', 'as it was before the first'],
    ['wr replay market --to exe_01J9Z --name before-the-bug', 'after an execution, by id'],
  ],
  input: ([world], { to, name }: { to: string; name?: string }) => ({ to, ...given({ world, name }) }),
  show: (view, screen) => screen.out(replayText(view)),
});

export const HISTORY_COMMANDS: readonly ActionCommand[] = [verify, replay];

function replayText({ world, source, number, executionId, ranAgain }: ReplayView): string {
  const moment = number === 0 ? 'before its first execution' : `after execution ${number}`;
  const which = executionId === null ? '' : ` (${executionId})`;
  const again =
    ranAgain === 0
      ? 'Its state was kept; nothing had to run again.'
      : `${ranAgain} ${ranAgain === 1 ? 'execution' : 'executions'} ran again for it, with the same results.`;
  return `World ${world.name} stands where ${source} was ${moment}${which}. ${again}\n`;
}

const STARTS: Readonly<Record<VerifyView['stretches'][number]['startedFrom'], string>> = {
  boot: 'the base image',
  files: 'the state into which files were put from outside',
  durable: 'a durable state',
};

function verifyText(paint: Paint, { world, executions, stretches }: VerifyView): string {
  const columns = [
    { title: 'NUMBER', right: true },
    { title: 'EXECUTION' },
    { title: 'IN' },
    { title: 'STATE' },
    { title: 'ROOT' },
    { title: 'SAME' },
  ];
  const rows = stretches.flatMap((stretch) => [
    ['', paint.dim(`from ${STARTS[stretch.startedFrom]}`), '', stretch.start, '', ''],
    ...stretch.executions.map((one) => [
      String(one.number),
      one.executionId,
      one.world,
      one.state,
      rootText(one.root),
      paint.good(one.rootRecorded ? 'result, root' : 'result'),
    ]),
  ]);
  const count = `${executions} ${executions === 1 ? 'execution' : 'executions'}`;
  return `${table(paint, columns, rows)}\n${count} of world ${world} ran again in a fresh executor, with the same results.\n`;
}
