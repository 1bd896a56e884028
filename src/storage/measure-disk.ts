import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** Names in a data directory with the kind that they are shown as; any other is `other`. */
const KINDS: Readonly<Record<string, string>> = {
  journal: 'journal',
  checkpoints: 'checkpoints',
  packs: 'packs',
  states: 'manifests',
  index: 'index',
  'catalog.duckdb': 'catalog',
  'catalog.duckdb.wal': 'catalog',
  cache: 'cache',
  exports: 'exports',
  images: 'images',
};

/** Bytes by kind. Only looks at sizes: it opens no file, so that nobody's lock on one is dropped. */
export async function measureDisk(root: string): Promise<Record<string, number>> {
  const bytes: Record<string, number> = {};
  for (const name of await readdir(root)) {
    const kind = KINDS[name] ?? 'other';
    bytes[kind] = (bytes[kind] ?? 0) + (await bytesOf(join(root, name)));
  }
  const archived = await bytesOf(join(root, 'journal', 'archive'));
  if (archived > 0) {
    bytes['journal'] = (bytes['journal'] ?? 0) - archived;
    bytes['journal archive'] = archived;
  }
  return bytes;
}

/** 0 for what disappears while it is looked at: files are replaced and removed all the time. */
async function bytesOf(path: string): Promise<number> {
  try {
    const found = await stat(path);
    if (!found.isDirectory()) return found.size;
    let sum = 0;
    for (const name of await readdir(path)) sum += await bytesOf(join(path, name));
    return sum;
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return 0;
    throw thrown;
  }
}
