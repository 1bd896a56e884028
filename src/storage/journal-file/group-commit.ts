import type { WorldError } from '../../model/world-error.js';
import { type OpenFile, storageFailed, writeFully } from '../file-ops.js';
import { encodeRecord } from './journal-format.js';

/** Bytes of one write; a longer record is written alone. */
const BATCH_BYTES_MAX = 8 * 1024 * 1024;
/** How long a record that nobody waits for may stay in memory, ms. */
const LAZY_FLUSH_MS = 50;

/** A record waiting to be written. */
export interface Pending {
  readonly seq: number;
  readonly hash: Buffer;
  readonly body: Buffer;
  /** Somebody waits for it. */
  readonly urgent: boolean;
  durable(endOffset: number): void;
  failed(error: WorldError): void;
}

/** The file that records are appended to, opened as a `log`, and the end of what it holds. */
export interface CommitTarget {
  readonly file: OpenFile;
  readonly path: string;
  readonly offset: number;
}

/**
 * Writes queued records in order: whatever has gathered while the disk was busy goes out in one write, and
 * becomes durable in it. A batch is never divided between files. After a failure nothing more is written, because what
 * reached the disk is unknown.
 */
export class GroupCommit {
  /** Asked before each batch for another file; the one it answers is durable, as far as it goes. */
  readonly #roll: (target: CommitTarget) => Promise<CommitTarget>;
  #target: CommitTarget;
  #queue: Pending[] = [];
  /** Also what nobody waits for is written now. */
  #flushing = false;
  #running: Promise<void> | null = null;
  #timer: NodeJS.Timeout | null = null;
  #failure: WorldError | null = null;

  constructor(target: CommitTarget, roll: (target: CommitTarget) => Promise<CommitTarget>) {
    this.#target = target;
    this.#roll = roll;
  }

  /** Set once a write failed. */
  get failure(): WorldError | null {
    return this.#failure;
  }

  /** Queues a record; urgent ones start a write at once, others wait for company. */
  add(pending: Pending): void {
    this.#queue.push(pending);
    if (pending.urgent) this.#start();
    else this.#startLater();
  }

  /** Somebody waits for all that is queued now, urgent or not. */
  flush(): void {
    if (this.#queue.length === 0) return;
    this.#flushing = true;
    this.#start();
  }

  /** Resolves when everything queued is durable or has failed. */
  async settle(): Promise<void> {
    while (this.#running !== null || this.#queue.length > 0) {
      this.flush();
      await this.#running;
    }
  }

  #startLater(): void {
    this.#timer ??= setTimeout(() => this.flush(), LAZY_FLUSH_MS).unref();
  }

  #isDue(): boolean {
    return this.#queue.length > 0 && (this.#flushing || this.#queue.some(({ urgent }) => urgent));
  }

  #start(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    this.#running ??= this.#run().finally(() => {
      this.#running = null;
      // What was added after the last look at the queue, and before this, found a run that was over.
      if (this.#isDue()) this.#start();
      else if (this.#queue.length > 0) this.#startLater();
    });
  }

  async #run(): Promise<void> {
    // One turn of the microtask queue lets appends made together share the first write.
    await Promise.resolve();
    while (this.#isDue()) {
      const batch = this.#takeBatch();
      try {
        await this.#write(batch);
      } catch (thrown) {
        this.#fail(thrown, batch);
      }
    }
    if (this.#queue.length === 0) this.#flushing = false;
  }

  #takeBatch(): Pending[] {
    let count = 0;
    let bytes = 0;
    for (const pending of this.#queue) {
      bytes += pending.body.length;
      if (count > 0 && bytes > BATCH_BYTES_MAX) break;
      count += 1;
    }
    return this.#queue.splice(0, count);
  }

  async #write(batch: readonly Pending[]): Promise<void> {
    if (this.#failure) throw this.#failure;
    this.#target = await this.#roll(this.#target);
    const { file, path } = this.#target;
    const batchSeq = batch[0]?.seq ?? 0;
    const records = batch.map(({ seq, hash, body }) => encodeRecord({ seq, batchSeq, hash }, body));
    const bytes = records.length === 1 && records[0] ? records[0] : Buffer.concat(records);
    let { offset } = this.#target;
    await writeFully(file, bytes, offset);
    for (const [index, pending] of batch.entries()) {
      offset += records[index]?.length ?? 0;
      this.#target = { file, path, offset };
      pending.durable(offset);
    }
  }

  #fail(thrown: unknown, batch: readonly Pending[]): void {
    this.#failure ??= storageFailed(
      thrown,
      `The journal ${this.#target.path} could not be written and is closed for writing`,
    );
    for (const pending of [...batch, ...this.#queue.splice(0)]) pending.failed(this.#failure);
  }
}
