import type { ExecuteInAllItem } from '../../../model/api.js';
import { NOTHING, numberText, shortText, tritText } from './cells.js';
import { csv } from './csv.js';
import { ensureNewline, executionNotes } from './execution-notes.js';
import type { Paint } from './paint.js';
import { table } from './table.js';

/** What the guests printed, under a heading for each, then one row per world. */
export function executionsText(paint: Paint, items: readonly ExecuteInAllItem[]): string {
  const printed = items.flatMap(({ world, execution }) =>
    execution && execution.stdout !== ''
      ? [`${paint.heading(`== ${world}`)}\n${ensureNewline(execution.stdout)}`]
      : [],
  );
  const reported = items.some((item) => reportOf(item) !== null);
  const columns = [
    { title: 'WORLD' },
    { title: 'VERSE' },
    { title: 'TRIT' },
    { title: 'RESULT' },
    { title: 'VALUE' },
    ...(reported ? [{ title: 'REPORT' }] : []),
    { title: 'TIME (ms)', right: true },
  ];
  const rows = items.map((item) => [
    item.world,
    item.verse,
    paint.trit(item.trit, tritText(item.trit)),
    resultText(paint, item),
    item.execution?.value ? shortText(item.execution.value) : NOTHING,
    ...(reported ? [reportText(reportOf(item))] : []),
    item.execution ? numberText(item.execution.timeMs) : NOTHING,
  ]);
  return [...printed, table(paint, columns, rows)].join(printed.length > 0 ? '\n' : '');
}

/** What a program reported last. */
function reportOf({ execution }: ExecuteInAllItem): Readonly<Record<string, string>> | null {
  return execution?.effects.findLast(({ kind }) => kind === 'report') ?? null;
}

function reportText(report: Readonly<Record<string, string>> | null): string {
  if (!report) return NOTHING;
  const said = ['cost', 'value'].filter((name) => report[name] !== undefined);
  return said.map((name) => `${name} ${shortText(report[name] ?? '')}`).join(', ') || NOTHING;
}

/** One line for each world, for programs and spreadsheets. */
export function executionsCsv(items: readonly ExecuteInAllItem[]): string {
  const columns = 'world,world_id,verse,trit,ok,value,cost,report_value,error,time_ms,stdout'.split(',');
  const rows = items.map((item) => {
    const { world, worldId, verse, trit, execution, failure } = item;
    const report = reportOf(item);
    return [
      ...[world, worldId, verse, trit, execution?.ok ?? false, execution?.value ?? null],
      ...[report?.['cost'] ?? null, report?.['value'] ?? null],
      failure?.code ?? execution?.error?.type ?? null,
      ...[execution?.timeMs ?? null, execution?.stdout ?? null],
    ];
  });
  return csv(columns, rows);
}

function resultText(paint: Paint, { execution, failure }: ExecuteInAllItem): string {
  if (failure) return paint.bad(failure.code);
  return execution?.ok ? paint.good('ok') : paint.bad(execution?.error?.type ?? 'raised');
}

/** What stderr says after execute-in-all: output, tracebacks and failures, each under its world's name. */
export function executionsNotes(items: readonly ExecuteInAllItem[]): string {
  return items
    .flatMap(({ world, execution, failure }) => {
      const notes = execution ? ensureNewline(execution.stderr) + executionNotes(execution) : '';
      const failed = failure ? `${failure.code}: ${failure.message}\n` : '';
      return notes + failed === '' ? [] : [`== ${world}\n${notes}${failed}`];
    })
    .join('');
}
