import type { ConditionId, VerseId } from '../../src/model/ids.js';
import { parseProbability } from '../../src/model/probability.js';
import { Rational } from '../../src/model/rational.js';
import { isErrorCode, WorldError } from '../../src/model/world-error.js';
import type { Ledger, LedgerOp, OpOf } from '../../src/multiverse/index.js';
import { type AbiValue, encode, keccak } from '../contract/abi.js';
import { type CallResult, Chain, type Deployed, type Log } from '../contract/chain.js';
import type { Compiled } from '../contract/compile-contract.js';

/** The operations that both sides have. */
export type ParityOp = OpOf<
  | 'deposit'
  | 'withdraw'
  | 'transfer'
  | 'split'
  | 'merge'
  | 'defineVerse'
  | 'openCondition'
  | 'resolve'
  | 'void'
  | 'redeem'
>;

/** One token a contract. */
export const TOKEN = 'usd';

/** What an operation came to: it was done (or had been before), or the code of its refusal. */
export type Outcome = string;
export const DONE: Outcome = 'ok';

/** A condition's constraint in the contract's words. */
interface Cell {
  readonly condition: string;
  readonly outcomes: bigint;
}

/** Whose balance. */
export interface Purse {
  readonly verse: VerseId;
  readonly owner: string;
}

const WORD = { name: '', type: 'bytes32' };
const CONSTRAINTS = {
  name: '',
  type: 'tuple[]',
  components: [WORD, { name: '', type: 'uint256' }],
};

/** Much more than is ever deposited, and less than can overflow when it is minted several times. */
const WEALTH = 2n ** 200n;
const ALL = 2n ** 256n - 1n;

/** The contract behind the operations of the ledger. It knows the ledger only to translate names. */
export class ContractLedger {
  readonly #chain: Chain;
  readonly #contract: Deployed;
  readonly #token: Deployed;
  /** Where the multiverse map is in the contract's storage. */
  readonly #mapSlot: bigint;
  readonly #ledger: Ledger;
  #plainCalls = 0;
  readonly #funded = new Set<string>();
  /** The contract's ids of the ledger's verses. */
  readonly #ids = new Map<VerseId, string>();
  /** By the contract's ids, as it told. */
  readonly #boxes = new Map<string, readonly Cell[]>();
  /** Verses in which something may be left over, with the denominators of fractions. */
  readonly #dust = new Map<string, Set<bigint>>();

  private constructor(
    parts: { chain: Chain; contract: Deployed; token: Deployed; mapSlot: bigint },
    ledger: Ledger,
  ) {
    this.#chain = parts.chain;
    this.#contract = parts.contract;
    this.#token = parts.token;
    this.#mapSlot = parts.mapSlot;
    this.#ledger = ledger;
    this.#boxes.set(verseIdOf([]), []);
  }

  static async start(compiled: Compiled, token: Compiled, ledger: Ledger): Promise<ContractLedger> {
    const chain = await Chain.start();
    const money = await chain.deploy(addressOf('deployer'), token);
    const contract = await chain.deploy(addressOf('deployer'), compiled, [money.address]);
    const mapSlot = compiled.slots['multiverseMap'];
    if (mapSlot === undefined) throw new Error('the contract has no multiverseMap');
    return new ContractLedger({ chain, contract, token: money, mapSlot }, ledger);
  }

  /**
   * Does what the ledger is asked to do. The ledger must still be as it was before. With `whole`, the signature without an
   * amount is used where it means the same.
   */
  async apply(op: ParityOp, whole: boolean): Promise<Outcome> {
    for (const verse of versesOf(op)) await this.#ensureKnown(verse);
    switch (op.kind) {
      case 'deposit':
        await this.#fund(op.by);
        return this.#send(op.by, 'deposit', [this.#verse(op.verse), BigInt(op.amount)]);
      case 'withdraw':
        return this.#send(op.by, 'withdraw', [this.#verse(op.verse), BigInt(op.amount)]);
      case 'transfer': {
        const parties = [addressOf(op.from), addressOf(op.to)];
        const id = BigInt(this.#verse(op.verse));
        return this.#send(op.by, 'safeTransferFrom', [...parties, id, BigInt(op.amount), '0x']);
      }
      case 'split':
      case 'merge':
        return this.#repartition(op, whole);
      case 'defineVerse': {
        const constraints = op.constraints.map((one) => [conditionOf(one.condition), maskOf(one.outcomes)]);
        return this.#send(op.by, 'defineVerse', [verseIdOf([]), constraints]);
      }
      case 'openCondition':
        return this.#open(op);
      case 'resolve':
        return this.#send(op.by, 'resolve', [conditionOf(op.condition), maskOf(op.outcomes)]);
      case 'void':
        return this.#end(op, () => this.#send(op.by, 'voidCondition', [conditionOf(op.condition)]));
      case 'redeem': {
        const payouts = op.payouts.map(BigInt);
        return this.#end(op, () =>
          this.#send(op.by, 'redeemCondition', [conditionOf(op.condition), payouts]),
        );
      }
    }
  }

  /** How often the signatures that name no amount were used. */
  get plainCalls(): number {
    return this.#plainCalls;
  }

  /** Balances, in the order asked for. Of verses the contract does not know they are 0. */
  async balances(purses: readonly Purse[]): Promise<bigint[]> {
    const found: bigint[] = [];
    for (let start = 0; start < purses.length; start += 200) {
      const some = purses.slice(start, start + 200);
      const owners = some.map(({ owner }) => addressOf(owner));
      const ids = some.map(({ verse }) => BigInt(this.#verse(verse)));
      const [amounts] = await this.#read('balanceOfBatch', [owners, ids]);
      found.push(...(amounts as bigint[]));
    }
    return found;
  }

  /** The same from the contract's storage. */
  async storedBalances(purses: readonly Purse[]): Promise<bigint[]> {
    const found: bigint[] = [];
    for (const { verse, owner } of purses) {
      const ofVerse = keccak(`${this.#verse(verse)}${this.#mapSlot.toString(16).padStart(64, '0')}`);
      const slot = keccak(`0x${addressOf(owner).slice(2).padStart(64, '0')}${ofVerse.slice(2)}`);
      found.push(await this.#chain.storageAt(this.#contract, slot));
    }
    return found;
  }

  async escrow(): Promise<bigint> {
    return (await this.#read('escrow'))[0] as bigint;
  }

  async isLive(verse: VerseId): Promise<boolean | 'unknown'> {
    const id = this.#verse(verse);
    return this.#boxes.has(id) ? ((await this.#read('isLive', [id]))[0] as boolean) : 'unknown';
  }

  /** True when the contract has heard of the verse, or will when it is needed: live ones can be defined. */
  knows(verse: VerseId): boolean {
    return this.#boxes.has(this.#verse(verse)) || this.#ledger.verse(verse).live;
  }

  /** Where a condition stands: number of its status, outcomes that are possible. */
  async condition(id: ConditionId): Promise<{ status: bigint; live: bigint }> {
    const [found] = await this.#read('getCondition', [conditionOf(id)]);
    const fields = found as readonly AbiValue[];
    return { status: fields[3] as bigint, live: fields[5] as bigint };
  }

  /** What belongs to nobody, fractions included: how much of it there is on an atom. */
  async dust(): Promise<(atom: Readonly<Record<ConditionId, number>>) => Rational> {
    const [account] = await this.#read('DUST');
    const places: { cells: readonly Cell[]; amount: Rational }[] = [];
    for (const [verse, denominators] of this.#dust) {
      const [whole] = await this.#read('multiverseMap', [verse, account ?? '']);
      let amount = Rational.of(whole as bigint);
      for (const denominator of denominators) {
        const [numerator] = await this.#read('dustFraction', [verse, denominator]);
        amount = Rational.add(amount, Rational.of(numerator as bigint, denominator));
      }
      places.push({ cells: this.#boxes.get(verse) ?? [], amount });
    }
    return (atom) => {
      const outcomes = new Map(
        Object.entries(atom).map(([id, index]) => [conditionOf(id as ConditionId), BigInt(index)]),
      );
      const isInside = ({ condition, outcomes: set }: Cell) => {
        const index = outcomes.get(condition);
        return index !== undefined && ((set >> index) & 1n) === 1n;
      };
      return Rational.sum(places.filter(({ cells }) => cells.every(isInside)).map(({ amount }) => amount));
    };
  }

  async #repartition(op: OpOf<'split' | 'merge'>, whole: boolean): Promise<Outcome> {
    const parent = this.#verse(op.verse);
    const children = op.children.map((child) => this.#verse(child));
    const amount = BigInt(op.amount);
    const sources = op.kind === 'split' ? [op.verse] : op.children;
    const held = sources.map((verse) => this.#ledger.balance(verse, op.owner, TOKEN));
    const least = leastOf(held);
    const plain = whole && least === amount;
    if (plain) this.#plainCalls += 1;
    const [name, types, values] =
      op.kind === 'split'
        ? (['pushDown', 'bytes32,bytes32[]', [parent, children]] as const)
        : (['pullUp', 'bytes32[],bytes32', [children, parent]] as const);
    if (plain) return this.#send(op.by, `${name}(${types})`, values);
    return this.#send(op.by, `${name}(${types},uint256)`, [...values, amount]);
  }

  #open(op: OpOf<'openCondition'>): Promise<Outcome> {
    const probabilities = op.probabilities.map(unitsOf);
    const oracle = addressOf(op.oracle ?? op.by);
    const values = [nameOf(op.condition), this.#verse(op.verse), op.outcomes, probabilities, oracle];
    return this.#send(op.by, 'openCondition', values);
  }

  /** The ledger pays everyone at once; the contract pays whoever asks, so everyone asks. */
  async #end(op: OpOf<'void' | 'redeem'>, send: () => Promise<Outcome>): Promise<Outcome> {
    const stakes = this.#ledger
      .balances({ token: TOKEN })
      .filter(({ owner, verse }) => owner !== '@dust' && this.#names(verse, op.condition));
    const dust = await this.#endingDust(op.condition);
    const outcome = await send();
    if (outcome !== DONE || (await this.condition(op.condition)).status < 2n) return outcome;
    const asks = stakes.map(({ verse, owner }): [string, AbiValue[]] => [
      'settle',
      [this.#verse(verse), addressOf(owner)],
    ]);
    for (const [call, values] of [...asks, ...dust]) {
      const settled = await this.#send('anyone', call, values);
      if (settled !== DONE) return `${call} after ${op.kind}: ${settled}`;
    }
    return outcome;
  }

  /** What has to be asked for so that the dust in verses that end moves up too. */
  async #endingDust(condition: ConditionId): Promise<[string, AbiValue[]][]> {
    const [account] = await this.#read('DUST');
    const asks: [string, AbiValue[]][] = [];
    for (const [verse, denominators] of this.#dust) {
      const names = this.#boxes.get(verse)?.some((cell) => cell.condition === conditionOf(condition));
      if (names !== true || (await this.#read('isLive', [verse]))[0] !== true) continue;
      const [whole] = await this.#read('multiverseMap', [verse, account ?? '']);
      if (whole !== 0n) asks.push(['settle', [verse, account ?? '']]);
      for (const denominator of denominators) {
        const [numerator] = await this.#read('dustFraction', [verse, denominator]);
        if (numerator !== 0n) asks.push(['settleDust', [verse, denominator]]);
      }
    }
    return asks;
  }

  #names(verse: VerseId, condition: ConditionId): boolean {
    return this.#ledger.verse(verse).constraints.some((one) => one.condition === condition);
  }

  async #fund(owner: string): Promise<void> {
    if (this.#funded.has(owner)) return;
    this.#funded.add(owner);
    const from = addressOf(owner);
    requireDone(await this.#chain.call({ from, to: this.#token, call: 'mint', values: [from, WEALTH] }));
    const values = [this.#contract.address, ALL];
    requireDone(await this.#chain.call({ from, to: this.#token, call: 'approve', values }));
  }

  /** The ledger knows some verses only because it put dust there. */
  async #ensureKnown(verse: VerseId): Promise<void> {
    const view = this.#viewOf(verse);
    if (view === undefined || !view.live || this.#boxes.has(this.#verse(verse))) return;
    const constraints = view.constraints.map((one) => [conditionOf(one.condition), maskOf(one.outcomes)]);
    const outcome = await this.#send('anyone', 'defineVerse', [verseIdOf([]), constraints]);
    if (outcome !== DONE) throw new Error(`${verse} cannot be defined: ${outcome}`);
  }

  #viewOf(verse: VerseId) {
    return isVerse(this.#ledger, verse) ? this.#ledger.verse(verse) : undefined;
  }

  /** The contract's id of a verse, from its definition; something unknown for a verse that the ledger does not know. */
  #verse(verse: VerseId): string {
    const known = this.#ids.get(verse);
    if (known !== undefined) return known;
    const view = this.#viewOf(verse);
    if (view === undefined) return keccak(`0x${Buffer.from(verse).toString('hex')}`);
    const cells = view.constraints.map((one) => ({
      condition: conditionOf(one.condition),
      outcomes: maskOf(one.outcomes),
    }));
    const id = verseIdOf(cells);
    this.#ids.set(verse, id);
    return id;
  }

  async #send(by: string, call: string, values: readonly AbiValue[]): Promise<Outcome> {
    const result = await this.#chain.call({ from: addressOf(by), to: this.#contract, call, values });
    if (!result.ok) return result.error;
    for (const log of result.logs) this.#hear(log);
    return DONE;
  }

  #hear({ event, values }: Log): void {
    if (event === 'VerseDefined') {
      const cells = (values['constraints'] as readonly (readonly AbiValue[])[]).map(
        ([condition, outcomes]) => ({
          condition: condition as string,
          outcomes: outcomes as bigint,
        }),
      );
      this.#boxes.set(values['verse'] as string, cells);
    }
    if (event === 'Settled' || event === 'DustSettled') {
      const target = values['target'] as string;
      const denominators = this.#dust.get(target) ?? new Set();
      this.#dust.set(target, denominators.add(values['denominator'] as bigint));
    }
  }

  #read(call: string, values: readonly AbiValue[] = []): Promise<AbiValue[]> {
    return this.#chain.read(this.#contract, call, values);
  }
}

/** What the ledger makes of an operation. */
export function applyToLedger(ledger: Ledger, op: LedgerOp): Outcome {
  try {
    ledger.apply(op);
    return DONE;
  } catch (thrown) {
    if (thrown instanceof WorldError && isErrorCode(thrown.code)) return thrown.code;
    throw thrown;
  }
}

/** The least of some amounts; 0 of none. */
export function leastOf(amounts: readonly bigint[]): bigint {
  let least = amounts[0] ?? 0n;
  for (const amount of amounts) if (amount < least) least = amount;
  return least;
}

/** True when the ledger has that verse. */
export function isVerse(ledger: Ledger, verse: VerseId): boolean {
  try {
    return ledger.verse(verse).id === verse;
  } catch (thrown) {
    if (thrown instanceof WorldError && thrown.code === 'VERSE_NOT_FOUND') return false;
    throw thrown;
  }
}

/** The verses an operation names. */
export function versesOf(op: ParityOp): VerseId[] {
  if (op.kind === 'split' || op.kind === 'merge') return [op.verse, ...op.children];
  return 'verse' in op ? [op.verse] : [];
}

function requireDone(result: CallResult): void {
  if (!result.ok) throw new Error(`the token refuses: ${result.error}`);
}

function unitsOf(text: string): bigint {
  const [whole = '0', decimals = ''] = text.split('.');
  // Beyond 1 the ledger's own reader refuses; the contract has to do so by itself.
  return BigInt(whole) >= 1n ? BigInt(whole + decimals.padEnd(18, '0')) : parseProbability(text);
}

function maskOf(outcomes: readonly number[]): bigint {
  return outcomes.reduce((mask, index) => mask | (1n << BigInt(index)), 0n);
}

function addressOf(account: string): string {
  return `0x${keccak(`0x${Buffer.from(account).toString('hex')}`).slice(26)}`;
}

function nameOf(condition: ConditionId): string {
  return `0x${Buffer.from(condition).toString('hex').padEnd(64, '0')}`;
}

/** All conditions of a run are opened by one account. */
function conditionOf(condition: ConditionId): string {
  return keccak(`0x${addressOf('oracle').slice(2).padStart(64, '0')}${nameOf(condition).slice(2)}`);
}

function verseIdOf(cells: readonly Cell[]): string {
  const sorted = [...cells].sort((a, b) => (a.condition < b.condition ? -1 : 1));
  const values = sorted.map(({ condition, outcomes }) => [condition, outcomes]);
  return keccak(`0x${encode([CONSTRAINTS], [values])}`);
}
