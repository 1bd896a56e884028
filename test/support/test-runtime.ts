import { ID_PREFIXES, type IdKind, type IdTypes, type WorldId } from '../../src/model/ids.js';
import { streamAt } from '../../src/model/split-mix.js';
import type { CheckpointStore } from '../../src/ports/checkpoint-store.js';
import type { Clock } from '../../src/ports/clock.js';
import type { Entropy } from '../../src/ports/entropy.js';
import type { Ids } from '../../src/ports/ids.js';
import type { JournalEntry } from '../../src/ports/journal-record.js';
import type { PageCollector } from '../../src/ports/page-collector.js';
import type { Substrate } from '../../src/ports/substrate.js';
import type { CheckpointPace } from '../../src/runtime/checkpoints.js';
import { closeRuntime, openRuntime } from '../../src/runtime/open-runtime.js';
import type { RuntimeContext } from '../../src/runtime/runtime-context.js';
import type { DurabilitySettings, RetentionSettings } from '../../src/runtime/upkeep-contract.js';
import {
  createSimulatedSubstrate,
  createVirtualClock,
  type FaultPlan,
  NO_FAULTS,
  type SimulatedSubstrate,
} from '../../src/substrates/simulated/index.js';
import type { FaultyFiles } from '../property/storage-faulty-files.js';
import { type FileDisk, openFileStores } from './file-stores.js';
import { type MemoryCheckpoint, memoryCheckpoints } from './memory-checkpoints.js';
import { type JournalFaults, memoryJournal, type TestJournal } from './memory-journal.js';
import { type RecordingCatalog, recordingCatalog } from './recording-catalog.js';
import { TrackedArchive } from './tracked-archive.js';

/** What outlives a process, and what must not repeat itself in the next one. */
export interface TestDisk {
  /** The journal's entries as text. */
  readonly lines: string[];
  /** Durable states of the substrate. */
  readonly archive: TrackedArchive;
  /** Memory that was written down, the newest last. */
  readonly checkpoints: MemoryCheckpoint[];
  /** With the real stores on files in memory instead of arrays. */
  readonly files?: FileDisk;
  currentWorld: WorldId | null;
  readonly ids: Ids;
  readonly entropy: Entropy;
  readonly clock: Clock;
}

export interface TestRuntimeOptions {
  readonly disk?: TestDisk;
  readonly faults?: FaultPlan;
  readonly journal?: JournalFaults;
  /** How the files misbehave, where there are any. */
  readonly fileFaults?: FaultyFiles['fault'];
  /** When memory is written down. Default: often. `never`: there is no store for it. */
  readonly checkpointPace?: Partial<CheckpointPace> | 'never';
  /** Name of the base image. */
  readonly base?: string;
  readonly retention?: Partial<RetentionSettings>;
  readonly durability?: Partial<DurabilitySettings>;
  /** Memory of all states of the substrate, bytes. */
  readonly budgetBytes?: number;
  /** States have roots, which the runtime writes down behind the verbs. Default: no. */
  readonly roots?: boolean;
  readonly log?: (message: string) => void;
  /** Puts something of the test's between runtime and substrate. */
  readonly wrap?: (substrate: Substrate) => Substrate;
  /** Changes the runtime itself once it is open: for bugs that a checker must catch. */
  readonly tamper?: (context: RuntimeContext) => void;
}

/** Worlds that fall idle by themselves would move the virtual clock, which most tests read. */
const ALWAYS_IN_USE = { idleMs: 0 };

export interface TestRuntime {
  readonly context: RuntimeContext;
  readonly disk: TestDisk;
  readonly journal: TestJournal;
  readonly catalog: RecordingCatalog;
  readonly substrate: SimulatedSubstrate;
  /** What the runtime told its user. */
  readonly notes: readonly string[];
  close(): Promise<void>;
  /** The process dies here and now. */
  abandon(): void;
  /** The executor dies and comes back empty. */
  loseExecutor(): void;
  /** Closes this process and starts another one on the same disk. */
  reopen(options?: Omit<TestRuntimeOptions, 'disk'>): Promise<TestRuntime>;
  /** Kills this process and starts another one on the same disk. */
  crash(options?: Omit<TestRuntimeOptions, 'disk'>): Promise<TestRuntime>;
}

/** So that a history of some dozens of entries has several checkpoints. */
const OFTEN: CheckpointPace = { entriesMin: 7, entriesShare: 0, journalBytes: 1e9, entriesMinOnClose: 3 };

const CROCKFORD = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/** Ids that count: the same calls give the same ids. */
export function countingIds(): Ids {
  let drawn = 0;
  return {
    next<K extends IdKind>(kind: K): IdTypes[K] {
      drawn += 1;
      let text = '';
      for (let rest = drawn; text.length < 26; rest = Math.floor(rest / 32))
        text = CROCKFORD[rest % 32] + text;
      return `${ID_PREFIXES[kind]}${text}` as IdTypes[K];
    },
  };
}

/** Random numbers of a seed. */
export function seededEntropy(seed: bigint): Entropy {
  let drawn = 0;
  return {
    u64() {
      drawn += 1;
      return streamAt(seed, drawn);
    },
  };
}

export function newDisk(seed = 1n): TestDisk {
  return {
    lines: [],
    archive: new TrackedArchive(),
    checkpoints: [],
    currentWorld: null,
    ids: countingIds(),
    entropy: seededEntropy(seed),
    clock: createVirtualClock(),
  };
}

/** A runtime on the simulated substrate, in memory and deterministic. */
export async function openTestRuntime(options: TestRuntimeOptions = {}): Promise<TestRuntime> {
  const disk = options.disk ?? newDisk();
  const { ids, entropy, clock } = disk;
  const catalog = recordingCatalog();
  const stores = await openStores(disk, options, (entry) => catalog.project(entry));
  const { journal } = stores;
  for await (const entry of journal.read()) if (entry.seq > catalog.projectedSeq) catalog.project(entry);
  const substrate = createSimulatedSubstrate({
    clock,
    archive: stores.archive,
    faults: options.faults ?? NO_FAULTS,
    roots: options.roots ?? false,
    ...(options.base === undefined ? {} : { base: options.base }),
    ...(options.budgetBytes === undefined ? {} : { budgetBytes: options.budgetBytes }),
  });
  const pace = options.checkpointPace ?? OFTEN;
  const notes: string[] = [];
  const context = await openRuntime({
    ...(pace === 'never' ? {} : { checkpoints: stores.checkpoints, checkpointPace: pace }),
    note: (text) => void notes.push(text),
    journal,
    catalog,
    clock,
    entropy,
    ids,
    substrates: new Map([['simulated', options.wrap?.(stores.wrap(substrate)) ?? stores.wrap(substrate)]]),
    defaultSubstrate: 'simulated',
    freshSubstrate: () =>
      createSimulatedSubstrate({
        clock,
        archive: stores.archive,
        roots: options.roots ?? false,
        ...(options.base === undefined ? {} : { base: options.base }),
      }),
    pages: stores.pages,
    ...(options.retention ? { retention: options.retention } : {}),
    durability: { ...ALWAYS_IN_USE, ...options.durability },
    ...(options.log ? { note: options.log } : {}),
    currentWorld: {
      get: () => disk.currentWorld,
      set(id) {
        disk.currentWorld = id;
      },
    },
  });
  options.tamper?.(context);
  const runtime: TestRuntime = {
    context,
    disk,
    journal,
    catalog,
    substrate,
    notes,
    async close() {
      await closeRuntime(context);
      await catalog[Symbol.asyncDispose]();
      await stores.close();
    },
    abandon() {
      journal.abandon();
      substrate.crash();
    },
    loseExecutor() {
      substrate.crash();
      substrate.restart();
    },
    async reopen(next = {}) {
      await runtime.close();
      return openTestRuntime({ ...next, disk });
    },
    async crash(next = {}) {
      runtime.abandon();
      return openTestRuntime({ ...next, disk });
    },
  };
  return runtime;
}

interface Stores {
  readonly journal: TestJournal;
  readonly checkpoints: CheckpointStore;
  readonly pages: PageCollector;
  /** What the substrate keeps at hand of its durable states. */
  readonly archive: Map<string, string>;
  wrap(substrate: Substrate): Substrate;
  close(): Promise<void>;
}

async function openStores(
  disk: TestDisk,
  options: TestRuntimeOptions,
  project: (entry: JournalEntry) => void,
): Promise<Stores> {
  if (disk.files) {
    const { lines, files } = disk;
    return openFileStores(files, {
      lines,
      onDurable: project,
      ...(options.fileFaults ? { fault: options.fileFaults } : {}),
    });
  }
  const journal = memoryJournal(disk.lines, { ...options.journal, onDurable: project });
  const checkpoints = memoryCheckpoints(disk.checkpoints, journal);
  const { archive } = disk;
  return {
    journal,
    checkpoints,
    pages: archive,
    archive,
    wrap: (substrate) => substrate,
    close: async () => journal[Symbol.asyncDispose](),
  };
}
