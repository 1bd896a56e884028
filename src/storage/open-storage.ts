import type { ImageStore } from '../ports/base-image.js';
import { type DuckDbCatalog, openDuckDbCatalog } from './catalog-duckdb/duckdb-catalog.js';
import { type CheckpointFiles, openCheckpointFiles } from './checkpoint-files/checkpoint-files.js';
import { type CurrentWorld, openCurrentWorld } from './current-world.js';
import { type DataDirectory, type DataDirectoryOptions, openDataDirectory } from './data-directory.js';
import { nodeFileOps } from './file-ops.js';
import { openImageFiles } from './image-files/image-files.js';
import { type JournalFile, openJournalFile } from './journal-file/journal-file.js';
import { lenientDirectorySync } from './lenient-directory-sync.js';
import { openPagePacks, type PagePacks } from './page-packs/page-packs.js';

/** The stores of one data directory, opened together. */
export interface Storage extends AsyncDisposable {
  readonly directory: DataDirectory;
  readonly journal: JournalFile;
  readonly checkpoints: CheckpointFiles;
  readonly pages: PagePacks;
  readonly images: ImageStore;
  readonly catalog: DuckDbCatalog;
  readonly currentWorld: CurrentWorld;
  /** What was repaired or found damaged at open, for the user; empty when all is well. */
  readonly notes: readonly string[];
}

export interface StorageOptions extends DataDirectoryOptions {
  /** When the journal begins another segment, bytes. Default 64 MiB. */
  readonly segmentBytes?: number;
}

/** Entries that wait for the catalog at most, while it catches up. */
const CATCH_UP_ENTRIES = 5_000;

/**
 * Opens a data directory and its stores: the lock first, then catalog, checkpoints, journal and pages. The journal is verified
 * from the segment on that holds the newest checkpoint's entry; what comes before is verified when it is read. Every journal entry goes to
 * the catalog as soon as it is durable; entries that the catalog missed are projected now, and a catalog that does
 * not belong to the journal is rebuilt from it.
 *
 * @throws DATA_DIR_LOCKED, DATA_DIR_VERSION, JOURNAL_CORRUPT, STORAGE_FAILED: then nothing stays open.
 */
export async function openStorage(path: string, options: StorageOptions = {}): Promise<Storage> {
  const notes: string[] = [];
  const note = (text: string): void => void notes.push(text);
  const fileOps = lenientDirectorySync(options.fileOps ?? nodeFileOps, note);
  const directory = await openDataDirectory(path, { ...options, fileOps });
  const opened: AsyncDisposable[] = [];
  try {
    const { paths, database } = directory;
    const catalog = await openDuckDbCatalog(database);
    opened.unshift(catalog);
    const checkpoints = await openCheckpointFiles(paths.checkpoints, { fileOps, note });
    const { segmentBytes } = options;
    const journal = await openJournalFile(paths.journal, {
      fileOps,
      verifyFromSeq: checkpoints.newestPlace?.seq ?? 1,
      ...(segmentBytes === undefined ? {} : { segmentBytes }),
      onDurable: (entry) => catalog.project(entry),
    });
    opened.unshift(journal);
    const pages = await openPagePacks({
      packs: paths.packs,
      states: paths.states,
      index: paths.index,
      fileOps,
    });
    opened.unshift(pages);
    const images = await openImageFiles(paths.images, fileOps);
    notes.push(
      ...tornTailNote(journal),
      ...catalog.notes,
      ...(await catchUp(journal, catalog)),
      ...pages.notes,
    );
    return {
      directory,
      journal,
      checkpoints,
      pages,
      images,
      catalog,
      notes,
      currentWorld: openCurrentWorld(paths.current),
      [Symbol.asyncDispose]: () => closeAll(opened, directory),
    };
  } catch (thrown) {
    await closeAll(opened, directory).catch(() => {});
    throw thrown;
  }
}

/** The journal before the catalog, so that its last entries still get there; the lock last, whatever fails. */
async function closeAll(opened: readonly AsyncDisposable[], directory: DataDirectory): Promise<void> {
  let failure: unknown = null;
  for (const store of opened) {
    try {
      await store[Symbol.asyncDispose]();
    } catch (thrown) {
      failure ??= thrown;
    }
  }
  directory.close();
  if (failure !== null) throw failure;
}

function tornTailNote({ tornTail }: JournalFile): string[] {
  if (!tornTail) return [];
  return [`the journal ended in ${tornTail.bytes} bytes of a write that a crash cut off; they were removed`];
}

async function catchUp(journal: JournalFile, catalog: DuckDbCatalog): Promise<string[]> {
  const notes: string[] = [];
  if (!(await belongsTogether(journal, catalog))) {
    // Asked first, since an archived segment may be missing: then the catalog stays what it is.
    for await (const _ of journal.read()) break;
    await catalog.reset();
    notes.push('the catalog did not belong to the journal and was rebuilt from it');
  }
  let waiting = 0;
  for await (const entry of journal.read(catalog.projectedSeq + 1)) {
    catalog.project(entry);
    waiting += 1;
    if (waiting % CATCH_UP_ENTRIES === 0) await catalog.flush();
  }
  return notes;
}

async function belongsTogether(journal: JournalFile, catalog: DuckDbCatalog): Promise<boolean> {
  const { projectedSeq, projectedHash } = catalog;
  if (projectedSeq === 0) return true;
  if (projectedSeq > journal.lastSeq) return false;
  for await (const { hash } of journal.read(projectedSeq)) return hash === projectedHash;
  return false;
}
