import type { BisectView } from '../../../model/bisect-api.js';
import { WorldError } from '../../../model/world-error.js';
import { type ActionCommand, actionCommand, option, WORLD_ARGUMENT } from '../action-command.js';
import { NOTHING, shortText } from '../format/cells.js';
import type { Paint } from '../format/paint.js';
import { fields, table } from '../format/table.js';
import { parseDuration } from '../parse-options.js';
import { readCode } from '../read-code.js';
import { given } from './world-commands.js';

interface BisectOptions {
  check?: string;
  code?: string;
  good?: string;
  bad?: string;
  timeout?: number;
}

const bisect = actionCommand({
  action: 'bisect',
  arguments: [WORLD_ARGUMENT],
  options: [
    option(
      '--check <path>',
      'Python file: a state is bad when it raises or ends in something false; - is stdin',
    ),
    option('--code <code>', 'the same, with the code itself'),
    option('--good <state>', 'where the check passes: number, state or snapshot (default: 0, the oldest)'),
    option('--bad <state>', 'where it fails (default: the head)'),
    option('--timeout <time>', "bound of one check (default: the world's limit)", parseDuration),
  ],
  fields: {
    world: 'world',
    check: '--check',
    good: '--good',
    bad: '--bad',
    timeoutMs: '--timeout',
  },
  progress: 'Bisecting',
  examples: [
    ["wr bisect market --code 'sum(stock.values()) == 100'", 'which execution broke the sum?'],
    ['wr bisect market --check invariant.py', 'a check from a file'],
    ['wr bisect market --check invariant.py --good 3 --bad 40', 'between two states of its history'],
  ],
  async input([world], options: BisectOptions) {
    return {
      check: await checkOf(options),
      ...given({ world, good: options.good, bad: options.bad, timeoutMs: options.timeout }),
    };
  },
  show: (view, screen) => screen.out(bisectText(screen.paint, view)),
  exitCode: ({ culprit }) => (culprit === null ? 1 : 0),
});

export const BISECT_COMMANDS: readonly ActionCommand[] = [bisect];

async function checkOf({ check, code }: BisectOptions): Promise<string> {
  if ((check === undefined) === (code === undefined)) {
    throw new WorldError('BAD_INPUT', 'Give one check: --check FILE, or --code CODE.');
  }
  return code ?? (await readCode(check ?? '-'));
}

function bisectText(paint: Paint, view: BisectView): string {
  const rows = view.steps.map(({ number, verdict, note, state }) => [
    String(number),
    verdict === 'good' ? paint.good(verdict) : verdict === 'bad' ? paint.bad(verdict) : paint.dim(verdict),
    note === null ? NOTHING : shortText(note),
    state,
  ]);
  const columns = [
    { title: 'NUMBER', right: true },
    { title: 'VERDICT' },
    { title: 'WHY' },
    { title: 'STATE' },
  ];
  return `${table(paint, columns, rows)}\n${culpritText(paint, view)}`;
}

function culpritText(paint: Paint, view: BisectView): string {
  const { culprit } = view;
  if (culprit === null) {
    return (
      `The culprit is one of ${view.suspects} executions, after state ${view.good.number} and up to state ` +
      `${view.bad.number}: the states between cannot be restored any more.\n`
    );
  }
  const heading = `Execution ${culprit.number} of world ${view.world} made it bad.\n`;
  const printed = [culprit.stdout, culprit.stderr].filter((text) => text).join('');
  return (
    paint.heading(heading) +
    fields(paint, [
      [culprit.kind, culprit.executionId ?? 'files were put into the world from outside'],
      ['ran in', culprit.worldId === view.worldId ? null : culprit.world],
      ['result', culprit.error ?? culprit.value],
      ['state', culprit.state],
      ['last good', culprit.before],
    ]) +
    (culprit.code === null ? '' : `\n${indented(culprit.code)}`) +
    (printed === '' ? '' : `\n${paint.heading('It printed')}\n${indented(printed)}`) +
    `\nGo back to before it: wr rewind ${view.world} --to ${culprit.before}\n`
  );
}

/** Lines of a guest's text, control characters made visible. */
function indented(text: string): string {
  const lines = text.trimEnd().split('\n');
  return lines.map((line) => `    ${line.replace(/\t/g, '    ').replace(/\p{Cc}/gu, '?')}\n`).join('');
}
