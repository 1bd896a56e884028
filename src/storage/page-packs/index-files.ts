import { closeSync, existsSync, fstatSync, openSync, readSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export const DATA_FILE = 'data.mdb';
const FILES = [DATA_FILE, 'lock.mdb'] as const;
/** There while an index is being opened. Left over, it tells that opening ended the process. */
const OPENING_FILE = 'opening';

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
  const { size } = fstatSync(file);
  const first = readMeta(file, 0);
  if (first === null) return 'its file is damaged';
  const second = readMeta(file, first.pageSize);
  if (second === null || second.pageSize !== first.pageSize) return 'its file is damaged';
  const lastPage = Math.max(first.lastPage, second.lastPage);
  return size < (lastPage + 1) * first.pageSize ? 'its file was cut off' : null;
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
