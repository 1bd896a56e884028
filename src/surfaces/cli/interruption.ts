import { constants } from 'node:os';
import type { Terminal } from './terminal.js';

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;
type StopSignal = (typeof SIGNALS)[number];

/**
 * What Ctrl-C does: the first stops what runs and lets the data directory be closed properly, the second ends the
 * process at once (which loses nothing that was acknowledged). SIGTERM likewise.
 */
export class Interruption {
  readonly #controller = new AbortController();
  readonly #terminal: Terminal;
  #received: StopSignal | null = null;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** 128 and the number of the signal that came, as shells have it: 130 for Ctrl-C. Null when none came. */
  get exitCode(): number | null {
    return this.#received && exitCodeOf(this.#received);
  }

  listen(): void {
    for (const name of SIGNALS) process.on(name, () => this.#receive(name));
  }

  #receive(name: StopSignal): void {
    if (this.#received !== null) process.exit(exitCodeOf(name));
    this.#received = name;
    if (this.#terminal.interactive) this.#terminal.err('\nStopping. Press Ctrl-C again to exit at once.\n');
    this.#controller.abort();
  }
}

function exitCodeOf(name: StopSignal): number {
  return 128 + constants.signals[name];
}

/** `promise`, unless the signal aborts first; then `onAbort` says what is thrown. */
export async function orAborted<T>(
  promise: Promise<T>,
  signal: AbortSignal,
  onAbort: () => Error,
): Promise<T> {
  if (signal.aborted) throw onAbort();
  let stop = (): void => {};
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(onAbort());
    signal.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
