import type { PageStore } from './page-store.js';

/** What the runtime needs of the page store, in which it reads and writes nothing itself. */
export type PageCollector = Pick<PageStore, 'beginCollection' | 'usage'>;

/** Bytes on disk by kind, e.g. `journal`, `packs`, `catalog`. */
export type DiskUsage = Readonly<Record<string, number>>;
