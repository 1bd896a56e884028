import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

import { Chain } from './chain.js';
import { compileOne, readSources } from './compile-contract.js';

const ALL = 2n ** 256n - 1n;
const harness = compileOne(
  {
    'Boxes.sol': readSources()['Boxes.sol'] ?? '',
    'BoxesHarness.sol': readFileSync(join(import.meta.dirname, 'solidity/BoxesHarness.sol'), 'utf8'),
  },
  'BoxesHarness',
);

test('joint outcomes are counted exactly up to 2^256, and beyond that refused', async () => {
  const chain = await Chain.start();
  const deployed = await chain.deploy(`0x${'11'.repeat(20)}`, harness);
  const count = (live: bigint[], allowed: bigint[] = live.map(() => 0n)) =>
    chain.read(deployed, 'countIn', [live, allowed]);
  expect(await count([])).toEqual([1n, true]);
  expect(await count([0b111n, 0b11n], [0b101n, 0n])).toEqual([4n, true]);
  const wide = Array<bigint>(31).fill(ALL);
  expect(await count(wide)).toEqual([2n ** 248n, true]);
  expect(await count([...wide, 2n ** 255n - 1n])).toEqual([255n * 2n ** 248n, true]);
  expect(await count([...wide, ALL])).toEqual([0n, false]);
  // Of a space that is too large, a small box is still counted.
  expect(await count([...wide, ALL], [...wide.map(() => 1n), 0b11n])).toEqual([2n, true]);
});
