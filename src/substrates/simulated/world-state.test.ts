import fc from 'fast-check';
import { expect, test } from 'vitest';
import { WorldId } from '../../model/ids.js';
import { decodeState, EMPTY_STATE, encodeState } from './world-state.js';

const u64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const text = fc.string({ unit: 'grapheme' });

const identity = fc.record({
  worldId: fc.constant(WorldId.parse('wld_00000000000000000000000001')),
  generation: fc.nat(),
  verse: text,
  trit: fc.constantFrom(-1 as const, 0 as const, 1 as const),
  probability: fc.constantFrom('1', '0.45'),
  seed: u64,
  commonRandomNumbers: fc.boolean(),
});

const state = fc.record({
  variables: fc.array(fc.tuple(text, fc.oneof(text, fc.bigInt()))).map((entries) => new Map(entries)),
  files: fc.array(fc.tuple(text, text)).map((entries) => new Map(entries)),
  hooks: fc.array(text),
  clockNs: u64,
  identity: fc.option(identity),
  streamSeed: u64,
  streamDrawn: u64,
});

test('a state that was stored reads back equal', () => {
  fc.assert(
    fc.property(state, (original) => {
      expect(decodeState(encodeState(original))).toEqual(original);
    }),
  );
});

test('numbers and text that looks like a number stay apart', () => {
  const original = {
    ...EMPTY_STATE,
    variables: new Map<string, bigint | string>([
      ['a', 1n],
      ['b', '1'],
    ]),
  };
  expect(decodeState(encodeState(original)).variables).toEqual(original.variables);
});

test('what encodeState did not write is refused', () => {
  expect(() => decodeState('{}')).toThrow();
  expect(() => decodeState('not json')).toThrow();
});
