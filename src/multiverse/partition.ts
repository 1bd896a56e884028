import type { VerseId } from '../model/ids.js';
import { Rational } from '../model/rational.js';
import { WorldError } from '../model/world-error.js';
import { type Box, constraintsOf } from './box.js';
import { excludeEachOther, isInside, isLive, type Lambda, measureOf } from './lambda.js';

/** A partition names at most this many verses: checking that they are disjoint looks at every pair. */
export const PARTITION_MAX = 1024;

/** A verse as the checks see it. */
export interface VerseBox {
  readonly id: VerseId;
  readonly box: Box;
}

/** What is possible, and in which direction balances move. */
export interface PartitionUse {
  readonly lambda: Lambda;
  /** From the children up to the parent. */
  readonly merge: boolean;
}

/**
 * Requires that the children are a partition of the parent on the live atoms: all live, pairwise disjoint,
 * together the whole parent, and more than the parent under its own name. The survivor of a resolved question has
 * the live atoms of its parent: it may be merged up, so that winners are never stranded, but nothing is split by
 * a question that is settled.
 *
 * @throws VERSE_COLLAPSED, OVERLAP, NOT_EXHAUSTIVE or TRIVIAL_PARTITION, in this order; BAD_INPUT for more than
 * 1,024 children.
 */
export function requirePartition(
  parent: VerseBox,
  children: readonly VerseBox[],
  { lambda, merge }: PartitionUse,
): void {
  if (children.length > PARTITION_MAX) {
    throw new WorldError('BAD_INPUT', `a partition may name ${PARTITION_MAX} verses, not ${children.length}`);
  }
  for (const verse of [parent, ...children]) requireLive(verse, lambda);
  requireDisjoint(children, lambda);
  requireExhaustive(parent, children, lambda);
  // The one child of an exhaustive list has all the live atoms of the parent.
  const [only] = children;
  if (children.length !== 1 || only === undefined || (merge && only.id !== parent.id)) return;
  const reason =
    only.id === parent.id
      ? `${parent.id} alone is no partition of itself`
      : `${only.id} is all that is left of ${parent.id}, because the question is settled: it can be merged up, not split into`;
  throw new WorldError('TRIVIAL_PARTITION', reason, { details: { verse: parent.id, child: only.id } });
}

/** @throws VERSE_COLLAPSED when no live atom is in the verse. */
export function requireLive(verse: VerseBox, lambda: Lambda): void {
  if (isLive(verse.box, lambda)) return;
  throw new WorldError('VERSE_COLLAPSED', `verse ${verse.id} has collapsed: no live outcome is in it`, {
    details: { verse: verse.id, constraints: constraintsOf(verse.box) },
  });
}

/** All are live. */
function requireDisjoint(children: readonly VerseBox[], lambda: Lambda): void {
  for (const [index, first] of children.entries()) {
    for (const second of children.slice(index + 1)) {
      if (excludeEachOther(first.box, second.box, lambda)) continue;
      const problem =
        first.id === second.id ? `${first.id} is named twice` : `${first.id} and ${second.id} overlap`;
      throw new WorldError('OVERLAP', `${problem}: the verses of a partition share no live outcome`, {
        details: { verses: [first.id, second.id] },
      });
    }
  }
}

/** Disjoint boxes inside the parent fill it exactly when their measures add up to its own. */
function requireExhaustive(parent: VerseBox, children: readonly VerseBox[], lambda: Lambda): void {
  const outside = children.find((child) => !isInside(child.box, parent.box, lambda));
  if (outside !== undefined) {
    throw new WorldError(
      'NOT_EXHAUSTIVE',
      `${outside.id} is not inside ${parent.id}, so it is no part of it`,
      {
        details: { parent: parent.id, outside: outside.id },
      },
    );
  }
  const covered = Rational.sum(children.map((child) => measureOf(child.box, lambda)));
  const whole = measureOf(parent.box, lambda);
  if (Rational.equals(covered, whole)) return;
  throw new WorldError(
    'NOT_EXHAUSTIVE',
    `these ${children.length} verses cover ${Rational.toText(Rational.div(covered, whole))} of ${parent.id}: ` +
      'name every verse of the partition',
    { details: { parent: parent.id, covered: Rational.toText(covered), whole: Rational.toText(whole) } },
  );
}
