import { basename, join } from 'node:path';

/** Name of the journal's first segment in its directory. */
export const JOURNAL_FILE_NAME = '000001.wrj';

const SEGMENT_NAME = /^(\d{6,9})\.wrj$/;

/** Path of a segment. Numbers are 1, 2, 3, ... */
export function segmentPath(directory: string, number: number): string {
  return join(directory, segmentName(number));
}

export function segmentName(number: number): string {
  return `${String(number).padStart(6, '0')}.wrj`;
}

/** The number in a name or path of a segment; null when it is none. */
export function segmentNumber(path: string): number | null {
  const name = basename(path);
  const number = Number(SEGMENT_NAME.exec(name)?.[1] ?? 0);
  return number > 0 && segmentName(number) === name ? number : null;
}
