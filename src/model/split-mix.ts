/**
 * SplitMix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014) as pure
 * functions on unsigned 64-bit integers. The guest's `world.random` draws the same numbers.
 */

/** The odd step between two points of a stream: 2^64 divided by the golden ratio. */
export const SPLIT_MIX_GAMMA = 0x9e3779b97f4a7c15n;

/** Keeps derived seeds apart from the numbers of the parent's own stream. */
const SEED_DOMAIN = 0x5eed0fac41000001n;

/** A bijection on 64-bit integers that scatters its input; inputs are taken modulo 2^64. */
export function mix64(x: bigint): bigint {
  let z = BigInt.asUintN(64, x);
  z = BigInt.asUintN(64, (z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n);
  z = BigInt.asUintN(64, (z ^ (z >> 27n)) * 0x94d049bb133111ebn);
  return z ^ (z >> 31n);
}

/**
 * Number `index` (from 0) of the stream of `seed`: mix64(seed + index * gamma), without the increment
 * that other implementations make before their first number.
 */
export function streamAt(seed: bigint, index: bigint | number): bigint {
  return mix64(seed + BigInt(index) * SPLIT_MIX_GAMMA);
}

/**
 * The seed of child number `index` (from 0) of a parent with seed `parent`. Different children get
 * different seeds, and none of them is a number the parent's stream shows near its start.
 */
export function deriveSeed(parent: bigint, index: bigint | number): bigint {
  return streamAt(mix64(parent ^ SEED_DOMAIN), BigInt(index) + 1n);
}
