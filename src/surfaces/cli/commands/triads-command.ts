import type { TriadsView } from '../../../model/triads-api.js';
import { type ActionCommand, actionCommand } from '../action-command.js';
import { tritSymbol } from '../format/cells.js';
import type { Paint } from '../format/paint.js';
import { table } from '../format/table.js';

const triads = actionCommand({
  action: 'triads',
  fields: {},
  progress: 'Adding up',
  examples: [['wr triads', 'five, each with the sum of its trits']],
  input: () => ({}),
  show: (view, screen) => screen.out(triadsText(screen.paint, view)),
});

function triadsText(paint: Paint, { triads: all, catsharp }: TriadsView): string {
  const columns = [
    { title: 'TOPIC' },
    { title: 'VALIDATOR' },
    { title: 'COORDINATOR' },
    { title: 'GENERATOR' },
    { title: 'SUM MOD 3', right: true },
  ];
  const rows = all.map(({ topic, members, gf3Sum, balanced }) => [
    topic,
    ...members.map(({ name, trit }) => `${tritSymbol(trit)} ${name}`),
    balanced ? paint.good(String(gf3Sum)) : paint.bad(String(gf3Sum)),
  ]);
  const { trit, home, polyOp, kanRole, color } = catsharp;
  const place = `In Cat#: trit ${trit}, home ${home}, operation ${polyOp}, Kan role ${kanRole}, colour ${color}`;
  return `${table(paint, columns, rows)}\n${place}\n`;
}

export const TRIADS_COMMANDS: readonly ActionCommand[] = [triads];
