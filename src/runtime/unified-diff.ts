import { type DiffBudget, diffLines, type LineChange, lineNumbering } from './line-diff.js';

/** Two texts as a unified diff: the hunks alone, without the two lines that name the files. */
export interface UnifiedDiff {
  /** Empty when the texts are equal. */
  readonly hunks: string;
  readonly linesAdded: number;
  readonly linesRemoved: number;
}

/** What a last line without an end is followed by, as `patch` and `git apply` read it. */
const NO_NEWLINE = '\\ No newline at end of file\n';
/** Bytes in which a NUL makes a file binary, as git has it. */
const BINARY_HEAD_BYTES = 8000;

/** A file's text, or null when it is binary: it has a NUL near its beginning, or is not UTF-8. */
export function textOf(bytes: Uint8Array): string | null {
  if (bytes.subarray(0, BINARY_HEAD_BYTES).includes(0)) return null;
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}

/** @param context unchanged lines around each change */
export function unifiedDiff(
  before: string,
  after: string,
  { context, budget }: { readonly context: number; readonly budget: DiffBudget },
): UnifiedDiff {
  const [old, fresh] = [linesOf(before), linesOf(after)];
  const number = lineNumbering();
  const changes = diffLines(number(old), number(fresh), budget);
  const count = (size: (change: LineChange) => number): number =>
    changes.reduce((sum, change) => sum + size(change), 0);
  return {
    hunks: grouped(changes, context)
      .map((group) => hunk(old, fresh, group, context))
      .join(''),
    linesAdded: count(({ afterStart, afterEnd }) => afterEnd - afterStart),
    linesRemoved: count(({ beforeStart, beforeEnd }) => beforeEnd - beforeStart),
  };
}

/** Lines with their ends; only the last one may have none. A carriage return belongs to its line. */
export function linesOf(text: string): string[] {
  const lines: string[] = [];
  for (let at = 0; at < text.length; ) {
    const end = text.indexOf('\n', at);
    const next = end < 0 ? text.length : end + 1;
    lines.push(text.slice(at, next));
    at = next;
  }
  return lines;
}

/** Changes whose surroundings touch share a hunk. */
function grouped(changes: readonly LineChange[], context: number): LineChange[][] {
  const groups: LineChange[][] = [];
  for (const change of changes) {
    const last = groups.at(-1)?.at(-1);
    if (last && change.beforeStart - last.beforeEnd <= 2 * context) groups.at(-1)?.push(change);
    else groups.push([change]);
  }
  return groups;
}

function hunk(
  old: readonly string[],
  fresh: readonly string[],
  changes: readonly LineChange[],
  context: number,
): string {
  const [first, last] = [changes[0], changes.at(-1)];
  if (!first || !last) return '';
  const lead = Math.min(context, first.beforeStart);
  const trail = Math.min(context, old.length - last.beforeEnd);
  const from = { start: first.beforeStart - lead, end: last.beforeEnd + trail };
  const to = { start: first.afterStart - lead, end: last.afterEnd + trail };
  const parts = [`@@ -${rangeText(from)} +${rangeText(to)} @@\n`];
  const put = (mark: string, lines: readonly string[]): void => {
    for (const line of lines) parts.push(mark, line, line.endsWith('\n') ? '' : `\n${NO_NEWLINE}`);
  };
  let at = from.start;
  for (const { beforeStart, beforeEnd, afterStart, afterEnd } of changes) {
    put(' ', old.slice(at, beforeStart));
    put('-', old.slice(beforeStart, beforeEnd));
    put('+', fresh.slice(afterStart, afterEnd));
    at = beforeEnd;
  }
  put(' ', old.slice(at, from.end));
  return parts.join('');
}

/** Lines count from 1; an empty range names the line before it. */
function rangeText({ start, end }: { readonly start: number; readonly end: number }): string {
  const length = end - start;
  if (length === 1) return String(start + 1);
  return `${length === 0 ? start : start + 1},${length}`;
}
