import { describe, expect, it } from 'vitest';

import { ConditionId } from '../model/ids.js';
import { Rational } from '../model/rational.js';
import { type Box, constraintsOf, ROOT_BOX } from './box.js';
import { placeDust } from './place-dust.js';

const condition = (n: number) => ConditionId.parse(`cnd_${`${n}`.padStart(26, '0')}`);
const half = Rational.of(1n, 2n);
const binary = { within: ROOT_BOX, lambda: () => 3n, orderOf: (id: ConditionId) => Number(id.slice(4)) };
const box = (...pairs: [number, bigint][]): Box => new Map(pairs.map(([n, set]) => [condition(n), set]));
const part = (of: Box, amount = half) => ({ box: of, amount });

describe('placing dust', () => {
  it('adds up what lies in one verse', () => {
    expect(placeDust({ ...binary, parts: [] })).toEqual([]);
    expect(placeDust({ ...binary, parts: [part(ROOT_BOX), part(ROOT_BOX)] })).toEqual([
      { box: ROOT_BOX, amount: 1n },
    ]);
  });

  it('cuts verses that cross until every cell has a whole amount, and leaves out empty cells', () => {
    // 1/2 where the first is 0, 1/2 where it is 0 and the second is 0, 1/2 where it is 0 and the second is 1.
    const parts = [part(box([0, 1n])), part(box([0, 1n], [1, 1n])), part(box([0, 1n], [1, 2n]))];
    const placed = placeDust({ ...binary, parts }).map(({ box: cell, amount }) => [
      constraintsOf(cell),
      amount,
    ]);
    expect(placed).toHaveLength(2);
    for (const second of [0, 1]) {
      expect(placed).toContainEqual([
        [
          { condition: condition(0), outcomes: [0] },
          { condition: condition(1), outcomes: [second] },
        ],
        1n,
      ]);
    }
  });

  it('asserts that the parts sum to a whole number on every atom', () => {
    expect(() => placeDust({ ...binary, parts: [part(box([0, 1n])), part(ROOT_BOX)] })).toThrow(
      /whole number/,
    );
  });

  it('refuses to make more than 4096 cells', () => {
    // Both sides of each of 14 conditions: 2^14 cells of 7 each.
    const parts = Array.from({ length: 14 }, (_, n) => [part(box([n, 1n])), part(box([n, 2n]))]).flat();
    expect(() => placeDust({ ...binary, parts })).toThrow(expect.objectContaining({ code: 'UNSUPPORTED' }));
  });
});
