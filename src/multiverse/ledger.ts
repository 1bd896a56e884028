import { z } from 'zod';

import type { ConditionId, VerseId } from '../model/ids.js';
import { Rational } from '../model/rational.js';
import { WorldError } from '../model/world-error.js';
import { type AccountId, SYSTEM_ACCOUNT, type TokenId } from './account.js';
import {
  boxOf,
  type Constraint,
  childBox,
  constraintsOf,
  ROOT_VERSE_ID,
  requireOutcome,
  verseIdOf,
} from './box.js';
import { digestOf } from './canonical-json.js';
import type { Condition } from './condition.js';
import { isLive, measureOf } from './lambda.js';
import { type LedgerOp, parseLedgerOp } from './ledger-op.js';
import { LedgerSnapshot, snapshotOf, stateOf } from './ledger-snapshot.js';
import { type BalanceEntry, LedgerState } from './ledger-state.js';
import type { Loan } from './loan.js';
import type { Market } from './market.js';
import { runOp } from './run-op.js';

/** A batch has at most this many operations. */
export const BATCH_OPS_MAX = 100_000;

/** What an operation did: `applied` is false when it had been done before, so that nothing changed. */
export interface OpOutcome {
  readonly applied: boolean;
}

/** A verse as seen from outside. `measure` is its share of the live atoms. */
export interface VerseView {
  readonly id: VerseId;
  readonly constraints: readonly Constraint[];
  readonly live: boolean;
  readonly measure: Rational;
}

/** One outcome index for each condition that matters; conditions that are void may be left out. */
export type Atom = Readonly<Record<ConditionId, number>>;

/** Which balances to list: the default is the live ones of every verse, owner and token. */
export interface BalanceFilter {
  readonly verse?: VerseId;
  readonly owner?: AccountId;
  readonly token?: TokenId;
  readonly verses?: 'live' | 'collapsed' | 'all';
}

/**
 * The multiverse map: (verse, owner, token) -> base units, with the conditions and verses it is about. It
 * changes only through operations, which are plain JSON; the same operations give the same ledger.
 *
 * On every live atom the balances an owner has in the verses containing it (`wealth`) change only by
 * deposit, withdraw, transfer, lending, redeem and void; over all owners they equal the escrow.
 */
export class Ledger {
  readonly #state: LedgerState;

  constructor(state: LedgerState = new LedgerState()) {
    this.#state = state;
  }

  /**
   * A ledger from what `snapshot` gave.
   *
   * @throws BAD_INPUT when it is something else.
   */
  static restore(snapshot: unknown): Ledger {
    const parsed = LedgerSnapshot.safeParse(snapshot);
    if (parsed.success) return new Ledger(stateOf(parsed.data));
    throw new WorldError('BAD_INPUT', `not a ledger snapshot: ${z.prettifyError(parsed.error)}`, {
      cause: parsed.error,
    });
  }

  /** The verse that contains every atom. */
  get rootVerse(): VerseId {
    return ROOT_VERSE_ID;
  }

  /**
   * Throws what applying would throw, and changes nothing. In a batch each operation sees those before it.
   * `caller` is who really asks: only the system may send an operation in another account's name.
   *
   * @throws FORBIDDEN, and the errors of the operations.
   */
  check(ops: LedgerOp | readonly LedgerOp[], caller?: AccountId): OpOutcome[] {
    const batch = 'kind' in ops ? [ops] : ops;
    for (const op of batch) requireCaller(op, caller ?? op.by);
    return this.#run(batch, false);
  }

  /**
   * Applies one operation, or throws and changes nothing. An idempotency key seen before with the same
   * operation makes it a no-op.
   *
   * @throws BAD_INPUT for data that is no operation (it would not come back from a journal),
   * IDEMPOTENCY_KEY_REUSED for a key seen with another operation, and the errors of the operation.
   */
  apply(op: LedgerOp): OpOutcome {
    return this.#run([op], true)[0] ?? { applied: false };
  }

  /** Applies all operations in order, or, when one is refused, throws its error and changes nothing. */
  applyAll(ops: readonly LedgerOp[]): OpOutcome[] {
    return this.#run(ops, true);
  }

  /**
   * Lets go of what `ledgerKeyOf` gave. Only for keys that nobody can send again: an operation that came with one of them
   * would be done a second time.
   */
  forgetKeys(keys: Iterable<string>): void {
    this.#state.forgetKeys(keys);
  }

  /** @throws VERSE_NOT_FOUND */
  verse(id: VerseId): VerseView {
    const { box } = this.#state.verse(id);
    const { lambda } = this.#state;
    return {
      id,
      constraints: constraintsOf(box),
      live: isLive(box, lambda),
      measure: measureOf(box, lambda),
    };
  }

  /** Every verse known, in the order they became known. */
  verses(): VerseView[] {
    return [...this.#state.verses()].map(([id]) => this.verse(id));
  }

  /** The id a list of constraints has, whether or not the verse is defined yet. @throws as `defineVerse`. */
  verseIdOf(constraints: readonly Constraint[]): VerseId {
    return verseIdOf(boxOf(constraints, (id) => this.#state.condition(id)));
  }

  /** @throws CONDITION_NOT_FOUND */
  condition(id: ConditionId): Condition {
    return this.#state.condition(id);
  }

  /** In the order they were opened. */
  conditions(): Condition[] {
    return [...this.#state.conditions()];
  }

  /** The conditions opened in exactly this verse that are still open. */
  openConditions(verse: VerseId): Condition[] {
    return this.conditions().filter((each) => each.verse === verse && each.status.kind === 'open');
  }

  /** The verse of one outcome of a condition. @throws CONDITION_NOT_FOUND, BAD_INPUT */
  childVerse(condition: ConditionId, outcomeIndex: number): VerseId {
    const { box, outcomeCount } = this.condition(condition);
    requireOutcome(condition, outcomeIndex, outcomeCount);
    return verseIdOf(childBox(box, condition, outcomeIndex));
  }

  /** The verses of all outcomes of a condition, by outcome index. @throws CONDITION_NOT_FOUND */
  childVerses(condition: ConditionId): VerseId[] {
    return this.condition(condition).outcomes.map((_, index) => this.childVerse(condition, index));
  }

  /** Base units; 0 for an owner or token never seen. */
  balance(verse: VerseId, owner: AccountId, token: TokenId): bigint {
    return this.#state.balance(verse, owner, token);
  }

  /** Base units that can be moved: the balance without what is collateral. */
  available(verse: VerseId, owner: AccountId, token: TokenId): bigint {
    return this.balance(verse, owner, token) - this.#state.encumbered(verse, owner, token);
  }

  /** The running loans, sorted by name. */
  loans(): Loan[] {
    return [...this.#state.loans()].sort((a, b) => order(a.id, b.id));
  }

  /** The market of a condition. @throws MARKET_NOT_FOUND */
  market(condition: ConditionId): Market {
    return this.#state.market(condition);
  }

  /** In the order they were opened. */
  markets(): Market[] {
    return [...this.#state.markets()];
  }

  /** The balances above zero that pass the filter, sorted by verse, token and owner. */
  balances(filter: BalanceFilter = {}): (BalanceEntry & { readonly live: boolean })[] {
    const wanted = filter.verses ?? 'live';
    const rows = [];
    for (const entry of this.#state.entries(filter.verse)) {
      if (filter.owner !== undefined && filter.owner !== entry.owner) continue;
      if (filter.token !== undefined && filter.token !== entry.token) continue;
      const live = isLive(this.#state.verse(entry.verse).box, this.#state.lambda);
      if (wanted === 'all' || live === (wanted === 'live')) rows.push({ ...entry, live });
    }
    return rows.sort((a, b) => order(a.verse, b.verse) || order(a.token, b.token) || order(a.owner, b.owner));
  }

  /**
   * What an owner has if the atom happens: the sum of its balances over the live verses that contain it.
   *
   * @throws CONTRADICTION when the atom is no longer possible, BAD_INPUT when it leaves out a condition that
   * decides about a balance.
   */
  wealth(owner: AccountId, token: TokenId, atom: Atom): bigint {
    this.#requireLiveAtom(atom);
    let total = 0n;
    for (const entry of this.balances({ owner, token })) {
      if (this.#contains(entry.verse, atom)) total += entry.amount;
    }
    return total;
  }

  /** Base units of a token that back every atom. */
  escrow(token: TokenId): bigint {
    return this.#state.escrow(token);
  }

  /** Tokens under escrow, sorted. */
  tokens(): TokenId[] {
    const held = [...this.#state.escrows()].filter(([, amount]) => amount > 0n);
    return held.map(([token]) => token).sort(order);
  }

  /**
   * The average over live atoms of everyone's wealth: the sum of balance times measure. It equals the escrow in
   * a sound ledger, and unlike wealth on every atom it costs no enumeration.
   */
  meanWealth(token: TokenId): Rational {
    return Rational.sum(
      this.balances({ token }).map(({ verse, amount }) =>
        Rational.mul(Rational.of(amount), this.verse(verse).measure),
      ),
    );
  }

  /** The whole ledger as JSON; `Ledger.restore` reads it back. */
  snapshot(): LedgerSnapshot {
    return snapshotOf(this.#state);
  }

  /** SHA-256 of the snapshot, in hex: equal ledgers have equal digests. */
  digest(): string {
    return digestOf(this.snapshot());
  }

  #run(ops: readonly LedgerOp[], keep: boolean): OpOutcome[] {
    if (ops.length > BATCH_OPS_MAX) {
      throw new WorldError('BAD_INPUT', `a batch has at most ${BATCH_OPS_MAX} operations, not ${ops.length}`);
    }
    return this.#state.transact(keep, () => ops.map((op) => runOnce(this.#state, parseLedgerOp(op))));
  }

  #requireLiveAtom(atom: Atom): void {
    for (const condition of this.#state.conditions()) {
      const index = atom[condition.id];
      if (index === undefined || condition.status.kind === 'void') continue;
      requireOutcome(condition.id, index, condition.outcomeCount);
      if (((this.#state.lambda(condition.id) >> BigInt(index)) & 1n) === 1n) continue;
      throw new WorldError('CONTRADICTION', `${condition.id} can no longer come out as ${index}`, {
        details: { condition: condition.id, outcome: index },
      });
    }
  }

  #contains(verse: VerseId, atom: Atom): boolean {
    for (const [condition, set] of this.#state.verse(verse).box) {
      const index = atom[condition];
      if (index === undefined) {
        throw new WorldError(
          'BAD_INPUT',
          `the atom says nothing about ${condition}, which decides a balance`,
          {
            details: { condition, verse },
          },
        );
      }
      if (((set >> BigInt(index)) & 1n) === 0n) return false;
    }
    return true;
  }
}

/** Under which the ledger remembers an operation: a key belongs to the account that used it. */
export function ledgerKeyOf(op: LedgerOp): string | null {
  return op.idempotencyKey === undefined ? null : `${op.by} ${op.idempotencyKey}`;
}

function runOnce(state: LedgerState, op: LedgerOp): OpOutcome {
  const key = ledgerKeyOf(op);
  if (key === null) return { applied: runOp(state, op) };
  const digest = digestOf(op);
  const before = state.keyDigest(key);
  if (before === digest) return { applied: false };
  if (before !== undefined) {
    throw new WorldError(
      'IDEMPOTENCY_KEY_REUSED',
      `${op.by} used the key "${op.idempotencyKey}" for another operation: send a new key`,
      { details: { by: op.by, idempotencyKey: op.idempotencyKey } },
    );
  }
  const applied = runOp(state, op);
  state.setKey(key, digest);
  return { applied };
}

function requireCaller(op: LedgerOp, caller: AccountId): void {
  if (caller === op.by || caller === SYSTEM_ACCOUNT) return;
  throw new WorldError('FORBIDDEN', `${caller} may not send operations as ${op.by}`, {
    details: { caller, by: op.by },
  });
}

function order(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
