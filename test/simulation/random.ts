import { streamAt } from '../../src/model/split-mix.js';

/** Choices that depend on nothing but a seed. */
export interface Random {
  /** A whole number from 0 to below `end`. */
  below(end: number): number;
  /** True once in `n` times. */
  onceIn(n: number): boolean;
  pick<T>(choices: readonly T[]): T;
  /** A seed for something else that must not disturb this stream. */
  seed(): bigint;
}

export function seededRandom(seed: bigint): Random {
  let drawn = 0;
  const next = (): bigint => {
    drawn += 1;
    return streamAt(seed, drawn);
  };
  const below = (end: number): number => Number(next() % BigInt(end));
  return {
    below,
    onceIn: (n) => below(n) === 0,
    pick(choices) {
      if (choices.length === 0) throw new Error('nothing to pick from');
      return choices[below(choices.length)]!;
    },
    seed: next,
  };
}

/** One of several by weight: `[name, weight, ...]`, weights being whole numbers. */
export function weighted<T extends readonly [string, number, ...unknown[]]>(
  random: Random,
  choices: readonly T[],
): T {
  let left = random.below(choices.reduce((sum, [, weight]) => sum + weight, 0));
  for (const choice of choices) {
    if (left < choice[1]) return choice;
    left -= choice[1];
  }
  throw new Error('the weights add up');
}
