import { WorldError } from '../model/world-error.js';

const SEED_END = 2n ** 64n;

/** A seed as the API takes it. @throws BAD_INPUT beyond 64 bits. */
export function seedOf(seed: number | string): bigint {
  const value = BigInt(seed);
  if (value < SEED_END) return value;
  throw new WorldError('BAD_INPUT', `seed: ${seed} does not fit in 64 bits.`, {
    details: { seed: String(seed) },
  });
}
