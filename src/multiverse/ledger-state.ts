import { strict as assert } from 'node:assert';
import { AMOUNT_MAX } from '../model/amount.js';
import type { ConditionId, VerseId } from '../model/ids.js';
import { WorldError } from '../model/world-error.js';
import type { AccountId, TokenId } from './account.js';
import { type Box, ROOT_BOX, ROOT_VERSE_ID, verseIdOf } from './box.js';
import { type Condition, liveOutcomes } from './condition.js';
import type { Lambda } from './lambda.js';
import type { Loan, LoanId } from './loan.js';
import type { Market } from './market.js';
import type { VerseBox } from './partition.js';

/** One entry of the map (verse, owner, token) -> balance. */
export interface BalanceEntry {
  readonly verse: VerseId;
  readonly owner: AccountId;
  readonly token: TokenId;
  readonly amount: bigint;
}

type ByOwner = Map<AccountId, bigint>;

/** How a change is taken back: a balance as it was, the most frequent one, as plain data; others by a function. */
type Undo = BalanceEntry | (() => void);

/**
 * The ledger's tables. Every change is made inside `transact` and remembers how to take itself back, so
 * a refused operation, or a refused batch, leaves no trace.
 */
export class LedgerState {
  readonly #conditions = new Map<ConditionId, Condition>();
  readonly #verses = new Map<VerseId, Box>([[ROOT_VERSE_ID, ROOT_BOX]]);
  readonly #balances = new Map<VerseId, Map<TokenId, ByOwner>>();
  readonly #escrow = new Map<TokenId, bigint>();
  readonly #keys = new Map<string, string>();
  readonly #loans = new Map<LoanId, Loan>();
  /** What the loans encumber, by verse, owner and token: the sum of their collateral. */
  readonly #encumbered = new Map<string, bigint>();
  readonly #markets = new Map<ConditionId, Market>();
  #undo: Undo[] | undefined;

  /** Which outcomes of a condition are still possible. */
  readonly lambda: Lambda = (id) => liveOutcomes(this.condition(id));

  /** Runs `work`; takes all its changes back when it throws, or at the end when `keep` is false. */
  transact<T>(keep: boolean, work: () => T): T {
    assert(this.#undo === undefined, 'transactions do not nest');
    const undo: Undo[] = [];
    this.#undo = undo;
    let kept = false;
    try {
      const result = work();
      kept = keep;
      return result;
    } finally {
      this.#undo = undefined;
      if (!kept) for (const change of undo.reverse()) this.#takeBack(change);
    }
  }

  /** @throws CONDITION_NOT_FOUND */
  condition(id: ConditionId): Condition {
    const condition = this.#conditions.get(id);
    if (condition !== undefined) return condition;
    throw new WorldError('CONDITION_NOT_FOUND', `there is no condition ${id}: open it first`, {
      details: { condition: id },
    });
  }

  /** @throws VERSE_NOT_FOUND */
  verse(id: VerseId): VerseBox {
    const box = this.#verses.get(id);
    if (box !== undefined) return { id, box };
    throw new WorldError(
      'VERSE_NOT_FOUND',
      `there is no verse ${id}: define it, or open its condition, first`,
      {
        details: { verse: id },
      },
    );
  }

  hasCondition(id: ConditionId): boolean {
    return this.#conditions.has(id);
  }

  hasVerse(id: VerseId): boolean {
    return this.#verses.has(id);
  }

  /** In the order they were opened. */
  conditions(): Iterable<Condition> {
    return this.#conditions.values();
  }

  get conditionCount(): number {
    return this.#conditions.size;
  }

  verses(): Iterable<[VerseId, Box]> {
    return this.#verses.entries();
  }

  escrows(): Iterable<[TokenId, bigint]> {
    return this.#escrow.entries();
  }

  keys(): Iterable<[string, string]> {
    return this.#keys.entries();
  }

  balance(verse: VerseId, owner: AccountId, token: TokenId): bigint {
    return this.#balances.get(verse)?.get(token)?.get(owner) ?? 0n;
  }

  /** How much of a balance is collateral of a loan, so that it cannot be moved. */
  encumbered(verse: VerseId, owner: AccountId, token: TokenId): bigint {
    if (this.#encumbered.size === 0) return 0n;
    return this.#encumbered.get(`${verse} ${owner} ${token}`) ?? 0n;
  }

  /** @throws LOAN_NOT_FOUND */
  loan(id: LoanId): Loan {
    const loan = this.#loans.get(id);
    if (loan !== undefined) return loan;
    throw new WorldError('LOAN_NOT_FOUND', `there is no loan ${id}: it has ended, or was never made`, {
      details: { loan: id },
    });
  }

  hasLoan(id: LoanId): boolean {
    return this.#loans.has(id);
  }

  loans(): Iterable<Loan> {
    return this.#loans.values();
  }

  /** @throws MARKET_NOT_FOUND */
  market(condition: ConditionId): Market {
    const market = this.#markets.get(condition);
    if (market !== undefined) return market;
    throw new WorldError('MARKET_NOT_FOUND', `${condition} has no market: open one first`, {
      details: { condition },
    });
  }

  hasMarket(condition: ConditionId): boolean {
    return this.#markets.has(condition);
  }

  markets(): Iterable<Market> {
    return this.#markets.values();
  }

  escrow(token: TokenId): bigint {
    return this.#escrow.get(token) ?? 0n;
  }

  keyDigest(key: string): string | undefined {
    return this.#keys.get(key);
  }

  /** Every balance that is not zero, in one verse or in all. */
  *entries(verse?: VerseId): Iterable<BalanceEntry> {
    for (const id of verse === undefined ? this.#balances.keys() : [verse]) {
      for (const [token, owners] of this.#balances.get(id) ?? []) {
        for (const [owner, amount] of owners) yield { verse: id, owner, token, amount };
      }
    }
  }

  setCondition(condition: Condition): void {
    this.#put(this.#conditions, condition.id, condition);
  }

  /** Makes a box known and returns its id; knowing it already is fine. */
  defineVerse(box: Box): VerseId {
    const id = verseIdOf(box);
    if (!this.#verses.has(id)) this.#put(this.#verses, id, box);
    return id;
  }

  setMarket(market: Market): void {
    this.#put(this.#markets, market.condition, market);
  }

  /** Makes or replaces a loan, and encumbers its collateral. */
  setLoan(loan: Loan): void {
    this.dropLoan(loan.id);
    this.#put(this.#loans, loan.id, loan);
    this.#encumber(loan, loan.collateral);
  }

  /** Ends a loan, and frees its collateral. There need be none. */
  dropLoan(id: LoanId): void {
    const loan = this.#loans.get(id);
    if (loan === undefined) return;
    this.#record(() => this.#loans.set(id, loan));
    this.#loans.delete(id);
    this.#encumber(loan, -loan.collateral);
  }

  setKey(key: string, digest: string): void {
    this.#put(this.#keys, key, digest);
  }

  /** Lets go of keys that cannot be seen again. Outside transactions: it cannot be taken back. */
  forgetKeys(keys: Iterable<string>): void {
    assert(this.#undo === undefined, 'keys are forgotten between transactions');
    for (const key of keys) this.#keys.delete(key);
  }

  /** @throws BALANCE_OVERFLOW when the escrow would reach 2^256. */
  setEscrow(token: TokenId, amount: bigint): void {
    assert(amount >= 0n, 'an escrow is never negative');
    requireRoom(amount, `the escrow of ${token}`);
    this.#put(this.#escrow, token, amount);
  }

  /** @throws BALANCE_OVERFLOW when the balance would reach 2^256. */
  setBalance(entry: BalanceEntry): void {
    const { verse, owner, token, amount } = entry;
    assert(amount >= 0n, 'a balance is never negative');
    requireRoom(amount, `the balance of ${owner} in ${verse}`);
    this.#record({ verse, owner, token, amount: this.balance(verse, owner, token) });
    this.#store(entry);
  }

  /** Zeros are not stored, so equal ledgers have equal tables. */
  #store({ verse, owner, token, amount }: BalanceEntry): void {
    const tokens = this.#balances.get(verse);
    const owners = tokens?.get(token);
    if (amount > 0n) {
      if (owners !== undefined) owners.set(owner, amount);
      else if (tokens !== undefined) tokens.set(token, new Map([[owner, amount]]));
      else this.#balances.set(verse, new Map([[token, new Map([[owner, amount]])]]));
      return;
    }
    if (tokens === undefined || owners === undefined) return;
    owners.delete(owner);
    if (owners.size === 0) tokens.delete(token);
    if (tokens.size === 0) this.#balances.delete(verse);
  }

  #takeBack(change: Undo): void {
    if (typeof change === 'function') change();
    else this.#store(change);
  }

  #encumber({ verse, borrower, collateralToken }: Loan, change: bigint): void {
    const key = `${verse} ${borrower} ${collateralToken}`;
    const before = this.#encumbered.get(key) ?? 0n;
    const store = (amount: bigint) => {
      if (amount === 0n) this.#encumbered.delete(key);
      else this.#encumbered.set(key, amount);
    };
    this.#record(() => store(before));
    store(before + change);
  }

  #put<K, V>(map: Map<K, V>, key: K, value: V): void {
    const had = map.has(key);
    const before = map.get(key);
    this.#record(() => {
      if (had && before !== undefined) map.set(key, before);
      else map.delete(key);
    });
    map.set(key, value);
  }

  #record(change: Undo): void {
    assert(this.#undo !== undefined, 'the ledger changes only inside a transaction');
    this.#undo.push(change);
  }
}

function requireRoom(amount: bigint, where: string): void {
  if (amount <= AMOUNT_MAX) return;
  throw new WorldError('BALANCE_OVERFLOW', `${where} would pass 2^256 - 1 base units: move less`);
}
