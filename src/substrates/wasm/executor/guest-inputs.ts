/**
 * Everything the guest can learn that its code and its state do not determine: time and randomness. Both are
 * streams whose position is part of the state, so the same state and the same inputs give the same bytes.
 */

const GAMMA = 0x9e37_79b9_7f4a_7c15n;
const U64 = (1n << 64n) - 1n;

/** Finaliser of SplitMix64 (Steele, Lea, Flood 2014). */
export function mix64(value: bigint): bigint {
  let z = value & U64;
  z = ((z ^ (z >> 30n)) * 0xbf58_476d_1ce4_e5b9n) & U64;
  z = ((z ^ (z >> 27n)) * 0x94d0_49bb_1331_11ebn) & U64;
  return z ^ (z >> 31n);
}

/** Clock of a guest before its first execution, ns since the epoch: 2023-11-14T22:13:20Z. */
export const CLOCK_START_NS = 1_700_000_000_000_000_000n;
/** 2200-01-01T00:00:00Z: well before signed 64-bit nanoseconds end. */
export const CLOCK_MAX_NS = 7_258_118_400_000_000_000n;
/** Two readings never give the same time, and code that waits for the clock ends. */
const NS_PER_READING = 1_000n;
const ENTROPY_SALT = 0x65_6e74_726f_7079n;
const ENTROPY_START_SEED = 0x5eed_0000_0000_0001n;

export class GuestInputs {
  clockNs = CLOCK_START_NS;
  entropySeed = ENTROPY_START_SEED;
  entropyDrawn = 0n;

  reset(): void {
    this.clockNs = CLOCK_START_NS;
    this.reseed(ENTROPY_START_SEED);
  }

  reseed(seed: bigint): void {
    this.entropySeed = seed & U64;
    this.entropyDrawn = 0n;
  }

  /** Entropy of another identity. Salted, because the guest draws from the plain seed itself. */
  become(seed: bigint): void {
    this.reseed(mix64(seed ^ ENTROPY_SALT));
  }

  readClock(): bigint {
    this.clockNs += NS_PER_READING;
    return this.clockNs;
  }

  /** Time as files see it: looking does not advance the clock. */
  clockMs(): number {
    return Number(this.clockNs / 1_000_000n);
  }

  /** The guest's clock never goes back. */
  advanceTo(clockNs: bigint): void {
    if (clockNs > this.clockNs) this.clockNs = clockNs;
  }

  /** Byte `k` of the stream is byte `k % 8`, little-endian, of `mix64(seed + floor(k / 8) * GAMMA)`. */
  fill(target: Uint8Array): void {
    let word = 0n;
    for (let i = 0; i < target.length; i++) {
      const position = this.entropyDrawn + BigInt(i);
      const byte = position & 7n;
      if (i === 0 || byte === 0n) word = mix64(this.entropySeed + (position >> 3n) * GAMMA);
      target[i] = Number((word >> (byte * 8n)) & 0xffn);
    }
    this.entropyDrawn += BigInt(target.length);
  }
}
