import type { Trit } from '../../../model/trit.js';
import { exactOrReason, msText, NOTHING, tritSymbol } from '../format/cells.js';
import { type Paint, paintFor } from '../format/paint.js';
import { fields, table } from '../format/table.js';
import type { DemoBalances, DemoReport } from './demo-report.js';

/** What the demo says before it begins. */
export function demoHeading(dataDir: string, colour: boolean): string {
  return `${paintFor(colour).heading('Braess: one world, three verses, one winner')}\ndata in ${dataDir}\n`;
}

/** The story of a finished demo, as text for people. */
export function demoText(report: DemoReport, colour: boolean): string {
  const paint = paintFor(colour);
  const { world, parentNow } = report;
  const now = `>>> ${parentNow.code}\n${parentNow.value ?? NOTHING}\n`;
  return [
    treeOf(report, paint),
    section(paint, `${world.name} now is its winning verse`, now),
    section(paint, 'Results', resultsOf(report, paint)),
    section(paint, 'World extractable value', measuresOf(report, paint)),
    section(paint, 'Balances of its account, in base units', balancesOf(report, paint)),
    section(paint, 'Measured here, beside the target', timingsOf(report, paint)),
    section(paint, 'Rows now in DuckDB', rowCountsOf(report, paint)),
    section(paint, 'Go on', nextSteps(report)),
  ].join('\n');
}

export function section(paint: Paint, title: string, body: string): string {
  const indented = body
    .trimEnd()
    .split('\n')
    .map((line) => `  ${line}\n`);
  return `${paint.heading(title)}\n${indented.join('')}`;
}

function treeOf({ world, verses, winner, gf3Sum }: DemoReport, paint: Paint): string {
  const width = Math.max(...verses.map(({ name }) => name.length));
  const lines = verses.map(({ name, trit, probability, status, cost }, index) => {
    const edge = index === verses.length - 1 ? '└─' : '├─';
    const ended = (name === winner ? 'won' : status).padEnd(9);
    const shown = name === winner ? paint.good(ended) : paint.dim(ended);
    const symbol = paint.trit(trit, tritSymbol(trit));
    return `${edge} ${symbol} ${name.padEnd(width)}  p ${probability.padEnd(4)}  ${shown}  cost ${cost ?? NOTHING}\n`;
  });
  const trits = verses.map(({ trit }) => signed(trit)).join(' ');
  return `${paint.heading(world.name)}  (trits ${trits}: sum ${gf3Sum} mod 3)\n${lines.join('')}`;
}

export function signed(trit: Trit): string {
  return trit > 0 ? `+${trit}` : String(trit);
}

function resultsOf({ verses }: DemoReport, paint: Paint): string {
  const columns = [
    { title: 'verse' },
    { title: 'trit', right: true },
    { title: 'probability', right: true },
    { title: 'cost' },
    { title: 'run', right: true },
    { title: 'reply', right: true },
    { title: 'said last' },
  ];
  const rows = verses.map(({ name, trit, probability, cost, runMs, timeMs, said }) => {
    return [name, signed(trit), probability, exactOrReason(cost, null), msText(runMs), msText(timeMs), said];
  });
  return table(paint, columns, rows);
}

export function measuresOf(
  { wev }: Pick<DemoReport, 'wev'>,
  paint: Paint,
  more: readonly (readonly [string, string])[] = [],
): string {
  const line = (value: string | null, meaning: string): string =>
    `${exactOrReason(value, wev.wevReason).padEnd(20)}  ${meaning}`;
  return fields(paint, [
    ['wev', line(wev.wev, 'price of anarchy - 1')],
    ['price of anarchy', line(wev.poa, 'cost of nash / cost of optimal')],
    ['value', line(wev.wevValue, 'cost of nash - cost of optimal')],
    ['expected', line(wev.wevExpected, 'expected cost before the oracle spoke - cost of optimal')],
    ['regret', line(wev.regret, 'what each loser costs more than the winner, summed')],
    ['extractable', line(wev.pctExtractable, '1 - optimal / nash')],
    ...more,
  ]);
}

function balancesOf({ balances, world, winner }: DemoReport, paint: Paint): string {
  return fields(paint, [
    ['before', balanceText(balances.before)],
    ['pushed down', `${balanceText(balances.split)} (each verse has all of it: only one will be real)`],
    ['pulled up', `${balanceText(balances.after)} (what ${world.name} had in ${winner})`],
  ]);
}

function balanceText(balances: DemoBalances): string {
  const parts = Object.entries(balances).flatMap(([verse, tokens]) =>
    Object.entries(tokens).map(([token, amount]) => `${verse} ${amount} ${token}`),
  );
  return parts.join(', ') || 'none';
}

function timingsOf(report: DemoReport, paint: Paint): string {
  const rows = report.timings.map(({ what, n, slowestMs, targetMs }) => {
    const verdict = slowestMs <= targetMs ? 'met' : 'missed';
    const many = n > 1 ? `, slowest of ${n}` : '';
    return [what, `${msText(slowestMs)} (target ${targetMs} ms: ${verdict}${many})`] as const;
  });
  return fields(paint, [
    ...rows,
    ['pull-up', msText(report.pullUpTimeMs)],
    ['first create', `${msText(report.firstCreateMs)} (the engine started, once a process)`],
    ['whole demo', msText(report.totalMs)],
  ]);
}

function rowCountsOf({ rows }: DemoReport, paint: Paint): string {
  return fields(
    paint,
    Object.entries(rows).map(([name, count]) => [name, String(count)] as const),
  );
}

function nextSteps({ dataDir, world, snapshot }: DemoReport): string {
  const sql = 'SELECT winning_verse, oracle_source, wev_extracted FROM verse_resolutions';
  return [
    `export WORLD_DATA_DIR=${shellWord(dataDir)}`,
    `wr query "${sql}"`,
    `wr exec ${world.name} "describe(flow)"`,
    `wr create --snapshot ${snapshot.name} --name again   # the world as it was before`,
    'wr push-down again',
  ].join('\n');
}

function shellWord(text: string): string {
  return /^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
