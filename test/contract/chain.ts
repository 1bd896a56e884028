import { Common, Hardfork, Mainnet } from '@ethereumjs/common';
import { createEVM, type EVM } from '@ethereumjs/evm';
import { Address, bytesToHex, hexToBytes } from '@ethereumjs/util';

import { type AbiValue, decode, encode, selectorOf, signatureOf, topicOf } from './abi.js';
import type { AbiEntry, Compiled } from './compile-contract.js';
import { UndoState } from './undo-state.js';

/** More than any block has: what an operation costs is asserted elsewhere, and loops are bounded. */
const GAS_LIMIT = 10_000_000_000n;

/** What a call did. `gas` is what a transaction would be charged before refunds: 21,000, its data, and the execution. */
export type CallResult =
  | { readonly ok: true; readonly values: AbiValue[]; readonly logs: readonly Log[]; readonly gas: bigint }
  | { readonly ok: false; readonly error: string; readonly details: AbiValue[] };

/** An event of the called contract. */
export interface Log {
  readonly event: string;
  /** By parameter, in the order of the declaration. */
  readonly values: Readonly<Record<string, AbiValue>>;
}

/** A contract on a chain in memory. */
export interface Deployed {
  readonly address: string;
  readonly abi: readonly AbiEntry[];
}

interface Call {
  readonly from: string;
  readonly to: Deployed;
  /** Name of the function, or its signature where there are several. */
  readonly call: string;
  readonly values?: readonly AbiValue[];
}

/** A chain in memory with the rules of the Cancun fork: no blocks, no fees, one call after the other. */
export class Chain {
  readonly #evm: EVM;

  private constructor(evm: EVM) {
    this.#evm = evm;
  }

  static async start(): Promise<Chain> {
    const common = new Common({ chain: Mainnet, hardfork: Hardfork.Cancun });
    return new Chain(await createEVM({ common, stateManager: new UndoState({ common }) }));
  }

  /** Puts a contract on the chain. It must fit the chain's limit of 24,576 bytes. */
  async deploy(from: string, { abi, bytecode }: Compiled, values: readonly AbiValue[] = []) {
    const inputs = abi.find(({ type }) => type === 'constructor')?.inputs ?? [];
    const data = hexToBytes(`0x${bytecode.slice(2)}${encode(inputs, values)}`);
    const { createdAddress, execResult } = await this.#run(from, undefined, data);
    if (execResult.exceptionError !== undefined || createdAddress === undefined) {
      throw new Error(`the contract cannot be deployed: ${execResult.exceptionError?.error}`);
    }
    // Creating costs something, and so does each word of the code that creates (EIP-3860).
    const creation = 32_000n + 2n * BigInt(Math.ceil(data.length / 32));
    const gas = execResult.executionGasUsed + intrinsic(data) + creation;
    const deployed: Deployed = { address: createdAddress.toString(), abi };
    return { ...deployed, gas };
  }

  /** Calls a function as a transaction of its own. Errors of the contract are answered by name. */
  async call({ from, to, call, values = [] }: Call): Promise<CallResult> {
    const entry = functionOf(to.abi, call);
    const data = hexToBytes(`0x${selectorOf(entry).slice(2)}${encode(entry.inputs ?? [], values)}`);
    const { execResult } = await this.#run(from, to.address, data);
    const answer = bytesToHex(execResult.returnValue).slice(2);
    if (execResult.exceptionError !== undefined) {
      return { ok: false, ...errorOf(to.abi, answer, String(execResult.exceptionError.error)) };
    }
    const logs = (execResult.logs ?? []).flatMap(([address, topics, body]) =>
      bytesToHex(address) === to.address ? [logOf(to.abi, topics.map(bytesToHex), bytesToHex(body))] : [],
    );
    const gas = execResult.executionGasUsed + intrinsic(data);
    return { ok: true, values: decode(entry.outputs ?? [], answer), logs, gas };
  }

  /** What a function answers. @throws when it is refused. */
  async read(to: Deployed, call: string, values: readonly AbiValue[] = []): Promise<AbiValue[]> {
    const result = await this.call({ from: NOBODY, to, call, values });
    if (result.ok) return result.values;
    throw new Error(`${call} is refused with ${result.error}`);
  }

  /** A word of a contract's storage: much faster than a call. */
  async storageAt({ address }: Deployed, slot: string): Promise<bigint> {
    const bytes = await this.#evm.stateManager.getStorage(
      addressOf(address),
      hexToBytes(`0x${slot.slice(2)}`),
    );
    return bytes.length === 0 ? 0n : BigInt(bytesToHex(bytes));
  }

  async #run(from: string, to: string | undefined, data: Uint8Array) {
    const caller = addressOf(from);
    const target = to === undefined ? {} : { to: addressOf(to) };
    const result = await this.#evm.runCall({ caller, origin: caller, ...target, data, gasLimit: GAS_LIMIT });
    // The next call is a transaction of its own: nothing is warm in it.
    await this.#evm.journal.cleanup();
    this.#evm.stateManager.originalStorageCache.clear();
    return result;
  }
}

/** Asks, and has nothing. */
const NOBODY = `0x${'99'.repeat(20)}`;

function addressOf(hex: string): Address {
  return new Address(hexToBytes(`0x${hex.slice(2)}`));
}

/** What a transaction costs before anything is executed. */
function intrinsic(data: Uint8Array): bigint {
  return data.reduce((sum, byte) => sum + (byte === 0 ? 4n : 16n), 21_000n);
}

function functionOf(abi: readonly AbiEntry[], call: string): AbiEntry {
  const named = abi.filter((one) => one.type === 'function' && one.name === call);
  const [found] = named.length === 1 ? named : abi.filter((one) => signatureOf(one) === call);
  if (found?.type === 'function') return found;
  throw new Error(`there is no one function ${call}`);
}

function errorOf(abi: readonly AbiEntry[], answer: string, fallback: string) {
  const entry = abi.find((one) => one.type === 'error' && selectorOf(one).slice(2) === answer.slice(0, 8));
  if (entry === undefined) return { error: fallback, details: [] };
  return { error: entry.name ?? '', details: decode(entry.inputs ?? [], answer.slice(8)) };
}

function logOf(abi: readonly AbiEntry[], topics: readonly string[], body: string): Log {
  const entry = abi.find((one) => one.type === 'event' && topicOf(one) === topics[0]);
  if (entry === undefined) throw new Error(`an event that is not in the ABI: ${topics[0]}`);
  const inputs = entry.inputs ?? [];
  const plain = inputs.filter(({ indexed }) => indexed !== true);
  const inBody = decode(plain, body.slice(2));
  const values: Record<string, AbiValue> = {};
  let topic = 1;
  for (const input of inputs) {
    if (input.indexed === true)
      values[input.name] = decode([input], topics[topic++]?.slice(2) ?? '')[0] ?? '';
    else values[input.name] = inBody[plain.indexOf(input)] ?? '';
  }
  return { event: entry.name ?? '', values };
}
