import type { BestOfView, TournamentView } from '../../../model/contest-api.js';
import { exactText, msText, NOTHING, shortText, tritText } from './cells.js';
import type { Paint } from './paint.js';
import { table } from './table.js';

/** How contests are shown: who had which score, and what became of the world. */

type Entrant = BestOfView['tries'][number];

export function bestOfText(paint: Paint, view: BestOfView): string {
  const columns = [
    { title: 'TRY' },
    { title: 'SCORE', right: true },
    { title: 'TIME', right: true },
    { title: 'STATUS' },
  ];
  const rows = view.tries.map((one) => [one.name, scoreText(one), timeOf(one), statusText(paint, one)]);
  const end =
    view.winner === null
      ? `No try has a score, so nothing was kept: the push-down was voided and ${view.world} is as it was.\n`
      : `${paint.good(view.winner)} is the best: ${view.world} is now what it was.\n`;
  return `${table(paint, columns, rows)}\n${end}`;
}

export function tournamentText(paint: Paint, view: TournamentView): string {
  const { token } = view;
  const money = (amount: string): string => (token === null ? NOTHING : `${amount} ${token}`);
  const columns = [
    { title: 'AGENT' },
    { title: 'TRIT' },
    { title: 'SCORE', right: true },
    { title: 'STAKE', right: true },
    { title: 'PAYOUT', right: true },
    { title: 'TIME', right: true },
    { title: 'STATUS' },
  ];
  const rows = view.agents.map((one) => [
    one.name,
    tritText(one.trit),
    scoreText(one),
    money(one.stake),
    money(one.payout),
    timeOf(one),
    statusText(paint, one),
  ]);
  const said = view.judgeSaid.trim();
  const judge = said === '' ? '' : `${paint.heading('The judge')}\n${indented(said)}\n`;
  const end =
    view.winner === null
      ? `Every agent failed, so nobody was judged: the push-down was voided, nothing was staked, and ${view.world} is as it was.\n`
      : `${paint.good(view.winner)} won: ${view.world} is now what it made of it.\n`;
  return `${table(paint, columns, rows)}\n${judge}${end}`;
}

function scoreText({ score }: Entrant): string {
  return score === null ? NOTHING : exactText(score);
}

function timeOf({ runMs }: Entrant): string {
  return runMs === null ? NOTHING : msText(runMs);
}

function statusText(paint: Paint, { status, failure }: Entrant): string {
  switch (status) {
    case 'won':
      return paint.good('won');
    case 'lost':
      return paint.dim('lost');
    case 'failed':
      return paint.bad(
        failure ? `failed: ${shortText(`${failure.code}: ${failure.message}`, 70)}` : 'failed',
      );
  }
}

/** Lines of a guest's text, control characters made visible. */
function indented(text: string): string {
  const lines = text.split('\n').slice(0, 50);
  return lines.map((line) => `  ${line.replace(/\t/g, '    ').replace(/\p{Cc}/gu, '?')}\n`).join('');
}
