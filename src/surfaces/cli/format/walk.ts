import type { WalkView } from '../../../model/walk-api.js';
import { NOTHING, rootText, shortText } from './cells.js';
import type { Paint } from './paint.js';
import { type Column, table } from './table.js';

const COLUMNS: readonly Column[] = [
  { title: 'STEP', right: true },
  { title: 'SEED' },
  { title: 'COLOUR' },
  { title: 'TRITS' },
  { title: 'SUM', right: true },
  { title: 'RESULT' },
  { title: 'WALK ROOT' },
  { title: 'STATE ROOT' },
];

/** The turns of a walk as a table, each colour as a patch of itself on a terminal, and where the walk stands. */
export function walkText(paint: Paint, view: WalkView): string {
  const rows = view.turns.map((turn) => [
    String(turn.step),
    turn.seed,
    turn.colour === null ? NOTHING : paint.swatch(turn.colour),
    turn.trits.map((trit) => paint.trit(trit, trit > 0 ? '+1' : String(trit))).join(' ') || NOTHING,
    String(turn.gf3Sum),
    turn.reason === null ? paint.good('accepted') : paint.bad(shortText(turn.reason, 90)),
    rootText(turn.walkRoot),
    rootText(turn.stateRoot),
  ]);
  return `${table(paint, COLUMNS, rows)}\n${summary(paint, view)}`;
}

function summary(
  paint: Paint,
  { world, genesis, wanted, accepted, complete, length, walkRoot }: WalkView,
): string {
  const walked = `World ${world} stands at step ${length} of its walk (genesis ${genesis}), walk root ${rootText(walkRoot)}\n`;
  if (complete) return walked;
  return `${paint.bad(`Only ${accepted} of ${wanted} steps: the proposals for the next one were all rejected.`)}\n${walked}`;
}
