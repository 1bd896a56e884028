/** The journal entry after which the runtime's memory was written down. */
export interface CheckpointPlace {
  readonly seq: number;
  /** Hash of that entry, 64 hex digits. */
  readonly hash: string;
}

/** Memory as it was written down: lines of JSON whose meaning is the runtime's. */
export interface Checkpoint extends CheckpointPlace {
  readonly lines: Iterable<string>;
}

/** What writing a checkpoint took. */
export interface WrittenCheckpoint {
  readonly bytes: number;
}

/**
 * Keeps the newest checkpoints of the runtime's memory. They only save time: whatever is in one can be made again from
 * the journal.
 */
export interface CheckpointStore {
  /** Intact checkpoints, the newest first. Damaged ones are left out; what was left out is told once, to the user. */
  newest(): AsyncIterable<Checkpoint>;
  /**
   * Writes one, durably and atomically, and removes older ones than the last two. `lines` are taken as the disk takes them, so
   * that other work goes on meanwhile.
   *
   * @throws STORAGE_FAILED: then nothing of it is left
   */
  write(place: CheckpointPlace, lines: Iterable<string>): Promise<WrittenCheckpoint>;
}
