/**
 * What `wr doctor` needs of a runtime: care of a data directory, which is no part of the API. Surfaces reach the
 * runtime through this folder only.
 */
export { rebuildCatalog } from '../runtime/rebuild-catalog.js';
export type { RuntimeContext } from '../runtime/runtime-context.js';
export { type JournalFindings, verifyJournal } from '../runtime/verify-journal.js';
