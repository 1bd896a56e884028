import {
  closeSync,
  existsSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

export const DATA_FILE = 'data.mdb';
const FILES = [DATA_FILE, 'lock.mdb'] as const;
/** There while an index is being opened. Left over, it tells that opening ended the process. */
const OPENING_FILE = 'opening';

/** How far the file reaches beyond its last page, as a hole: more than a transaction usually takes. */
const ROOM_BYTES = 1024 * 1024;

const META_BYTES = 168;
const MAGIC = 0xbeef_c0de;
/** Offsets in a root page, of which there are two, one a page behind the other. */
const MAGIC_AT = 24;
const PAGE_SIZE_AT = 48;
const LAST_PAGE_AT = 144;

/**
 * Why the files of an index must not be opened, or null. LMDB maps what it is given: a file that is too short, or not
 * one of its own, ends the process instead of throwing.
 */
export function indexDamage(directory: string): string | null {
  if (existsSync(join(directory, OPENING_FILE))) return 'opening it did not come to an end the last time';
  const path = join(directory, DATA_FILE);
  if (!existsSync(path)) return null;
  const file = openSync(path, 'r');
  try {
    return fileDamage(file);
  } finally {
    closeSync(file);
  }
}

function fileDamage(file: number): string | null {
  const end = endOfPages(file);
  if (end === null) return 'its file is damaged';
  return fstatSync(file).size < end ? 'its file was cut off' : null;
}

/**
 * Lets the file reach beyond its last page. LMDB does not write a page that one transaction both took and gave back, so the
 * file of a sound index may end before the last page that was taken. Before a transaction this makes room for it, and after
 * one it makes up for what that was not enough for: only a file that was cut off is too short, whenever the process ends.
 */
export function keepRoom(directory: string): void {
  const file = openSync(join(directory, DATA_FILE), 'r+');
  try {
    const end = endOfPages(file);
    if (end !== null && fstatSync(file).size < end + ROOM_BYTES / 2) ftruncateSync(file, end + ROOM_BYTES);
  } finally {
    closeSync(file);
  }
}

/** Where the last page that was ever taken ends; null when the root pages are not those of an index. */
function endOfPages(file: number): number | null {
  const first = readMeta(file, 0);
  const second = first && readMeta(file, first.pageSize);
  if (first === null || second === null || second.pageSize !== first.pageSize) return null;
  return (Math.max(first.lastPage, second.lastPage) + 1) * first.pageSize;
}

function readMeta(file: number, offset: number): { pageSize: number; lastPage: number } | null {
  const bytes = Buffer.alloc(META_BYTES);
  if (readSync(file, bytes, 0, META_BYTES, offset) < META_BYTES || bytes.readUInt32LE(MAGIC_AT) !== MAGIC)
    return null;
  const pageSize = bytes.readUInt32LE(PAGE_SIZE_AT);
  const lastPage = Number(bytes.readBigUInt64LE(LAST_PAGE_AT));
  return pageSize >= 512 && pageSize <= 65_536 ? { pageSize, lastPage } : null;
}

export function removeIndexFiles(directory: string): void {
  for (const name of [...FILES, OPENING_FILE])
    rmSync(join(directory, name), { force: true, recursive: true });
}

export function noteOpening(directory: string): void {
  writeFileSync(join(directory, OPENING_FILE), '', { mode: 0o600 });
}

export function noteOpened(directory: string): void {
  rmSync(join(directory, OPENING_FILE), { force: true });
}
