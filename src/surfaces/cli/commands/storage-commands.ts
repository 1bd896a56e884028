import type { DuView, GcView } from '../../../model/storage-api.js';
import { type ActionCommand, actionCommand, option } from '../action-command.js';
import type { Paint } from '../format/paint.js';
import { fields, table } from '../format/table.js';
import { parseWhole } from '../parse-options.js';
import { given } from './world-commands.js';

/** Commands about what is kept and what it takes. */

const gc = actionCommand({
  action: 'gc',
  options: [option('--dry-run', 'only tell what would go')],
  fields: { dryRun: '--dry-run' },
  progress: 'Collecting',
  examples: [
    ['wr gc', 'forget old states, free their pages'],
    ['wr gc --dry-run', 'what that would do'],
  ],
  input: (_, options: { dryRun?: boolean }) => given({ dryRun: options.dryRun }),
  show: (report, screen) => screen.out(gcText(screen.paint, report)),
});

const du = actionCommand({
  action: 'du',
  options: [option('--top <n>', 'worlds to list (default: 10)', parseWhole('--top'))],
  fields: { top: '--top' },
  progress: 'Measuring',
  examples: [
    ['wr du', 'disk space by kind, and the worlds with most states'],
    ['wr du --json', 'the same in bytes, for a program'],
  ],
  input: (_, options: { top?: number }) => given({ top: options.top }),
  show: (usage, screen) => screen.out(duText(screen.paint, usage)),
});

function gcText(paint: Paint, report: GcView): string {
  const { dryRun } = report;
  return fields(paint, [
    [
      dryRun ? 'would forget' : 'forgotten',
      `${report.statesForgotten} states, ${report.worldsForgotten} deleted worlds`,
    ],
    ['kept', `${report.statesKept} states`],
    [dryRun ? 'would write' : 'written', `${report.statesPersisted} states`],
    [dryRun ? 'would remove' : 'removed', `${report.manifestsRemoved} manifests`],
    ['freed', report.bytesFreed === null ? null : bytesText(report.bytesFreed)],
    ['time', `${report.timeMs.toFixed(0)} ms`],
  ]);
}

function duText(paint: Paint, usage: DuView): string {
  const kinds = Object.entries(usage.kinds).sort(([, a], [, b]) => b - a);
  const { pages } = usage;
  const sizes = fields(paint, [
    ...kinds.map(([kind, bytes]) => [kind, bytesText(bytes)] as const),
    ['together', bytesText(usage.bytes)],
    ['pages needed', pages && bytesText(pages.liveBytes)],
    ['garbage', pages && `${bytesText(pages.garbageBytes)}, and ${pages.garbageManifests} manifests`],
    ['states', `${usage.states.known}, ${usage.states.durable} of them durable`],
    ['live worlds', String(usage.worlds)],
  ]);
  const columns = [
    { title: 'WORLD' },
    { title: 'STATUS' },
    { title: 'STATES', right: true },
    { title: 'DURABLE', right: true },
  ];
  const rows = usage.top.map(({ name, status, states, durable }) => [
    name,
    status,
    String(states),
    String(durable),
  ]);
  return rows.length === 0 ? sizes : `${sizes}\n${table(paint, columns, rows)}`;
}

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'] as const;

/** Three digits with a decimal unit: `12.3 MB`. */
export function bytesText(bytes: number): string {
  let [value, unit] = [bytes, 0];
  while (value >= 1000 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 ? String(value) : value.toPrecision(3)} ${UNITS[unit]}`;
}

export const STORAGE_COMMANDS: readonly ActionCommand[] = [gc, du];
