/** The one source of time. Nothing in runtime/ or multiverse/ reads a clock of its own. */
export interface Clock {
  /** Wall-clock time, nanoseconds since 1970-01-01T00:00:00Z. */
  nowNs(): bigint;
  /** Monotonic time in milliseconds, with fractions, from an arbitrary origin: for measuring durations. */
  monotonicMs(): number;
  /**
   * Resolves after `ms` milliseconds, or rejects as soon as `signal` aborts. Waiting alone does not keep a process
   * alive.
   */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}
