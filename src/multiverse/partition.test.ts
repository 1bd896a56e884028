import { describe, expect, it } from 'vitest';

import { ConditionId } from '../model/ids.js';
import { Rational } from '../model/rational.js';
import { type Box, boxOf, type ConditionShape, childBox, constraintsOf, ROOT_BOX, verseIdOf } from './box.js';
import { areDisjoint, coversLambda, isInside, isLive, type Lambda, measureOf } from './lambda.js';
import { fullSet, indexesOf, setOf, sizeOf } from './outcome-set.js';
import { requirePartition, type VerseBox } from './partition.js';

const condition = (n: number) => ConditionId.parse(`cnd_${`${n}`.padStart(26, '0')}`);

/** Conditions 0 to 39 are binary, 40 has 256 outcomes; 41 has three and was opened where condition 0 is 1. */
function shapeOf(id: ConditionId): ConditionShape {
  const n = Number(id.slice(4));
  if (n === 41) return { outcomeCount: 3, box: childBox(ROOT_BOX, condition(0), 1) };
  return { outcomeCount: n === 40 ? 256 : 2, box: ROOT_BOX };
}

const allLive: Lambda = (id) => fullSet(shapeOf(id).outcomeCount);

function box(...constraints: [number, ...number[]][]): Box {
  const named = constraints.map(([n, ...outcomes]) => ({ condition: condition(n), outcomes }));
  return boxOf(named, shapeOf);
}

const verse = (of: Box): VerseBox => ({ id: verseIdOf(of), box: of });

function partitionError(parent: Box, children: Box[], lambda = allLive, merge = false): unknown {
  try {
    requirePartition(verse(parent), children.map(verse), { lambda, merge });
    return undefined;
  } catch (thrown) {
    return (thrown as { code: string }).code;
  }
}

describe('outcome sets', () => {
  it('count and list their outcomes', () => {
    expect(indexesOf(setOf([3, 0, 255]))).toEqual([0, 3, 255]);
    expect(sizeOf(setOf([3, 0, 255]))).toBe(3);
    expect(sizeOf(fullSet(256))).toBe(256);
    expect(indexesOf(0n)).toEqual([]);
  });
});

describe('boxes', () => {
  it('give one event one id, whatever the route', () => {
    const id = verseIdOf(box([0, 1], [1, 0]));
    expect(verseIdOf(box([1, 0], [0, 1]))).toBe(id);
    expect(verseIdOf(box([1, 0], [0, 0, 1], [0, 1]))).toBe(id);
    expect(verseIdOf(childBox(childBox(ROOT_BOX, condition(0), 1), condition(1), 0))).toBe(id);
    expect(verseIdOf(childBox(childBox(ROOT_BOX, condition(1), 0), condition(0), 1))).toBe(id);
    expect(verseIdOf(box([0, 1]))).not.toBe(id);
    expect(id).toMatch(/^vrs_[0-9a-f]{32}$/);
  });

  it('have fixed ids, because journals and contracts know them', () => {
    expect(verseIdOf(ROOT_BOX)).toBe('vrs_4f53cda18c2baa0c0354bb5f9a3ecbe5');
  });

  it('carry the constraints of the verse in which a condition was opened', () => {
    expect(constraintsOf(box([41, 2]))).toEqual([
      { condition: condition(0), outcomes: [1] },
      { condition: condition(41), outcomes: [2] },
    ]);
    expect(() => box([41, 2], [0, 0])).toThrow(expect.objectContaining({ code: 'BAD_INPUT' }));
  });

  it('drop a constraint that allows every outcome, and refuse impossible ones', () => {
    expect(verseIdOf(box([0, 0, 1]))).toBe(verseIdOf(ROOT_BOX));
    expect(() => box([0, 0], [0, 1])).toThrow(expect.objectContaining({ code: 'BAD_INPUT' }));
    expect(() => box([0, 2])).toThrow(expect.objectContaining({ code: 'BAD_INPUT' }));
  });
});

describe('measures', () => {
  it('are exact over 40 binary conditions and one with 256 outcomes', () => {
    const corner = box(...Array.from({ length: 40 }, (_, n): [number, number] => [n, n % 2]), [40, 7]);
    expect(measureOf(corner, allLive)).toEqual(Rational.of(1n, 2n ** 48n));
    expect(measureOf(box([40, 1, 2, 3]), allLive)).toEqual(Rational.of(3n, 256n));
    expect(measureOf(ROOT_BOX, allLive)).toEqual(Rational.ONE);
  });

  it('shrink to the live outcomes', () => {
    const lambda: Lambda = (id) => (id === condition(40) ? setOf([1, 2, 9]) : allLive(id));
    expect(measureOf(box([40, 1, 3]), lambda)).toEqual(Rational.of(1n, 3n));
    expect(measureOf(box([40, 3]), lambda)).toEqual(Rational.ZERO);
    expect(isLive(box([40, 3]), lambda)).toBe(false);
    expect(coversLambda(box([40, 1, 2, 5, 9]), lambda)).toBe(true);
    expect(coversLambda(box([40, 1, 2]), lambda)).toBe(false);
    expect(isInside(box([40, 1, 4]), box([40, 1]), lambda)).toBe(true);
    expect(areDisjoint(box([40, 1, 4]), box([40, 2, 4]), lambda)).toBe(true);
    expect(areDisjoint(box([40, 1]), box([0, 1]), lambda)).toBe(false);
  });
});

describe('partitions', () => {
  it('are recognised however the parent is cut', () => {
    expect(partitionError(ROOT_BOX, [box([0, 0]), box([0, 1])])).toBeUndefined();
    expect(partitionError(ROOT_BOX, [box([0, 0]), box([0, 1], [1, 0]), box([0, 1], [1, 1])])).toBeUndefined();
    expect(partitionError(box([1, 0]), [box([1, 0], [0, 0]), box([1, 0], [0, 1])])).toBeUndefined();
    expect(partitionError(ROOT_BOX, [box([0, 0]), box([41, 0]), box([41, 1, 2])])).toBeUndefined();
    const many = Array.from({ length: 256 }, (_, index) => box([40, index]));
    expect(partitionError(ROOT_BOX, many)).toBeUndefined();
    expect(partitionError(ROOT_BOX, many.slice(1))).toBe('NOT_EXHAUSTIVE');
  });

  it('are recognised over 40 binary conditions without enumerating 2^40 atoms', () => {
    // First condition is 0; or it is 1 and the second is 0; and so on to the last: 41 verses.
    const staircase = Array.from({ length: 41 }, (_, steps) => {
      const ones = Array.from({ length: Math.min(steps, 40) }, (_unused, n): [number, number] => [n, 1]);
      return box(...ones, ...(steps < 40 ? [[steps, 0] as [number, number]] : []));
    });
    expect(partitionError(ROOT_BOX, staircase)).toBeUndefined();
    expect(partitionError(ROOT_BOX, staircase.slice(0, 40))).toBe('NOT_EXHAUSTIVE');
    expect(partitionError(ROOT_BOX, [...staircase, box([39, 0])])).toBe('OVERLAP');
  });

  it('are refused with the reason', () => {
    const [no, yes] = [box([0, 0]), box([0, 1])];
    expect(partitionError(ROOT_BOX, [no])).toBe('NOT_EXHAUSTIVE');
    expect(partitionError(ROOT_BOX, [])).toBe('NOT_EXHAUSTIVE');
    expect(partitionError(ROOT_BOX, [no, no])).toBe('OVERLAP');
    expect(partitionError(ROOT_BOX, [no, yes, box([1, 0])])).toBe('OVERLAP');
    // Measures 1/4 + 1/2 - but of the wrong parts: outside the parent.
    expect(partitionError(yes, [box([0, 1], [1, 0]), box([1, 1])])).toBe('NOT_EXHAUSTIVE');
    expect(partitionError(ROOT_BOX, [ROOT_BOX])).toBe('TRIVIAL_PARTITION');
    const resolved: Lambda = (id) => (id === condition(0) ? setOf([1]) : allLive(id));
    expect(partitionError(ROOT_BOX, [no, yes], resolved)).toBe('VERSE_COLLAPSED');
    expect(partitionError(no, [box([0, 0], [1, 0]), box([0, 0], [1, 1])], resolved)).toBe('VERSE_COLLAPSED');
  });

  it('of a resolved question serve to merge the survivor up, and for nothing else', () => {
    const resolved: Lambda = (id) => (id === condition(0) ? setOf([1]) : allLive(id));
    const survivor = box([0, 1]);
    expect(partitionError(ROOT_BOX, [survivor], resolved, true)).toBeUndefined();
    expect(partitionError(ROOT_BOX, [survivor], resolved)).toBe('TRIVIAL_PARTITION');
    // Neither downwards nor upwards: the parent has no more live atoms than its survivor.
    expect(partitionError(survivor, [ROOT_BOX], resolved)).toBe('TRIVIAL_PARTITION');
    expect(partitionError(ROOT_BOX, [ROOT_BOX], resolved, true)).toBe('TRIVIAL_PARTITION');
    // A question that is open still divides the parent, also below the survivor.
    expect(partitionError(ROOT_BOX, [box([0, 1], [1, 0]), box([0, 1], [1, 1])], resolved)).toBeUndefined();
  });
});
