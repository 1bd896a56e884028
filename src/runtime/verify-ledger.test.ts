import { describe, expect, it } from 'vitest';
import { openTestRuntime, type TestRuntime } from '../../test/support/test-runtime.js';
import { newWorld, refused, run, triad } from '../../test/support/verbs.js';
import type { JournalEntry } from '../ports/journal-record.js';
import { deposit } from './move-money.js';
import { pullUp } from './pull-up.js';
import { verifyLedger } from './verify-ledger.js';

async function aHistory(): Promise<TestRuntime> {
  const t = await openTestRuntime();
  const world = await newWorld(t, 'w');
  await deposit(t.context, world, { token: 'GOLD', amount: '100' }, {});
  const { optimal } = await triad(t, world);
  await run(t, optimal, 'transfer alice GOLD 7');
  await pullUp(t.context, world, { oracle: 'manual' }, {});
  return t;
}

/** The journal as it would be read with some entries changed; their chain is not looked at here. */
function changed(t: TestRuntime, change: (entry: JournalEntry) => JournalEntry | null): void {
  const { journal } = t.context.parts;
  const { read } = journal;
  journal.read = async function* (from) {
    for await (const entry of read.call(journal, from)) {
      const instead = change(entry);
      if (instead !== null) yield instead;
    }
  };
}

describe('the ledger computed again', () => {
  it('is that of memory', async () => {
    const t = await aHistory();
    const { entries, operations, ledger } = await verifyLedger(t.context, {});
    expect(entries).toBe(t.context.parts.journal.lastSeq);
    // Deposit, open, split, transfer, resolve, and merges of two owners.
    expect(operations).toBe(7);
    expect(ledger.digest()).toBe(t.context.model.ledger.digest());
  });

  it('names an entry that cannot be (planted)', async () => {
    const t = await aHistory();
    changed(t, (entry) => {
      if (entry.record.op !== 'world.executed') return entry;
      const ledger = entry.record.ledger.map((op) => ({ ...op, amount: '101' }) as typeof op);
      return { ...entry, record: { ...entry.record, ledger } };
    });
    const error = await refused(
      verifyLedger(t.context, {}),
      'JOURNAL_CORRUPT',
      /world\.executed.*less than 101/,
    );
    expect(error.details).toMatchObject({ op: 'world.executed' });
  });

  it('notices memory that differs (planted)', async () => {
    const t = await aHistory();
    changed(t, (entry) => {
      if (entry.record.op !== 'world.executed') return entry;
      return { ...entry, record: { ...entry.record, ledger: [] } };
    });
    await refused(verifyLedger(t.context, {}), 'JOURNAL_CORRUPT', /world\.pulled-up/);
    const other = await aHistory();
    const world = [...other.context.model.worlds.values()][0]!;
    other.context.model.ledger.apply({
      kind: 'deposit',
      by: '@system',
      owner: world.birth.account,
      verse: world.verseId,
      token: 'GOLD',
      amount: '1',
    });
    await refused(verifyLedger(other.context, {}), 'INTERNAL', /in memory/);
  });
});
