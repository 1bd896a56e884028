import type { AbiValue } from './abi.js';
import { type CallResult, Chain, type Deployed, type Log } from './chain.js';
import type { Compiled } from './compile-contract.js';

export const ALICE = `0x${'a1'.repeat(20)}`;
export const BOB = `0x${'b0'.repeat(20)}`;
export const ORACLE = `0x${'0c'.repeat(20)}`;
const DEPLOYER = `0x${'de'.repeat(20)}`;

/** One, in the contract's units of probability. */
export const ONE = 10n ** 18n;
export const HALVES = [ONE / 2n, ONE / 2n] as const;
const ZERO = `0x${'0'.repeat(40)}`;

/** The contract on a chain of its own, with a token that alice and bob have a million of. */
export class MultiverseOnChain {
  readonly chain: Chain;
  readonly contract: Deployed;
  readonly token: Deployed;
  readonly root: string;
  /** What the deployment cost. */
  readonly deployGas: bigint;

  private constructor(parts: {
    chain: Chain;
    contract: Deployed & { gas: bigint };
    token: Deployed;
    root: string;
  }) {
    this.chain = parts.chain;
    this.contract = parts.contract;
    this.deployGas = parts.contract.gas;
    this.token = parts.token;
    this.root = parts.root;
  }

  static async start(compiled: Compiled, money: Compiled): Promise<MultiverseOnChain> {
    const chain = await Chain.start();
    const token = await chain.deploy(DEPLOYER, money);
    const contract = await chain.deploy(DEPLOYER, compiled, [token.address]);
    const [root] = await chain.read(contract, 'rootVerse');
    const all = new MultiverseOnChain({ chain, contract, token, root: root as string });
    for (const owner of [ALICE, BOB]) await all.fund(owner);
    return all;
  }

  /** Gives an account a million of the token, and approves the contract for all it has. */
  async fund(owner: string): Promise<void> {
    await this.done(owner, 'mint', [owner, 1_000_000n], this.token);
    await this.done(owner, 'approve', [this.contract.address, 2n ** 256n - 1n], this.token);
  }

  send(
    from: string,
    call: string,
    values: readonly AbiValue[] = [],
    to = this.contract,
  ): Promise<CallResult> {
    return this.chain.call({ from, to, call, values });
  }

  /** Sends, and takes no refusal. */
  async done(from: string, call: string, values: readonly AbiValue[] = [], to = this.contract) {
    const result = await this.send(from, call, values, to);
    if (!result.ok) throw new Error(`${call} is refused with ${result.error} ${String(result.details)}`);
    return result;
  }

  /** Sends, and returns the name of the refusal, or ok. */
  async outcome(from: string, call: string, values: readonly AbiValue[] = []): Promise<string> {
    const result = await this.send(from, call, values);
    return result.ok ? 'ok' : result.error;
  }

  async read(call: string, values: readonly AbiValue[] = []): Promise<AbiValue[]> {
    return this.chain.read(this.contract, call, values);
  }

  async balance(verse: string, owner: string): Promise<bigint> {
    return (await this.read('multiverseMap', [verse, owner]))[0] as bigint;
  }

  /** Opens a condition and returns its id and the verses of its outcomes. */
  async open(name: string, verse: string, probabilities: readonly bigint[] = HALVES, by = ORACLE) {
    const outcomes = probabilities.map((_, index) => `o${index}`);
    const values = [nameOf(name), verse, outcomes, probabilities, ZERO];
    const {
      values: [condition],
      logs,
      gas,
    } = await this.done(by, 'openCondition', values);
    const opened = logs.find(({ event }) => event === 'ConditionOpened');
    return {
      condition: condition as string,
      children: opened?.values['children'] as readonly string[],
      gas,
    };
  }

  /** Defines the verse below `parent` with these constraints. */
  async define(parent: string, ...constraints: readonly (readonly [condition: string, outcomes: bigint])[]) {
    const { values } = await this.done(ALICE, 'defineVerse', [parent, constraints]);
    return values[0] as string;
  }
}

/** A short text as 32 bytes. */
export function nameOf(text: string): string {
  return `0x${Buffer.from(text).toString('hex').padEnd(64, '0')}`;
}

/** The events of a name. */
export function eventsOf(logs: readonly Log[], event: string): Log['values'][] {
  return logs.filter((log) => log.event === event).map(({ values }) => values);
}
