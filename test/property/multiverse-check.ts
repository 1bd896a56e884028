import { strict as assert } from 'node:assert';

import fc from 'fast-check';

import type { ConditionId, VerseId } from '../../src/model/ids.js';
import { Rational } from '../../src/model/rational.js';
import { WorldError } from '../../src/model/world-error.js';
import { Ledger, type LedgerOp, type OpOutcome } from '../../src/multiverse/index.js';
import { Commander } from './multiverse-commands.js';
import type { ModelLoan } from './multiverse-loans.js';
import { type Expected, idOf, Model, type ModelAtom } from './multiverse-model.js';

/** What the checker asks of a ledger: the product's, or one with a planted bug. */
export type LedgerUnderTest = Pick<
  Ledger,
  | 'applyAll'
  | 'balances'
  | 'wealth'
  | 'escrow'
  | 'snapshot'
  | 'digest'
  | 'verse'
  | 'meanWealth'
  | 'tokens'
  | 'loans'
>;

/** What really ran: operations that succeeded and changed something, by kind, and refusals by code. */
export interface Tally {
  readonly applied: Map<string, number>;
  readonly refused: Map<string, number>;
  noOps: number;
  batchesRefused: number;
}

export function emptyTally(): Tally {
  return { applied: new Map(), refused: new Map(), noOps: 0, batchesRefused: 0 };
}

/** Wealth by owner and token, one figure for each live atom. */
type Wealth = Map<string, bigint[]>;

/**
 * Plays random commands on a ledger and on the model, and compares them after every operation. Throws when
 * they differ, or when a law of the multiverse is broken.
 */
export function playAndCheck(
  commands: readonly (readonly number[])[],
  ledger: LedgerUnderTest,
  tally: Tally,
): void {
  const model = new Model();
  const commander = new Commander(model);
  const done: LedgerOp[] = [];
  let wealth: Wealth = new Map();
  for (const [index, numbers] of commands.entries()) {
    const { ops, batch } = commander.operations(numbers);
    if (batch) checkBatch(ledger, ops, tally);
    else {
      for (const op of ops)
        wealth = checkOne({ ledger, model, op, done, tally, atomPick: numbers[0] ?? 0, wealth });
    }
    if (index % 10 === 0) checkVerses(ledger, model);
  }
  checkVerses(ledger, model);
  for (const token of ledger.tokens()) {
    assert.deepEqual(
      ledger.meanWealth(token),
      Rational.of(ledger.escrow(token)),
      'mean wealth is the escrow',
    );
  }
  checkReplay(ledger, done);
}

interface Step {
  readonly ledger: LedgerUnderTest;
  readonly model: Model;
  readonly op: LedgerOp;
  readonly done: LedgerOp[];
  readonly tally: Tally;
  readonly atomPick: number;
  /** Before the operation. */
  readonly wealth: Wealth;
}

/** Sends one operation and returns everyone's wealth after it. */
function checkOne(step: Step): Wealth {
  const { ledger, model, op, done, tally, atomPick } = step;
  const before = { atoms: model.atoms, wealth: step.wealth };
  const loan = 'loan' in op ? structuredClone(model.loans.get(op.loan)) : undefined;
  const expected = model.step(op);
  const failing = expected !== 'applied' && expected !== 'no-op';
  // The digest sees what the balances do not show; it is dear, so it is taken for every failing operation only.
  const digest = failing ? ledger.digest() : undefined;
  const found = outcomeOf(ledger, [op]);
  assert.equal(found, expected, `${JSON.stringify(op)} must be ${expected}, not ${found}`);
  if (digest !== undefined) assert.equal(ledger.digest(), digest, `a refused ${op.kind} changed something`);
  count(tally, op, expected);
  if (!failing) done.push(op);
  const pays = op.kind === 'void' || op.kind === 'redeem';
  if (pays && expected === 'applied') adoptDust(ledger, model);
  checkBalances(ledger, model);
  checkLoans(ledger, model);
  const after = wealthOf(ledger, model);
  checkEscrow(ledger, after, model.atoms.length);
  if (!pays) checkWealth({ model, op, loan, expected, before, after });
  checkOwnWealth(ledger, model, after, atomPick);
  return after;
}

/** A batch whose last operation is refused leaves no trace; one that is not was no use to this check. */
function checkBatch(ledger: LedgerUnderTest, ops: readonly LedgerOp[], tally: Tally): void {
  const copy = Ledger.restore(ledger.snapshot());
  const digest = ledger.digest();
  const refusals = ops
    .map((op) => outcomeOf(copy, [op]))
    .filter((found) => found !== 'applied' && found !== 'no-op');
  if (refusals.length === 0) return;
  // A batch fails with the error of its first refused operation.
  const [expected] = refusals;
  const found = outcomeOf(ledger, ops);
  assert.equal(found, expected, `${JSON.stringify(ops)} together must be ${expected}, not ${found}`);
  assert.equal(ledger.digest(), digest, 'a refused batch changed something');
  tally.batchesRefused += 1;
}

function outcomeOf(ledger: Pick<LedgerUnderTest, 'applyAll'>, ops: readonly LedgerOp[]): Expected {
  let outcomes: OpOutcome[];
  try {
    outcomes = ledger.applyAll(ops);
  } catch (thrown) {
    if (thrown instanceof WorldError) return thrown.code;
    throw thrown;
  }
  return outcomes.some(({ applied }) => applied) ? 'applied' : 'no-op';
}

function checkBalances(ledger: LedgerUnderTest, model: Model): void {
  const rows = ledger.balances({ verses: 'all' });
  for (const { verse, owner, token, amount } of rows) {
    assert.ok(amount > 0n, 'listed balances are above zero');
    assert.equal(amount, model.balance(verse, owner, token), `${owner}'s ${token} in ${verse}`);
  }
  const held = [...model.balances.values()].filter((amount) => amount !== 0n).length;
  assert.equal(rows.length, held, 'the ledger lists every balance');
}

function checkLoans(ledger: LedgerUnderTest, model: Model): void {
  const found = ledger.loans().map(({ id, ...loan }) => [id, loan] as const);
  assert.deepEqual(new Map(found), model.loans, 'the loans');
}

/** The dust account's balances are the ledger's choice; that they are right follows from `checkEscrow`. */
function adoptDust(ledger: LedgerUnderTest, model: Model): void {
  for (const key of [...model.balances.keys()]) {
    if (key.includes(' @dust ')) model.balances.delete(key);
  }
  for (const { verse, token, amount } of ledger.balances({ owner: '@dust', verses: 'all' })) {
    if (!model.verses.has(verse)) {
      const pairs = ledger.verse(verse).constraints.map((one) => [one.condition, one.outcomes] as const);
      const closed = model.close(pairs);
      assert.equal(idOf(closed), verse, 'dust lies in a proper verse');
      model.define(closed);
    }
    model.balances.set(`${verse} @dust ${token}`, amount);
  }
}

function wealthOf(ledger: LedgerUnderTest, model: Model): Wealth {
  const wealth: Wealth = new Map();
  for (const { verse, owner, token, amount } of ledger.balances()) {
    const key = `${owner} ${token}`;
    const figures = wealth.get(key) ?? model.atoms.map(() => 0n);
    for (const [atom, inside] of model.membersOf(verse).entries()) {
      if (inside) figures[atom] = (figures[atom] ?? 0n) + amount;
    }
    wealth.set(key, figures);
  }
  return wealth;
}

function checkEscrow(ledger: LedgerUnderTest, wealth: Wealth, atoms: number): void {
  // The ledger may have forgotten a token, so those that somebody has are looked at too.
  const owned = [...wealth.keys()].map((key) => key.slice(key.indexOf(' ') + 1));
  for (const token of new Set([...owned, ...ledger.tokens()])) {
    const escrow = ledger.escrow(token);
    for (let atom = 0; atom < atoms; atom += 1) {
      let total = 0n;
      for (const [key, figures] of wealth) if (key.endsWith(` ${token}`)) total += figures[atom] ?? 0n;
      assert.equal(total, escrow, `everyone's ${token} on every atom is the escrow`);
    }
  }
}

interface Change {
  readonly model: Model;
  readonly op: LedgerOp;
  /** The loan it is about, as it was before. */
  readonly loan: ModelLoan | undefined;
  readonly expected: Expected;
  readonly before: { readonly atoms: readonly ModelAtom[]; readonly wealth: Wealth };
  readonly after: Wealth;
}

/** The master invariant: each owner's wealth on each atom that is still live, but for what the operation is meant to change. */
function checkWealth({ model, op, loan, expected, before, after }: Change): void {
  const moves = expected === 'applied' ? movesOf(model, op, loan) : [];
  const places = model.atoms.map((atom) => before.atoms.findIndex((old) => isPart(old, atom)));
  for (const key of new Set([...before.wealth.keys(), ...after.keys()])) {
    for (const [index, place] of places.entries()) {
      assert.ok(place >= 0, 'Lambda only shrinks');
      const was = before.wealth.get(key)?.[place] ?? 0n;
      const is = after.get(key)?.[index] ?? 0n;
      const meant = meantChange(moves, model, key, index);
      assert.equal(is - was, meant, `${op.kind} changed what ${key} has on an atom`);
    }
  }
}

/** What someone is meant to gain or lose in a verse. Everything but these moves leaves all wealth as it is. */
interface Move {
  readonly verse: VerseId;
  readonly key: string;
  readonly change: bigint;
}

function movesOf(model: Model, op: LedgerOp, loan: ModelLoan | undefined): Move[] {
  const between = (verse: VerseId, token: string, from: string, to: string, amount: bigint): Move[] => [
    { verse, key: `${from} ${token}`, change: -amount },
    { verse, key: `${to} ${token}`, change: amount },
  ];
  switch (op.kind) {
    case 'deposit':
    case 'withdraw': {
      const change = op.kind === 'deposit' ? BigInt(op.amount) : -BigInt(op.amount);
      return [{ verse: op.verse, key: `${op.owner} ${op.token}`, change }];
    }
    case 'transfer':
      return between(op.verse, op.token, op.from, op.to, BigInt(op.amount));
    case 'borrow':
      return between(op.verse, op.token, op.lender, op.borrower, BigInt(op.amount));
    case 'repay':
      if (loan === undefined) return [];
      return between(loan.verse, loan.token, loan.borrower, loan.lender, BigInt(op.amount));
    case 'foreclose':
      if (loan === undefined) return [];
      return between(loan.verse, loan.collateralToken, loan.borrower, loan.lender, loan.collateral);
    case 'openMarket': {
      const verse = model.verseOf(model.conditions.get(op.condition)?.opening ?? new Map());
      return between(verse, op.token, op.funder, `@market:${op.condition}`, BigInt(op.subsidy));
    }
    default:
      return [];
  }
}

function meantChange(moves: readonly Move[], model: Model, key: string, atom: number): bigint {
  let total = 0n;
  for (const move of moves) {
    if (move.key === key && model.membersOf(move.verse)[atom] === true) total += move.change;
  }
  return total;
}

/** True when a later atom is a refinement of an earlier one. Conditions that stopped to matter are no difference. */
function isPart(old: ModelAtom, atom: ModelAtom): boolean {
  return [...old].every(([id, outcome]) => (atom.get(id) ?? outcome) === outcome);
}

/** The ledger's own `wealth` gives the same figure, on one atom picked at random. */
function checkOwnWealth(ledger: LedgerUnderTest, model: Model, wealth: Wealth, pick: number): void {
  const index = pick % model.atoms.length;
  const [key, figures] = [...wealth][pick % Math.max(1, wealth.size)] ?? [];
  if (key === undefined || figures === undefined) return;
  const [owner = '', token = ''] = key.split(' ');
  const atom = Object.fromEntries(model.atoms[index] ?? []) as Record<ConditionId, number>;
  assert.equal(ledger.wealth(owner, token, atom), figures[index], `wealth of ${key}`);
}

function checkVerses(ledger: LedgerUnderTest, model: Model): void {
  for (const verse of model.verses.keys()) {
    const members = model.membersOf(verse);
    const inside = members.filter(Boolean).length;
    const view = ledger.verse(verse);
    assert.equal(view.live, inside > 0, `${verse} is live`);
    // Conditions that cannot be reached are not in the model's atoms; they divide dead verses only.
    if (inside > 0)
      assert.deepEqual(view.measure, Rational.of(BigInt(inside), BigInt(members.length)), 'measure');
  }
}

/** The same operations give the same ledger; so does its snapshot; and keys make sending all again a no-op. */
function checkReplay(ledger: LedgerUnderTest, done: readonly LedgerOp[]): void {
  const digest = ledger.digest();
  const replayed = new Ledger();
  replayed.applyAll(JSON.parse(JSON.stringify(done)) as LedgerOp[]);
  assert.equal(replayed.digest(), digest, 'replay gives the same ledger');
  assert.equal(Ledger.restore(JSON.parse(JSON.stringify(ledger.snapshot()))).digest(), digest, 'restore too');
  for (const op of done) {
    if (op.idempotencyKey === undefined) continue;
    assert.equal(outcomeOf(ledger, [op]), 'no-op', 'an operation with a known key changes nothing');
  }
  assert.equal(ledger.digest(), digest, 'keys are honoured');
}

function count(tally: Tally, op: LedgerOp, expected: Expected): void {
  if (expected === 'no-op') {
    tally.noOps += 1;
    return;
  }
  const [table, key] = expected === 'applied' ? [tally.applied, op.kind] : [tally.refused, expected];
  table.set(key, (table.get(key) ?? 0) + 1);
}

const command = fc.array(fc.nat({ max: 1_000_000 }), { minLength: 8, maxLength: 8 });

/** Sequences of up to 200 commands of eight numbers each; `Commander` gives them their meaning. */
export function randomCommands(): fc.Arbitrary<number[][]> {
  return fc.noBias(fc.array(command, { minLength: 1, maxLength: 200, size: 'max' }));
}

/** Many short lives, most of them in a ledger where money and a condition are, and one in a hundred that is long. */
export function randomLives(): fc.Arbitrary<number[][]> {
  const short = fc.noBias(fc.array(command, { minLength: 1, maxLength: 6 }));
  const begun = short.map((commands) => [...BEGINNING, ...commands]);
  const disputable = short.map((commands) => [...BEGINNING.slice(0, -1), ...PROPOSED, ...commands]);
  return fc.oneof(
    { weight: 1, arbitrary: randomCommands() },
    { weight: 56, arbitrary: begun },
    { weight: 18, arbitrary: disputable },
    { weight: 25, arbitrary: short },
  );
}

/** Two deposits and an open condition: as rolls of `Commander`. */
const BEGINNING: readonly number[][] = [
  [0, 40, 900, 5, 0, 50, 1, 1],
  [0, 41, 901, 7, 1, 50, 1, 1],
  [85, 0, 2, 40, 40, 40, 40, 40],
];
/** The same condition with a window for disputes, and a proposal. */
const PROPOSED: readonly number[][] = [
  [85, 0, 2, 41, 40, 40, 40, 40],
  [81, 1, 1, 0, 0, 0, 1, 50],
];
