import Table from 'cli-table3';
import { cellText } from './cells.js';
import type { Paint } from './paint.js';

export interface Column {
  readonly title: string;
  /** Numbers read best right-aligned. */
  readonly right?: boolean;
}

const NO_LINES = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '  ',
} as const;

/** Columns of text under headings, without lines, so that it can be read, cut and pasted. Ends with a newline. */
export function table(
  paint: Paint,
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
): string {
  const drawn = new Table({
    chars: NO_LINES,
    style: { 'padding-left': 0, 'padding-right': 0, head: [], border: [], compact: true },
    head: columns.map(({ title }) => paint.heading(title)),
    colAligns: columns.map(({ right }) => (right ? 'right' : 'left')),
  });
  for (const row of rows) drawn.push([...row]);
  return `${trimLines(drawn.toString())}\n`;
}

/** One line per field: `name   value`. */
export function fields(
  paint: Paint,
  entries: readonly (readonly [name: string, value: string | null])[],
): string {
  const shown = entries.flatMap(([name, value]) => (value === null ? [] : [[name, value] as const]));
  const width = Math.max(...shown.map(([name]) => name.length));
  return shown.map(([name, value]) => `${paint.heading(name.padEnd(width))}  ${value}\n`).join('');
}

/**
 * Rows of the catalog with its own column names. Columns that are empty in every row are left out, as are those
 * named in `hide`; `--json` has them all.
 */
export function rowsTable(
  paint: Paint,
  rows: readonly Readonly<Record<string, unknown>>[],
  hide: readonly string[] = [],
): string {
  const [first] = rows;
  if (!first) return 'no rows\n';
  const names = Object.keys(first).filter(
    (name) => !hide.includes(name) && rows.some((row) => !isEmpty(row[name])),
  );
  const columns = names.map((title) => ({
    title,
    right: rows.some((row) => typeof row[title] === 'number'),
  }));
  return table(
    paint,
    columns,
    rows.map((row) => names.map((name) => cellText(name, row[name]))),
  );
}

function isEmpty(value: unknown): boolean {
  return (
    value === null || value === undefined || value === '' || (Array.isArray(value) && value.length === 0)
  );
}

function trimLines(text: string): string {
  return text
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}
