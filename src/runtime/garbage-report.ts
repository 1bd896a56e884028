/** What is asked of a collection, and what it answers. */

export interface CollectRequest {
  /** Only tell what would go; nothing is written. */
  readonly dryRun?: boolean;
  readonly onProgress?: (progress: { done: number; total: number; what: string }) => void;
}

/** What a collection did, or would do. */
export interface GarbageReport {
  readonly dryRun: boolean;
  readonly statesForgotten: number;
  /** Deleted worlds that nothing needs any more. */
  readonly worldsForgotten: number;
  readonly statesKept: number;
  /** States made durable so that what they would have been replayed from could be forgotten. */
  readonly statesPersisted: number;
  readonly manifestsRemoved: number;
  /** Null for a dry run: known only once it is done. */
  readonly pagesRemoved: number | null;
  readonly bytesFreed: number | null;
  readonly timeMs: number;
}
