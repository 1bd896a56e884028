/** A set of outcome indexes of one condition, as a bit mask: bit i is outcome i. */
export type OutcomeSet = bigint;

/** Conditions have 2 to this many outcomes. */
export const OUTCOMES_MAX = 256;

/** All of `count` outcomes. */
export function fullSet(count: number): OutcomeSet {
  return (1n << BigInt(count)) - 1n;
}

/** The set of the given indexes. */
export function setOf(indexes: Iterable<number>): OutcomeSet {
  let set = 0n;
  for (const index of indexes) set |= 1n << BigInt(index);
  return set;
}

/** The indexes in a set, ascending. */
export function indexesOf(set: OutcomeSet): number[] {
  const indexes: number[] = [];
  let rest = set;
  for (let index = 0; rest !== 0n; index += 1, rest >>= 1n) {
    if ((rest & 1n) === 1n) indexes.push(index);
  }
  return indexes;
}

/** How many outcomes a set has. */
export function sizeOf(set: OutcomeSet): number {
  let size = 0;
  for (let rest = set; rest !== 0n; rest &= rest - 1n) size += 1;
  return size;
}
