import type { VerifyView } from '../../../model/verify-api.js';
import { type ActionCommand, actionCommand, option, WORLD_ARGUMENT } from '../action-command.js';
import { NOTHING } from '../format/cells.js';
import type { Paint } from '../format/paint.js';
import { table } from '../format/table.js';
import { given } from './world-commands.js';

/** Enough of a root to compare two by eye. */
const ROOT_SHOWN = 16;

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

export const VERIFY_COMMANDS: readonly ActionCommand[] = [verify];

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
      one.root?.slice(0, ROOT_SHOWN) ?? NOTHING,
      paint.good(one.rootRecorded ? 'result, root' : 'result'),
    ]),
  ]);
  const count = `${executions} ${executions === 1 ? 'execution' : 'executions'}`;
  return `${table(paint, columns, rows)}\n${count} of world ${world} ran again in a fresh executor, with the same results.\n`;
}
