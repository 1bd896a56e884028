import type { ConditionId } from '../model/ids.js';
import { Rational } from '../model/rational.js';
import type { Box } from './box.js';
import { type OutcomeSet, sizeOf } from './outcome-set.js';

/**
 * The live atoms, condition by condition: which outcomes of it are still possible. Nothing is left of a
 * voided condition. Atoms are never enumerated, so every question below costs a walk over constraints.
 */
export type Lambda = (condition: ConditionId) => OutcomeSet;

/** True when some live atom is in the box. */
export function isLive(box: Box, lambda: Lambda): boolean {
  for (const [condition, set] of box) {
    if ((set & lambda(condition)) === 0n) return false;
  }
  return true;
}

/** Share of the live atoms that is in the box: the product of |S| / k over its constraints, exactly. */
export function measureOf(box: Box, lambda: Lambda): Rational {
  let inside = 1n;
  let all = 1n;
  for (const [condition, set] of box) {
    const live = lambda(condition);
    if ((set & live) === 0n) return Rational.ZERO;
    inside *= BigInt(sizeOf(set & live));
    all *= BigInt(sizeOf(live));
  }
  return Rational.of(inside, all);
}

/** True when every live atom of `inner` is in `outer`. A dead box is inside every other. */
export function isInside(inner: Box, outer: Box, lambda: Lambda): boolean {
  if (!isLive(inner, lambda)) return true;
  for (const [condition, set] of outer) {
    const live = lambda(condition);
    if (((inner.get(condition) ?? live) & live & ~set) !== 0n) return false;
  }
  return true;
}

/** True when no live atom is in both boxes. */
export function areDisjoint(a: Box, b: Box, lambda: Lambda): boolean {
  return !isLive(a, lambda) || !isLive(b, lambda) || excludeEachOther(a, b, lambda);
}

/** The same for two boxes that are known to be live: some condition tells them apart. */
export function excludeEachOther(a: Box, b: Box, lambda: Lambda): boolean {
  for (const [condition, set] of a) {
    const other = b.get(condition);
    if (other !== undefined && (set & other & lambda(condition)) === 0n) return true;
  }
  return false;
}

/** True when every live atom is in the box. */
export function coversLambda(box: Box, lambda: Lambda): boolean {
  for (const [condition, set] of box) {
    const live = lambda(condition);
    if (live === 0n || (live & ~set) !== 0n) return false;
  }
  return true;
}
