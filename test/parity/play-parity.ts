import { strict as assert } from 'node:assert';

import type { ConditionId } from '../../src/model/ids.js';
import { Rational } from '../../src/model/rational.js';
import { liveOutcomes } from '../../src/multiverse/condition.js';
import { Ledger } from '../../src/multiverse/index.js';
import { indexesOf } from '../../src/multiverse/outcome-set.js';
import type { Compiled } from '../contract/compile-contract.js';
import { type Random, seededRandom } from '../simulation/random.js';
import {
  applyToLedger,
  ContractLedger,
  DONE,
  type Outcome,
  type ParityOp,
  type Purse,
  TOKEN,
  versesOf,
} from './contract-ledger.js';
import { OWNERS, RandomOperations } from './random-operations.js';

/** How often everything is compared, and not just what an operation is about. */
const CHECKPOINT_OPS = 200;
/** Outcomes on which the dust is compared at a checkpoint. */
const ATOMS = 8;

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
  const found = await subject.apply(op, whole);
  const expected = applyToLedger(ledger, op);
  const text = JSON.stringify(op);
  assert.equal(found, expected, `the ledger says ${expected} and the contract ${found} to ${text}`);
  const [table, key] = expected === DONE ? [tally.done, op.kind] : [tally.refused, expected];
  table.set(key, (table.get(key) ?? 0) + 1);
  if (whole && (op.kind === 'split' || op.kind === 'merge')) tally.whole += 1;
  const touched = touchedBy(ledger, op, expected);
  await compareBalances(ledger, subject, touched, `after ${text}`);
}

/** Whose balances an operation is about: with redeem and void, everyone's. */
function touchedBy(ledger: Ledger, op: ParityOp, outcome: Outcome): Purse[] {
  const ends = op.kind === 'void' || op.kind === 'redeem';
  if (ends) return outcome === DONE ? everyPurse(ledger) : [];
  const known = new Set(ledger.verses().map(({ id }) => id));
  const verses = versesOf(op).filter((verse) => known.has(verse));
  return verses.flatMap((verse) => OWNERS.map((owner) => ({ verse, owner })));
}

function everyPurse(ledger: Ledger): Purse[] {
  return ledger.verses().flatMap(({ id }) => OWNERS.map((owner) => ({ verse: id, owner })));
}

async function compareBalances(ledger: Ledger, subject: ContractLedger, purses: Purse[], when: string) {
  const found = await subject.balances(purses);
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
  await compareBalances(ledger, subject, everyPurse(ledger), 'at a checkpoint');
  assert.equal(await subject.escrow(), ledger.escrow(TOKEN), 'the escrow');
  for (const { id, live } of ledger.verses()) {
    const found = await subject.isLive(id);
    if (found !== 'unknown') assert.equal(found, live, `${id} is live`);
  }
  for (const condition of ledger.conditions()) {
    const found = await subject.condition(condition.id);
    assert.equal(found.status, STATUS[condition.status.kind], `where ${condition.id} stands`);
    if (condition.status.kind === 'resolved')
      assert.equal(found.live, condition.status.outcomes, 'what it came to');
  }
  let dusty = false;
  for (let count = 0; count < ATOMS; count += 1) {
    const atom = randomAtom(ledger, random);
    const expected = ledger.wealth('@dust', TOKEN, atom);
    const found = await subject.dustOn(atom);
    assert.deepEqual(found, Rational.of(expected), `the dust on ${JSON.stringify(atom)}`);
    dusty ||= expected > 0n;
  }
  if (dusty) tally.dusty += 1;
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

/** The tally as text. */
export function parityText({ done, refused, whole, checkpoints, dusty }: ParityTally): string {
  const list = (table: Map<string, number>) =>
    [...table]
      .sort()
      .map(([key, times]) => `${key} ${times}`)
      .join(', ');
  const sum = (table: Map<string, number>) => [...table.values()].reduce((a, b) => a + b, 0);
  return [
    `${sum(done)} of ${sum(done) + sum(refused)} operations done: ${list(done)}`,
    `refused by both for the same reason: ${list(refused)}`,
    `${whole} without an amount; everything compared ${checkpoints} times, ${dusty} times with dust`,
  ].join('\n');
}
