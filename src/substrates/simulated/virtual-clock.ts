import type { Clock } from '../../ports/clock.js';

interface Sleeper {
  readonly wakeMs: number;
  readonly wake: () => void;
}

/**
 * A clock for tests that moves only when somebody sleeps: once everything that can run has run, time jumps
 * to the first sleeper's hour. Sleepers wake in the order of their hours, at once in real time.
 *
 * @param startNs wall-clock time at which it starts.
 */
export function createVirtualClock(startNs = 1_767_225_600_000_000_000n): Clock {
  const sleepers = new Set<Sleeper>();
  let elapsedMs = 0;
  let turning = false;

  function turn(): void {
    const [next] = [...sleepers].sort((a, b) => a.wakeMs - b.wakeMs);
    turning = next !== undefined;
    if (next === undefined) return;
    sleepers.delete(next);
    elapsedMs = Math.max(elapsedMs, next.wakeMs);
    next.wake();
    setImmediate(turn);
  }
  function sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason);
        return;
      }
      const stop = (): void => {
        sleepers.delete(sleeper);
        reject(signal?.reason);
      };
      const wake = (): void => {
        signal?.removeEventListener('abort', stop);
        resolve();
      };
      const sleeper = { wakeMs: elapsedMs + ms, wake };
      signal?.addEventListener('abort', stop, { once: true });
      sleepers.add(sleeper);
      if (turning) return;
      turning = true;
      setImmediate(turn);
    });
  }
  return {
    nowNs: () => startNs + BigInt(Math.round(elapsedMs * 1e6)),
    monotonicMs: () => elapsedMs,
    sleep,
  };
}
