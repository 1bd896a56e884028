import { type DuckDbCatalog, openDuckDbCatalog } from './catalog-duckdb/duckdb-catalog.js';
import { type CurrentWorld, openCurrentWorld } from './current-world.js';
import { type DataDirectory, type DataDirectoryOptions, openDataDirectory } from './data-directory.js';
import { type JournalFile, openJournalFile } from './journal-file/journal-file.js';
import { openPagePacks, type PagePacks } from './page-packs/page-packs.js';

/** The stores of one data directory, opened together. */
export interface Storage extends AsyncDisposable {
  readonly directory: DataDirectory;
  readonly journal: JournalFile;
  readonly pages: PagePacks;
  readonly catalog: DuckDbCatalog;
  readonly currentWorld: CurrentWorld;
  /** What was repaired or found damaged at open, for the user; empty when all is well. */
  readonly notes: readonly string[];
}

/**
 * Opens a data directory and its stores: the lock first, then catalog, journal and pages. Every journal entry goes to
 * the catalog as soon as it is durable; entries that the catalog missed are projected now, and a catalog that does
 * not belong to the journal is rebuilt from it.
 *
 * @throws DATA_DIR_LOCKED, DATA_DIR_VERSION, JOURNAL_CORRUPT, STORAGE_FAILED: then nothing stays open.
 */
export async function openStorage(path: string, options: DataDirectoryOptions = {}): Promise<Storage> {
  const directory = await openDataDirectory(path, options);
  const opened: AsyncDisposable[] = [];
  try {
    const { paths, database } = directory;
    const fileOps = options.fileOps ? { fileOps: options.fileOps } : {};
    const catalog = await openDuckDbCatalog(database);
    opened.unshift(catalog);
    const journal = await openJournalFile(paths.journal, {
      ...fileOps,
      onDurable: (entry) => catalog.project(entry),
    });
    opened.unshift(journal);
    const pages = await openPagePacks({ packs: paths.packs, states: paths.states, ...fileOps });
    opened.unshift(pages);
    const notes = [
      ...tornTailNote(journal),
      ...catalog.notes,
      ...(await catchUp(journal, catalog)),
      ...pages.notes,
    ];
    return {
      directory,
      journal,
      pages,
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
    await catalog.reset();
    notes.push('the catalog did not belong to the journal and was rebuilt from it');
  }
  for await (const entry of journal.read(catalog.projectedSeq + 1)) catalog.project(entry);
  return notes;
}

async function belongsTogether(journal: JournalFile, catalog: DuckDbCatalog): Promise<boolean> {
  const { projectedSeq, projectedHash } = catalog;
  if (projectedSeq === 0) return true;
  if (projectedSeq > journal.lastSeq) return false;
  for await (const { hash } of journal.read(projectedSeq)) return hash === projectedHash;
  return false;
}
