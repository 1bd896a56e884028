import { cellText } from './cells.js';
import { displayWidth } from './display-width.js';
import type { Paint } from './paint.js';

export interface Column {
  readonly title: string;
  /** Numbers read best right-aligned. */
  readonly right?: boolean;
}

const GAP = '  ';

/** Columns of text under headings, without lines, so that it can be read, cut and pasted. Ends with a newline. */
export function table(
  paint: Paint,
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
): string {
  const head = columns.map(({ title }) => paint.heading(title));
  const widths = head.map(displayWidth);
  for (const row of rows) {
    for (const [index, cell] of row.entries()) {
      widths[index] = Math.max(widths[index] ?? 0, displayWidth(cell));
    }
  }
  if (paint.width !== null) shrink(widths, columns, paint.width);
  const line = (row: readonly string[]): string => {
    const cells = row.map((whole, index) => {
      const cell = fitted(whole, widths[index] ?? 0);
      const padding = ' '.repeat((widths[index] ?? 0) - displayWidth(cell));
      return columns[index]?.right ? padding + cell : cell + padding;
    });
    return `${cells.join(GAP).trimEnd()}\n`;
  };
  return [head, ...rows].map(line).join('');
}

/** Narrower columns are no use any more; then the terminal has to wrap. */
const WIDTH_MIN = 8;

/** Takes from the widest columns until the line fits. Numbers keep their digits, and the first column, a name, its letters. */
function shrink(widths: number[], columns: readonly Column[], available: number): void {
  const gaps = GAP.length * (widths.length - 1);
  let excess = widths.reduce((sum, width) => sum + width, gaps) - available;
  while (excess > 0) {
    let widest = -1;
    for (const [index, width] of widths.entries()) {
      if (index === 0 || columns[index]?.right || width <= WIDTH_MIN) continue;
      if (widest < 0 || width > (widths[widest] ?? 0)) widest = index;
    }
    if (widest < 0) return;
    widths[widest] = (widths[widest] ?? 0) - 1;
    excess -= 1;
  }
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: styles begin with the escape character
const STYLE = /^\u001b\[\d+m/;

/** A cell cut to `width` columns, with an ellipsis when something is missing. Its colours go on being balanced. */
function fitted(cell: string, width: number): string {
  if (displayWidth(cell) <= width) return cell;
  let text = '';
  let used = 0;
  let cut = false;
  for (let rest = cell; rest !== ''; ) {
    const style = STYLE.exec(rest)?.[0];
    const character = style ?? String.fromCodePoint(rest.codePointAt(0) ?? 0);
    rest = rest.slice(character.length);
    if (style) {
      text += style;
      continue;
    }
    const columnsTaken = displayWidth(character);
    if (cut) continue;
    if (used + columnsTaken > width - 1) {
      text += '…';
      cut = true;
    } else {
      text += character;
      used += columnsTaken;
    }
  }
  return text;
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
