import { ISOLATION_MODES, type IsolationMode, isIsolationMode } from './model/isolation-mode.js';
import { RuntimeLimits, WorldLimits } from './model/limits.js';
import { parse } from './model/parse.js';
import { WorldError } from './model/world-error.js';
import type { Substrate, SubstrateName } from './ports/substrate.js';
import { closeRuntime, openRuntime } from './runtime/open-runtime.js';
import type { RuntimeContext, RuntimeParts } from './runtime/runtime-context.js';
import type { DurabilitySettings, RetentionSettings } from './runtime/upkeep-contract.js';
import { measureDisk, openStorage, type Storage } from './storage/index.js';
import { createWasmSubstrate } from './substrates/wasm/wasm-substrate.js';
import { defaultDataDir } from './surfaces/client/data-location.js';
import type { Transport } from './surfaces/client/transport.js';
import { inProcessTransport } from './surfaces/in-process-transport.js';
import { systemClock } from './system/system-clock.js';
import { systemEntropy } from './system/system-entropy.js';
import { ulidIds } from './system/ulid-ids.js';

/** How to open a runtime in this process. */
export interface RuntimeOptions {
  /** Where everything is kept. Default: `WORLD_DATA_DIR`, else `world-runtime` in the XDG data directory. */
  readonly dataDir?: string;
  /** Executors, each with one CPython. Default: one a core, at least 2, at most 8. */
  readonly workers?: number;
  /** Memory for the pages of all states together, bytes. Default 4 GiB. */
  readonly slabBudgetBytes?: number;
  /**
   * Whose code one executor host may run in its life: everybody's (`none`), or that of one tenant or of one world only.
   * Default `none`; docs/security.md has what each costs.
   */
  readonly isolate?: IsolationMode;
  /** With `isolate`: hosts that run code at a time; they share the slab's budget. Default 8. */
  readonly isolateHosts?: number;
  /**
   * Run guests where no kernel-enforced wall stands (docs/security.md). Default: what `WORLD_ALLOW_WEAK_ISOLATION` says,
   * else no: then `ISOLATION_MISSING`.
   */
  readonly allowWeakIsolation?: boolean;
  /** Limits of worlds that are made without own ones; each one left out has its documented default. */
  readonly worldLimits?: Partial<WorldLimits>;
  /** How long to wait while another process has the data directory, ms. Default 10,000. */
  readonly lockWaitMs?: number;
  /** Keep the current world in the data directory, for commands that name none. Default: only in memory. */
  readonly rememberCurrent?: boolean;
  /** What all worlds together may be. Default: 1,000,000 live worlds, 10,000,000 states. */
  readonly limits?: Partial<RuntimeLimits>;
  /** How long the past is kept. Default: 100 states a world, garbage collected by itself. */
  readonly retention?: Partial<RetentionSettings>;
  /** When heads become durable behind executions. Default: after 64 executions, 1,000 ms of them, or 100 ms when closing. */
  readonly durability?: Partial<DurabilitySettings>;
  readonly signal?: AbortSignal;
  /** Receives what an operator may want to know. Default: nothing is said. */
  readonly log?: (message: string) => void;
}

export interface ComposedRuntime {
  readonly context: RuntimeContext;
  readonly transport: Transport;
  readonly storage: Storage;
  readonly dataDir: string;
  close(): Promise<void>;
}

/**
 * Wires the real implementations together: the only place that names them.
 *
 * @throws DATA_DIR_LOCKED, DATA_DIR_VERSION, JOURNAL_CORRUPT, STORAGE_FAILED; BAD_INPUT for limits out of range
 */
export async function composeRuntime(options: RuntimeOptions = {}): Promise<ComposedRuntime> {
  const dataDir = options.dataDir ?? defaultDataDir();
  const storage = await openStorage(dataDir, {
    ...(options.lockWaitMs === undefined ? {} : { waitMs: options.lockWaitMs }),
    ...(options.signal ? { signal: options.signal } : {}),
  });
  for (const note of storage.notes) options.log?.(note);
  try {
    const context = await openRuntime(partsOf(storage, options));
    let closing: Promise<void> | undefined;
    const close = (): Promise<void> => {
      closing ??= closeBoth(context, storage);
      return closing;
    };
    return { context, storage, transport: inProcessTransport(context, close), dataDir, close };
  } catch (thrown) {
    // The first failure is the one to tell.
    await Promise.resolve(storage[Symbol.asyncDispose]()).catch(() => {});
    throw thrown;
  }
}

function partsOf(storage: Storage, options: RuntimeOptions): RuntimeParts {
  const common = {
    pageStore: storage.pages,
    cacheDir: storage.directory.paths.cache,
    imageStore: storage.images,
    ...(options.isolate === undefined ? {} : { isolate: requireMode(options.isolate) }),
    ...(options.isolateHosts === undefined ? {} : { isolateHosts: options.isolateHosts }),
    allowWeakIsolation: options.allowWeakIsolation ?? weakIsolationAllowed(process.env),
  };
  const wasm = createWasmSubstrate({
    ...common,
    ...(options.workers === undefined ? {} : { workers: options.workers }),
    ...(options.slabBudgetBytes === undefined ? {} : { slabBudgetBytes: options.slabBudgetBytes }),
    ...(options.log ? { log: options.log } : {}),
  });
  return {
    journal: storage.journal,
    checkpoints: storage.checkpoints,
    ...(options.log ? { note: options.log } : {}),
    catalog: storage.catalog,
    clock: systemClock,
    entropy: systemEntropy,
    ids: ulidIds(systemClock),
    substrates: new Map<SubstrateName, Substrate>([['wasm', wasm]]),
    defaultSubstrate: 'wasm',
    freshSubstrate: () => createWasmSubstrate({ ...common, workers: 1 }),
    limits: parse(RuntimeLimits, options.limits ?? {}, 'limits'),
    defaultLimits: parse(WorldLimits, options.worldLimits ?? {}, 'worldLimits'),
    pages: storage.pages,
    diskUsage: () => measureDisk(storage.directory.paths.root),
    ...(options.retention ? { retention: options.retention } : {}),
    ...(options.durability ? { durability: options.durability } : {}),
    currentWorld: options.rememberCurrent ? storage.currentWorld : currentInMemory(),
  };
}

/** @throws BAD_INPUT */
function requireMode(mode: unknown): IsolationMode {
  if (isIsolationMode(mode)) return mode;
  const text = `isolate: expected ${ISOLATION_MODES.join(' or ')}, got ${JSON.stringify(mode)}.`;
  throw new WorldError('BAD_INPUT', text);
}

/** Also for programs: a machine without a second wall is one for all that runs on it. */
function weakIsolationAllowed({ WORLD_ALLOW_WEAK_ISOLATION: said }: NodeJS.ProcessEnv): boolean {
  return said === '1' || said === 'true';
}

async function closeBoth(context: RuntimeContext, storage: Storage): Promise<void> {
  try {
    await closeRuntime(context);
  } finally {
    await storage[Symbol.asyncDispose]();
  }
}

function currentInMemory(): RuntimeParts['currentWorld'] {
  let current: ReturnType<RuntimeParts['currentWorld']['get']> = null;
  return {
    get: () => current,
    set: (id) => {
      current = id;
    },
  };
}
