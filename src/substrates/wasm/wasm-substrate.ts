import { availableParallelism } from 'node:os';
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
import { PAGE_BYTES, type PageHash, type PageStore } from '../../ports/page-store.js';
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
import { type BasePages, RelativePages } from './base-hints.js';
import { digestEngine } from './executor/engine-files.js';
import {
  compareFiles,
  compareStates,
  editFiles,
  type FileTarget,
  listFiles,
  readFile,
} from './file-access.js';
import type { HostStats } from './host/wire.js';
import type { HostProcess } from './host-process.js';
import { HostSupervisor } from './host-supervisor.js';
import { ImageHosts } from './image-hosts.js';
import { persistState } from './persist-state.js';
import { durableKey, imageOf, readDurable, recallState } from './recall-state.js';
import type { RunBounds } from './run-call.js';
import { SlotHashes } from './slot-hashes.js';
import { openStartupCache } from './startup-cache.js';
import { baseEntry, type StateEntry, StateRegistry } from './state-registry.js';
import { WalledHost, type WalledHostOptions } from './walls/walled-host.js';
import { WasmImages, type WasmImagesOptions } from './wasm-images.js';
import { WasmMachine } from './wasm-machine.js';

const GIB = 1024 ** 3;
const WORKERS_MAX = 8;

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
  readonly #pageStore: PageStore;
  readonly #hosts: ImageHosts;
  #engineDigest: Promise<string> | null = null;
  readonly #registry = new StateRegistry();
  readonly #known = new WeakMap<HostProcess, SlotHashes>();
  readonly #basePages = new WeakMap<HostProcess, BasePages>();
  readonly #relatives: RelativePages;
  readonly #bounds: RunBounds;
  readonly #slabBudgetBytes: number;

  constructor(options: WasmSubstrateOptions) {
    const { graceMs = 500, queueWaitMs = 60_000, log = () => undefined } = options;
    this.#pageStore = options.pageStore;
    this.#relatives = new RelativePages(options.pageStore);
    this.#slabBudgetBytes = options.slabBudgetBytes ?? 4 * GIB;
    this.#bounds = { graceMs, queueWaitMs, commitWaitMs: 60_000 };
    const size = {
      workers: options.workers ?? Math.min(WORKERS_MAX, Math.max(2, availableParallelism())),
      slabBudgetBytes: this.#slabBudgetBytes,
    };
    const walled = new WalledHost(options, size);
    this.supports = {
      ...SUPPORT,
      get isolation() {
        return walled.isolation;
      },
    };
    const common = {
      command: () => walled.command(),
      start: { ...size, schedule: options.schedule ?? 'nearest' },
      log,
    };
    const cacheOf = (image: ImageHash | null) => openStartupCache(options.cacheDir, image);
    const images = imagesOf(options, { hosts: () => this.#hosts, cacheOf });
    if (images !== null) this.images = images;
    this.#hosts = new ImageHosts({
      own: new HostSupervisor({ ...common, cache: cacheOf(null), image: null }),
      make: (hash) => {
        if (images === null) throw noImages();
        const image = { hash, bundle: () => images.bundle(hash) };
        return new HostSupervisor({ ...common, cache: cacheOf(hash), image });
      },
      ...(options.imageHostsMax === undefined ? {} : { hostsMax: options.imageHostsMax }),
    });
  }

  async baseDigest(wait: Wait, image?: ImageHash): Promise<string> {
    return (await this.#hosts.live(image ?? null, wait)).baseDigest;
  }

  async boot(spec: WorldSpec, identity: BranchIdentity, wait: Wait): Promise<Machine> {
    const image = spec.image ?? null;
    const { base } = await this.#hosts.live(image, wait);
    // Limits come with each execution, and the identity is applied by the first: nothing else is to do.
    return this.#machine(baseEntry(image, base), identity);
  }

  async restore(state: StateRef, identity: BranchIdentity, _wait: Wait): Promise<Machine> {
    return this.#machine(this.#registry.keep(this.#registry.find(state)), identity);
  }

  async persist(state: StateRef, wait: Wait): Promise<DurableState> {
    const entry = this.#registry.keep(this.#registry.find(state));
    try {
      const { process, baseDigest } = await this.#hosts.live(entry.image, wait);
      const host = entry.home ?? process;
      this.#engineDigest ??= digestEngine();
      const engineDigest = await this.#engineDigest;
      const known = this.#knownOf(host);
      return await persistState({
        host,
        entry,
        known,
        relatives: this.#relatives,
        basePages: this.#basePagesOf(host),
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
    const image = imageOf(durable);
    const { process, baseDigest } = await this.#hosts.live(image, wait);
    const { manifest, key, root } = await readDurable(durable, this.#pageStore, baseDigest);
    const handle = process.nextId();
    const known = this.#knownOf(process);
    const built = await recallState({
      host: process,
      manifest,
      state: handle,
      known,
      pageStore: this.#pageStore,
      wait,
    });
    const relative = { key };
    const facts = { ...built, root };
    const entry = { home: process, image, handle, stamp: manifest.stamp, facts, keepers: 0, relative };
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
      const { image, stamp, home, relative: family } = target.entry;
      const relative = home === null ? { key: null } : family;
      const entry = { home: target.host, image, handle: to, stamp, facts, keepers: 0, relative };
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

  /** Keeps both states while something is done with them in the one process that has them. */
  #withTwo<T>(
    a: StateRef,
    b: StateRef,
    wait: Wait,
    work: (target: FileTarget, other: StateEntry) => Promise<T>,
  ): Promise<T> {
    return this.#withFiles(a, wait, async (target) => {
      const other = this.#registry.keep(this.#registry.find(b));
      try {
        requireSameImage(target.entry, other);
        const host = target.entry.home ?? other.home ?? target.host;
        if ((other.home ?? host) !== host) {
          throw new WorldError('UNSUPPORTED', 'These two states are not in one process.');
        }
        return await work({ ...target, host }, other);
      } finally {
        this.#registry.release(other);
      }
    });
  }

  /** Keeps the state while something is done with it. */
  async #withFiles<T>(state: StateRef, wait: Wait, work: (target: FileTarget) => Promise<T>): Promise<T> {
    const entry = this.#registry.keep(this.#registry.find(state));
    try {
      const host = entry.home ?? (await this.#hosts.live(entry.image, wait)).process;
      return await work({ host, entry, wait });
    } finally {
      this.#registry.release(entry);
    }
  }

  async discard(state: StateRef): Promise<void> {
    this.#registry.discard(state);
  }

  holds(state: StateRef): boolean {
    return this.#registry.holds(state);
  }

  memory(): MemoryUse {
    const fullest = Math.max(0, ...this.#hosts.running().map(({ slotsUsed }) => slotsUsed));
    return { usedBytes: fullest * PAGE_BYTES, budgetBytes: this.#slabBudgetBytes };
  }

  async measureMemory(wait: Wait): Promise<MemoryUse> {
    // What is free is freed first. Each host has a slab of its own; the fullest is the one that matters.
    for (const supervisor of this.#hosts.running()) {
      const { process } = await supervisor.live(wait);
      await process.request('stats', (request) => ({ type: 'stats', request }), { wait });
    }
    return this.memory();
  }

  durableKeys(durable: DurableState): readonly string[] {
    return [durableKey(durable)];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#hosts.close();
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
      { registry: this.#registry, hosts: this.#hosts, bounds: this.#bounds },
      entry,
      identity,
    );
  }

  #basePagesOf(host: HostProcess): BasePages {
    const pages = this.#basePages.get(host) ?? new Map<number, PageHash>();
    this.#basePages.set(host, pages);
    return pages;
  }

  #knownOf(host: HostProcess): SlotHashes {
    const known = this.#known.get(host) ?? new SlotHashes();
    this.#known.set(host, known);
    return known;
  }
}

function trackingFinding(tracks: boolean): SubstrateFinding {
  const name = 'changed pages';
  if (tracks) {
    return {
      name,
      status: 'ok',
      message: 'the kernel lists the pages that a run wrote; only those are compared',
    };
  }
  const message =
    'the whole memory of a world is compared after each run, so that runs take up to twice as long. Better: Linux 6.7 or later, ' +
    'a C compiler, and then npm rebuild world-runtime (in a clone: npm run build)';
  return { name, status: 'warn', message };
}

function imagesOf(
  { imageStore, packageLock, download }: WasmSubstrateOptions,
  parts: Pick<WasmImagesOptions, 'hosts' | 'cacheOf'>,
): WasmImages | null {
  if (imageStore === undefined) return null;
  return new WasmImages({
    ...parts,
    store: imageStore,
    ...(packageLock === undefined ? {} : { packageLock }),
    ...(download === undefined ? {} : { download }),
  });
}

function requireSameImage(a: StateEntry, b: StateEntry): void {
  if (a.image === b.image) return;
  const names = [a, b].map(({ image }) =>
    image === null ? 'the standard library' : `image ${image.slice(0, 12)}`,
  );
  const text = `the memory of a state on ${names[0]} cannot be compared with that of one on ${names[1]}`;
  throw new WorldError('IMAGE_MISMATCH', `${text}: compare worlds of one image`);
}

function noImages(): WorldError {
  return new WorldError(
    'UNSUPPORTED',
    'This substrate was opened without a store for images: it has none but its own.',
  );
}

/** The `wasm` substrate. Starts its executor host when first used; dispose it to end the host. */
export function createWasmSubstrate(options: WasmSubstrateOptions): WasmSubstrate {
  return new WasmSubstrate(options);
}
