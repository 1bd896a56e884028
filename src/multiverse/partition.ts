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

/**
 * Requires that the children are a partition of the parent on the live atoms: all live, pairwise
 * disjoint, together the whole parent, and not just the parent itself.
 *
 * @throws VERSE_COLLAPSED, OVERLAP, NOT_EXHAUSTIVE or TRIVIAL_PARTITION, in this order; BAD_INPUT for more than
 * 1,024 children.
 */
export function requirePartition(parent: VerseBox, children: readonly VerseBox[], lambda: Lambda): void {
  if (children.length > PARTITION_MAX) {
    throw new WorldError('BAD_INPUT', `a partition may name ${PARTITION_MAX} verses, not ${children.length}`);
  }
  for (const verse of [parent, ...children]) requireLive(verse, lambda);
  requireDisjoint(children, lambda);
  requireExhaustive(parent, children, lambda);
  if (children.length === 1 && children[0]?.id === parent.id) {
    throw new WorldError('TRIVIAL_PARTITION', `${parent.id} alone is no partition of itself`, {
      details: { verse: parent.id },
    });
  }
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
