import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import type { JournalEntry, JournalRecord } from '../../src/ports/journal-record.js';
import {
  type JournalFile,
  type JournalFileOptions,
  openJournalFile,
} from '../../src/storage/journal-file/journal-file.js';
import { SEGMENT_HEADER_BYTES } from '../../src/storage/journal-file/journal-format.js';
import { segmentNumber } from '../../src/storage/journal-file/segment-names.js';
import { idOf } from '../property/storage-sample-journal.js';

/** A small record; those with numbers of one digit have the same length. */
export const rooted = (number: number): JournalRecord => ({
  op: 'state.rooted',
  at: '2026-01-01T00:00:00.000000Z',
  state: idOf('state', number),
  root: 'r',
});

/** Bytes of one of these records on disk. */
export const FRAME = 56 + JSON.stringify(rooted(1)).length;
/** Two records fit, then another segment begins. */
const segmentBytes = SEGMENT_HEADER_BYTES + 2 * FRAME - 60;

/** Journals in a folder of each test's own, whose segments hold two records each. */
export class SmallSegments {
  #directory = '';

  constructor() {
    beforeEach(() => {
      this.#directory = mkdtempSync(join(tmpdir(), 'segments-'));
    });
    afterEach(() => rmSync(this.#directory, { recursive: true }));
  }

  get directory(): string {
    return this.#directory;
  }

  readonly open = (more: JournalFileOptions = {}): Promise<JournalFile> =>
    openJournalFile(this.#directory, { segmentBytes, ...more });

  /** A journal of so many records, closed again. */
  readonly filled = async (count: number): Promise<JournalEntry[]> => {
    await using journal = await this.open();
    const entries: JournalEntry[] = [];
    for (let index = 1; index <= count; index += 1) entries.push(await journal.append(rooted(index)));
    return entries;
  };

  readonly files = (): string[] =>
    readdirSync(this.#directory).filter((name) => segmentNumber(name) !== null);

  readonly pathOf = (name: string): string => join(this.#directory, name);
}

export async function readAll(journal: JournalFile, fromSeq?: number): Promise<JournalEntry[]> {
  const entries: JournalEntry[] = [];
  for await (const entry of journal.read(fromSeq)) entries.push(entry);
  return entries;
}
