import type { DiffView, FileDifferenceView, VariableView } from '../../../model/diff-api.js';
import { numberText, shortText } from './cells.js';
import { displayWidth } from './display-width.js';
import { bytesText, printable } from './files.js';
import type { Paint } from './paint.js';

/** In what two states differ, as text. */

/** Longest text of a variable on a line. */
const REPR_CHARS = 160;
/** A beginning that two texts share is left out when it is longer than this; so much of it stays. */
const SHARED_CHARS_MAX = 60;
const SHARED_CHARS_KEPT = 20;
/** Widest bar of `--stat`. */
const BAR_WIDTH = 40;
/** Names in a note. */
const NAMED_MAX = 20;

export type DiffForm = 'full' | 'stat' | 'names';

export function diffText(paint: Paint, view: DiffView, form: DiffForm): string {
  if (form === 'names') return namesText(view);
  const { files, variables, pages, from, to } = view;
  const texts = [
    files && (form === 'stat' ? statText(paint, files) : filesText(paint, files)),
    variables && variablesText(paint, variables, form),
    pages && pagesText(pages),
  ];
  // Files alone are a patch, for `patch -p1` and `git apply`.
  if (variables === null && pages === null) return texts[0] ?? '';
  const name = ({ world, state }: typeof from): string => `${printable(world)}@${state}`;
  const heading = paint.heading(`From ${name(from)} to ${name(to)}\n`);
  return heading + texts.filter((text) => text !== null && text !== '').join('\n');
}

function namesText({ files, variables }: DiffView): string {
  const names = [
    ...(files?.differences ?? []).map(({ path }) => printable(path)),
    ...(variables?.differences ?? []).map(({ name }) => printable(name)),
  ];
  return names.map((name) => `${name}\n`).join('');
}

function filesText(paint: Paint, { differences, more }: NonNullable<DiffView['files']>): string {
  const texts = differences.map((one) => fileText(paint, one));
  return texts.join('') + (more ? 'More files differ than are shown here.\n' : '');
}

function fileText(paint: Paint, one: FileDifferenceView): string {
  const { path, before, after, content, hunks } = one;
  const [old, fresh] = [printable(`a${path}`), printable(`b${path}`)];
  const lines = [`diff ${old} ${fresh}`];
  if (before && after && before.kind !== after.kind) {
    lines.push(`${before.kind} became ${after.kind}`);
  } else if (before && after && before.mode !== after.mode) {
    lines.push(`old mode ${modeText(before.mode)}`, `new mode ${modeText(after.mode)}`);
  }
  if (before === null && after) lines.push(`new ${after.kind} mode ${modeText(after.mode)}`);
  if (after === null && before) lines.push(`deleted ${before.kind} mode ${modeText(before.mode)}`);
  for (const [mark, entry] of [['-', before] as const, ['+', after] as const]) {
    if (entry?.target !== undefined && before?.target !== after?.target) {
      lines.push(`${mark}-> ${printable(entry.target)}`);
    }
  }
  const sizes = [before, after].map((entry) => (entry ? bytesText(entry.sizeBytes) : 'nothing')).join(' to ');
  if (content === 'binary') lines.push(`Binary files ${old} and ${fresh} differ (${sizes})`);
  if (content === 'large') lines.push(`Files ${old} and ${fresh} differ, too large for lines (${sizes})`);
  const text = lines.map((line) => `${paint.heading(line)}\n`).join('');
  if (!hunks) return text;
  // As diff and git do: without the tab, patch takes a name for its first word.
  const end = path.includes(' ') ? '\t' : '';
  const names = [`--- ${before ? old + end : '/dev/null'}`, `+++ ${after ? fresh + end : '/dev/null'}`];
  return text + names.map((line) => `${paint.heading(line)}\n`).join('') + hunksText(paint, hunks);
}

function modeText(mode: number): string {
  return mode.toString(8).padStart(4, '0');
}

function hunksText(paint: Paint, hunks: string): string {
  // Programs get the lines as they are. On a terminal they could repaint it.
  if (paint.width === null) return hunks;
  const lines = hunks
    .slice(0, -1)
    .replace(/[^\P{Cc}\t\n]|[\u202a-\u202e\u2066-\u2069]/gu, '?')
    .split('\n');
  return lines.map((line) => `${painted(paint, line)}\n`).join('');
}

function painted(paint: Paint, line: string): string {
  switch (line[0]) {
    case '-':
      return paint.bad(line);
    case '+':
      return paint.good(line);
    case '@':
      return paint.dim(line);
    default:
      return line;
  }
}

function statText(paint: Paint, { differences, more }: NonNullable<DiffView['files']>): string {
  if (differences.length === 0) return '';
  const names = differences.map(({ path }) => printable(path));
  const width = names.reduce((most, name) => Math.max(most, displayWidth(name)), 0);
  const linesOf = (one: FileDifferenceView): number => (one.linesAdded ?? 0) + (one.linesRemoved ?? 0);
  const most = differences.reduce((max, one) => Math.max(max, linesOf(one)), BAR_WIDTH);
  const bar = (mark: string, lines: number): string => mark.repeat(Math.ceil((lines * BAR_WIDTH) / most));
  const rows = differences.map((one, i) => {
    const { linesAdded, linesRemoved, content, before, after, change } = one;
    const name = padded(names[i] ?? '', width);
    if (linesAdded === null || linesRemoved === null) {
      const sizes = [before, after].map((entry) => entry?.sizeBytes ?? 0).join(' -> ');
      const isSized = content === 'binary' || content === 'large';
      return ` ${name} | ${isSized ? `${content} ${sizes} bytes` : change}\n`;
    }
    const bars = paint.good(bar('+', linesAdded)) + paint.bad(bar('-', linesRemoved));
    return ` ${name} | ${`${linesAdded + linesRemoved} ${bars}`.trimEnd()}\n`;
  });
  const total = (lines: (one: FileDifferenceView) => number | null): number =>
    differences.reduce((sum, one) => sum + (lines(one) ?? 0), 0);
  const count = `${differences.length}${more ? ' or more' : ''} ${differences.length === 1 ? 'file differs' : 'files differ'}`;
  const added = total(({ linesAdded }) => linesAdded);
  const removed = total(({ linesRemoved }) => linesRemoved);
  return `${rows.join('')} ${count}, ${linesText(added)} added, ${linesText(removed)} removed\n`;
}

function variablesText(paint: Paint, variables: NonNullable<DiffView['variables']>, form: DiffForm): string {
  const { problem, differences, compared, unsure, askedNothing, omitted } = variables;
  if (problem !== null) return `Variables were not compared. ${printable(problem)}\n`;
  const count = (change: string): number => differences.filter((one) => one.change === change).length;
  const counts = `${count('changed')} changed, ${count('added')} added, ${count('removed')} removed`;
  const notes = [
    unsure.length > 0 ? `Equal as far as can be seen: ${listed(unsure)}` : null,
    askedNothing
      ? 'A repr of this world does not end or ends it: objects with their own were not asked.'
      : null,
    omitted > 0 ? `${omitted} more variables were not looked at.` : null,
  ];
  const tail = notes.map((note) => (note === null ? '' : `${paint.dim(note)}\n`)).join('');
  if (form === 'stat') return `Variables: ${counts}, of ${compared} in both\n${tail}`;
  if (differences.length === 0) return tail;
  const lines = differences.map(({ name, before, after }) => variableText(paint, name, before, after));
  return `${paint.heading('Variables')}\n${lines.join('')}${tail}`;
}

function variableText(
  paint: Paint,
  name: string,
  before: VariableView | null,
  after: VariableView | null,
): string {
  const line = (one: VariableView, from: number): string => {
    const text = (from > 0 ? '…' : '') + one.repr.slice(from) + (one.cut ? '…' : '');
    return `${printable(name)}: ${shortText(one.type)} = ${shortText(text, REPR_CHARS)}`;
  };
  if (before && after && before.type === after.type && before.repr === after.repr) {
    return `${paint.warn(`~ ${line(before, 0)}`)} ${paint.dim('(differs in what is not shown)')}\n`;
  }
  const shared = before && after ? sharedLength(before.repr, after.repr) : 0;
  const from = shared > SHARED_CHARS_MAX ? shared - SHARED_CHARS_KEPT : 0;
  return (
    (before ? `${paint.bad(`- ${line(before, from)}`)}\n` : '') +
    (after ? `${paint.good(`+ ${line(after, from)}`)}\n` : '')
  );
}

function sharedLength(a: string, b: string): number {
  let length = 0;
  while (length < a.length && a[length] === b[length]) length += 1;
  return length;
}

function padded(text: string, width: number): string {
  return text + ' '.repeat(width - displayWidth(text));
}

function linesText(count: number): string {
  return `${count} ${count === 1 ? 'line' : 'lines'}`;
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, NAMED_MAX).map(printable).join(', ');
  return names.length > NAMED_MAX ? `${shown} and ${names.length - NAMED_MAX} more` : shown;
}

function pagesText({ problem, differing, total, pageBytes }: NonNullable<DiffView['pages']>): string {
  if (problem !== null || differing === null || total === null) return `Memory: not compared. ${problem}\n`;
  if (differing === 0) return `Memory: the same, ${total} pages of ${pageBytes} bytes\n`;
  const share = (100 * differing) / total;
  const bytes = bytesText(differing * pageBytes);
  return `Memory: ${differing} of ${total} pages of ${pageBytes} bytes differ (${bytes}, ${numberText(share)} %)\n`;
}
