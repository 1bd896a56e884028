import type { VerseId } from '../../model/ids.js';
import type { Trit } from '../../model/trit.js';
import { type Condition, indexesOf, Ledger, LedgerOp, type OpOf } from '../../multiverse/index.js';
import type { JournalRecord } from '../../ports/journal-record.js';
import type { ChangeSet } from './change-set.js';

/** A balance as the table has it. */
export interface BalanceRow {
  readonly verse_id: string;
  readonly owner: string;
  readonly token: string;
  readonly amount: string;
  readonly live: boolean;
}

/** A verse as the table has it. */
export interface VerseRow {
  readonly verse_id: string;
  readonly resolved: boolean;
  readonly outcome: boolean;
}

/** What of the tables is needed to go on from them. */
export interface LedgerTables {
  /** JSON of every operation, in order. */
  readonly ops: readonly string[];
  readonly balances: readonly BalanceRow[];
  readonly verses: readonly VerseRow[];
}

type Held = Map<string, { readonly amount: string; readonly live: boolean }>;

/**
 * Projects the ledger's operations by applying them to the real ledger and comparing balances before and after,
 * so that the rules of splitting, rounding and dust stand in one place. Rows stay when a balance becomes 0.
 */
export class LedgerProjection {
  readonly #ledger = new Ledger();
  /** Rows of `balances` by verse, then by owner and token. */
  readonly #balances = new Map<string, Held>();
  readonly #verses = new Map<string, { resolved: boolean; outcome: boolean }>();

  constructor(tables: LedgerTables) {
    this.#ledger.applyAll(tables.ops.map((op) => LedgerOp.parse(JSON.parse(op))));
    for (const { verse_id, owner, token, amount, live } of tables.balances) {
      this.#heldIn(verse_id).set(`${owner} ${token}`, { amount, live });
    }
    for (const { verse_id, resolved, outcome } of tables.verses)
      this.#verses.set(verse_id, { resolved, outcome });
  }

  /** @throws the ledger's own errors, when an operation in the journal is one that it refuses. */
  project(record: JournalRecord, seq: number, changes: ChangeSet): void {
    const ops = ('ledger' in record && record.ledger) || [];
    for (const [position, op] of ops.entries()) {
      const row = {
        seq,
        position,
        kind: op.kind,
        account: op.by,
        op_json: JSON.stringify(op),
        recorded_at: record.at,
      };
      changes.insert('ledger_entries', row);
      this.#ledger.apply(op);
      if (op.kind === 'openCondition') this.#opened(op, record, changes);
      if (op.kind === 'defineVerse') this.#defined(op, record.at, changes);
      if (op.kind === 'resolve' || op.kind === 'redeem' || op.kind === 'void')
        this.#closed(op, { record, seq, position }, changes);
      if (op.kind === 'propose' || op.kind === 'dispute')
        this.#answered(op, { record, seq, position }, changes);
    }
    if (ops.length > 0) this.#settleBalances(ops, changes);
    if (record.op === 'world.pulled-up') {
      const { verse } = this.#ledger.condition(record.conditionId);
      for (const id of record.rehomed) changes.update('worlds', { world_id: id }, { verse_id: verse });
    }
  }

  #opened(op: OpOf<'openCondition'>, record: JournalRecord, changes: ChangeSet): void {
    const condition = this.#ledger.condition(op.condition);
    const pushDown = record.op === 'world.pushed-down' && record.conditionId === op.condition ? record : null;
    const every = [...condition.outcomes.keys()];
    changes.insert('conditions', {
      condition_id: op.condition,
      verse_id: condition.verse,
      world_id: pushDown?.parentId ?? null,
      branch_id: pushDown?.branchId ?? null,
      oracle: condition.oracle,
      status: 'open',
      outcomes_json: JSON.stringify(condition.outcomes),
      live_outcomes_json: JSON.stringify(every),
      opened_at: record.at,
      dispute_window_s: condition.disputeWindow,
    });
    for (const index of every) {
      const world = pushDown?.children.find((child) => child.worldId === pushDown.outcomes[index]?.worldId);
      const verse = { index, probability: op.probabilities[index] ?? null, world: world ?? null };
      this.#insertOutcome(condition, verse, record.at, changes);
    }
  }

  #insertOutcome(
    condition: Condition,
    outcome: {
      index: number;
      probability: string | null;
      world: { worldId: string; identity: { trit: Trit } } | null;
    },
    at: string,
    changes: ChangeSet,
  ): void {
    const id = this.#ledger.childVerse(condition.id, outcome.index);
    this.#insertVerse(id, at, changes);
    const set = {
      condition_id: condition.id,
      parent_verse_id: condition.verse,
      world_id: outcome.world?.worldId ?? null,
      outcome_name: condition.outcomes[outcome.index] ?? '',
      outcome_index: outcome.index,
      probability: outcome.probability,
      trit: outcome.world?.identity.trit ?? null,
    };
    changes.update('verses', { verse_id: id }, set);
  }

  #defined(op: OpOf<'defineVerse'>, at: string, changes: ChangeSet): void {
    this.#insertVerse(this.#ledger.verseIdOf(op.constraints), at, changes);
  }

  #insertVerse(id: VerseId, at: string, changes: ChangeSet): void {
    if (this.#verses.has(id)) return;
    this.#verses.set(id, { resolved: false, outcome: true });
    changes.insert('verses', {
      verse_id: id,
      outcome_name: '',
      constraints_json: JSON.stringify(this.#ledger.verse(id).constraints),
      resolved: false,
      outcome: true,
      created_at: at,
    });
  }

  /** A proposal or a dispute: neither changes what is live. */
  #answered(
    op: OpOf<'propose' | 'dispute'>,
    { record, seq, position }: { record: JournalRecord; seq: number; position: number },
    changes: ChangeSet,
  ): void {
    const { outcomes } = this.#ledger.condition(op.condition);
    changes.insert('oracle_reports', {
      seq,
      position,
      condition_id: op.condition,
      source: op.kind === 'dispute' ? 'dispute' : op.source,
      kind: op.kind,
      outcome: op.kind === 'dispute' ? null : (outcomes[op.outcome] ?? null),
      evidence_json: JSON.stringify(op.evidence ?? {}),
      reported_at: record.at,
    });
  }

  #closed(
    op: OpOf<'resolve' | 'redeem' | 'void'>,
    at: { record: JournalRecord; seq: number; position: number },
    changes: ChangeSet,
  ): void {
    const condition = this.#ledger.condition(op.condition);
    const live = condition.status.kind === 'resolved' ? indexesOf(condition.status.outcomes) : [];
    changes.update(
      'conditions',
      { condition_id: op.condition },
      {
        status: op.kind === 'void' ? 'void' : 'resolved',
        live_outcomes_json: JSON.stringify(live),
        closed_at: at.record.at,
      },
    );
    // A pull-up writes its own row, with the resolution's id.
    if (at.record.op !== 'world.pulled-up') {
      changes.insert('oracle_reports', {
        seq: at.seq,
        position: at.position,
        condition_id: op.condition,
        source: op.kind === 'void' ? 'void' : op.source,
        kind: 'final',
        outcome: outcomeText(op, condition),
        evidence_json: JSON.stringify(op.evidence ?? {}),
        reported_at: at.record.at,
      });
    }
    this.#settleVerses(at.record.at, changes);
  }

  /** A verse is resolved when its condition is, or when it collapsed; `outcome` says whether it still exists. */
  #settleVerses(at: string, changes: ChangeSet): void {
    const survivors = new Set<string>();
    for (const { id, status } of this.#ledger.conditions()) {
      if (status.kind !== 'resolved') continue;
      for (const index of indexesOf(status.outcomes)) survivors.add(this.#ledger.childVerse(id, index));
    }
    for (const [id, before] of this.#verses) {
      if (!before.outcome) continue;
      const { live } = this.#ledger.verse(id as VerseId);
      const after = { resolved: !live || survivors.has(id), outcome: live };
      if (after.resolved === before.resolved && after.outcome === before.outcome) continue;
      this.#verses.set(id, after);
      changes.update('verses', { verse_id: id }, { ...after, resolved_at: at });
    }
  }

  #settleBalances(ops: readonly LedgerOp[], changes: ChangeSet): void {
    const touched = versesOf(ops);
    const entries = touched
      ? [...touched].flatMap((verse) => this.#ledger.balances({ verse, verses: 'all' }))
      : this.#ledger.balances({ verses: 'all' });
    const after = new Map<string, Held>();
    for (const verse of touched ?? this.#balances.keys()) after.set(verse, new Map());
    for (const { verse, owner, token, amount, live } of entries) {
      const held: Held = after.get(verse) ?? new Map();
      after.set(verse, held.set(`${owner} ${token}`, { amount: `${amount}`, live }));
    }
    for (const [verse, held] of after) this.#settleVerseBalances(verse, held, changes);
  }

  #settleVerseBalances(verse: string, after: Held, changes: ChangeSet): void {
    const before = this.#heldIn(verse);
    if (before.size === 0 && after.size === 0) return;
    const { live } = this.#ledger.verse(verse as VerseId);
    for (const key of new Set([...before.keys(), ...after.keys()])) {
      const was = before.get(key);
      const amount = after.get(key)?.amount ?? '0';
      if (was && was.amount === amount && was.live === live) continue;
      const [owner = '', token = ''] = key.split(' ');
      const id = { verse_id: verse, owner, token };
      if (was) changes.update('balances', id, { amount, live });
      else changes.insert('balances', { ...id, amount, live });
      before.set(key, { amount, live });
    }
  }

  #heldIn(verse: string): Held {
    const held = this.#balances.get(verse) ?? new Map();
    this.#balances.set(verse, held);
    return held;
  }
}

/** The outcomes that won, each redeemed one with its payout; null when none did. */
function outcomeText(
  op: OpOf<'resolve' | 'redeem' | 'void'>,
  { status, outcomes }: Condition,
): string | null {
  if (op.kind === 'void') return null;
  if (op.kind === 'redeem') return outcomes.map((name, index) => `${name} ${op.payouts[index]}`).join(', ');
  const live = status.kind === 'resolved' ? indexesOf(status.outcomes) : [];
  return live.map((index) => outcomes[index]).join(', ');
}

/** The verses whose balances the operations can have changed, or null for any. */
function versesOf(ops: readonly LedgerOp[]): Set<VerseId> | null {
  const verses = new Set<VerseId>();
  for (const op of ops) {
    switch (op.kind) {
      case 'deposit':
      case 'withdraw':
      case 'transfer':
        verses.add(op.verse);
        break;
      case 'split':
      case 'merge':
        for (const verse of [op.verse, ...op.children]) verses.add(verse);
        break;
      case 'borrow':
        verses.add(op.verse);
        break;
      // These name a loan or a condition, not the verses whose balances change.
      case 'repay':
      case 'foreclose':
      case 'openMarket':
      case 'resolve':
      case 'redeem':
      case 'void':
        return null;
      case 'defineVerse':
      case 'openCondition':
      case 'report':
      case 'propose':
      case 'dispute':
        break;
    }
  }
  return verses;
}
