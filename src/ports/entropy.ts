/** The one source of randomness outside guests: world seeds come from here when the user gives none. */
export interface Entropy {
  /** Uniform in [0, 2^64). */
  u64(): bigint;
}
