/**
 * Durable storage on one machine: a journal that is the truth, packs of pages, and a DuckDB catalog that can be
 * rebuilt from the journal at any time. `openStorage` opens all of a data directory in the right order.
 */
export { type CatalogDatabase, openCatalogDatabase } from './catalog-duckdb/catalog-database.js';
export { type DuckDbCatalog, openDuckDbCatalog } from './catalog-duckdb/duckdb-catalog.js';
export { type CheckpointFiles, openCheckpointFiles } from './checkpoint-files/checkpoint-files.js';
export { type CurrentWorld, openCurrentWorld } from './current-world.js';
export {
  DATA_DIRECTORY_VERSION,
  type DataDirectory,
  type DataDirectoryOptions,
  type DataDirectoryPaths,
  dataDirectoryPaths,
  openDataDirectory,
} from './data-directory.js';
export { type FileOps, nodeFileOps, type OpenFile } from './file-ops.js';
export { type JournalFile, openJournalFile, type TornTail } from './journal-file/journal-file.js';
export { measureDisk } from './measure-disk.js';
export { openStorage, type Storage, type StorageOptions } from './open-storage.js';
export { openPagePacks, type PagePacks } from './page-packs/page-packs.js';
