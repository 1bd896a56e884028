import { availableParallelism } from 'node:os';
import { WorldError } from '../../model/world-error.js';
import type {
  EditedFiles,
  FileBounds,
  FileEdit,
  FileListing,
  FilePart,
  FileRange,
  ListRequest,
  StateComparison,
} from '../../ports/files.js';
import type { PageStore } from '../../ports/page-store.js';
import type {
  BranchIdentity,
  DurableState,
  Machine,
  StateRef,
  Substrate,
  SubstrateSupport,
  Wait,
  WorldSpec,
} from '../../ports/substrate.js';
import { compareStates, editFiles, type FileTarget, listFiles, readFile } from './file-access.js';
import type { HostStats } from './host/wire.js';
import { defaultHostCommand, type HostCommand, type HostProcess } from './host-process.js';
import { HostSupervisor } from './host-supervisor.js';
import { persistState } from './persist-state.js';
import { readDurable, recallState } from './recall-state.js';
import type { RunBounds } from './run-call.js';
import { SlotHashes } from './slot-hashes.js';
import { openStartupCache } from './startup-cache.js';
import { baseEntry, type StateEntry, StateRegistry } from './state-registry.js';
import { WasmMachine } from './wasm-machine.js';

const GIB = 1024 ** 3;
const WORKERS_MAX = 8;

export interface WasmSubstrateOptions {
  readonly pageStore: PageStore;
  /** Folder for the engine's startup snapshot. */
  readonly cacheDir: string;
  /** Executors, each with one CPython. Default: one a core, at least 2, at most 8. */
  readonly workers?: number;
  /** Memory for the pages of all states together, bytes. Default 4 GiB. */
  readonly slabBudgetBytes?: number;
  /** Between interrupting a guest, ending its worker and ending the host, ms. Default 500. */
  readonly graceMs?: number;
  /** How long an execution may wait for a worker, ms. Default 60,000. */
  readonly queueWaitMs?: number;
  /** Which idle worker takes an execution; `farthest` is for tests. Default `nearest`. */
  readonly schedule?: 'nearest' | 'farthest';
  /** How to start the executor host. Default: the compiled one of this package. */
  readonly hostCommand?: HostCommand;
  /** Receives what an operator may want to know: hosts lost, caches rebuilt. */
  readonly log?: (message: string) => void;
}

const SUPPORT: SubstrateSupport = {
  memory: true,
  disk: true,
  network: false,
  shell: false,
  languages: ['python'],
  replay: true,
  cheapStates: true,
  liveSnapshot: false,
  isolation: ['wasm import allowlist', 'executor process'],
};

/** CPython on WebAssembly. States are page tables in the memory of a child process that runs the guests. */
export class WasmSubstrate implements Substrate {
  readonly name = 'wasm';
  readonly supports = SUPPORT;
  readonly #pageStore: PageStore;
  readonly #supervisor: HostSupervisor;
  readonly #registry = new StateRegistry();
  readonly #known = new WeakMap<HostProcess, SlotHashes>();
  readonly #bounds: RunBounds;

  constructor(options: WasmSubstrateOptions) {
    const { graceMs = 500, queueWaitMs = 60_000, log = () => undefined } = options;
    this.#pageStore = options.pageStore;
    this.#bounds = { graceMs, queueWaitMs, commitWaitMs: 60_000 };
    this.#supervisor = new HostSupervisor({
      command: options.hostCommand ?? defaultHostCommand(),
      start: {
        workers: options.workers ?? Math.min(WORKERS_MAX, Math.max(2, availableParallelism())),
        slabBudgetBytes: options.slabBudgetBytes ?? 4 * GIB,
        schedule: options.schedule ?? 'nearest',
      },
      cache: openStartupCache(options.cacheDir),
      log,
    });
  }

  async baseDigest(wait: Wait): Promise<string> {
    return (await this.#supervisor.live(wait)).baseDigest;
  }

  async boot(_spec: WorldSpec, identity: BranchIdentity, wait: Wait): Promise<Machine> {
    const { base } = await this.#supervisor.live(wait);
    // Limits come with each execution, and the identity is applied by the first: nothing else is to do.
    return this.#machine(baseEntry(base), identity);
  }

  async restore(state: StateRef, identity: BranchIdentity, _wait: Wait): Promise<Machine> {
    return this.#machine(this.#registry.keep(this.#registry.find(state)), identity);
  }

  async persist(state: StateRef, wait: Wait): Promise<DurableState> {
    const entry = this.#registry.keep(this.#registry.find(state));
    try {
      const { process, baseDigest } = await this.#supervisor.live(wait);
      const host = entry.home ?? process;
      const engineDigest = await this.#supervisor.engineDigest();
      const known = this.#knownOf(host);
      return await persistState({
        host,
        entry,
        known,
        pageStore: this.#pageStore,
        baseDigest,
        engineDigest,
        wait,
      });
    } finally {
      this.#registry.release(entry);
    }
  }

  async recall(durable: DurableState, wait: Wait): Promise<StateRef> {
    const { process, baseDigest } = await this.#supervisor.live(wait);
    const manifest = await readDurable(durable, this.#pageStore, baseDigest);
    const handle = process.nextId();
    const known = this.#knownOf(process);
    const facts = await recallState({
      host: process,
      manifest,
      state: handle,
      known,
      pageStore: this.#pageStore,
      wait,
    });
    const entry = { home: process, handle, stamp: manifest.stamp, facts, keepers: 0 };
    return this.#registry.reference(entry);
  }

  listFiles(state: StateRef, request: ListRequest, wait: Wait): Promise<FileListing> {
    return this.#withFiles(state, wait, (target) => listFiles(target, request));
  }

  readFile(state: StateRef, path: string, range: FileRange, wait: Wait): Promise<FilePart> {
    return this.#withFiles(state, wait, (target) => readFile(target, path, range));
  }

  editFiles(
    state: StateRef,
    edits: readonly FileEdit[],
    how: { readonly clockNs: bigint; readonly bounds: FileBounds },
    wait: Wait,
  ): Promise<EditedFiles> {
    return this.#withFiles(state, wait, async (target) => {
      const to = target.host.nextId();
      const sourceOf = (source: StateRef): StateEntry => this.#registry.find(source);
      const { facts, changes } = await editFiles(target, { edits, ...how, to, sourceOf });
      // Who it ran as last does not change: the next execution is the first that sees the files, and no branch.
      const entry = { home: target.host, handle: to, stamp: target.entry.stamp, facts, keepers: 0 };
      return { state: this.#registry.reference(entry), changes };
    });
  }

  compare(a: StateRef, b: StateRef, wait: Wait): Promise<StateComparison> {
    return this.#withFiles(a, wait, async (target) => {
      const other = this.#registry.keep(this.#registry.find(b));
      try {
        const host = target.entry.home ?? other.home ?? target.host;
        if ((other.home ?? host) !== host) {
          throw new WorldError('UNSUPPORTED', 'The memory of these two states is not in one process.');
        }
        return await compareStates({ ...target, host }, other);
      } finally {
        this.#registry.release(other);
      }
    });
  }

  /** Keeps the state while something is done with it. */
  async #withFiles<T>(state: StateRef, wait: Wait, work: (target: FileTarget) => Promise<T>): Promise<T> {
    const entry = this.#registry.keep(this.#registry.find(state));
    try {
      const host = entry.home ?? (await this.#supervisor.live(wait)).process;
      return await work({ host, entry, wait });
    } finally {
      this.#registry.release(entry);
    }
  }

  async discard(state: StateRef): Promise<void> {
    this.#registry.discard(state);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#supervisor.close();
  }

  /** Facts about the executor host, for diagnosis and tests. */
  async stats(wait: Wait = {}): Promise<HostStats & { readonly pid: number }> {
    const { process } = await this.#supervisor.live(wait);
    const { message } = await process.request('stats', (request) => ({ type: 'stats', request }), { wait });
    return { ...message.stats, pid: process.pid ?? -1 };
  }

  #machine(entry: ReturnType<typeof baseEntry>, identity: BranchIdentity): Machine {
    return new WasmMachine(
      { registry: this.#registry, supervisor: this.#supervisor, bounds: this.#bounds },
      entry,
      identity,
    );
  }

  #knownOf(host: HostProcess): SlotHashes {
    const known = this.#known.get(host) ?? new SlotHashes();
    this.#known.set(host, known);
    return known;
  }
}

/** The `wasm` substrate. Starts its executor host when first used; dispose it to end the host. */
export function createWasmSubstrate(options: WasmSubstrateOptions): WasmSubstrate {
  return new WasmSubstrate(options);
}
