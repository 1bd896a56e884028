import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';

import { isErrorCode } from '../../src/model/world-error.js';
import { signatureOf } from './abi.js';
import { artifactOf, artifactText, CONTRACTS, compileOne, readSources } from './compile-contract.js';
import {
  ALICE,
  BOB,
  eventsOf,
  HALVES,
  MultiverseOnChain,
  nameOf,
  ONE,
  ORACLE,
} from './multiverse-on-chain.js';
import { compileSurroundings } from './test-token.js';

const sources = readSources();
const compiled = compileOne(sources, 'Multiverse');
const { token } = compileSurroundings();
/** Of public variables: the compiler makes them, without names of their arguments. */
const GETTERS = ['multiverseMap', 'dustFraction', 'isApprovedForAll'];
const NOBODY = `0x${'0'.repeat(40)}`;

let all: MultiverseOnChain;
beforeEach(async () => {
  all = await MultiverseOnChain.start(compiled, token);
});

const deposit = (amount = 1000n, by = ALICE) => all.done(by, 'deposit', [all.root, amount]);
const down = (parent: string, children: readonly string[], amount: bigint, by = ALICE) =>
  all.done(by, 'pushDown(bytes32,bytes32[],uint256)', [parent, children, amount]);

describe('the compiled contract', () => {
  it('is the committed one', () => {
    const committed = readFileSync(join(CONTRACTS, 'Multiverse.json'), 'utf8');
    // Not toBe: a difference of this size helps nobody. `npm run contract` writes it anew.
    expect(committed === artifactText(artifactOf(sources)), 'contracts/Multiverse.json is current').toBe(
      true,
    );
  });

  it('fits on a chain', () => {
    expect(compiled.sizeBytes).toBeLessThanOrEqual(24_576);
  });

  it("has the user's struct, map and operations", () => {
    const functions = compiled.abi.filter(({ type }) => type === 'function').map(signatureOf);
    expect(functions).toEqual(
      expect.arrayContaining([
        'multiverseMap(bytes32,address)',
        'pushDown(bytes32,bytes32[])',
        'pullUp(bytes32[],bytes32)',
      ]),
    );
    const getter = compiled.abi.find(({ name }) => name === 'getVerse');
    expect(getter?.outputs?.[0]?.components?.map(({ name, type }) => `${type} ${name}`)).toEqual([
      'bytes32 verseId',
      'bytes32 parentId',
      'bytes32[] children',
      'uint256 probability',
      'bool resolved',
      'bool outcome',
    ]);
  });

  it("names its errors by the ledger's codes, but for those that only a contract has", () => {
    const errors = compiled.abi.filter(({ type }) => type === 'error').map(({ name }) => name ?? '');
    const own = errors.filter((name) => !isErrorCode(name));
    expect(own.sort((a, b) => (a < b ? -1 : 1))).toEqual([
      'ESCROW_FAILED',
      'NOT_SETTLED',
      'RECEIVER_REFUSED',
      'REENTRANT',
    ]);
    expect(errors).toContain('TRIVIAL_PARTITION');
  });

  it('says of every function, event and error what it is, and of every argument', () => {
    const said = compiled.abi.filter(({ type }) => ['function', 'event', 'error'].includes(type));
    expect(said.length).toBeGreaterThan(60);
    expect(
      said.filter((entry) => compiled.notes[signatureOf(entry)]?.notice !== true).map(signatureOf),
    ).toEqual([]);
    const calls = said.filter(({ type, name = '' }) => type === 'function' && !GETTERS.includes(name));
    for (const entry of calls) {
      const names = entry.inputs?.map(({ name }) => name) ?? [];
      expect(new Set(compiled.notes[signatureOf(entry)]?.params), signatureOf(entry)).toEqual(new Set(names));
    }
  });
});

describe('amounts', () => {
  it('are the whole balance on the way down, and the least of the balances on the way up', async () => {
    await deposit();
    const { children } = await all.open('rain', all.root);
    const [yes = '', no = ''] = children;
    const { logs } = await all.done(ALICE, 'pushDown(bytes32,bytes32[])', [all.root, children]);
    expect(eventsOf(logs, 'PushedDown')).toEqual([
      { owner: ALICE, parent: all.root, children, amount: 1000n },
    ]);
    expect(await all.balance(all.root, ALICE)).toBe(0n);
    expect([await all.balance(yes, ALICE), await all.balance(no, ALICE)]).toEqual([1000n, 1000n]);
    await all.done(ALICE, 'safeTransferFrom', [ALICE, BOB, BigInt(no), 400n, '0x']);
    await all.done(ALICE, 'pullUp(bytes32[],bytes32)', [children, all.root]);
    expect(await all.balance(all.root, ALICE)).toBe(600n);
    expect([await all.balance(yes, ALICE), await all.balance(no, ALICE)]).toEqual([400n, 0n]);
    // Nothing to move is no amount.
    expect(await all.outcome(ALICE, 'pullUp(bytes32[],bytes32)', [children, all.root])).toBe('BAD_AMOUNT');
    expect(await all.outcome(BOB, 'pushDown(bytes32,bytes32[])', [all.root, children])).toBe('BAD_AMOUNT');
  });

  it('can be named, also to pull the survivor of a resolved condition up', async () => {
    await deposit();
    const { condition, children } = await all.open('rain', all.root);
    await down(all.root, children, 300n);
    await all.done(ORACLE, 'resolve', [condition, 2n]);
    const survivor = [children[1] ?? ''];
    const pull = 'pullUp(bytes32[],bytes32,uint256)';
    expect(await all.outcome(ALICE, pull, [children, all.root, 300n])).toBe('VERSE_COLLAPSED');
    await all.done(ALICE, pull, [survivor, all.root, 300n]);
    expect(await all.balance(all.root, ALICE)).toBe(1000n);
    // Nothing goes down by a settled question.
    const push = 'pushDown(bytes32,bytes32[],uint256)';
    expect(await all.outcome(ALICE, push, [all.root, survivor, 1n])).toBe('TRIVIAL_PARTITION');
  });
});

describe('verses', () => {
  const verse = async (id: string) => {
    const [parts] = await all.read('getVerse', [id]);
    const [verseId, parentId, children, probability, resolved, outcome] = parts as readonly unknown[];
    return { verseId, parentId, children, probability, resolved, outcome };
  };

  it('know where they were made, what they are worth, and what was decided about them', async () => {
    const weights = [(ONE * 45n) / 100n, (ONE * 35n) / 100n, ONE / 5n];
    const { condition, children } = await all.open('route', all.root, weights);
    const [nash = '', optimal = '', chaos = ''] = children;
    expect(await verse(all.root)).toMatchObject({
      children,
      probability: ONE,
      resolved: true,
      outcome: true,
    });
    expect(await verse(nash)).toEqual({
      verseId: nash,
      parentId: all.root,
      children: [],
      probability: weights[0],
      resolved: false,
      outcome: false,
    });
    const inner = await all.open('later', nash);
    expect(await verse(inner.children[0] ?? '')).toMatchObject({
      parentId: nash,
      probability: (weights[0] ?? 0n) / 2n,
    });
    const two = await all.define(all.root, [condition, 0b110n]);
    expect(await verse(two)).toMatchObject({ parentId: all.root, probability: (ONE * 55n) / 100n });
    await all.done(ORACLE, 'resolve', [condition, 0b010n]);
    expect(await verse(optimal)).toMatchObject({ resolved: true, outcome: true });
    expect(await verse(two)).toMatchObject({ resolved: true, outcome: true });
    expect(await verse(chaos)).toMatchObject({ resolved: true, outcome: false });
    expect(await verse(inner.children[0] ?? '')).toMatchObject({ resolved: true, outcome: false });
  });

  it('are the same by every route', async () => {
    const [a, b] = [await all.open('a', all.root), await all.open('b', all.root)];
    const ab = await all.define(a.children[0] ?? '', [b.condition, 1n]);
    expect(await all.define(b.children[0] ?? '', [a.condition, 1n])).toBe(ab);
    expect(await all.define(all.root, [b.condition, 1n], [a.condition, 3n], [a.condition, 1n])).toBe(ab);
    expect(await all.read('outcomeVerse', [a.condition, 1n])).toEqual([a.children[1]]);
  });

  it('name at most nine conditions', async () => {
    let inner = all.root;
    for (let depth = 0; depth < 9; depth += 1) {
      inner = (await all.open(`c${depth}`, inner)).children[0] ?? '';
    }
    const values = [nameOf('tenth'), inner, ['yes', 'no'], HALVES, NOBODY];
    expect(await all.outcome(ORACLE, 'openCondition', values)).toBe('UNSUPPORTED');
  });
});

describe('partitions', () => {
  it('name at most 256 verses', async () => {
    await deposit();
    const many = Array<string>(257).fill(all.root);
    const push = 'pushDown(bytes32,bytes32[],uint256)';
    expect(await all.outcome(ALICE, push, [all.root, many, 1n])).toBe('BAD_INPUT');
  });
});

describe('ERC-1155', () => {
  it('has the verse as id of its tokens', async () => {
    const { logs } = await deposit();
    const id = BigInt(all.root);
    expect(eventsOf(logs, 'TransferSingle')).toEqual([
      { operator: ALICE, from: NOBODY, to: ALICE, id, value: 1000n },
    ]);
    expect(await all.read('balanceOf', [ALICE, id])).toEqual([1000n]);
    expect(
      await all.read('balanceOfBatch', [
        [ALICE, BOB],
        [id, id],
      ]),
    ).toEqual([[1000n, 0n]]);
    expect(await all.read('supportsInterface', ['0xd9b67a26'])).toEqual([true]);
    expect(await all.read('supportsInterface', ['0x01ffc9a7'])).toEqual([true]);
    expect(await all.read('supportsInterface', ['0xffffffff'])).toEqual([false]);
  });

  it('tells of pushing down and pulling up as of burning and minting', async () => {
    await deposit();
    const { children } = await all.open('rain', all.root);
    const ids = children.map(BigInt);
    const { logs } = await down(all.root, children, 10n);
    expect(eventsOf(logs, 'TransferSingle')[0]).toMatchObject({
      from: ALICE,
      to: NOBODY,
      id: BigInt(all.root),
    });
    expect(eventsOf(logs, 'TransferBatch')).toEqual([
      { operator: ALICE, from: NOBODY, to: ALICE, ids, values: [10n, 10n] },
    ]);
  });

  it('lets operators transfer, and do nothing else', async () => {
    await deposit();
    const id = BigInt(all.root);
    const move = [ALICE, BOB, [id, id], [10n, 5n], '0x'];
    expect(await all.outcome(BOB, 'safeBatchTransferFrom', move)).toBe('FORBIDDEN');
    await all.done(ALICE, 'setApprovalForAll', [BOB, true]);
    const { logs } = await all.done(BOB, 'safeBatchTransferFrom', move);
    expect(eventsOf(logs, 'TransferBatch')[0]).toMatchObject({ operator: BOB, from: ALICE, to: BOB });
    expect(await all.balance(all.root, BOB)).toBe(15n);
    expect(await all.outcome(BOB, 'withdraw', [all.root, 16n])).toBe('INSUFFICIENT_BALANCE');
    await all.done(ALICE, 'setApprovalForAll', [BOB, false]);
    expect(await all.outcome(BOB, 'safeTransferFrom', [ALICE, BOB, id, 1n, '0x'])).toBe('FORBIDDEN');
    expect(await all.outcome(ALICE, 'safeTransferFrom', [ALICE, NOBODY, id, 1n, '0x'])).toBe('BAD_INPUT');
    expect(await all.outcome(ALICE, 'safeBatchTransferFrom', [ALICE, BOB, [id], [], '0x'])).toBe('BAD_INPUT');
    // The second of a batch is refused, so the first is not done either.
    const over = [ALICE, BOB, [id, id], [1n, 10_000n], '0x'];
    expect(await all.outcome(ALICE, 'safeBatchTransferFrom', over)).toBe('INSUFFICIENT_BALANCE');
    expect(await all.balance(all.root, BOB)).toBe(15n);
  });
});

describe('redeem and void', () => {
  it('pay whoever asks, everyone exactly, and the rest to the dust account', async () => {
    await deposit(1000n, ALICE);
    await deposit(1000n, BOB);
    const { condition, children } = await all.open('share', all.root, [ONE / 2n, ONE / 4n, ONE / 4n]);
    const [first = ''] = children;
    await down(all.root, children, 10n, ALICE);
    await down(all.root, children, 10n, BOB);
    expect(await all.outcome(BOB, 'settle', [first, ALICE])).toBe('NOT_SETTLED');
    await all.done(ORACLE, 'redeemCondition', [condition, [2n, 1n, 0n]]);
    expect(await all.outcome(ALICE, 'pullUp(bytes32[],bytes32)', [children, all.root])).toBe(
      'VERSE_COLLAPSED',
    );
    // floor(10 * 2/3) + floor(10 * 1/3) + 0 = 9 of 10, for each of the two.
    for (const owner of [ALICE, BOB])
      for (const verse of children) await all.done(BOB, 'settle', [verse, owner]);
    expect([await all.balance(all.root, ALICE), await all.balance(all.root, BOB)]).toEqual([999n, 999n]);
    const [dust] = await all.read('DUST');
    expect(await all.balance(all.root, dust as string)).toBe(2n);
    expect(await all.read('dustFraction', [all.root, 3n])).toEqual([0n]);
    expect(await all.outcome(ALICE, 'settle', [first, ALICE])).toBe('INSUFFICIENT_BALANCE');
    // There is no fraction with any denominator, 0 included, from which a unit could be made.
    for (const denominator of [0n, 3n, 7n]) {
      expect(await all.outcome(ALICE, 'settleDust', [first, denominator])).toBe('BAD_AMOUNT');
    }
  });

  it('end conditions below with them, at what was known then', async () => {
    await deposit();
    const outer = await all.open('outer', all.root);
    const inner = await all.open('inner', outer.children[0] ?? '', [ONE / 4n, (ONE * 3n) / 4n]);
    const cut = [...inner.children, outer.children[1] ?? ''];
    await down(all.root, cut, 8n);
    await all.done(ORACLE, 'voidCondition', [outer.condition]);
    // Later reports on what ended are refused, asking to void it again is not.
    expect(await all.outcome(ORACLE, 'resolve', [inner.condition, 1n])).toBe('ALREADY_RESOLVED');
    expect(await all.outcome(ORACLE, 'voidCondition', [inner.condition])).toBe('ok');
    const paid = [];
    for (const verse of cut) paid.push((await all.done(ALICE, 'settle', [verse, ALICE])).values[1]);
    expect(paid).toEqual([1n, 3n, 4n]);
    expect(await all.balance(all.root, ALICE)).toBe(1000n);
  });

  it('pay in the order in which conditions ended, and never out of what had collapsed before', async () => {
    await deposit();
    const [a, b, c] = [
      await all.open('a', all.root),
      await all.open('b', all.root),
      await all.open('c', all.root),
    ];
    const abc = await all.define(all.root, [a.condition, 1n], [b.condition, 1n], [c.condition, 1n]);
    const rest = await all.define(all.root, [a.condition, 1n], [b.condition, 1n], [c.condition, 2n]);
    await down(
      all.root,
      [abc, rest, await all.define(all.root, [a.condition, 1n], [b.condition, 2n]), a.children[1] ?? ''],
      100n,
    );
    await all.done(ORACLE, 'resolve', [c.condition, 1n]);
    await all.done(ORACLE, 'redeemCondition', [a.condition, [1n, 2n]]);
    await all.done(ORACLE, 'voidCondition', [b.condition]);
    expect(await all.outcome(ALICE, 'settle', [rest, ALICE])).toBe('VERSE_COLLAPSED');
    const first = await all.done(ALICE, 'settle', [abc, ALICE]);
    // Paid for a first: floor(100 / 3), where b still has to be paid.
    expect(first.values[1]).toBe(33n);
    const second = await all.done(ALICE, 'settle', [first.values[0] ?? '', ALICE]);
    expect(second.values[1]).toBe(16n);
    expect(eventsOf(second.logs, 'Settled')[0]).toMatchObject({ stake: 33n, denominator: 2n });
    // The third that was left over in between moves up as well: a half of it, under the product.
    await all.done(ALICE, 'settleDust', [first.values[0] ?? '', 3n]);
    expect(await all.read('dustFraction', [second.values[0] ?? '', 6n])).toEqual([1n]);
  });

  it('multiply stakes of any size exactly', async () => {
    const most = 2n ** 256n - 1_000_001n;
    await all.done(ALICE, 'misbehave', [0n, false, NOBODY], all.token);
    await all.done(ALICE, 'mint', [ALICE, most - 1_000_000n], all.token);
    await deposit(most);
    const third = ONE / 3n;
    const { condition, children } = await all.open('thirds', all.root, [third, third, ONE - 2n * third]);
    await down(all.root, children, most);
    await all.done(ORACLE, 'voidCondition', [condition]);
    const { values, logs } = await all.done(ALICE, 'settle', [children[2] ?? '', ALICE]);
    expect(values[1]).toBe((most * (ONE - 2n * third)) / ONE);
    const target = eventsOf(logs, 'Settled')[0]?.['target'] as string;
    expect(await all.read('dustFraction', [target, ONE])).toEqual([(most * (ONE - 2n * third)) % ONE]);
  });
});

describe('tokens that misbehave', () => {
  it('are refused, and nothing is credited', async () => {
    await all.done(ALICE, 'misbehave', [1n, false, NOBODY], all.token);
    expect(await all.outcome(ALICE, 'deposit', [all.root, 100n])).toBe('ESCROW_FAILED');
    await all.done(ALICE, 'misbehave', [0n, true, NOBODY], all.token);
    expect(await all.outcome(ALICE, 'deposit', [all.root, 100n])).toBe('ESCROW_FAILED');
    expect(await all.read('escrow')).toEqual([0n]);
    expect(await all.balance(all.root, ALICE)).toBe(0n);
    await all.done(ALICE, 'misbehave', [0n, false, NOBODY], all.token);
    await deposit(100n);
    await all.done(ALICE, 'misbehave', [0n, true, NOBODY], all.token);
    expect(await all.outcome(ALICE, 'withdraw', [all.root, 100n])).toBe('ESCROW_FAILED');
    expect(await all.balance(all.root, ALICE)).toBe(100n);
  });

  it('that are none cannot be kept', async () => {
    await expect(all.chain.deploy(ALICE, compiled, [BOB])).rejects.toThrow('cannot be deployed');
  });
});
