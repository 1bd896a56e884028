import type { ConditionId, VerseId } from '../../src/model/ids.js';
import { liveOutcomes } from '../../src/multiverse/condition.js';
import { type Condition, type Constraint, type Ledger, ROOT_VERSE_ID } from '../../src/multiverse/index.js';
import { indexesOf } from '../../src/multiverse/outcome-set.js';
import { type Random, weighted } from '../simulation/random.js';
import { isVerse, leastOf, type ParityOp, TOKEN } from './contract-ledger.js';

export const OWNERS = ['alice', 'bob', 'carol'] as const;
const ORACLE = 'oracle';
/** More conditions than this are not open at a time, so that partitions stay small. */
const OPEN_MAX = 6;
/** Partitions that were once named, to be merged later. */
const CUTS_MAX = 40;
/** The contract's bound on one verse, in bits: each condition counts with its finest denominator. */
const VERSE_BITS_MAX = 190;
const PROBABILITIES: readonly (readonly string[])[] = [
  ['0.5', '0.5'],
  ['0.3', '0.7'],
  ['0.45', '0.35', '0.2'],
  ['0', '1', '0'],
  ['0.25', '0.25', '0.25', '0.25'],
  ['0.333333333333333334', '0.333333333333333333', '0.333333333333333333'],
];

type Box = readonly Constraint[];

/** Operations that mostly make sense for the ledger as it is, and some that do not. What they come to is for the ledger to say. */
export class RandomOperations {
  readonly #random: Random;
  readonly #ledger: Ledger;
  readonly #knows: (verse: VerseId) => boolean;
  readonly #cuts: { readonly verse: VerseId; readonly children: readonly VerseId[] }[] = [];
  #serial = 0;

  /** @param knows true for verses that both sides can be asked about. */
  constructor(random: Random, ledger: Ledger, knows: (verse: VerseId) => boolean) {
    this.#random = random;
    this.#ledger = ledger;
    this.#knows = knows;
  }

  /** The next operations, to be done one by one. */
  next(): ParityOp[] {
    const [kind] = weighted(this.#random, [
      ['deposit', 10],
      ['withdraw', 5],
      ['transfer', 12],
      ['split', 26],
      ['merge', 20],
      ['open', 7],
      ['resolve', 5],
      ['void', 2],
      ['redeem', 2],
      ['define', 4],
    ] as const);
    const ops = this.#sensible(kind);
    const last = ops.pop() ?? this.#deposit();
    // Conditions are asked for rarely, so that more of it has to be wrong for each refusal to come up.
    const wrong = 'condition' in last ? 40 : 20;
    return [...ops, this.#random.below(100) < wrong ? this.#spoil(last) : last];
  }

  #sensible(kind: string): ParityOp[] {
    switch (kind) {
      case 'withdraw':
        return this.#withPurse((purse) => [{ kind: 'withdraw', ...purse }]);
      case 'transfer':
        return this.#withPurse(({ owner, ...rest }) => [
          { kind: 'transfer', ...rest, from: owner, to: this.#random.pick(OWNERS) },
        ]);
      case 'split':
        return this.#split();
      case 'merge':
        return this.#merge();
      case 'open':
        return this.#open();
      case 'resolve':
        return this.#resolve();
      case 'void':
        return this.#withCondition(({ id }) => [{ kind: 'void', by: ORACLE, condition: id }]);
      case 'redeem':
        return this.#withCondition(({ id, outcomeCount }) => {
          const payouts = Array.from({ length: outcomeCount }, () => `${this.#random.below(4)}`);
          return [{ kind: 'redeem', by: ORACLE, condition: id, payouts, source: 'manual' }];
        });
      case 'define':
        return this.#define();
      default:
        return [this.#deposit()];
    }
  }

  #deposit(): ParityOp {
    const owner = this.#random.pick(OWNERS);
    const amount = `${1 + this.#random.below(1_000_000)}`;
    return { kind: 'deposit', by: owner, owner, token: TOKEN, verse: ROOT_VERSE_ID, amount };
  }

  /** A live balance of someone, and all or a part of it. */
  #withPurse(
    use: (purse: { verse: VerseId; owner: string; by: string; token: string; amount: string }) => ParityOp[],
  ) {
    const held = this.#ledger.balances({ token: TOKEN }).filter(({ owner }) => owner !== '@dust');
    if (held.length === 0) return [];
    const { verse, owner, amount } = this.#random.pick(held);
    const part = 1n + (amount - 1n) / BigInt(1 + this.#random.below(4));
    return use({ verse, owner, by: owner, token: TOKEN, amount: `${part}` });
  }

  #split(): ParityOp[] {
    return this.#withPurse((purse) => {
      const first = this.#cutBy(this.#ledger.verse(purse.verse).constraints);
      if (first === undefined) return [];
      const [head, ...tail] = first;
      // Sometimes one part is cut again, along another condition.
      const again = head !== undefined && this.#random.onceIn(3) ? this.#cutBy(head) : undefined;
      const boxes = again === undefined ? first : [...again, ...tail];
      if (!boxes.every((box) => this.#fits(box))) return [];
      const children = boxes.map((box) => this.#ledger.verseIdOf(box));
      this.#remember({ verse: purse.verse, children });
      const unknown = boxes.filter((_, index) => !this.#isKnown(children[index]));
      const defines = unknown.map(
        (box): ParityOp => ({ kind: 'defineVerse', by: purse.by, constraints: [...box] }),
      );
      return [...defines, { kind: 'split', ...purse, children }];
    });
  }

  /** Cuts a box along a condition that means something everywhere in it; now and then along one that is resolved. */
  #cutBy(box: Box): Box[] | undefined {
    const allowed = (condition: Condition) => {
      const named = box.find((one) => one.condition === condition.id)?.outcomes;
      return indexesOf(liveOutcomes(condition)).filter((index) => named?.includes(index) ?? true);
    };
    const isAsked = ({ box: opening }: Condition) =>
      [...opening].every(([id, set]) =>
        box
          .find((one) => one.condition === id)
          ?.outcomes.every((index) => ((set >> BigInt(index)) & 1n) === 1n),
      );
    const wantsResolved = this.#random.onceIn(8);
    const usable = this.#ledger.conditions().filter((condition) => {
      const wanted = wantsResolved ? condition.status.kind === 'resolved' : condition.status.kind === 'open';
      return wanted && isAsked(condition) && allowed(condition).length > (wantsResolved ? 0 : 1);
    });
    if (usable.length === 0) return undefined;
    const condition = this.#random.pick(wantsResolved ? usable.slice(-6) : usable);
    const here = allowed(condition);
    const classes = this.#random.onceIn(2) ? here.map((one) => [one]) : [here.slice(0, 1), here.slice(1)];
    return classes
      .filter((one) => one.length > 0)
      .map((outcomes) => [
        ...box.filter((one) => one.condition !== condition.id),
        { condition: condition.id, outcomes },
      ]);
  }

  #merge(): ParityOp[] {
    const start = this.#random.below(CUTS_MAX);
    for (let offset = 0; offset < this.#cuts.length; offset += 1) {
      const cut = this.#cuts[(start + offset) % this.#cuts.length];
      if (!cut?.children.every((child) => this.#isKnown(child))) continue;
      const children = cut.children.filter((child) => this.#ledger.verse(child).live);
      for (const owner of OWNERS) {
        const held = children.map((child) => this.#ledger.balance(child, owner, TOKEN));
        const least = leastOf(held);
        if (least === 0n) continue;
        const amount = this.#random.onceIn(2) ? least : 1n + (least - 1n) / 2n;
        const { verse } = cut;
        return [{ kind: 'merge', by: owner, owner, token: TOKEN, verse, children, amount: `${amount}` }];
      }
    }
    return [];
  }

  #open(): ParityOp[] {
    const open = this.#ledger.conditions().filter(({ status, verse }) => {
      return status.kind === 'open' && this.#ledger.verse(verse).live;
    });
    if (open.length >= OPEN_MAX) return this.#resolve();
    const held = this.#ledger.balances({ token: TOKEN });
    const inner = held.length > 0 && this.#random.onceIn(3);
    const verse = inner ? this.#random.pick(held).verse : ROOT_VERSE_ID;
    const probabilities = this.#random.pick(PROBABILITIES);
    this.#serial += 1;
    const condition = `cnd_${`${this.#serial}`.padStart(26, '0')}` as ConditionId;
    if (!this.#hasRoom(verse, probabilities)) return [];
    const outcomes = probabilities.map((_, index) => `o${index}`);
    return [
      { kind: 'openCondition', by: ORACLE, condition, verse, outcomes, probabilities: [...probabilities] },
    ];
  }

  #resolve(): ParityOp[] {
    return this.#withCondition(({ id, outcomeCount }) => {
      const first = this.#random.below(outcomeCount);
      const outcomes = this.#random.onceIn(4) ? [first, (first + 1) % outcomeCount] : [first];
      return [{ kind: 'resolve', by: ORACLE, condition: id, outcomes, source: 'manual' }];
    });
  }

  #withCondition(use: (condition: Condition) => ParityOp[]): ParityOp[] {
    const all = this.#ledger.conditions();
    const open = all.filter(({ status }) => status.kind === 'open');
    const some = this.#random.onceIn(8) || open.length === 0 ? all : open;
    return some.length === 0 ? [] : use(this.#random.pick(some));
  }

  #define(): ParityOp[] {
    const constraints: Constraint[] = [];
    for (let count = 1 + this.#random.below(2); count > 0; count -= 1) {
      this.#withCondition(({ id, outcomeCount }) => {
        const outcomes = Array.from({ length: outcomeCount }, (_, index) => index).filter(() =>
          this.#random.onceIn(2),
        );
        constraints.push({ condition: id, outcomes: outcomes.length === 0 ? [0] : outcomes });
        return [];
      });
    }
    return this.#fits(constraints) ? [{ kind: 'defineVerse', by: 'alice', constraints }] : [];
  }

  #remember(cut: { verse: VerseId; children: readonly VerseId[] }): void {
    this.#cuts.push(cut);
    if (this.#cuts.length > CUTS_MAX) this.#cuts.splice(this.#random.below(CUTS_MAX), 1);
  }

  #isKnown(verse: VerseId | undefined): boolean {
    return verse !== undefined && isVerse(this.#ledger, verse);
  }

  #bits(box: Box): number {
    const all = this.#ledger.conditions();
    const named = all.filter(({ id }) => box.some(({ condition }) => condition === id));
    const opening = named.flatMap((condition) => [...condition.box.keys()]);
    const ids = new Set([...named.map(({ id }) => id), ...opening]);
    return [...ids].reduce(
      (sum, id) => sum + bitsOf(this.#ledger.condition(id).probabilities.map(String)),
      0,
    );
  }

  /** True when a condition with these probabilities can be opened in it, as far as the contract's bound goes. */
  #hasRoom(verse: VerseId, probabilities: readonly string[]): boolean {
    if (!this.#isKnown(verse)) return true;
    return this.#bits(this.#ledger.verse(verse).constraints) + bitsOf(probabilities) <= VERSE_BITS_MAX;
  }

  #fits(box: Box): boolean {
    return this.#bits(box) <= VERSE_BITS_MAX;
  }

  /** Not one that the ledger made for its dust and that is too fine for the contract. */
  #anyVerse(): VerseId {
    const known = this.#ledger
      .verses()
      .filter(({ id, constraints }) => this.#knows(id) && this.#fits(constraints));
    return this.#random.pick(known).id;
  }

  /** Something wrong with it, one way or another. */
  #spoil(op: ParityOp): ParityOp {
    const way = this.#random.below(10);
    switch (op.kind) {
      case 'deposit':
      case 'withdraw':
      case 'transfer':
        if (way < 2) return { ...op, amount: '0' };
        if (way < 3) return { ...op, verse: UNKNOWN_VERSE };
        if (way < 6) return { ...op, verse: this.#anyVerse() };
        if (way < 8 && op.kind === 'transfer') return { ...op, by: 'mallory' };
        // Of an empty ledger it would be a deposit like any other, which nobody has the money for.
        return { ...op, amount: this.#ledger.escrow(TOKEN) === 0n ? '0' : `${2n ** 256n - 1n}` };
      case 'split':
      case 'merge':
        return this.#spoilPartition(op, way);
      case 'defineVerse':
        if (way < 3) return { ...op, constraints: [{ condition: UNKNOWN_CONDITION, outcomes: [0] }] };
        return { ...op, constraints: op.constraints.map((one) => ({ ...one, outcomes: [way < 6 ? 9 : 0] })) };
      case 'openCondition':
        return this.#spoilOpen(op, way);
      case 'resolve':
        if (way < 2) return { ...op, by: 'mallory' };
        if (way < 4) return { ...op, condition: UNKNOWN_CONDITION };
        return { ...op, outcomes: way < 8 ? [] : [9] };
      case 'void':
        return way < 5 ? { ...op, by: 'mallory' } : { ...op, condition: UNKNOWN_CONDITION };
      case 'redeem':
        if (way < 3) return { ...op, by: 'mallory' };
        if (way < 7) return { ...op, payouts: op.payouts.map(() => '0') };
        return { ...op, payouts: [...op.payouts, '1'] };
    }
  }

  #spoilPartition(op: ParityOp & { kind: 'split' | 'merge' }, way: number): ParityOp {
    const [first, ...rest] = op.children;
    if (way < 1) return { ...op, amount: '0' };
    if (way < 3) return { ...op, children: rest };
    if (way < 4 && first !== undefined) return { ...op, children: [first, first, ...rest] };
    if (way < 5) return { ...op, children: [op.verse] };
    if (way < 6) return { ...op, children: [this.#anyVerse(), ...rest] };
    if (way < 7) return { ...op, children: [...op.children, this.#anyVerse()] };
    if (way < 8) return { ...op, amount: `${BigInt(op.amount) * 1000n}` };
    if (way < 9) return { ...op, verse: this.#anyVerse() };
    return { ...op, children: [UNKNOWN_VERSE, ...rest] };
  }

  #spoilOpen(op: ParityOp & { kind: 'openCondition' }, way: number): ParityOp {
    const all = this.#ledger.conditions();
    if (way < 2) return { ...op, probabilities: op.probabilities.map(() => '0.1') };
    if (way < 4) return { ...op, probabilities: op.probabilities.map(() => '1.5') };
    if (way < 6) return { ...op, outcomes: op.outcomes.map(() => 'same') };
    if (way < 7) return { ...op, outcomes: [...op.outcomes, 'more'] };
    if (way < 8) {
      const verse = this.#anyVerse();
      return this.#hasRoom(verse, op.probabilities) ? { ...op, verse } : op;
    }
    return all.length === 0 ? op : { ...op, condition: this.#random.pick(all).id };
  }
}

/** At least the bits that a condition costs a verse of the contract. */
function bitsOf(probabilities: readonly string[]): number {
  return probabilities.some((one) => one.length > 10 && !one.endsWith('00')) ? 60 : 20;
}

const UNKNOWN_VERSE = `vrs_${'0'.repeat(32)}` as VerseId;
const UNKNOWN_CONDITION = `cnd_${'Z'.repeat(26)}` as ConditionId;
