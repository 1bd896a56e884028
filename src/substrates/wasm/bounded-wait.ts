import { WorldError } from '../../model/world-error.js';
import type { Wait } from '../../ports/substrate.js';

export interface BoundedWaitOptions {
  readonly wait: Wait;
  readonly timeoutMs: number;
  /** What is waited for, for the error message. */
  readonly what: string;
}

export function interruptedError(what: string, signal: AbortSignal | undefined): WorldError {
  return new WorldError('INTERRUPTED', `${what} was interrupted by its caller`, { cause: signal?.reason });
}

/**
 * The outcome of `promise`, or INTERRUPTED as soon as the signal aborts, or WAIT_TIMEOUT. What is waited for
 * goes on: other callers may wait for it too.
 */
export function boundedWait<T>(promise: Promise<T>, options: BoundedWaitOptions): Promise<T> {
  const { what, timeoutMs } = options;
  const { signal } = options.wait;
  return new Promise<T>((resolve, reject) => {
    const abort = (): void => settle(() => reject(interruptedError(what, signal)));
    const late = (): void => {
      const message = `${what} took longer than ${timeoutMs} ms`;
      settle(() => reject(new WorldError('WAIT_TIMEOUT', message, { details: { timeoutMs } })));
    };
    const timer = setTimeout(late, timeoutMs);
    const settle = (finish: () => void): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
      finish();
    };
    if (signal?.aborted === true) return abort();
    signal?.addEventListener('abort', abort, { once: true });
    promise.then(
      (value) => settle(() => resolve(value)),
      (error: unknown) => settle(() => reject(error as Error)),
    );
  });
}
