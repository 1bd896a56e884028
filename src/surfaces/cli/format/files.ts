import type { FileView } from '../../../model/file-api.js';
import { timeText } from './cells.js';
import type { Paint } from './paint.js';
import { table } from './table.js';

const KIND_LETTERS = { file: '-', directory: 'd', symlink: 'l', device: 'c' } as const;
const BIT_LETTERS = 'rwxrwxrwx';

/** Entries by their names under `root`, a line each. */
export function filesText(
  paint: Paint,
  list: { readonly root: string; readonly entries: readonly FileView[]; readonly long: boolean },
): string {
  const { root, entries, long } = list;
  const nameOf = (entry: FileView): string => {
    const prefix = root === '/' ? '/' : `${root}/`;
    const name = entry.path.startsWith(prefix) ? entry.path.slice(prefix.length) : entry.path;
    const mark = entry.kind === 'directory' ? '/' : '';
    return printable(name) + mark;
  };
  if (!long) return entries.map((entry) => `${nameOf(entry)}\n`).join('');
  const columns = [
    { title: 'MODE' },
    { title: 'BYTES', right: true },
    { title: 'CHANGED (UTC)' },
    { title: 'NAME' },
  ];
  return table(
    paint,
    columns,
    entries.map((entry) => [
      modeText(entry),
      String(entry.sizeBytes),
      timeText(new Date(entry.mtimeMs).toISOString()),
      nameOf(entry) + (entry.target === undefined ? '' : ` -> ${printable(entry.target)}`),
    ]),
  );
}

function modeText({ kind, mode }: FileView): string {
  const bits = [...BIT_LETTERS].map((letter, i) => ((mode >> (8 - i)) & 1 ? letter : '-'));
  return KIND_LETTERS[kind] + bits.join('');
}

/** A name from a guest, so that it cannot move the cursor or begin a line: as JSON if it has to be. */
export function printable(name: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: those are what it is about
  return /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/.test(name)
    ? JSON.stringify(name).replace(
        /[\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g,
        (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
      )
    : name;
}

/** `1.5 MB`, in powers of ten. */
export function bytesText(bytes: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}
