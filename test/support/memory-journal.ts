import { createHash } from 'node:crypto';
import { toWorldError, WorldError } from '../../src/model/world-error.js';
import type { Journal } from '../../src/ports/journal.js';
import { type JournalEntry, JournalRecord } from '../../src/ports/journal-record.js';

/** What a failed append left on the disk: the caller cannot know. */
export type AppendFault = 'lost' | 'kept';

/** How the journal behaves, and misbehaves. */
export interface JournalFaults {
  /** Called once for every append; an answer makes it fail, and every later one too. */
  readonly failAt?: (seq: number, record: JournalRecord) => AppendFault | undefined;
  /** Waits before the entry counts as durable. */
  readonly delay?: (seq: number) => Promise<void>;
  /** Receives every entry once it is durable, in order. */
  readonly onDurable?: (entry: JournalEntry) => void;
  /** Answers before the entry is durable, as no journal may: for tests of the checkers. */
  readonly acknowledgesEarly?: boolean;
}

/** A journal whose process can die. */
export interface TestJournal extends Journal {
  /** The process dies: what was not durable yet never will be. */
  abandon(): void;
  readonly dead: boolean;
}

/** 64 zeros: what the first entry is chained to. */
const GENESIS = '0'.repeat(64);

/**
 * A journal on an array of JSON lines, which stands for the disk: open another one on the same array and it is
 * another process. Records pass through text and schema, so one that would not come back fails at once.
 */
export function memoryJournal(lines: string[], faults: JournalFaults = {}): TestJournal {
  let lastSeq = lines.length;
  let lastHash = lines.length === 0 ? GENESIS : entryOf(lines.at(-1)!).hash;
  let sizeBytes = lines.reduce((sum, line) => sum + line.length, 0);
  let broken: WorldError | null = null;
  let tail: Promise<void> = Promise.resolve();

  function seal(record: JournalRecord): JournalEntry {
    const read = JournalRecord.parse(JSON.parse(JSON.stringify(record)));
    lastSeq += 1;
    const prevHash = lastHash;
    lastHash = hashOf(prevHash, lastSeq, read);
    return { seq: lastSeq, prevHash, hash: lastHash, record: read };
  }
  function fail(why: string): never {
    broken ??= new WorldError('STORAGE_FAILED', `The journal ${why}. Open the data directory again.`);
    throw broken;
  }
  async function write(entry: JournalEntry, before: Promise<void>): Promise<void> {
    await before.catch(() => {});
    await faults.delay?.(entry.seq);
    if (broken) throw broken;
    const fault = faults.failAt?.(entry.seq, entry.record);
    if (fault !== 'lost') sizeBytes += lines[lines.push(JSON.stringify(entry)) - 1]!.length;
    if (fault) fail('could not be written');
    faults.onDurable?.(entry);
  }
  return {
    get lastSeq() {
      return lastSeq;
    },
    get lastHash() {
      return lastHash;
    },
    get sizeBytes() {
      return sizeBytes;
    },
    async settled() {
      await tail;
    },
    async archiveBefore() {
      return { moved: [], bytes: 0, directory: '', lastArchivedSeq: 0 };
    },
    async *read(fromSeq = 1) {
      let prevHash = GENESIS;
      for (const [index, line] of lines.entries()) {
        const entry = entryOf(line);
        const sound =
          entry.seq === index + 1 &&
          entry.prevHash === prevHash &&
          entry.hash === hashOf(prevHash, entry.seq, entry.record);
        if (!sound) throw new WorldError('JOURNAL_CORRUPT', `Journal entry ${index + 1} is damaged.`);
        prevHash = entry.hash;
        if (entry.seq >= fromSeq) yield entry;
      }
    },
    async append(record) {
      if (broken) throw broken;
      const entry = seal(record);
      const written = write(entry, tail);
      tail = written;
      if (faults.acknowledgesEarly) written.catch(() => {});
      else await written;
      return entry;
    },
    appendLazily(record) {
      if (broken) return;
      tail = write(seal(record), tail);
      tail.catch(() => {});
    },
    get dead() {
      return broken !== null;
    },
    abandon() {
      broken ??= new WorldError('STORAGE_FAILED', 'The process of this journal has died.');
    },
    async [Symbol.asyncDispose]() {
      await tail.catch(() => {});
      broken ??= new WorldError('STORAGE_FAILED', 'The journal is closed.');
    },
  };
}

function hashOf(prevHash: string, seq: number, record: JournalRecord): string {
  return createHash('sha256')
    .update(`${prevHash}${seq}${JSON.stringify(record)}`)
    .digest('hex');
}

function entryOf(line: string): JournalEntry {
  try {
    const entry = JSON.parse(line) as JournalEntry;
    return { ...entry, record: JournalRecord.parse(entry.record) };
  } catch (thrown) {
    throw toWorldError(thrown, 'JOURNAL_CORRUPT', 'An entry cannot be read');
  }
}
