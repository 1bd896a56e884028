import type { IdKind, IdTypes } from '../model/ids.js';

/** Draws new ids. They sort by the order in which they were drawn within one process. */
export interface Ids {
  next<K extends IdKind>(kind: K): IdTypes[K];
}
