import type { PageHash } from '../../ports/page-store.js';
import type { FileOps } from '../file-ops.js';
import { loadPack } from './load-pack.js';
import type { ManifestFiles } from './manifest-files.js';
import { readPages } from './page-reader.js';
import type { DamagedPage } from './read-entries.js';
import type { StoredPacks } from './stored-packs.js';

/** Pages read at once: 4 MiB. */
const BATCH_PAGES = 1024;

export interface PageExamination {
  readonly packs: number;
  readonly pages: number;
  readonly manifests: number;
  readonly damagedPages: readonly DamagedPage[];
  /** Manifests that cannot be read, or need a page that cannot. */
  readonly damagedManifests: readonly { readonly key: string; readonly reason: string }[];
  /** Packs of which the header or the index is damaged; their pages may be fine. */
  readonly notes: readonly string[];
}

export interface ExamineOptions {
  readonly fileOps: FileOps;
  readonly packs: StoredPacks;
  readonly manifests: ManifestFiles;
  readonly signal: AbortSignal | undefined;
}

/** Reads every page and every manifest there is, and says which of them cannot be read. */
export async function examinePages(options: ExamineOptions): Promise<PageExamination> {
  const { fileOps, packs, manifests, signal } = options;
  const damaged = new Map<PageHash, DamagedPage>();
  const notes: string[] = [];
  let pages = 0;
  const rows = [...packs.rows];
  for (const row of rows) {
    signal?.throwIfAborted();
    const loaded = await loadPack(fileOps, packs.path(row.name)).catch(() => null);
    // It may have been rewritten since; then its pages come again with another pack.
    if (loaded === null) continue;
    notes.push(...loaded.damage);
    const own = loaded.pages
      .map(({ hash }) => hash)
      .filter((hash) => packs.find(hash)?.place.pack === row.number);
    pages += own.length;
    for (let start = 0; start < own.length; start += BATCH_PAGES) {
      signal?.throwIfAborted();
      const read = await readPages(fileOps, packs, own.slice(start, start + BATCH_PAGES));
      for (const page of read.damaged) damaged.set(page.hash, page);
    }
  }
  const keys = await manifests.keys();
  const damagedManifests: { key: string; reason: string }[] = [];
  for (const key of keys) {
    signal?.throwIfAborted();
    const reason = await manifestDamage(options, key, damaged);
    if (reason !== null) damagedManifests.push({ key, reason });
  }
  return {
    packs: rows.length,
    pages,
    manifests: keys.length,
    damagedPages: [...damaged.values()],
    damagedManifests,
    notes,
  };
}

async function manifestDamage(
  { packs, manifests }: ExamineOptions,
  key: string,
  damaged: ReadonlyMap<PageHash, DamagedPage>,
): Promise<string | null> {
  try {
    const { references } = await manifests.read(key);
    const lost = (references ?? []).filter((hash) => damaged.has(hash) || packs.depth(hash) === null);
    return lost.length === 0 ? null : `${lost.length} of its pages cannot be read, ${lost[0]} first`;
  } catch (thrown) {
    return thrown instanceof Error ? thrown.message : String(thrown);
  }
}
