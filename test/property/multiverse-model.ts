import { createHash } from 'node:crypto';

import type { ConditionId, VerseId } from '../../src/model/ids.js';
import type { ErrorCode } from '../../src/model/world-error.js';
import type { LedgerOp, OpOf } from '../../src/multiverse/index.js';
import {
  type ModelLoan,
  shortage,
  stepBorrow,
  stepForeclose,
  stepOpenMarket,
  stepRepay,
} from './multiverse-loans.js';

/** Constraints by condition id. */
export type Constraints = ReadonlyMap<string, ReadonlySet<number>>;

export interface ModelCondition {
  readonly id: ConditionId;
  readonly count: number;
  readonly probabilities: readonly bigint[];
  readonly oracle: string;
  readonly opening: Constraints;
  readonly reports: Map<number, string>;
  /** Seconds. */
  readonly window: number;
  proposal: { readonly outcome: number; readonly until: number } | null;
  live: Set<number>;
  status: 'open' | 'resolved' | 'redeemed' | 'void';
  /** Of a redeemed one. */
  payouts?: string;
}

/** Outcome by condition id; conditions that no longer matter are left out. */
export type ModelAtom = ReadonlyMap<string, number>;

export type Expected = ErrorCode | 'applied' | 'no-op';

const MAX = 2n ** 256n - 1n;
const ONE = 10n ** 18n;

/**
 * The multiverse written down the slow and simple way, from the paper's definitions: it lists every live atom, a
 * verse is the list of its atoms, and a partition is checked by counting each atom. It shares no code with
 * the ledger.
 */
export class Model {
  readonly conditions = new Map<string, ModelCondition>();
  readonly verses = new Map<VerseId, Constraints>();
  readonly balances = new Map<string, bigint>();
  readonly escrow = new Map<string, bigint>();
  readonly keys = new Map<string, string>();
  readonly loans = new Map<string, ModelLoan>();
  readonly markets = new Set<string>();
  #atoms: ModelAtom[] = [new Map()];
  #members = new Map<VerseId, readonly boolean[]>();

  constructor() {
    this.define(new Map());
  }

  get atoms(): readonly ModelAtom[] {
    return this.#atoms;
  }

  get root(): VerseId {
    return [...this.verses.keys()][0]!;
  }

  /** For each live atom, whether the verse contains it. */
  membersOf(verse: VerseId): readonly boolean[] {
    const known = this.#members.get(verse);
    if (known !== undefined) return known;
    const constraints = this.verses.get(verse)!;
    const members = this.#atoms.map((atom) =>
      [...constraints].every(([id, set]) => {
        const outcome = atom.get(id);
        return outcome !== undefined && set.has(outcome);
      }),
    );
    this.#members.set(verse, members);
    return members;
  }

  isLive(verse: VerseId): boolean {
    return this.membersOf(verse).includes(true);
  }

  balance(verse: string, owner: string, token: string): bigint {
    return this.balances.get(`${verse} ${owner} ${token}`) ?? 0n;
  }

  add(verse: string, owner: string, token: string, change: bigint): void {
    this.balances.set(`${verse} ${owner} ${token}`, this.balance(verse, owner, token) + change);
  }

  verseOf(constraints: Constraints): VerseId {
    return idOf(constraints);
  }

  /** What the ledger has to answer; when that is success the model does it too. */
  step(op: LedgerOp): Expected {
    if (op.idempotencyKey === undefined) return this.#step(op);
    const key = `${op.by} ${op.idempotencyKey}`;
    const text = JSON.stringify(Object.entries(op).sort());
    const seen = this.keys.get(key);
    if (seen !== undefined) return seen === text ? 'no-op' : 'IDEMPOTENCY_KEY_REUSED';
    const result = this.#step(op);
    if (result === 'applied' || result === 'no-op') this.keys.set(key, text);
    return result;
  }

  /** Constraints with those of the opening verses added and those that allow everything dropped. */
  close(pairs: readonly (readonly [string, readonly number[]])[]): Constraints {
    const closed = new Map<string, Set<number>>();
    const meet = (id: string, set: ReadonlySet<number>) =>
      closed.set(id, new Set([...set].filter((one) => closed.get(id)?.has(one) ?? true)));
    for (const [id, outcomes] of pairs) {
      const condition = this.conditions.get(id)!;
      if (new Set(outcomes).size === condition.count) continue;
      for (const [outer, set] of condition.opening) meet(outer, set);
      meet(id, new Set(outcomes));
    }
    return closed;
  }

  define(constraints: Constraints): VerseId {
    const id = idOf(constraints);
    this.verses.set(id, constraints);
    return id;
  }

  #step(op: LedgerOp): Expected {
    switch (op.kind) {
      case 'deposit':
      case 'withdraw':
      case 'transfer':
      case 'split':
      case 'merge':
        return this.#move(op);
      case 'defineVerse':
        return this.#defineVerse(op);
      case 'openCondition':
        return this.#open(op);
      case 'report':
        return this.#report(op);
      case 'propose':
        return this.#propose(op);
      case 'dispute':
        return this.#dispute(op);
      case 'resolve':
        return this.#resolve(op);
      case 'void':
        return this.#void(op);
      case 'redeem':
        return this.#redeem(op);
      case 'borrow':
        return stepBorrow(this, op);
      case 'repay':
        return stepRepay(this, op);
      case 'foreclose':
        return stepForeclose(this, op);
      case 'openMarket':
        return stepOpenMarket(this, op);
    }
  }

  #move(op: OpOf<'deposit' | 'withdraw' | 'transfer' | 'split' | 'merge'>): Expected {
    if (!/^[1-9]\d*$/.test(op.amount) || BigInt(op.amount) > MAX) return 'BAD_AMOUNT';
    const owner = op.kind === 'transfer' ? op.from : op.owner;
    if (op.by !== owner && op.by !== '@system') return 'FORBIDDEN';
    if (!this.verses.has(op.verse)) return 'VERSE_NOT_FOUND';
    const x = BigInt(op.amount);
    const add = (verse: string, who: string, change: bigint) => this.add(verse, who, op.token, change);
    const short = (verse: VerseId) => shortage(this, { verse, owner, token: op.token, amount: x });
    const escrow = this.escrow.get(op.token) ?? 0n;
    if (op.kind === 'split' || op.kind === 'merge') {
      const refusal = this.#partitionRefusal(op);
      if (refusal !== undefined) return refusal;
      const sources = op.kind === 'split' ? [op.verse] : op.children;
      const missing = sources.map(short).find((one) => one !== undefined);
      if (missing !== undefined) return missing;
      const sign = op.kind === 'split' ? 1n : -1n;
      add(op.verse, owner, -sign * x);
      for (const child of op.children) add(child, owner, sign * x);
      return 'applied';
    }
    if (op.kind === 'deposit' && op.token === 'COMPUTE' && op.verse !== this.root)
      return 'TOKEN_UNSPLITTABLE';
    if (!this.isLive(op.verse)) return 'VERSE_COLLAPSED';
    if (op.kind === 'transfer') {
      const missing = short(op.verse);
      if (missing !== undefined) return missing;
      add(op.verse, owner, -x);
      add(op.verse, op.to, x);
      return 'applied';
    }
    if (this.membersOf(op.verse).includes(false)) return 'NOT_EXHAUSTIVE';
    const missing = op.kind === 'withdraw' ? short(op.verse) : undefined;
    if (missing !== undefined) return missing;
    if (op.kind === 'deposit' && escrow + x > MAX) return 'BALANCE_OVERFLOW';
    const change = op.kind === 'deposit' ? x : -x;
    this.escrow.set(op.token, escrow + change);
    add(op.verse, owner, change);
    return 'applied';
  }

  #partitionRefusal(op: OpOf<'split' | 'merge'>): ErrorCode | undefined {
    if (op.children.some((child) => !this.verses.has(child))) return 'VERSE_NOT_FOUND';
    if (op.token === 'COMPUTE') return 'TOKEN_UNSPLITTABLE';
    if (![op.verse, ...op.children].every((verse) => this.isLive(verse))) return 'VERSE_COLLAPSED';
    const covers = this.#atoms.map(
      (_, atom) => op.children.filter((child) => this.membersOf(child)[atom] === true).length,
    );
    if (covers.some((times) => times > 1)) return 'OVERLAP';
    const parent = this.membersOf(op.verse);
    if (covers.some((times, atom) => (times === 1) !== parent[atom])) return 'NOT_EXHAUSTIVE';
    if (op.children.length === 1 && op.children[0] === op.verse) return 'TRIVIAL_PARTITION';
    // What has every atom of the parent is left of a settled question: it goes up and nothing comes down.
    const whole = (child: VerseId) => this.membersOf(child).every((inside, atom) => inside === parent[atom]);
    return op.kind === 'split' && op.children.some(whole) ? 'TRIVIAL_PARTITION' : undefined;
  }

  #defineVerse(op: OpOf<'defineVerse'>): Expected {
    for (const { condition, outcomes } of op.constraints) {
      const found = this.conditions.get(condition);
      if (found === undefined) return 'CONDITION_NOT_FOUND';
      if (outcomes.some((outcome) => outcome >= found.count)) return 'BAD_INPUT';
    }
    const closed = this.close(op.constraints.map(({ condition, outcomes }) => [condition, outcomes]));
    if ([...closed.values()].some((set) => set.size === 0)) return 'BAD_INPUT';
    const known = this.verses.has(idOf(closed));
    const id = this.define(closed);
    if (this.isLive(id)) return known ? 'no-op' : 'applied';
    if (!known) this.verses.delete(id);
    return 'VERSE_COLLAPSED';
  }

  #open(op: OpOf<'openCondition'>): Expected {
    if (this.conditions.has(op.condition)) return 'NAME_TAKEN';
    const opening = this.verses.get(op.verse);
    if (opening === undefined) return 'VERSE_NOT_FOUND';
    if (!this.isLive(op.verse)) return 'VERSE_COLLAPSED';
    if (new Set(op.outcomes).size < op.outcomes.length) return 'BAD_INPUT';
    if (op.probabilities.some((text) => !/^[01](\.\d{1,18})?$/.test(text))) return 'BAD_NUMBER';
    if (op.probabilities.length !== op.outcomes.length) return 'BAD_INPUT';
    const probabilities = op.probabilities.map((text) => {
      const [whole = '0', decimals = ''] = text.split('.');
      return BigInt(whole) * ONE + BigInt(decimals.padEnd(18, '0'));
    });
    if (probabilities.reduce((a, b) => a + b) !== ONE) return 'PROBABILITIES_UNBALANCED';
    const count = op.outcomes.length;
    this.conditions.set(op.condition, {
      id: op.condition,
      count,
      probabilities,
      oracle: op.oracle ?? op.by,
      opening,
      reports: new Map(),
      window: op.disputeWindow ?? 0,
      proposal: null,
      live: new Set(Array.from({ length: count }, (_, index) => index)),
      status: 'open',
    });
    for (let index = 0; index < count; index += 1)
      this.define(new Map([...opening, [op.condition, new Set([index])]]));
    this.#relist();
    return 'applied';
  }

  #report(op: OpOf<'report'>): Expected {
    const condition = this.conditions.get(op.condition);
    if (condition === undefined) return 'CONDITION_NOT_FOUND';
    if (op.by !== condition.oracle && op.by !== '@system') return 'FORBIDDEN';
    if (condition.status !== 'open') return 'ALREADY_RESOLVED';
    if (!this.isLive(idOf(condition.opening))) return 'VERSE_COLLAPSED';
    if (op.outcome >= condition.count) return 'BAD_INPUT';
    if (op.cost?.startsWith('-')) return 'BAD_NUMBER';
    condition.reports.set(op.outcome, `${op.cost} ${op.value}`);
    return 'applied';
  }

  #propose(op: OpOf<'propose'>): Expected {
    const condition = this.conditions.get(op.condition);
    if (condition === undefined) return 'CONDITION_NOT_FOUND';
    if (op.by !== condition.oracle && op.by !== '@system') return 'FORBIDDEN';
    if (op.outcome >= condition.count) return 'BAD_INPUT';
    if (condition.status !== 'open') return 'ALREADY_RESOLVED';
    if (!this.isLive(idOf(condition.opening))) return 'VERSE_COLLAPSED';
    if (condition.proposal?.outcome === op.outcome) return 'no-op';
    if (condition.proposal !== null) return 'PROPOSAL_STANDS';
    condition.proposal = { outcome: op.outcome, until: op.at + 1000 * condition.window };
    return 'applied';
  }

  #dispute(op: OpOf<'dispute'>): Expected {
    const condition = this.conditions.get(op.condition);
    if (condition === undefined) return 'CONDITION_NOT_FOUND';
    if (condition.status !== 'open') return 'ALREADY_RESOLVED';
    if (!this.isLive(idOf(condition.opening))) return 'VERSE_COLLAPSED';
    if (condition.proposal === null) return 'NO_PROPOSAL';
    if (op.at >= condition.proposal.until) return 'DISPUTE_WINDOW_OVER';
    condition.proposal = null;
    return 'applied';
  }

  #resolve(op: OpOf<'resolve'>): Expected {
    const condition = this.conditions.get(op.condition);
    if (condition === undefined) return 'CONDITION_NOT_FOUND';
    if (op.by !== condition.oracle && op.by !== '@system') return 'FORBIDDEN';
    if (op.outcomes.some((outcome) => outcome >= condition.count)) return 'BAD_INPUT';
    const reported = new Set(op.outcomes);
    if (condition.status === 'resolved') {
      const same =
        reported.size === condition.live.size && [...reported].every((one) => condition.live.has(one));
      return same ? 'no-op' : 'ALREADY_RESOLVED';
    }
    if (condition.status !== 'open') return 'ALREADY_RESOLVED';
    if (!this.isLive(idOf(condition.opening))) return 'VERSE_COLLAPSED';
    if (reported.size === 0) return 'CONTRADICTION';
    if (condition.proposal === null && condition.window > 0) return 'NO_PROPOSAL';
    if (condition.proposal !== null) {
      if (reported.size > 1 || !reported.has(condition.proposal.outcome)) return 'PROPOSAL_STANDS';
      if ((op.at ?? 0) < condition.proposal.until) return 'DISPUTE_WINDOW_OPEN';
    }
    condition.live = reported;
    condition.status = 'resolved';
    this.#relist();
    return 'applied';
  }

  /** What the ledger gave the dust account is checked by conservation. */
  #void(op: OpOf<'void'>): Expected {
    const condition = this.conditions.get(op.condition);
    if (condition === undefined) return 'CONDITION_NOT_FOUND';
    if (op.by !== condition.oracle && op.by !== '@system') return 'FORBIDDEN';
    if (condition.status === 'void') return 'no-op';
    if (condition.status !== 'open') return 'ALREADY_RESOLVED';
    if (!this.isLive(idOf(condition.opening))) return 'VERSE_COLLAPSED';
    if (condition.proposal !== null) return 'PROPOSAL_STANDS';
    this.#payOut(condition, condition.probabilities);
    condition.status = 'void';
    this.#relist();
    return 'applied';
  }

  #redeem(op: OpOf<'redeem'>): Expected {
    const condition = this.conditions.get(op.condition);
    if (condition === undefined) return 'CONDITION_NOT_FOUND';
    if (op.by !== condition.oracle && op.by !== '@system') return 'FORBIDDEN';
    if (op.payouts.length !== condition.count) return 'BAD_INPUT';
    if (op.payouts.some((text) => !/^\d{1,78}$/.test(text))) return 'BAD_AMOUNT';
    const text = op.payouts.join(' ');
    if (condition.status !== 'open') return condition.payouts === text ? 'no-op' : 'ALREADY_RESOLVED';
    if (!this.isLive(idOf(condition.opening))) return 'VERSE_COLLAPSED';
    if (condition.proposal !== null) return 'PROPOSAL_STANDS';
    if (condition.window > 0) return 'NO_PROPOSAL';
    if (op.payouts.every((one) => one === '0')) return 'CONTRADICTION';
    this.#payOut(condition, op.payouts.map(BigInt));
    condition.status = 'redeemed';
    condition.payouts = text;
    this.#relist();
    return 'applied';
  }

  /** Pays everyone but the dust account; those opened under the condition end with it. Loans are multiplied alike. */
  #payOut(condition: ModelCondition, weights: readonly bigint[]): void {
    const ending = [...this.conditions.values()].filter(
      (one) => one === condition || one.opening.has(condition.id),
    );
    const dropped = ending.map((one) => (one === condition ? { ...one, probabilities: weights } : one));
    const ends = (verse: VerseId) =>
      dropped.some(({ id }) => this.verses.get(verse)!.has(id)) && this.isLive(verse);
    const above = (verse: VerseId) =>
      this.define(
        new Map([...this.verses.get(verse)!].filter(([id]) => !dropped.some((one) => one.id === id))),
      );
    for (const [name, loan] of this.loans) {
      if (!ends(loan.verse)) continue;
      const constraints = this.verses.get(loan.verse)!;
      loan.owed = payout(loan.owed, constraints, dropped);
      loan.collateral = payout(loan.collateral, constraints, dropped);
      loan.verse = above(loan.verse);
      if (loan.owed === 0n) this.loans.delete(name);
    }
    const paid: [string, bigint][] = [];
    for (const [key, amount] of this.balances) {
      const [verse = '', owner, token] = key.split(' ');
      const constraints = this.verses.get(verse as VerseId)!;
      if (amount === 0n || !ends(verse as VerseId)) continue;
      const target = above(verse as VerseId);
      paid.push([key, -amount], [`${target} ${owner} ${token}`, payout(amount, constraints, dropped)]);
    }
    for (const [key, change] of paid) this.balances.set(key, (this.balances.get(key) ?? 0n) + change);
    for (const one of ending) if (one !== condition && one.status === 'open') one.status = 'void';
  }

  /** Lists the live atoms anew. Void conditions, and those opened where nothing is live, no longer matter. */
  #relist(): void {
    this.#atoms = [new Map()];
    for (const { id, live, status, opening } of this.conditions.values()) {
      const before = this.#atoms;
      const reachable = before.some((atom) =>
        [...opening].every(([outer, set]) => set.has(atom.get(outer) ?? -1)),
      );
      if (status === 'void' || status === 'redeemed' || !reachable) continue;
      this.#atoms = before.flatMap((atom) => [...live].map((outcome) => new Map(atom).set(id, outcome)));
    }
    this.#members = new Map();
  }
}

/** floor(amount * P(constraints on the dropped conditions)), listing their joint outcomes. */
function payout(amount: bigint, constraints: Constraints, dropped: readonly ModelCondition[]): bigint {
  let inside = 0n;
  let all = 0n;
  const visit = (index: number, weight: bigint, within: boolean): void => {
    const condition = dropped[index];
    if (condition === undefined) {
      all += weight;
      if (within) inside += weight;
      return;
    }
    for (const outcome of condition.live) {
      const here = constraints.get(condition.id)?.has(outcome) ?? true;
      visit(index + 1, weight * condition.probabilities[outcome]!, within && here);
    }
  };
  visit(0, 1n, true);
  return (amount * inside) / all;
}

/** The verse id, from its definition. */
export function idOf(constraints: Constraints): VerseId {
  const pairs = [...constraints].map(([id, set]) => [id, [...set].sort((a, b) => a - b)] as const);
  pairs.sort(([a], [b]) => (a < b ? -1 : 1));
  return `vrs_${createHash('sha256').update(JSON.stringify(pairs)).digest('hex').slice(0, 32)}` as VerseId;
}
