import type { Compiled } from './compile-contract.js';
import { ALICE, BOB, MultiverseOnChain, ONE, ORACLE } from './multiverse-on-chain.js';

/**
 * Gas of the main operations, in the order of the table of docs/contract.md: what a transaction is charged before
 * refunds, with its 21,000 and its data. Balances that receive are empty before, which is the dear case.
 */
export async function gasOfOperations(compiled: Compiled, token: Compiled): Promise<Map<string, bigint>> {
  const all = await MultiverseOnChain.start(compiled, token);
  const gas = new Map<string, bigint>([['deployment', all.deployGas]]);
  const measure = async (
    what: string,
    from: string,
    call: string,
    values: Parameters<typeof all.done>[2],
  ) => {
    const result = await all.done(from, call, values);
    gas.set(what, result.gas);
  };
  const third = ONE / 3n;
  await measure('`deposit`', ALICE, 'deposit', [all.root, 1000n]);
  const two = await all.open('two', all.root);
  gas.set('`openCondition`, 2 outcomes', two.gas);
  const three = await all.open('three', all.root, [third, third, ONE - 2n * third]);
  gas.set('`openCondition`, 3 outcomes', three.gas);
  const sixteen = await all.open('sixteen', all.root, Array<bigint>(16).fill(ONE / 16n));
  gas.set('`openCondition`, 16 outcomes', sixteen.gas);
  const [yes = '', no = ''] = two.children;
  const most = await all.open('most', all.root, Array<bigint>(256).fill(ONE / 256n));
  gas.set('`openCondition`, 256 outcomes', most.gas);
  await measure('`defineVerse`, 2 constraints', ALICE, 'defineVerse', [yes, [[three.condition, 1n]]]);
  const push = 'pushDown(bytes32,bytes32[],uint256)';
  const pull = 'pullUp(bytes32[],bytes32,uint256)';
  await measure('`pushDown` into 2', ALICE, push, [all.root, two.children, 10n]);
  await measure('`pushDown` into 3', ALICE, push, [all.root, three.children, 10n]);
  await measure('`pushDown` into 16', ALICE, push, [all.root, sixteen.children, 10n]);
  await measure('`pullUp` of 2', ALICE, pull, [two.children, all.root, 5n]);
  await measure('`pullUp` of 16', ALICE, pull, [sixteen.children, all.root, 5n]);
  await measure('`safeTransferFrom`', ALICE, 'safeTransferFrom', [ALICE, BOB, BigInt(yes), 1n, '0x']);
  await measure('`resolve`', ORACLE, 'resolve', [two.condition, 2n]);
  await measure('`pullUp` of a survivor', ALICE, pull, [[no], all.root, 1n]);
  await measure('`voidCondition`', ORACLE, 'voidCondition', [three.condition]);
  await measure('`settle`', ALICE, 'settle', [three.children[0] ?? '', ALICE]);
  await measure('`redeemCondition`, 16 payouts', ORACLE, 'redeemCondition', [
    sixteen.condition,
    sixteen.children.map((_, index) => BigInt(index)),
  ]);
  await measure('`withdraw`', ALICE, 'withdraw', [all.root, 1n]);
  return gas;
}
