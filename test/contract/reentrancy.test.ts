import { describe, expect, it } from 'vitest';

import { type AbiValue, encode, selectorOf } from './abi.js';
import type { Deployed } from './chain.js';
import { type Compiled, compileOne, readSources } from './compile-contract.js';
import { ALICE, MultiverseOnChain } from './multiverse-on-chain.js';
import { compileSurroundings } from './test-token.js';

const sources = readSources();
const sound = compileOne(sources, 'Multiverse');
const { token, attacker } = compileSurroundings();

const GUARD = 'if (_entered) revert REENTRANT();';
/** What a careless withdrawal looks like: the balance is read first and written when the money is gone. */
const CARELESS: readonly (readonly [string, string])[] = [
  [
    '_debit(verse, msg.sender, amount);\n        escrow -= amount;',
    'uint256 held = multiverseMap[verse][msg.sender];\n        if (held < amount) revert BAD_AMOUNT(amount);\n        escrow -= amount;',
  ],
  [
    '_callToken(abi.encodeCall(IERC20.transfer, (msg.sender, amount)));',
    '_callToken(abi.encodeCall(IERC20.transfer, (msg.sender, amount)));\n        multiverseMap[verse][msg.sender] = held - amount;',
  ],
];

function altered(...changes: readonly (readonly [string, string])[]): Compiled {
  let text = sources['Multiverse.sol'] ?? '';
  for (const [from, to] of changes) {
    expect(text.split(from)).toHaveLength(2);
    text = text.replace(from, to);
  }
  return compileOne({ ...sources, 'Multiverse.sol': text }, 'Multiverse');
}

/** An attacker with 100 in the contract, where alice has 100 too, and what it can do. */
async function arena(contract: Compiled) {
  const all = await MultiverseOnChain.start(contract, token);
  const thief: Deployed = await all.chain.deploy(ALICE, attacker);
  await all.done(ALICE, 'deposit', [all.root, 100n]);
  const dataOf = (to: Deployed, call: string, values: readonly AbiValue[]) => {
    const entry = to.abi.find(({ type, name }) => type === 'function' && name === call);
    if (entry === undefined) throw new Error(`there is no ${call}`);
    return `${selectorOf(entry)}${encode(entry.inputs ?? [], values)}`;
  };
  const act = (to: Deployed, call: string, values: readonly AbiValue[]) =>
    all.send(ALICE, 'act', [to.address, dataOf(to, call, values)], thief);
  const plan = (call: string, values: readonly AbiValue[], answer = ANSWER) =>
    all.done(ALICE, 'plan', [all.contract.address, dataOf(all.contract, call, values), answer], thief);
  await all.done(ALICE, 'mint', [thief.address, 100n], all.token);
  await act(all.token, 'approve', [all.contract.address, 1000n]);
  await act(all.contract, 'deposit', [all.root, 100n]);
  const ask = async (call: string) => (await all.chain.read(thief, call))[0];
  const tokensOf = async (owner: string) => (await all.chain.read(all.token, 'balanceOf', [owner]))[0];
  return { all, thief, act, plan, ask, tokensOf };
}

/** What a receiver of one kind of balance answers. */
const ANSWER = '0xf23a6e61';
const REENTRANT = selectorOf({ type: 'error', name: 'REENTRANT', inputs: [] });

/** Withdraws 100, and again while the token moves. Returns what the thief then has, and what the second was answered. */
async function withdrawTwice(contract: Compiled) {
  const { all, thief, act, plan, ask, tokensOf } = await arena(contract);
  await plan('withdraw', [all.root, 100n]);
  await all.done(ALICE, 'misbehave', [0n, false, thief.address], all.token);
  await act(all.contract, 'withdraw', [all.root, 100n]);
  return {
    tokens: await tokensOf(thief.address),
    outcome: await ask('outcome'),
    refusal: await ask('refusal'),
  };
}

describe('a token that calls back in the middle of a withdrawal', () => {
  it('is refused, and the thief has its own money only', async () => {
    expect(await withdrawTwice(sound)).toEqual({ tokens: 100n, outcome: 1n, refusal: REENTRANT });
  });

  it('gains nothing from one of the two defences missing, and steals without both: the attack is real', async () => {
    expect(await withdrawTwice(altered([GUARD, '']))).toMatchObject({ tokens: 100n, outcome: 1n });
    expect(await withdrawTwice(altered(...CARELESS))).toMatchObject({ tokens: 100n, refusal: REENTRANT });
    expect(await withdrawTwice(altered([GUARD, ''], ...CARELESS))).toMatchObject({
      tokens: 200n,
      outcome: 2n,
    });
  });
});

describe('a token that calls back in the middle of a deposit', () => {
  it('cannot take out what was just credited', async () => {
    const { all, thief, act, plan, ask, tokensOf } = await arena(sound);
    await all.done(ALICE, 'mint', [thief.address, 50n], all.token);
    await plan('withdraw', [all.root, 150n]);
    await all.done(ALICE, 'misbehave', [0n, false, thief.address], all.token);
    expect((await act(all.contract, 'deposit', [all.root, 50n])).ok).toBe(true);
    expect([await ask('outcome'), await ask('refusal')]).toEqual([1n, REENTRANT]);
    expect(await all.balance(all.root, thief.address)).toBe(150n);
    expect(await all.read('escrow')).toEqual([250n]);
    expect(await tokensOf(all.contract.address)).toBe(250n);
  });
});

describe('a contract that is sent balances', () => {
  it('cannot do anything with them, or with others, before the transfer is over', async () => {
    const { all, thief, plan, ask } = await arena(sound);
    const id = BigInt(all.root);
    for (const [call, values] of [
      ['withdraw', [all.root, 150n]],
      ['safeTransferFrom', [thief.address, ALICE, id, 150n, '0x']],
      ['deposit', [all.root, 1n]],
    ] as const) {
      await plan(call, values);
      await all.done(ALICE, 'safeTransferFrom', [ALICE, thief.address, id, 10n, '0x']);
      expect([await ask('outcome'), await ask('refusal')], call).toEqual([1n, REENTRANT]);
    }
    expect(await all.balance(all.root, thief.address)).toBe(130n);
    expect(await all.balance(all.root, ALICE)).toBe(70n);
  });

  it('has to take them', async () => {
    const { all, thief, plan } = await arena(sound);
    const id = BigInt(all.root);
    await plan('deposit', [all.root, 1n], '0x00000000');
    const move = [ALICE, thief.address, id, 10n, '0x'];
    expect(await all.outcome(ALICE, 'safeTransferFrom', move)).toBe('RECEIVER_REFUSED');
    const batch = [ALICE, thief.address, [id], [10n], '0x'];
    expect(await all.outcome(ALICE, 'safeBatchTransferFrom', batch)).toBe('RECEIVER_REFUSED');
    // A contract that knows nothing of balances.
    const stranger = [ALICE, all.token.address, id, 10n, '0x'];
    expect(await all.outcome(ALICE, 'safeTransferFrom', stranger)).toBe('revert');
    expect(await all.balance(all.root, ALICE)).toBe(100n);
  });
});
