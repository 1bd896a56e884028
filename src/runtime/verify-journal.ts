import { strict as assert } from 'node:assert';
import { WorldError } from '../model/world-error.js';
import type { RuntimeContext } from './runtime-context.js';
import { WorldModel } from './world-model.js';

/** What reading the whole journal again found. */
export interface JournalFindings {
  /** Entries read and verified. */
  readonly entries: number;
  /** Set when archived segments are not where they were put; then only the entries after them were read. */
  readonly missing: string | null;
  /** Memory, which may come from a checkpoint, is what the entries say; null when that could not be compared. */
  readonly memoryIsSame: boolean | null;
}

/**
 * Reads every entry there is, archived ones included, verifies the chain, and compares the runtime's memory with what they give.
 *
 * @throws JOURNAL_CORRUPT naming file, offset and entry; DATA_DIR_VERSION; STORAGE_FAILED
 */
export async function verifyJournal(context: RuntimeContext): Promise<JournalFindings> {
  const { journal } = context.parts;
  const end = journal.lastSeq;
  const model = new WorldModel();
  let entries = 0;
  try {
    for await (const { record } of journal.read()) {
      model.apply(record);
      entries += 1;
    }
  } catch (thrown) {
    const from = firstAfterMissing(thrown);
    if (from === null || !(thrown instanceof WorldError)) throw thrown;
    for await (const _ of journal.read(from)) entries += 1;
    return { entries, missing: thrown.message, memoryIsSame: null };
  }
  return {
    entries,
    missing: null,
    memoryIsSame: journal.lastSeq === end ? isSame(model, context.model) : null,
  };
}

function firstAfterMissing(thrown: unknown): number | null {
  if (!(thrown instanceof WorldError) || thrown.code !== 'JOURNAL_INCOMPLETE') return null;
  const { lastSeq } = thrown.details;
  return typeof lastSeq === 'number' ? lastSeq + 1 : null;
}

function isSame(a: WorldModel, b: WorldModel): boolean {
  try {
    assert.deepStrictEqual({ ...a, ledger: a.ledger.snapshot() }, { ...b, ledger: b.ledger.snapshot() });
    return true;
  } catch {
    return false;
  }
}
