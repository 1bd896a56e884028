import { createHash } from 'node:crypto';
import { z } from 'zod';

import { ConditionId, VerseId } from '../model/ids.js';
import { WorldError } from '../model/world-error.js';
import { fullSet, indexesOf, OUTCOMES_MAX, type OutcomeSet, setOf } from './outcome-set.js';

/**
 * An event as a conjunction of constraints, one a condition: the condition's outcome lies in the set. Keys
 * are in ascending order, sets are neither empty nor full, and whoever constrains a condition also
 * carries the constraints of the verse in which that condition was opened. So one event has one box.
 */
export type Box = ReadonlyMap<ConditionId, OutcomeSet>;

/** The event that always happens: no constraints. */
export const ROOT_BOX: Box = new Map();

/** A box names at most this many conditions. */
export const CONSTRAINTS_MAX = 1024;

/** One constraint as plain data: outcome indexes, ascending when we write it. */
export const Constraint = z.strictObject({
  condition: ConditionId,
  outcomes: z
    .array(
      z
        .int()
        .min(0)
        .max(OUTCOMES_MAX - 1),
    )
    .min(1)
    .max(OUTCOMES_MAX),
});
export type Constraint = z.infer<typeof Constraint>;

/** What a box has to know of a condition: how many outcomes, and the box of the verse it was opened in. */
export interface ConditionShape {
  readonly outcomeCount: number;
  readonly box: Box;
}

/**
 * The box of a list of constraints. Constraints on the same condition intersect; one that allows every
 * outcome says nothing and is dropped; the constraints under which a condition was opened are added.
 *
 * @param shapeOf finds a condition, or throws CONDITION_NOT_FOUND.
 * @throws BAD_INPUT for an outcome the condition does not have and for constraints no outcome satisfies.
 */
export function boxOf(constraints: Iterable<Constraint>, shapeOf: (id: ConditionId) => ConditionShape): Box {
  let box = ROOT_BOX;
  for (const { condition, outcomes } of constraints) {
    const shape = shapeOf(condition);
    for (const index of outcomes) requireOutcome(condition, index, shape.outcomeCount);
    const set = setOf(outcomes);
    if (set === fullSet(shape.outcomeCount)) continue;
    box = intersect(intersect(box, shape.box), new Map([[condition, set]]));
  }
  const empty = [...box].find(([, set]) => set === 0n);
  if (empty !== undefined) {
    throw new WorldError('BAD_INPUT', `no outcome of ${empty[0]} satisfies all these constraints`, {
      details: { condition: empty[0] },
    });
  }
  return box;
}

/** @throws BAD_INPUT when the condition has no outcome with that index. */
export function requireOutcome(condition: ConditionId, index: number, outcomeCount: number): void {
  if (Number.isInteger(index) && index >= 0 && index < outcomeCount) return;
  throw new WorldError(
    'BAD_INPUT',
    `${condition} has no outcome ${index}: its outcomes are 0 to ${outcomeCount - 1}`,
    { details: { condition, outcome: index } },
  );
}

/** Both events at once. A set of the result may be empty: then the two exclude each other. */
export function intersect(a: Box, b: Box): Box {
  const merged = new Map(a);
  for (const [condition, set] of b) {
    const other = merged.get(condition);
    merged.set(condition, other === undefined ? set : other & set);
  }
  return new Map([...merged].sort(([x], [y]) => (x < y ? -1 : 1)));
}

/** The box of outcome `index` of a condition opened in a verse with box `parent`. */
export function childBox(parent: Box, condition: ConditionId, index: number): Box {
  return intersect(parent, new Map([[condition, setOf([index])]]));
}

/** The box without the named conditions. */
export function without(box: Box, conditions: ReadonlySet<ConditionId>): Box {
  return new Map([...box].filter(([condition]) => !conditions.has(condition)));
}

/** The box as plain data, in canonical order. */
export function constraintsOf(box: Box): Constraint[] {
  return [...box].map(([condition, set]) => ({ condition, outcomes: indexesOf(set) }));
}

/** The verse's id: `vrs_` and the first 32 hex digits of SHA-256 over the box's sorted pairs as JSON. */
export function verseIdOf(box: Box): VerseId {
  const pairs = [...box].map(([condition, set]) => [condition, indexesOf(set)]);
  const digest = createHash('sha256').update(JSON.stringify(pairs)).digest('hex');
  return VerseId.parse(`vrs_${digest.slice(0, 32)}`);
}

/** Id of the root verse, which contains every atom. */
export const ROOT_VERSE_ID: VerseId = verseIdOf(ROOT_BOX);
