import { strict as assert } from 'node:assert';

import type { ConditionId } from '../../src/model/ids.js';
import { Rational } from '../../src/model/rational.js';
import type { ErrorCode } from '../../src/model/world-error.js';
import { liveOutcomes } from '../../src/multiverse/condition.js';
import { type Condition, Ledger } from '../../src/multiverse/index.js';
import { indexesOf } from '../../src/multiverse/outcome-set.js';
import type { Compiled } from '../contract/compile-contract.js';
import { type Random, seededRandom } from '../simulation/random.js';
import {
  applyToLedger,
  ContractLedger,
  DONE,
  isVerse,
  type ParityOp,
  type Purse,
  TOKEN,
  versesOf,
} from './contract-ledger.js';
import { OWNERS, RandomOperations } from './random-operations.js';

/** How often everything is compared, and not just what an operation is about. */
const CHECKPOINT_OPS = 200;
/** Outcomes on which the dust is compared at a checkpoint. */
const ATOMS = 16;
/** Verses and conditions that are looked at at a checkpoint. */
const LOOKS = 24;

export interface ParityRun {
  readonly contract: Compiled;
  readonly token: Compiled;
  readonly ops: number;
  readonly seed: bigint;
}

/** What really happened. */
export interface ParityTally {
  /** Operations that were done, by kind. */
  readonly done: Map<string, number>;
  /** Refusals, by code. */
  readonly refused: Map<string, number>;
  /** Calls with the signatures that name no amount. */
  whole: number;
  checkpoints: number;
  /** Checkpoints at which somebody's rounding was somewhere. */
  dusty: number;
}

/** Plays random operations through the ledger and through the contract. @throws where they first differ. */
export async function playParity({ contract, token, ops, seed }: ParityRun): Promise<ParityTally> {
  const random = seededRandom(seed);
  const ledger = new Ledger();
  const subject = await ContractLedger.start(contract, token, ledger);
  const operations = new RandomOperations(random, ledger, (verse) => subject.knows(verse));
  const tally: ParityTally = { done: new Map(), refused: new Map(), whole: 0, checkpoints: 0, dusty: 0 };
  for (let played = 0; played < ops; ) {
    for (const op of operations.next()) {
      await playOne({ ledger, subject, op, tally, whole: random.onceIn(2) });
      played += 1;
      if (played % CHECKPOINT_OPS === 0 || played === ops)
        await compareAll({ ledger, subject, tally, random });
      if (played === ops) break;
    }
  }
  tally.whole = subject.plainCalls;
  return tally;
}

interface Step {
  readonly ledger: Ledger;
  readonly subject: ContractLedger;
  readonly op: ParityOp;
  readonly tally: ParityTally;
  readonly whole: boolean;
}

async function playOne({ ledger, subject, op, tally, whole }: Step): Promise<void> {
  const before = ledger.balances({ token: TOKEN });
  const found = await subject.apply(op, whole);
  const expected = applyToLedger(ledger, op);
  const text = JSON.stringify(op);
  assert.equal(found, expected, `the ledger says ${expected} and the contract ${found} to ${text}`);
  const [table, key] = expected === DONE ? [tally.done, op.kind] : [tally.refused, expected];
  table.set(key, (table.get(key) ?? 0) + 1);
  const ends = expected === DONE && (op.kind === 'void' || op.kind === 'redeem');
  const changed = ends ? [...before, ...ledger.balances({ token: TOKEN })] : [];
  const purses = [...touchedBy(ledger, op), ...changed.filter(({ owner }) => owner !== '@dust')];
  compareBalances(ledger, purses, await subject.storedBalances(purses), `after ${text}`);
}

/** Whose balances an operation names. */
function touchedBy(ledger: Ledger, op: ParityOp): Purse[] {
  const verses = versesOf(op).filter((verse) => isVerse(ledger, verse));
  return verses.flatMap((verse) => OWNERS.map((owner) => ({ verse, owner })));
}

function everyPurse(ledger: Ledger): Purse[] {
  return ledger.verses().flatMap(({ id }) => OWNERS.map((owner) => ({ verse: id, owner })));
}

function compareBalances(
  ledger: Ledger,
  purses: readonly Purse[],
  found: readonly bigint[],
  when: string,
): void {
  for (const [index, { verse, owner }] of purses.entries()) {
    const expected = ledger.balance(verse, owner, TOKEN);
    assert.equal(
      found[index],
      expected,
      `${owner} has ${expected} in ${verse}, and ${found[index]} in the contract, ${when}`,
    );
  }
}

interface Checkpoint {
  readonly ledger: Ledger;
  readonly subject: ContractLedger;
  readonly tally: ParityTally;
  readonly random: Random;
}

const STATUS = { open: 0n, resolved: 1n, redeemed: 2n, void: 3n };

/** Every balance, the escrow, what is live, where each condition stands, and the dust. */
async function compareAll({ ledger, subject, tally, random }: Checkpoint): Promise<void> {
  tally.checkpoints += 1;
  const purses = everyPurse(ledger);
  compareBalances(ledger, purses, await subject.balances(purses), 'at a checkpoint');
  assert.equal(await subject.escrow(), ledger.escrow(TOKEN), 'the escrow');
  const [verses, conditions] = [ledger.verses(), ledger.conditions()];
  for (let looks = 0; looks < LOOKS; looks += 1) {
    const { id, live } = random.pick(verses);
    const found = await subject.isLive(id);
    if (found !== 'unknown') assert.equal(found, live, `${id} is live`);
    if (conditions.length > 0) await compareCondition(subject, random.pick(conditions));
  }
  let dusty = false;
  const dust = await subject.dust();
  for (let count = 0; count < ATOMS; count += 1) {
    const atom = randomAtom(ledger, random);
    const expected = ledger.wealth('@dust', TOKEN, atom);
    assert.deepEqual(dust(atom), Rational.of(expected), `the dust on ${JSON.stringify(atom)}`);
    dusty ||= expected > 0n;
  }
  if (dusty) tally.dusty += 1;
}

async function compareCondition(subject: ContractLedger, { id, status }: Condition): Promise<void> {
  const found = await subject.condition(id);
  assert.equal(found.status, STATUS[status.kind], `where ${id} stands`);
  if (status.kind === 'resolved') assert.equal(found.live, status.outcomes, `what ${id} came to`);
}

/** One outcome of every condition that still has some. */
function randomAtom(ledger: Ledger, random: Random): Record<ConditionId, number> {
  const atom: Record<ConditionId, number> = {};
  for (const condition of ledger.conditions()) {
    const live = indexesOf(liveOutcomes(condition));
    if (live.length > 0) atom[condition.id] = random.pick(live);
  }
  return atom;
}

/** The refusals that 2,000 operations have to meet, each of them. */
export const CODES_MET: readonly ErrorCode[] = [
  'ALREADY_RESOLVED',
  'BAD_AMOUNT',
  'BAD_INPUT',
  'BAD_NUMBER',
  'BALANCE_OVERFLOW',
  'CONDITION_NOT_FOUND',
  'CONTRADICTION',
  'FORBIDDEN',
  'INSUFFICIENT_BALANCE',
  'NAME_TAKEN',
  'NOT_EXHAUSTIVE',
  'OVERLAP',
  'PROBABILITIES_UNBALANCED',
  'TRIVIAL_PARTITION',
  'VERSE_COLLAPSED',
  'VERSE_NOT_FOUND',
];

const KINDS: readonly ParityOp['kind'][] = [
  'deposit',
  'withdraw',
  'transfer',
  'split',
  'merge',
  'defineVerse',
  'openCondition',
  'resolve',
  'void',
  'redeem',
];

/** Requires that a run of 2,000 operations or more did something: 30% done, each kind, each refusal, and dust. */
export function requireEnough({ done, refused, whole, dusty }: ParityTally): void {
  assert.deepEqual(new Set(refused.keys()), new Set(CODES_MET), 'each refusal is met, and no other');
  for (const kind of KINDS) assert.ok((done.get(kind) ?? 0) >= 3, `at least three times ${kind}`);
  const sum = (table: Map<string, number>) => [...table.values()].reduce((a, b) => a + b, 0);
  assert.ok(sum(done) * 10 >= (sum(done) + sum(refused)) * 3, 'at least 30% of the operations are done');
  assert.ok(whole >= 50, 'the signatures without an amount are used');
  assert.ok(dusty >= 1, 'rounding leaves something');
}

/** The tally as text. */
export function parityText({ done, refused, whole, checkpoints, dusty }: ParityTally): string {
  const list = (table: Map<string, number>) =>
    [...table]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, times]) => `${key} ${times}`)
      .join(', ');
  const sum = (table: Map<string, number>) => [...table.values()].reduce((a, b) => a + b, 0);
  return [
    `${sum(done)} of ${sum(done) + sum(refused)} operations done: ${list(done)}`,
    `refused by both for the same reason: ${list(refused)}`,
    `${whole} without an amount; everything compared ${checkpoints} times, ${dusty} times with dust`,
  ].join('\n');
}
