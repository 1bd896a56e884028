import type { PageHash } from '../../ports/page-store.js';
import { errnoOf, type FileOps, type OpenFile, readFully, storageFailed } from '../file-ops.js';
import { entryDamage } from './page-codec.js';

/** Packs open at the same time. */
const OPEN_PACKS_MAX = 4;
/** Entries this close to each other are read in one go, bytes between them. */
const GAP_BYTES_MAX = 16 * 1024;
const RUN_BYTES_MAX = 4 * 1024 * 1024;

/** A page to read and where it is. */
export interface Wanted {
  readonly hash: PageHash;
  /** Path of the pack. */
  readonly pack: string;
  readonly offset: number;
  readonly entryBytes: number;
}

/** A page that cannot be read, and why. `pack` is null when no pack has it. */
export interface DamagedPage {
  readonly hash: PageHash;
  readonly pack: string | null;
  readonly reason: string;
  /** The pack itself was not there: it may have been rewritten since its name was looked up. */
  readonly isPackGone?: boolean;
}

/**
 * Reads entries into `found`, pack by pack and in file order. Each is checked against its checksum; those
 * that fail are returned and do not keep the others from being read.
 *
 * @throws STORAGE_FAILED when the file system reports an error other than that a pack is gone.
 */
export async function readEntries(
  fileOps: FileOps,
  wanted: readonly Wanted[],
  found: Map<PageHash, Buffer>,
): Promise<DamagedPage[]> {
  const groups = [...byPack(wanted)];
  const damaged: DamagedPage[] = [];
  const work = async (): Promise<void> => {
    for (let group = groups.pop(); group; group = groups.pop()) {
      damaged.push(...(await readPack(fileOps, group[0], group[1], found)));
    }
  };
  await Promise.all(Array.from({ length: OPEN_PACKS_MAX }, work));
  return damaged;
}

function byPack(wanted: readonly Wanted[]): Map<string, Wanted[]> {
  const groups = new Map<string, Wanted[]>();
  for (const page of wanted) {
    const group = groups.get(page.pack);
    if (group) group.push(page);
    else groups.set(page.pack, [page]);
  }
  return groups;
}

async function readPack(
  fileOps: FileOps,
  path: string,
  pages: readonly Wanted[],
  found: Map<PageHash, Buffer>,
): Promise<DamagedPage[]> {
  let file: OpenFile;
  try {
    file = await fileOps.open(path, 'read');
  } catch (thrown) {
    if (errnoOf(thrown) !== 'ENOENT') throw storageFailed(thrown, `Cannot open the pack ${path}`);
    return pages.map(({ hash }) => ({ hash, pack: path, reason: 'the pack is gone', isPackGone: true }));
  }
  try {
    const damaged: DamagedPage[] = [];
    for (const run of runsOf(pages)) damaged.push(...(await readRun(file, run, found)));
    return damaged;
  } catch (thrown) {
    throw storageFailed(thrown, `Cannot read the pack ${path}`);
  } finally {
    await file.close();
  }
}

/** Pages in file order, cut into stretches that are read in one go. */
function runsOf(pages: readonly Wanted[]): Wanted[][] {
  const runs: Wanted[][] = [];
  let run: Wanted[] = [];
  let start = 0;
  let end = 0;
  for (const page of [...pages].sort((a, b) => a.offset - b.offset)) {
    const pageEnd = page.offset + page.entryBytes;
    if (run.length === 0 || page.offset - end > GAP_BYTES_MAX || pageEnd - start > RUN_BYTES_MAX) {
      run = [];
      runs.push(run);
      start = page.offset;
    }
    run.push(page);
    end = pageEnd;
  }
  return runs;
}

async function readRun(
  file: OpenFile,
  run: readonly Wanted[],
  found: Map<PageHash, Buffer>,
): Promise<DamagedPage[]> {
  const start = run[0]?.offset ?? 0;
  const last = run.at(-1);
  const bytes = Buffer.allocUnsafe((last?.offset ?? 0) + (last?.entryBytes ?? 0) - start);
  const got = await readFully(file, bytes, start);
  const damaged: DamagedPage[] = [];
  for (const { hash, pack, offset, entryBytes } of run) {
    const entry = bytes.subarray(offset - start, Math.min(offset - start + entryBytes, got));
    const reason = entryDamage(entry, hash);
    if (reason === null) found.set(hash, entry);
    else damaged.push({ hash, pack, reason });
  }
  return damaged;
}
