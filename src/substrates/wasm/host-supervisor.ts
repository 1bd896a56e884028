import type { FileHandle } from 'node:fs/promises';
import { WorldError } from '../../model/world-error.js';
import type { ImageHash } from '../../ports/base-image.js';
import type { Wait } from '../../ports/substrate.js';
import { boundedWait } from './bounded-wait.js';
import type { StartMessage } from './host/wire.js';
import { type HostCommand, HostProcess, type HostReady } from './host-process.js';
import type { StartupCache } from './startup-cache.js';
import { startupKey } from './startup-key.js';

export interface SupervisorOptions {
  /** How to start a host now. Throws where it must not be started. */
  readonly command: () => HostCommand;
  readonly start: Omit<StartMessage, 'type' | 'imageBytes'>;
  /** The image that its hosts run, and what to build that from; null: the standard library. */
  readonly image: { readonly hash: ImageHash; readonly bundle: () => Promise<Uint8Array> } | null;
  readonly cache: StartupCache;
  readonly log: (message: string) => void;
}

export interface LiveHost extends HostReady {
  readonly process: HostProcess;
}

/** Bound of starting a host, with room for making a startup snapshot on a slow machine, ms. */
const START_TIMEOUT_MS = 120_000;
/** Bound of starting a host that has to build an image first, ms. */
const BUILD_TIMEOUT_MS = 600_000;
const NOTHING = new Uint8Array(0);
/** Hosts that may be started within a window, ms, before starting is refused until it has passed. */
const STARTS_MAX = 8;
const STARTS_WINDOW_MS = 30_000;

/** Keeps at most one executor host, started when first needed and again after it was lost. */
export class HostSupervisor {
  readonly #options: SupervisorOptions;
  /** The host that is in use or being started. */
  #process: HostProcess | null = null;
  #live: Promise<LiveHost> | null = null;
  #starting = false;
  #starts: number[] = [];
  #closed: WorldError | null = null;
  /** The startup snapshot on its way to the disk. */
  #writing: Promise<void> = Promise.resolve();

  constructor(options: SupervisorOptions) {
    this.#options = options;
  }

  /** True while there is a host, or one is being started. */
  get runs(): boolean {
    return this.#starting || (this.#process !== null && this.#process.lost === null);
  }

  /** The host that is in use or being started, or that was last. */
  get process(): HostProcess | null {
    return this.#process;
  }

  /** Ends a host that does nothing, to free its memory: the next use starts another. False while it works. */
  rest(): boolean {
    if (this.#starting || this.#process?.busy === true) return false;
    const text =
      'the executor host of an image was ended while idle, to free its memory: send the request again';
    this.#process?.kill(new WorldError('EXECUTOR_LOST', text));
    return true;
  }

  /** @throws EXECUTOR_LOST when no host can be started, RUNTIME_CLOSED, INTERRUPTED. */
  async live(wait: Wait): Promise<LiveHost> {
    if (this.#closed !== null) throw this.#closed;
    if (this.#live === null || !this.runs) {
      this.#starting = true;
      this.#live = this.#launch().finally(() => {
        this.#starting = false;
      });
    }
    const what = 'starting the executor host';
    return boundedWait(this.#live, { wait, timeoutMs: 2 * START_TIMEOUT_MS + BUILD_TIMEOUT_MS, what });
  }

  /** Slots of the slab in use, as the present host said last; 0 while there is none. */
  get slotsUsed(): number {
    return this.#process?.lost === null ? this.#process.slotsUsed : 0;
  }

  async close(): Promise<void> {
    const reason = new WorldError('RUNTIME_CLOSED', 'the wasm substrate was closed');
    this.#closed ??= reason;
    await this.#process?.close(reason);
    // A start that was about to spawn finds out that it came too late.
    await this.#live?.catch(() => undefined);
    await this.#process?.close(reason);
    // Otherwise a short-lived process would never leave a cache behind.
    await this.#writing;
  }

  async #launch(): Promise<LiveHost> {
    const { cache, log, image } = this.#options;
    const key = await startupKey(image?.hash ?? null);
    const file = await cache.open(key).catch((error: unknown) => {
      log(`the startup snapshot cannot be opened and is made anew: ${String(error)}`);
      return null;
    });
    if (file === null) return this.#start(key, null);
    try {
      return await this.#start(key, file);
    } catch (error) {
      if (this.#closed !== null) throw error;
      // It is whole, or the host would have said so, but executors do not start from it.
      log(`the executor host did not start from the cached snapshot, which is made anew: ${String(error)}`);
      await cache.remove(key);
      return await this.#start(key, null);
    } finally {
      await file.close();
    }
  }

  async #start(key: string, startup: FileHandle | null): Promise<LiveHost> {
    const command = this.#options.command();
    this.#countStart();
    const { start, cache, log, image } = this.#options;
    const bundle = image === null ? null : startup === null ? await image.bundle() : NOTHING;
    if (this.#closed !== null) throw this.#closed;
    const process = new HostProcess({
      command,
      start,
      image: bundle,
      startupFd: startup?.fd ?? null,
      onStartup: (bytes) => {
        this.#writing = cache.write(key, bytes).catch((error: unknown) => {
          log(`the startup snapshot cannot be kept, so every start will be slow: ${String(error)}`);
        });
      },
    });
    this.#process = process;
    const timer =
      bundle === null || bundle === NOTHING
        ? setTimeout(() => process.kill(startedTooLate()), START_TIMEOUT_MS)
        : setTimeout(() => process.kill(builtTooLate()), BUILD_TIMEOUT_MS);
    try {
      return { process, ...(await process.ready) };
    } catch (error) {
      log(String(error));
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  #countStart(): void {
    if (this.#closed !== null) throw this.#closed;
    const now = performance.now();
    this.#starts = this.#starts.filter((at) => now - at < STARTS_WINDOW_MS);
    if (this.#starts.length >= STARTS_MAX) {
      const text = `the executor host was lost ${STARTS_MAX} times within ${STARTS_WINDOW_MS} ms: wait, then try again`;
      throw new WorldError('EXECUTOR_LOST', text, { cause: this.#process?.lost });
    }
    this.#starts.push(now);
  }
}

function startedTooLate(): WorldError {
  return new WorldError('EXECUTOR_LOST', `the executor host was not ready after ${START_TIMEOUT_MS} ms`);
}

function builtTooLate(): WorldError {
  const text = `The image was not built after ${BUILD_TIMEOUT_MS} ms. Let its preamble do less.`;
  return new WorldError('IMAGE_BUILD_FAILED', text, { details: { timeoutMs: BUILD_TIMEOUT_MS } });
}
