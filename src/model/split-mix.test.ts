import { describe, expect, it } from 'vitest';

import { deriveSeed, mix64, SPLIT_MIX_GAMMA, streamAt } from './split-mix.js';

describe('split-mix', () => {
  it('gives the published numbers of the stream, which has no increment before its first number', () => {
    const seed = 0x598f318e2b9e884n;
    expect(streamAt(seed, 0)).toBe(0xf061ebbc2ca74d78n);
    expect(streamAt(seed, 5)).toBe(0xb5222cb8ae6e1886n);
    expect(streamAt(seed, 9n)).toBe(0xd726fcf3f1d357d5n);
  });

  it('is the usual SplitMix64, one step later', () => {
    // The first number of the reference generator with seed 1234567.
    expect(streamAt(1234567n + SPLIT_MIX_GAMMA, 0)).toBe(6457827717110365317n);
    expect(streamAt(1234567n, 2)).toBe(3203168211198807973n);
  });

  it('stays within 64 bits for any input', () => {
    for (const x of [0n, -1n, 2n ** 64n, 2n ** 200n - 1n]) {
      const y = mix64(x);
      expect(y >= 0n && y < 2n ** 64n).toBe(true);
      expect(y).toBe(mix64(BigInt.asUintN(64, x)));
    }
  });

  it('derives seeds that differ between children, parents and the parent stream', () => {
    const seen = new Set<bigint>();
    for (let parent = 0n; parent < 20n; parent += 1n) {
      for (let index = 0; index < 50; index += 1) {
        seen.add(deriveSeed(parent, index));
        seen.add(streamAt(parent * 1_000_003n + 7n, index));
      }
    }
    expect(seen.size).toBe(2 * 20 * 50);
  });
});
