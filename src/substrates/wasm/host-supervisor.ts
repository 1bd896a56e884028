import { WorldError } from '../../model/world-error.js';
import type { Wait } from '../../ports/substrate.js';
import { boundedWait } from './bounded-wait.js';
import { digestEngine } from './executor/engine-files.js';
import type { StartMessage } from './host/wire.js';
import { type HostCommand, HostProcess, type HostReady } from './host-process.js';
import type { StartupCache } from './startup-cache.js';

export interface SupervisorOptions {
  readonly command: HostCommand;
  readonly start: Omit<StartMessage, 'type' | 'startupBytes'>;
  readonly cache: StartupCache;
  readonly log: (message: string) => void;
}

export interface LiveHost extends HostReady {
  readonly process: HostProcess;
}

/** Bound of starting a host, with room for making a startup snapshot on a slow machine, ms. */
const START_TIMEOUT_MS = 120_000;
/** Hosts that may be started within a window, ms, before starting is refused until it has passed. */
const STARTS_MAX = 8;
const STARTS_WINDOW_MS = 30_000;

/** Keeps at most one executor host, started when first needed and again after it was lost. */
export class HostSupervisor {
  readonly #options: SupervisorOptions;
  #current: { readonly process: HostProcess; readonly live: Promise<LiveHost> } | null = null;
  #engineDigest: Promise<string> | null = null;
  #starts: number[] = [];
  #closed: WorldError | null = null;

  constructor(options: SupervisorOptions) {
    this.#options = options;
  }

  /** Content hash of the engine's files. */
  engineDigest(): Promise<string> {
    this.#engineDigest ??= digestEngine();
    return this.#engineDigest;
  }

  /** @throws EXECUTOR_LOST when no host can be started, RUNTIME_CLOSED, INTERRUPTED. */
  async live(wait: Wait): Promise<LiveHost> {
    if (this.#closed !== null) throw this.#closed;
    if (this.#current === null || this.#current.process.lost !== null) this.#current = this.#launch();
    const { live } = this.#current;
    return boundedWait(live, { wait, timeoutMs: START_TIMEOUT_MS, what: 'starting the executor host' });
  }

  async close(): Promise<void> {
    const reason = new WorldError('RUNTIME_CLOSED', 'the wasm substrate was closed');
    this.#closed ??= reason;
    await this.#current?.process.close(reason);
  }

  #launch(): { process: HostProcess; live: Promise<LiveHost> } {
    const now = performance.now();
    this.#starts = this.#starts.filter((at) => now - at < STARTS_WINDOW_MS);
    if (this.#starts.length >= STARTS_MAX) {
      const cause = this.#current?.process.lost;
      const text = `the executor host was lost ${STARTS_MAX} times within ${STARTS_WINDOW_MS} ms: wait, then try again`;
      throw new WorldError('EXECUTOR_LOST', text, { cause });
    }
    this.#starts.push(now);
    const { command, start } = this.#options;
    const process = new HostProcess({
      command,
      start,
      startup: this.#readStartup(),
      onStartup: (bytes) => this.#writeStartup(bytes),
    });
    const timer = setTimeout(() => {
      const text = `the executor host was not ready after ${START_TIMEOUT_MS} ms`;
      process.kill(new WorldError('EXECUTOR_LOST', text));
    }, START_TIMEOUT_MS);
    const live = process.ready.then((ready) => ({ process, ...ready })).finally(() => clearTimeout(timer));
    live.catch((error: unknown) => this.#options.log(String(error)));
    return { process, live };
  }

  async #readStartup(): Promise<Uint8Array | null> {
    try {
      return await this.#options.cache.read(await this.engineDigest());
    } catch (error) {
      this.#options.log(`the startup snapshot cannot be read and is made anew: ${String(error)}`);
      return null;
    }
  }

  #writeStartup(bytes: Uint8Array): void {
    this.engineDigest()
      .then((digest) => this.#options.cache.write(digest, bytes))
      .catch((error: unknown) => {
        this.#options.log(
          `the startup snapshot cannot be kept, so every start will be slow: ${String(error)}`,
        );
      });
  }
}
