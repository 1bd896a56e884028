import { strict as assert } from 'node:assert';

import type { ConditionId } from '../model/ids.js';
import { Rational } from '../model/rational.js';
import { WorldError } from '../model/world-error.js';
import type { Box } from './box.js';
import { isInside, isLive, type Lambda } from './lambda.js';
import type { OutcomeSet } from './outcome-set.js';

/** A fraction of base units that rounding left over in a verse. */
export interface DustPart {
  readonly box: Box;
  readonly amount: Rational;
}

export interface DustInput {
  readonly parts: readonly DustPart[];
  /** A box that contains all the parts. */
  readonly within: Box;
  readonly lambda: Lambda;
  /** Conditions are looked at in this order, earlier-opened first, so that every cell is a proper verse. */
  readonly orderOf: (condition: ConditionId) => number;
}

/** More cells than this are refused; they arise only when holdings cut many other conditions crosswise. */
export const DUST_CELLS_MAX = 4096;

/**
 * Whole amounts of dust, verse by verse, that give on every live atom the same as the fractional parts do.
 * On each atom the parts sum to a whole number although one part alone may not, so verses that cross are cut
 * into cells on which all remaining parts agree.
 *
 * @throws UNSUPPORTED when that takes more than 4,096 cells.
 */
export function placeDust(input: DustInput): { box: Box; amount: bigint }[] {
  const placed: { box: Box; amount: bigint }[] = [];
  const cells: { box: Box; parts: readonly DustPart[] }[] = [{ box: input.within, parts: input.parts }];
  for (let visited = 0; ; visited += 1) {
    const cell = cells.pop();
    if (cell === undefined) return placed;
    if (visited > DUST_CELLS_MAX) {
      throw new WorldError(
        'UNSUPPORTED',
        `the remainders lie in more than ${DUST_CELLS_MAX} different verses: merge some balances first`,
      );
    }
    const crossing = cell.parts.filter((part) => !isInside(cell.box, part.box, input.lambda));
    const next = firstCondition(crossing, cell.box, input);
    if (next === undefined) {
      const total = Rational.sum(cell.parts.map((part) => part.amount));
      assert(total.den === 1n, 'remainders sum to a whole number on every atom');
      if (total.num > 0n) placed.push({ box: cell.box, amount: total.num });
    } else {
      cells.push(...cut(cell, next, input.lambda));
    }
  }
}

/** The earliest condition on which some part does not contain the whole cell. */
function firstCondition(crossing: readonly DustPart[], cell: Box, input: DustInput): ConditionId | undefined {
  let first: ConditionId | undefined;
  for (const { box } of crossing) {
    for (const [condition, set] of box) {
      const here = (cell.get(condition) ?? input.lambda(condition)) & input.lambda(condition);
      if ((here & ~set) === 0n) continue;
      if (first === undefined || input.orderOf(condition) < input.orderOf(first)) first = condition;
    }
  }
  return first;
}

/** Cuts a cell along one condition into the classes of outcomes that the parts do not tell apart. */
function cut(cell: { box: Box; parts: readonly DustPart[] }, condition: ConditionId, lambda: Lambda) {
  const live = lambda(condition);
  let classes: OutcomeSet[] = [(cell.box.get(condition) ?? live) & live];
  for (const { box } of cell.parts) {
    const set = box.get(condition) ?? live;
    classes = classes.flatMap((one) => [one & set, one & ~set]).filter((one) => one !== 0n);
  }
  return classes.map((one) => {
    const box: Box = new Map([...cell.box, [condition, one] as const].sort(([a], [b]) => (a < b ? -1 : 1)));
    const parts = cell.parts.filter((part) => isLive(meet(part.box, condition, one), lambda));
    return { box, parts };
  });
}

function meet(box: Box, condition: ConditionId, set: OutcomeSet): Box {
  return new Map(box).set(condition, (box.get(condition) ?? set) & set);
}
