import { Rational } from '../model/rational.js';
import { toWorldError, WorldError } from '../model/world-error.js';
import { digestOf, Ledger, type LedgerSnapshot, type TokenId } from '../multiverse/index.js';
import type { JournalEntry } from '../ports/journal-record.js';
import type { Wait } from '../ports/substrate.js';
import { requireUninterrupted } from './require-uninterrupted.js';
import type { RuntimeContext } from './runtime-context.js';

/** What computing the ledger again found. */
export interface LedgerFindings {
  /** Entries of the journal that were read. */
  readonly entries: number;
  /** Operations of the ledger in them. */
  readonly operations: number;
  readonly ledger: Ledger;
}

/**
 * Computes the ledger again from every entry of the journal, archived ones included: each operation may be done, what all
 * accounts have is what is under escrow, and memory says the same.
 *
 * @throws JOURNAL_CORRUPT naming the first entry that is wrong; JOURNAL_INCOMPLETE; STORAGE_FAILED; INTERNAL when memory differs
 */
export async function verifyLedger(context: RuntimeContext, wait: Wait): Promise<LedgerFindings> {
  context.requireOpen();
  const { journal } = context.parts;
  // Memory is what the journal says at any moment, also where that is still on its way to the disk.
  const [end, present] = [journal.lastSeq, context.model.ledger.snapshot()];
  await journal.settled();
  const ledger = new Ledger();
  let operations = 0;
  for await (const entry of journal.read()) {
    requireUninterrupted(wait, 'Verifying the ledger');
    if (entry.seq > end) break;
    const ops = ('ledger' in entry.record && entry.record.ledger) || [];
    operations += ops.length;
    try {
      ledger.applyAll(ops);
    } catch (thrown) {
      throw wrong(entry, toWorldError(thrown, 'INTERNAL', 'an operation fails').message);
    }
    const tokens = new Set(ops.flatMap((op) => ('token' in op ? [op.token] : [])));
    const reason = outOfBalance(ledger, ops.length === 0 || tokens.size > 0 ? tokens : ledger.tokens());
    if (reason !== null) throw wrong(entry, reason);
  }
  if (digestOf(withoutKeys(ledger.snapshot())) !== digestOf(withoutKeys(present))) {
    throw new WorldError(
      'INTERNAL',
      'The ledger in memory is another than the journal gives. Open the data directory again; the journal is right.',
    );
  }
  return { entries: end, operations, ledger };
}

/** What everybody has, on the average over what is possible, is what backs it. */
function outOfBalance(ledger: Ledger, tokens: Iterable<TokenId>): string | null {
  for (const token of tokens) {
    const [held, escrow] = [ledger.meanWealth(token), Rational.of(ledger.escrow(token))];
    if (Rational.cmp(held, escrow) !== 0)
      return `all accounts have ${Rational.toText(held)} ${token}, and ${Rational.toText(escrow)} are under escrow`;
  }
  return null;
}

function wrong({ seq, record }: JournalEntry, reason: string): WorldError {
  return new WorldError(
    'JOURNAL_CORRUPT',
    `Entry ${seq} of the journal (${record.op}, ${record.at}) is wrong: ${reason}. The entries before it are intact.`,
    { details: { seq, op: record.op, at: record.at } },
  );
}

/** Keys that nobody can send again are let go of with the states that they came from; the journal has them all. */
function withoutKeys({ keys: _, ...rest }: LedgerSnapshot): Omit<LedgerSnapshot, 'keys'> {
  return rest;
}
