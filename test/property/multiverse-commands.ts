import type { ConditionId, VerseId } from '../../src/model/ids.js';
import type { LedgerOp, OpOf } from '../../src/multiverse/index.js';
import { type Constraints, idOf, type Model, type ModelCondition } from './multiverse-model.js';

/** Of those conditions whose answers can be disputed, seconds. */
const WINDOW_S = 10;
/** More live atoms than this are not opened: the model lists them after every operation. */
const ATOMS_MAX = 36;
const OWNERS = ['alice', 'bob', 'carol'];
const TOKENS = ['usd', 'eur'];
/** Sometimes deposited; it cannot be split. */
const WHOLE = 'COMPUTE';
const PROBABILITIES: readonly (readonly string[])[] = [
  ['0.5', '0.5'],
  ['0.3', '0.7'],
  ['0.45', '0.35', '0.2'],
  ['0.333333333333333334', '0.333333333333333333', '0.333333333333333333'],
];

/** A partition that was once named, to be merged later. */
interface Cut {
  readonly verse: VerseId;
  readonly children: readonly VerseId[];
}

/** Turns the numbers of one random command into operations that mostly make sense. */
export class Commander {
  readonly #model: Model;
  readonly #cuts: Cut[] = [];
  readonly #sent: LedgerOp[] = [];
  #serial = 0;
  /** Milliseconds, as operations that depend on time say it. */
  #now = 0;
  #numbers: readonly number[] = [];
  #next = 0;

  constructor(model: Model) {
    this.#model = model;
  }

  /** The operations of one command, to be sent one by one; `batch` asks for them to be sent as one. */
  operations(numbers: readonly number[]): { ops: LedgerOp[]; batch: boolean } {
    this.#numbers = numbers;
    this.#next = 0;
    const roll = this.#draw(100);
    const ops = this.#sensible(roll);
    const last = ops.at(-1);
    if (last === undefined) return { ops: [this.#deposit()], batch: false };
    const fate = this.#draw(100);
    if (fate < 14) ops[ops.length - 1] = this.#spoil(last);
    if (fate >= 94) return { ops: [...ops, this.#deposit(), this.#spoil(last)], batch: true };
    if (fate >= 80) ops[ops.length - 1] = this.#keyed(last);
    return { ops, batch: false };
  }

  #sensible(roll: number): LedgerOp[] {
    if (roll < 8) return [this.#deposit()];
    if (roll < 12) return this.#withdraw();
    if (roll < 23) return this.#transfer();
    if (roll < 28) return this.#lend();
    if (roll < 54) return this.#split();
    if (roll < 77) return this.#merge();
    if (roll < 79) return this.#report();
    if (roll < 81) return this.#openMarket();
    if (roll < 84) return this.#answer();
    if (roll < 91) return this.#open();
    if (roll < 94) return this.#resolve();
    if (roll < 95) return this.#void();
    if (roll < 96) return this.#redeem();
    return this.#resend();
  }

  #draw(below: number): number {
    const number = this.#numbers[this.#next % this.#numbers.length] ?? 0;
    // Numbers that are used a second time mean something else then.
    const turn = Math.floor(this.#next / this.#numbers.length);
    this.#next += 1;
    return (number + turn * 7919) % below;
  }

  #pick<T>(items: readonly T[]): T | undefined {
    return items.length === 0 ? undefined : items[this.#draw(items.length)];
  }

  #deposit(): LedgerOp {
    const owner = this.#pick(OWNERS) ?? 'alice';
    const amount = `${1 + this.#draw(1000)}`;
    return {
      kind: 'deposit',
      by: owner,
      owner,
      token: this.#draw(12) === 0 ? WHOLE : (this.#pick(TOKENS) ?? 'usd'),
      verse: this.#model.root,
      amount,
    };
  }

  /** A live balance of someone, and a part of it. */
  #purse(): { verse: VerseId; owner: string; by: string; token: string; amount: string } | undefined {
    const held = [...this.#model.balances].flatMap(([key, balance]) => {
      const [verse = '', owner = '', token = ''] = key.split(' ');
      const usable = balance > 0n && this.#model.isLive(verse as VerseId);
      return usable ? [{ verse: verse as VerseId, owner, token, balance }] : [];
    });
    const purse = this.#pick(held);
    if (purse === undefined) return undefined;
    const { balance, ...rest } = purse;
    const by = purse.owner.startsWith('@') || this.#draw(8) === 0 ? '@system' : purse.owner;
    return { ...rest, by, amount: `${1n + (balance - 1n) / BigInt(1 + this.#draw(4))}` };
  }

  #withdraw(): LedgerOp[] {
    const purse = this.#purse();
    return purse === undefined ? [] : [{ kind: 'withdraw', ...purse }];
  }

  #transfer(): LedgerOp[] {
    const purse = this.#purse();
    if (purse === undefined) return [];
    const { owner, ...rest } = purse;
    return [{ kind: 'transfer', ...rest, from: owner, to: this.#pick(OWNERS) ?? 'bob' }];
  }

  #split(): LedgerOp[] {
    const purse = this.#purse();
    if (purse === undefined) return [];
    const parent = [...(this.#model.verses.get(purse.verse) ?? [])];
    const first = this.#cutBy(parent.map(([id, set]) => [id, [...set]] as const));
    if (first === undefined) return [];
    const [head, ...tail] = first;
    // Sometimes one part is cut again, along another condition.
    const again = head !== undefined && this.#draw(3) === 0 ? this.#cutBy(head) : undefined;
    const parts = again === undefined ? first : [...again, ...tail];
    const boxes = parts.map((part) => this.#model.close(part));
    const children = boxes.map(idOf);
    const unknown = boxes.filter((box) => !this.#model.verses.has(idOf(box)));
    this.#cuts.push({ verse: purse.verse, children });
    return [...unknown.map(defineOp), { kind: 'split', ...purse, children }];
  }

  /** Cuts a box along a condition that means something everywhere in it, into two or three parts. */
  #cutBy(box: readonly (readonly [string, readonly number[]])[]) {
    const sets = new Map(box);
    const usable = [...this.#model.conditions.values()].filter(
      ({ id, status, live, opening }) =>
        status !== 'void' &&
        status !== 'redeemed' &&
        !(status === 'resolved' && sets.has(id)) &&
        [...opening].every(([outer, set]) => sets.get(outer)?.every((one) => set.has(one))) &&
        [...live].filter((one) => sets.get(id)?.includes(one) ?? true).length >
          (status === 'resolved' ? 0 : 1),
    );
    const condition = this.#pick(usable);
    if (condition === undefined) return undefined;
    const here = [...condition.live].filter((one) => sets.get(condition.id)?.includes(one) ?? true);
    const [single, ...others] = here;
    const classes = this.#draw(2) === 0 ? here.map((one) => [one]) : [[single ?? 0], others];
    return classes
      .filter((one) => one.length > 0)
      .map((one) => [...box.filter(([id]) => id !== condition.id), [condition.id, one] as const]);
  }

  #merge(): LedgerOp[] {
    const start = this.#draw(1000);
    for (let offset = 0; offset < this.#cuts.length; offset += 1) {
      const cut = this.#cuts[(start + offset) % this.#cuts.length];
      if (!cut?.children.every((child) => this.#model.verses.has(child))) continue;
      const children = cut.children.filter((child) => this.#model.isLive(child));
      for (const owner of OWNERS) {
        for (const token of TOKENS) {
          const held = children.map((child) => this.#model.balance(child, owner, token));
          const least = held.sort((a, b) => Number(a - b))[0] ?? 0n;
          if (least === 0n) continue;
          return [{ kind: 'merge', by: owner, owner, token, verse: cut.verse, children, amount: `${least}` }];
        }
      }
    }
    return [];
  }

  #open(): LedgerOp[] {
    const live = [...this.#model.verses.keys()].filter((verse) => this.#model.isLive(verse));
    const verse = this.#draw(2) === 0 ? this.#model.root : (this.#pick(live) ?? this.#model.root);
    const probabilities = this.#pick(PROBABILITIES) ?? [];
    if (this.#model.atoms.length * probabilities.length > ATOMS_MAX) return this.#resolve();
    this.#serial += 1;
    const condition = `cnd_${`${this.#serial}`.padStart(26, '0')}` as ConditionId;
    const outcomes = probabilities.map((_, index) => `o${index}`);
    const probability = [...probabilities];
    const open = { kind: 'openCondition', by: 'oracle', condition, verse, outcomes } as const;
    const disputeWindow = this.#draw(5) === 1 ? WINDOW_S : 0;
    return [{ ...open, probabilities: probability, ...(disputeWindow > 0 ? { disputeWindow } : {}) }];
  }

  #anyCondition(): ModelCondition | undefined {
    const all = [...this.#model.conditions.values()];
    const open = all.filter(({ status }) => status === 'open');
    return this.#draw(8) === 0 ? this.#pick(all) : this.#pick(open);
  }

  #report(): LedgerOp[] {
    const condition = this.#anyCondition();
    if (condition === undefined) return [];
    const outcome = this.#draw(condition.count);
    return [{ kind: 'report', by: 'oracle', condition: condition.id, outcome, cost: `${this.#draw(50)}/7` }];
  }

  #resolve(): LedgerOp[] {
    const condition = this.#anyCondition();
    if (condition === undefined) return [];
    const first = this.#draw(condition.count);
    const outcomes = this.#draw(4) === 0 ? [first, (first + 1) % condition.count] : [first];
    const at = this.#time();
    return [{ kind: 'resolve', by: 'oracle', condition: condition.id, outcomes, source: 'manual', at }];
  }

  /** The next step of an oracle that takes its time: proposed, disputed, or final. */
  #answer(): LedgerOp[] {
    const answered = [...this.#model.conditions.values()].filter(({ proposal }) => proposal !== null);
    const condition = this.#draw(3) === 0 ? undefined : this.#pick(answered);
    const next = condition ?? this.#anyCondition();
    if (next === undefined) return [];
    const about = { by: 'oracle', condition: next.id, at: this.#time() };
    const proposed = next.proposal?.outcome;
    const step = this.#draw(4);
    if (proposed === undefined || step === 0) {
      return [{ kind: 'propose', ...about, outcome: this.#draw(next.count), source: 'manual' }];
    }
    if (step < 3) return [{ kind: 'dispute', ...about, by: this.#pick(OWNERS) ?? 'bob' }];
    return [{ kind: 'resolve', ...about, outcomes: [proposed], source: 'manual' }];
  }

  #time(): number {
    this.#now += this.#draw(WINDOW_S * 500);
    return this.#now;
  }

  #void(): LedgerOp[] {
    const condition = this.#anyCondition();
    return condition === undefined ? [] : [{ kind: 'void', by: 'oracle', condition: condition.id }];
  }

  #redeem(): LedgerOp[] {
    const condition = this.#anyCondition();
    if (condition === undefined) return [];
    const payouts = Array.from({ length: condition.count }, () => `${this.#draw(4)}`);
    return [{ kind: 'redeem', by: 'oracle', condition: condition.id, payouts, source: 'manual' }];
  }

  /** A new loan, or something about a running one. */
  #lend(): LedgerOp[] {
    const running = this.#pick([...this.#model.loans]);
    if (running !== undefined && this.#draw(3) > 0) {
      const [loan, { owed, borrower }] = running;
      if (this.#draw(4) === 0) return [{ kind: 'foreclose', by: '@system', loan }];
      const amount = `${1n + (owed - 1n) / BigInt(1 + this.#draw(3))}`;
      return [{ kind: 'repay', by: borrower.startsWith('@') ? '@system' : borrower, loan, amount }];
    }
    const lender = this.#purse();
    if (lender === undefined) return [];
    const pledges = [...this.#model.balances].filter(
      ([key, held]) => held > 0n && key.startsWith(`${lender.verse} `) && !key.includes(` ${lender.owner} `),
    );
    const [pledge, held] = this.#pick(pledges) ?? [];
    if (pledge === undefined || held === undefined) return [];
    const [verse = '', borrower = '', collateralToken = ''] = pledge.split(' ');
    const { token, amount } = lender;
    const collateral = `${1n + (held - 1n) / BigInt(1 + this.#draw(2))}`;
    this.#serial += 1;
    const op: OpOf<'borrow'> = {
      kind: 'borrow',
      by: '@system',
      loan: `loan-${this.#serial}`,
      lender: lender.owner,
      borrower,
      verse: verse as VerseId,
      token,
      amount,
      collateralToken,
      collateral,
    };
    return [this.#draw(2) === 0 ? op : { ...op, owed: `${BigInt(amount) + 3n}` }];
  }

  #openMarket(): LedgerOp[] {
    const condition = this.#anyCondition();
    if (condition === undefined) return [];
    const liquidity = 1 + this.#draw(60);
    const [purse] = [...this.#model.balances]
      .filter(([key, held]) => key.startsWith(`${this.#model.verseOf(condition.opening)} `) && held > 0n)
      .sort(([, a], [, b]) => Number(b - a));
    const [, funder = 'alice', token = 'usd'] = purse?.[0].split(' ') ?? [];
    const subsidy = `${Math.ceil(liquidity * Math.log(condition.count))}`;
    const { id } = condition;
    return [
      { kind: 'openMarket', by: '@system', condition: id, funder, token, liquidity: `${liquidity}`, subsidy },
    ];
  }

  #keyed(op: LedgerOp): LedgerOp {
    this.#serial += 1;
    const keyed = { ...op, idempotencyKey: `key-${this.#serial}` };
    this.#sent.push(keyed);
    return keyed;
  }

  #resend(): LedgerOp[] {
    const op = this.#pick(this.#sent);
    return op === undefined ? [] : [op];
  }

  /** Something wrong with it, one way or another. What the ledger must answer is for the model to say. */
  #spoil(op: LedgerOp): LedgerOp {
    const way = this.#draw(10);
    if (way === 0) return { ...op, by: 'mallory' };
    if (way === 1 && op.idempotencyKey !== undefined) return { ...op, by: '@system' };
    switch (op.kind) {
      case 'deposit':
      case 'withdraw':
      case 'transfer':
        return this.#spoilMove(op, way);
      case 'split':
      case 'merge':
        return this.#spoilPartition(op, way);
      case 'defineVerse':
        return { ...op, constraints: [{ condition: unknownCondition, outcomes: [0] }] };
      case 'openCondition':
        return this.#spoilOpen(op, way);
      case 'report':
        if (way < 5) return { ...op, cost: '-1' };
        return { ...op, outcome: way < 8 ? 9 : 0, condition: way < 8 ? op.condition : unknownCondition };
      case 'propose':
        return way < 6 ? { ...op, outcome: 9 } : { ...op, condition: unknownCondition };
      case 'dispute':
        return way < 6 ? { ...op, at: 1e9 } : { ...op, condition: unknownCondition };
      case 'resolve':
        return { ...op, outcomes: way < 6 ? [] : [9] };
      case 'void':
        return { ...op, condition: unknownCondition };
      case 'redeem':
        if (way < 3) return { ...op, payouts: op.payouts.map(() => '0') };
        if (way < 6) return { ...op, payouts: [...op.payouts, '1'] };
        return { ...op, payouts: op.payouts.map(() => '1.5') };
      case 'borrow':
        return this.#spoilBorrow(op, way);
      case 'repay':
        if (way < 4) return { ...op, loan: 'nobody' };
        return { ...op, amount: way < 7 ? '0' : '999999999' };
      case 'foreclose':
        return way < 5 ? { ...op, loan: 'nobody' } : { ...op, by: 'alice' };
      case 'openMarket':
        if (way < 3) return { ...op, condition: unknownCondition };
        return way < 6 ? { ...op, token: WHOLE } : { ...op, subsidy: `${BigInt(op.subsidy) - 1n}` };
    }
  }

  #spoilMove(op: OpOf<'deposit' | 'withdraw' | 'transfer'>, way: number): LedgerOp {
    const verse = this.#pick([...this.#model.verses.keys()]) ?? op.verse;
    if (way < 3) return { ...op, amount: way === 1 ? '0' : '-5' };
    if (way < 4) return { ...op, verse: unknownVerse };
    if (way < 5) return { ...op, verse, token: WHOLE };
    if (way < 7) return { ...op, verse };
    return { ...op, amount: `${2n ** 256n - 1n}` };
  }

  #spoilBorrow(op: OpOf<'borrow'>, way: number): LedgerOp {
    const taken = this.#pick([...this.#model.loans.keys()]);
    if (way < 2) return { ...op, loan: taken ?? op.loan };
    if (way < 4) return { ...op, borrower: op.lender };
    if (way < 5) return { ...op, collateral: '0' };
    if (way < 7) return { ...op, collateral: '999999999' };
    const verse = this.#pick([...this.#model.verses.keys()]) ?? op.verse;
    return way < 9 ? { ...op, verse } : { ...op, by: op.lender.startsWith('@') ? 'alice' : op.lender };
  }

  #spoilPartition(op: OpOf<'split' | 'merge'>, way: number): LedgerOp {
    const [first, ...rest] = op.children;
    const any = this.#pick([...this.#model.verses.keys()]) ?? op.verse;
    if (way < 2) return { ...op, amount: '0' };
    if (way < 4) return { ...op, children: rest };
    if (way < 5 && first !== undefined) return { ...op, children: [first, first, ...rest] };
    if (way < 6) return { ...op, children: [op.verse] };
    if (way < 7) return { ...op, children: [any, ...rest] };
    if (way < 8) return { ...op, children: [...op.children, any] };
    if (way < 9) return { ...op, amount: `${BigInt(op.amount) * 1000n}` };
    return { ...op, verse: any };
  }

  #spoilOpen(op: OpOf<'openCondition'>, way: number): LedgerOp {
    const taken = this.#pick([...this.#model.conditions.keys()]) as ConditionId | undefined;
    if (way < 3) return { ...op, probabilities: op.probabilities.map(() => '0.1') };
    if (way < 5) return { ...op, probabilities: op.probabilities.map(() => 'half') };
    if (way < 7) return { ...op, outcomes: op.outcomes.map(() => 'same') };
    return { ...op, condition: taken ?? op.condition };
  }
}

const unknownVerse = `vrs_${'0'.repeat(32)}` as VerseId;
const unknownCondition = `cnd_${'Z'.repeat(26)}` as ConditionId;

function defineOp(box: Constraints): LedgerOp {
  const constraints = [...box].map(([id, set]) => ({ condition: id as ConditionId, outcomes: [...set] }));
  return { kind: 'defineVerse', by: 'alice', constraints };
}
