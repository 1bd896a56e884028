import { availableParallelism } from 'node:os';
import type { IsolationMode } from '../../model/isolation-mode.js';
import { WorldError } from '../../model/world-error.js';
import type { ImageHash, ImageStore } from '../../ports/base-image.js';
import type {
  CompareFilesRequest,
  EditedFiles,
  FileBounds,
  FileComparison,
  FileEdit,
  FileListing,
  FilePart,
  FileRange,
  ListRequest,
  StateComparison,
} from '../../ports/files.js';
import { PAGE_BYTES, type PageStore } from '../../ports/page-store.js';
import type {
  BranchIdentity,
  DurableState,
  Machine,
  MemoryUse,
  StateRef,
  Substrate,
  SubstrateFinding,
  SubstrateSupport,
  Wait,
  WorldSpec,
} from '../../ports/substrate.js';
import { DurableForms } from './durable-forms.js';
import {
  compareFiles,
  compareStates,
  editFiles,
  type FileTarget,
  listFiles,
  readFile,
} from './file-access.js';
import type { HostStats } from './host/wire.js';
import { HostSupervisor } from './host-supervisor.js';
import { ImageHosts } from './image-hosts.js';
import { durableKey, imageOf } from './recall-state.js';
import type { RunBounds } from './run-call.js';
import { SeparatePlaces } from './separate-places.js';
import { openStartupCache } from './startup-cache.js';
import { SharedPlaces, type StatePlaces } from './state-places.js';
import { baseEntry, type StateEntry, StateRegistry } from './state-registry.js';
import { imagesOf, noImages, requireSameImage, separation, trackingFinding } from './substrate-facts.js';
import { WalledHost, type WalledHostOptions } from './walls/walled-host.js';
import type { WasmImages } from './wasm-images.js';
import { WasmMachine } from './wasm-machine.js';

const GIB = 1024 ** 3;
const WORKERS_MAX = 8;
const ISOLATE_HOSTS_MAX = 8;
/** How long a host of one world or tenant may do nothing before it is ended, ms. */
const ISOLATE_IDLE_MS = 120_000;
/** A host of its own that a world or tenant gets has room for at least this. */
const SLAB_BYTES_MIN = 128 * 1024 ** 2;

export interface WasmSubstrateOptions extends WalledHostOptions {
  readonly pageStore: PageStore;
  /** Folder for the engine's startup snapshot. */
  readonly cacheDir: string;
  /** Inputs of base images. Without it there are none but the standard library. */
  readonly imageStore?: ImageStore;
  /** Hosts of images that run at a time while idle ones can be ended. Default 2. */
  readonly imageHostsMax?: number;
  /** List of the engine's packages, for tests. Default: the one that comes with it. */
  readonly packageLock?: string;
  /** How packages are downloaded, for tests. Default: `fetch`. */
  readonly download?: typeof fetch;
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
  /** Whose code one host may run: everybody's, or that of one tenant or one world only, ever. Default `none`. */
  readonly isolate?: IsolationMode;
  /** With `isolate`: hosts that run code at a time; they share the slab's budget. Default 8. */
  readonly isolateHosts?: number;
  /** With `isolate`: how long a host may do nothing before it is ended, ms. Default 120,000. */
  readonly isolateIdleMs?: number;
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
  isolation: [],
};

/** CPython on WebAssembly. States are page tables in the memory of a child process that runs the guests. */
export class WasmSubstrate implements Substrate {
  readonly name = 'wasm';
  readonly supports: SubstrateSupport;
  readonly images?: WasmImages;
  readonly #hosts: ImageHosts;
  readonly #registry = new StateRegistry();
  readonly #forms: DurableForms;
  readonly #places: StatePlaces;
  readonly #separate: SeparatePlaces | null = null;
  readonly #bounds: RunBounds;
  readonly #slabBudgetBytes: number;

  constructor(options: WasmSubstrateOptions) {
    const { graceMs = 500, queueWaitMs = 60_000, isolate = 'none', log = () => undefined } = options;
    const hostsMax = options.isolateHosts ?? ISOLATE_HOSTS_MAX;
    const budgetBytes = options.slabBudgetBytes ?? 4 * GIB;
    this.#forms = new DurableForms(options.pageStore);
    this.#slabBudgetBytes =
      isolate === 'none'
        ? budgetBytes
        : Math.min(budgetBytes, Math.max(SLAB_BYTES_MIN, Math.floor(budgetBytes / hostsMax)));
    this.#bounds = { graceMs, queueWaitMs, commitWaitMs: 60_000 };
    const workers = options.workers ?? Math.min(WORKERS_MAX, Math.max(2, availableParallelism()));
    // The executions of one world never overlap.
    const size = { workers: isolate === 'world' ? 1 : workers, slabBudgetBytes: this.#slabBudgetBytes };
    const walled = new WalledHost(options, size);
    this.supports = {
      ...SUPPORT,
      get isolation() {
        return [...walled.isolation, separation(isolate, hostsMax)];
      },
    };
    const cacheOf = (image: ImageHash | null) => openStartupCache(options.cacheDir, image);
    const images = imagesOf(options, { hosts: () => this.#hosts, cacheOf });
    if (images !== null) this.images = images;
    const supervisor = (hash: ImageHash | null, workersOfIt: number): HostSupervisor => {
      if (hash !== null && images === null) throw noImages();
      const image = hash === null || images === null ? null : { hash, bundle: () => images.bundle(hash) };
      const start = { ...size, workers: workersOfIt, schedule: options.schedule ?? 'nearest' };
      return new HostSupervisor({ command: () => walled.command(), start, log, cache: cacheOf(hash), image });
    };
    const shared = isolate === 'none' ? size.workers : 1;
    this.#hosts = new ImageHosts({
      own: supervisor(null, shared),
      make: (hash) => supervisor(hash, shared),
      ...(options.imageHostsMax === undefined ? {} : { hostsMax: options.imageHostsMax }),
    });
    if (isolate !== 'none') {
      this.#separate = new SeparatePlaces({
        mode: isolate,
        registry: this.#registry,
        forms: this.#forms,
        idleHosts: this.#hosts,
        make: (image) => supervisor(image, size.workers),
        hostsMax,
        idleMs: options.isolateIdleMs ?? ISOLATE_IDLE_MS,
        queueWaitMs,
        log,
      });
    }
    this.#places = this.#separate ?? new SharedPlaces(this.#hosts);
  }

  async baseDigest(wait: Wait, image?: ImageHash): Promise<string> {
    return (await this.#places.anyHost(image ?? null, wait)).baseDigest;
  }

  async boot(spec: WorldSpec, identity: BranchIdentity, wait: Wait): Promise<Machine> {
    const image = spec.image ?? null;
    const { base } = await this.#places.anyHost(image, wait);
    // Limits come with each execution, and the identity is applied by the first: nothing else is to do.
    return this.#machine(baseEntry(image, base), identity);
  }

  async restore(state: StateRef, identity: BranchIdentity, _wait: Wait): Promise<Machine> {
    return this.#machine(this.#registry.keep(this.#registry.find(state)), identity);
  }

  persist(state: StateRef, wait: Wait): Promise<DurableState> {
    return this.#withFiles(state, wait, async ({ host, entry }) => {
      const { baseDigest } = await host.ready;
      return this.#forms.write(entry, { host, baseDigest }, wait);
    });
  }

  async recall(durable: DurableState, wait: Wait): Promise<StateRef> {
    const image = imageOf(durable);
    const live = await this.#places.anyHost(image, wait);
    const { key, ...recalled } = await this.#forms.read(durable, live, wait);
    const parked = this.#separate === null ? null : durable;
    const entry = {
      home: live.process,
      owner: null,
      image,
      ...recalled,
      keepers: 0,
      relative: { key },
      parked,
    };
    return this.#registry.reference(this.#registry.add(entry));
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
    const sources = edits.flatMap((edit) => (edit.kind === 'copy' ? (edit.source ?? []) : []));
    return this.#withAll(state, sources, wait, async (target, placed) => {
      const to = target.host.nextId();
      const sourceOf = (source: StateRef): StateEntry =>
        placed[sources.indexOf(source)] ?? this.#registry.find(source);
      const { facts, changes } = await editFiles(target, { edits, ...how, to, sourceOf });
      // Who it ran as last does not change: the next execution is the first that sees the files, and no branch.
      const { image, owner, stamp, home, relative: family } = target.entry;
      const relative = home === null ? { key: null } : family;
      const where = { home: target.host, owner, image, handle: to, parked: null };
      const entry = this.#registry.add({ ...where, stamp, facts, keepers: 0, relative });
      return { state: this.#registry.reference(entry), changes };
    });
  }

  compareFiles(
    before: StateRef | null,
    after: StateRef,
    request: CompareFilesRequest,
    wait: Wait,
  ): Promise<FileComparison> {
    if (before === null) return this.#withFiles(after, wait, (target) => compareFiles(target, null, request));
    return this.#withTwo(after, before, wait, (target, other) => compareFiles(target, other, request));
  }

  compare(a: StateRef, b: StateRef, wait: Wait): Promise<StateComparison> {
    return this.#withTwo(a, b, wait, compareStates);
  }

  async #withTwo<T>(
    a: StateRef,
    b: StateRef,
    wait: Wait,
    work: (target: FileTarget, other: StateEntry) => Promise<T>,
  ): Promise<T> {
    requireSameImage(this.#registry.find(a), this.#registry.find(b));
    return this.#withAll(a, [b], wait, async (target, [other]) => {
      if (other === undefined || (other.home ?? target.host) !== target.host) {
        throw new WorldError('UNSUPPORTED', 'These two states are not in one process.');
      }
      return await work(target, other);
    });
  }

  #withFiles<T>(state: StateRef, wait: Wait, work: (target: FileTarget) => Promise<T>): Promise<T> {
    return this.#withAll(state, [], wait, work);
  }

  /** Keeps the states, in one host, while something is done with them. */
  async #withAll<T>(
    state: StateRef,
    others: readonly StateRef[],
    wait: Wait,
    work: (target: FileTarget, others: readonly StateEntry[]) => Promise<T>,
  ): Promise<T> {
    const kept = [state, ...others].map((one) => this.#registry.find(one));
    for (const entry of kept) this.#registry.keep(entry);
    const [entry, ...rest] = kept as [StateEntry, ...StateEntry[]];
    try {
      const placed = await this.#places.toRead(entry, rest, wait);
      try {
        return await work({ host: placed.host, entry, wait }, placed.others);
      } finally {
        placed.release();
      }
    } finally {
      for (const one of kept) this.#registry.release(one);
    }
  }

  async discard(state: StateRef): Promise<void> {
    this.#registry.discard(state);
  }

  holds(state: StateRef): boolean {
    return this.#registry.holds(state);
  }

  memory(): MemoryUse {
    const fullest = Math.max(0, ...this.#places.running().map(({ slotsUsed }) => slotsUsed));
    return { usedBytes: fullest * PAGE_BYTES, budgetBytes: this.#slabBudgetBytes };
  }

  async measureMemory(wait: Wait): Promise<MemoryUse> {
    // What is free is freed first. Each host has a slab of its own; the fullest is the one that matters.
    for (const supervisor of this.#places.running()) {
      const { process } = await supervisor.live(wait);
      try {
        await process.request('stats', (request) => ({ type: 'stats', request }), { wait });
      } catch (error) {
        // It was idle, and ended meanwhile: so are its slots.
        if (process.lost === null || this.#separate === null) throw error;
      }
    }
    return this.memory();
  }

  async keysInUse(): Promise<readonly string[]> {
    return (await this.#separate?.keysInUse()) ?? [];
  }

  durableKeys(durable: DurableState): readonly string[] {
    return [durableKey(durable)];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#places.close();
  }

  async findings(wait: Wait): Promise<readonly SubstrateFinding[]> {
    // Workers that are still booting do not know it yet; one is always there.
    const { trackingWrites } = await this.stats(wait);
    return [trackingFinding(trackingWrites > 0)];
  }

  /** Facts about the executor host, for diagnosis and tests. */
  async stats(wait: Wait = {}, image?: ImageHash): Promise<HostStats & { readonly pid: number }> {
    const { process } = await this.#hosts.live(image ?? null, wait);
    const { message } = await process.request('stats', (request) => ({ type: 'stats', request }), { wait });
    return { ...message.stats, pid: process.pid ?? -1 };
  }

  #machine(entry: ReturnType<typeof baseEntry>, identity: BranchIdentity): Machine {
    return new WasmMachine(
      { registry: this.#registry, places: this.#places, bounds: this.#bounds },
      entry,
      identity,
    );
  }
}

/** The `wasm` substrate. Starts its executor host when first used; dispose it to end the host. */
export function createWasmSubstrate(options: WasmSubstrateOptions): WasmSubstrate {
  return new WasmSubstrate(options);
}
