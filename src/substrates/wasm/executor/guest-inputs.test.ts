import { expect, test } from 'vitest';
import { GuestInputs, mix64 } from './guest-inputs.js';

const SEED = 0x598f_318e_2b9e_884n;
const GAMMA = 0x9e37_79b9_7f4a_7c15n;

test('SplitMix64 gives the published numbers', () => {
  expect(mix64(SEED)).toBe(0xf061_ebbc_2ca7_4d78n);
  expect(mix64(SEED + 5n * GAMMA)).toBe(0xb522_2cb8_ae6e_1886n);
  expect(mix64(SEED + 9n * GAMMA)).toBe(0xd726_fcf3_f1d3_57d5n);
});

test('entropy is one stream, however it is cut', () => {
  const whole = new GuestInputs();
  const cut = new GuestInputs();
  const expected = new Uint8Array(100);
  whole.fill(expected);
  const parts: number[] = [];
  for (const size of [1, 7, 8, 3, 13, 0, 68]) {
    const part = new Uint8Array(size);
    cut.fill(part);
    parts.push(...part);
  }
  expect(parts).toEqual([...expected]);
  expect(cut.entropyDrawn).toBe(100n);
});

test('the clock never goes back and never stands still', () => {
  const inputs = new GuestInputs();
  inputs.advanceTo(inputs.clockNs + 5n);
  const first = inputs.readClock();
  inputs.advanceTo(first - 1_000_000n);
  expect(inputs.readClock()).toBe(first + 1_000n);
});
