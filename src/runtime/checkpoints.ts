import type { CheckpointPlace, CheckpointStore } from '../ports/checkpoint-store.js';
import type { Journal } from '../ports/journal.js';
import { snapshotModel } from './model-snapshot.js';
import type { WorldModel } from './world-model.js';

/** When memory is written down behind the verbs. */
export interface CheckpointPace {
  /** Entries since the last checkpoint, at least, and ... */
  readonly entriesMin: number;
  /** ... this share of the rows that a checkpoint has: a large model is written less often, so that writing stays in proportion. */
  readonly entriesShare: number;
  /** Or so many bytes of journal, whatever the number of entries. */
  readonly journalBytes: number;
  /** On close so many entries are already worth it, since the next process would read them. */
  readonly entriesMinOnClose: number;
}

const PACE: CheckpointPace = {
  entriesMin: 4096,
  entriesShare: 0.25,
  journalBytes: 32 * 1024 * 1024,
  entriesMinOnClose: 512,
};
/** On close the share is smaller by this factor. */
const SHARE_ON_CLOSE = 0.2;

export interface CheckpointParts {
  readonly store: CheckpointStore;
  readonly journal: Journal;
  readonly model: WorldModel;
  readonly pace?: Partial<CheckpointPace>;
  /** Time of the last record, or null before the first. */
  lastAt(): string | null;
  /** The error after which memory may be ahead of the journal. */
  failure(): Error | null;
  note(text: string): void;
}

/** Writes the runtime's memory down now and then, so that opening reads that and only the entries after it. */
export class Checkpoints {
  readonly #parts: CheckpointParts;
  readonly #pace: CheckpointPace;
  #last: CheckpointPlace | null;
  /** Size of the journal at the last checkpoint, as far as it is known. */
  #lastBytes: number;
  #running: Promise<CheckpointPlace | null> | null = null;

  /** `last`: the one that memory was read from. */
  constructor(parts: CheckpointParts, last: CheckpointPlace | null) {
    this.#parts = parts;
    this.#pace = { ...PACE, ...parts.pace };
    this.#last = last;
    this.#lastBytes = parts.journal.sizeBytes;
  }

  /** Called after each commit: starts writing when enough has gathered. Its failure is told and costs time only. */
  afterCommit(inBackground: (work: Promise<void>) => void): void {
    if (this.#running !== null) return;
    const { journal } = this.#parts;
    const { entriesMin, entriesShare, journalBytes } = this.#pace;
    const enough = this.#entries >= Math.max(entriesMin, entriesShare * this.#rows);
    if (enough || journal.sizeBytes - this.#lastBytes >= journalBytes) inBackground(this.#writeQuietly());
  }

  /** Writes a last one when the next process would have much to read. */
  async onClose(): Promise<void> {
    const { entriesMinOnClose, entriesShare } = this.#pace;
    await this.#running?.catch(() => {});
    if (this.#entries >= Math.max(entriesMinOnClose, SHARE_ON_CLOSE * entriesShare * this.#rows)) {
      await this.#writeQuietly();
    }
  }

  /**
   * Writes one now, unless the last one says it all. Answers its place; null when there is nothing to write.
   *
   * @throws STORAGE_FAILED
   */
  async write(): Promise<CheckpointPlace | null> {
    await this.#running?.catch(() => {});
    this.#running ??= this.#write().finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  get #entries(): number {
    return this.#parts.journal.lastSeq - (this.#last?.seq ?? 0);
  }

  get #rows(): number {
    return this.#parts.model.worlds.size + this.#parts.model.states.size;
  }

  async #writeQuietly(): Promise<void> {
    try {
      await this.write();
    } catch (thrown) {
      this.#lastBytes = this.#parts.journal.sizeBytes;
      const reason = thrown instanceof Error ? thrown.message : String(thrown);
      this.#parts.note(`no checkpoint was written, so the next opening reads more of the journal: ${reason}`);
    }
  }

  async #write(): Promise<CheckpointPlace | null> {
    const { journal, store, model } = this.#parts;
    const place = { seq: journal.lastSeq, hash: journal.lastHash };
    if (place.seq === 0 || place.seq === this.#last?.seq) return this.#last;
    const bytes = journal.sizeBytes;
    // In the same turn as `place`: memory moves together with the journal's last entry.
    const lines = snapshotModel(model, this.#parts.lastAt());
    await journal.settled();
    const failure = this.#parts.failure();
    if (failure) throw failure;
    await store.write(place, lines);
    this.#last = place;
    this.#lastBytes = bytes;
    return place;
  }
}
