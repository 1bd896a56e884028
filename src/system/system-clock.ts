import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from '../ports/clock.js';

const ORIGIN_NS = BigInt(Date.now()) * 1_000_000n - process.hrtime.bigint();

/** The machine's clock: wall time at start, advanced by the monotonic clock, so it has nanoseconds and never jumps. */
export const systemClock: Clock = {
  nowNs: () => ORIGIN_NS + process.hrtime.bigint(),
  monotonicMs: () => performance.now(),
  sleep: async (ms, signal) => {
    await delay(ms, undefined, { ref: false, ...(signal ? { signal } : {}) });
  },
};
