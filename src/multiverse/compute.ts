/** Base units of COMPUTE in a second of run time: one a microsecond. */
export const COMPUTE_PER_SECOND = 1_000_000n;

/** What one execution used. */
export interface ComputeUse {
  /** In the guest's interpreter, ms. */
  readonly runMs: number;
  /** Of its code and of all it answered: what the journal keeps for ever. */
  readonly bytes: number;
}

/** Price of an execution in base units of COMPUTE: one for each microsecond begun, one for each byte; at least one. */
export function computePrice({ runMs, bytes }: ComputeUse): bigint {
  const price = BigInt(Math.ceil(Math.max(runMs, 0) * 1000)) + BigInt(bytes);
  return price > 0n ? price : 1n;
}
