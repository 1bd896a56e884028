import type { WorldId } from '../model/ids.js';
import type { WorldLimits } from '../model/limits.js';
import type { Trit } from '../model/trit.js';
import type { BaseImages, ImageHash } from './base-image.js';
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
} from './files.js';
import type { StateRef, SubstrateName } from './state-ref.js';

export { type StateRef, SUBSTRATE_NAMES, type SubstrateName } from './state-ref.js';

/** What a substrate can do. The core asks this, never which substrate it has. */
export interface SubstrateSupport {
  /** Live memory (variables, generators, open files) is part of a state. */
  readonly memory: boolean;
  /** Files are part of a state. */
  readonly disk: boolean;
  readonly network: boolean;
  readonly shell: boolean;
  readonly languages: readonly string[];
  /** Same state + same identity + same request give the same result and the same bytes. */
  readonly replay: boolean;
  /** `Machine.snapshot()` costs little enough to be taken after every execution. */
  readonly cheapStates: boolean;
  /** A snapshot can be taken while code runs. */
  readonly liveSnapshot: boolean;
  /** What stands, or could, between the guest and the host, outermost last. The first look may take a moment: it is tried. */
  readonly isolation: readonly IsolationPart[];
}

export interface IsolationPart {
  /** Those that the kernel enforces begin with `kernel`. */
  readonly name: string;
  readonly stands: boolean;
  /** What was tried, or why it does not stand. */
  readonly detail: string;
}

/** A bound on every wait. */
export interface Wait {
  readonly signal?: AbortSignal;
}

export interface WorldSpec {
  readonly limits: WorldLimits;
  /** Base image; absent: the substrate's own. */
  readonly image?: ImageHash;
}

/**
 * Who a machine is. Applied to the guest before its first execution, and again whenever the state it was
 * restored from carries another `(worldId, generation)`: that is how a branch gets its own entropy while a
 * world that is only reopened or rewound keeps its own.
 */
export interface BranchIdentity {
  readonly worldId: WorldId;
  /** Counts the identities a world has had: 0 at first, one more each time it adopts a winner's state. */
  readonly generation: number;
  /** Whose world it is, where hosts are not shared between tenants. No input of the guest. Absent: the default tenant. */
  readonly tenant?: string;
  /** The name under which the guest knows its verse, e.g. `nash`; `root` outside any push-down. */
  readonly verse: string;
  readonly trit: Trit;
  /** Exact decimal text in [0, 1], e.g. `0.45`; `1` outside any push-down. */
  readonly probability: string;
  /** Seed of everything random in the guest, u64. */
  readonly seed: bigint;
  /** Keep the parent's random state instead of reseeding: paired simulations. */
  readonly commonRandomNumbers: boolean;
}

/** A state that survives the process: everything needed to `recall` it, JSON-serialisable and opaque. */
export interface DurableState {
  readonly substrate: SubstrateName;
  readonly data: Readonly<Record<string, unknown>>;
}

/** How something of a substrate is on this machine, for `wr doctor`. `warn`: works, but not as well as it could. */
export interface SubstrateFinding {
  readonly name: string;
  readonly status: 'ok' | 'warn';
  /** What was found, and what to do about it. */
  readonly message: string;
}

/** Memory that a substrate's states take together. */
export interface MemoryUse {
  readonly usedBytes: number;
  /** The most they may take. */
  readonly budgetBytes: number;
}

export interface ExecuteRequest {
  readonly language: 'python';
  readonly code: string;
  /** Host time at the start of the execution, ns. The guest's clock never goes back: it takes the later one. */
  readonly clockNs: bigint;
  /** What `world.balance` answers: token -> decimal amount. */
  readonly balances: Readonly<Record<string, string>>;
  readonly limits: WorldLimits;
}

/** What guest code asked of its world; takes effect only if the execution commits. */
export type Effect =
  | { readonly kind: 'report'; readonly cost?: string; readonly value?: string }
  | { readonly kind: 'transfer'; readonly to: string; readonly token: string; readonly amount: string };

export interface GuestError {
  /** Python class name, e.g. `ZeroDivisionError`. */
  readonly type: string;
  readonly message: string;
  /** Formatted as Python would, frames of the harness left out. */
  readonly traceback: string;
}

export interface ExecuteResult {
  /** False: the code raised. The state is committed all the same, as a REPL does. */
  readonly ok: boolean;
  /** False only for code that did not compile: nothing ran and the state is the one before. */
  readonly changed: boolean;
  /** `repr` of the trailing expression, or null when there is none or it is None. */
  readonly value: string | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly stdoutTruncated: boolean;
  readonly stderrTruncated: boolean;
  readonly error: GuestError | null;
  readonly effects: readonly Effect[];
  /** Time the guest's code ran, without queueing or loading, ms. */
  readonly runMs: number;
}

/** Receives output while the code runs. Called in order; must not throw. */
export interface OutputSink {
  write(stream: 'stdout' | 'stderr', text: string): void;
}

/** Measured facts about one machine or state, for runtime_metrics. */
export interface Measurement {
  /** Memory the machine maps, bytes. */
  readonly memoryBytes: number;
  /** Memory this state adds to what its parent already holds, bytes. */
  readonly ownBytes: number;
}

/**
 * A live world. Executions on one machine never overlap: the caller waits for one before it starts the next.
 */
export interface Machine extends AsyncDisposable {
  /**
   * Runs code. Resolves when the result is known, which may be before the new state has been captured;
   * `snapshot` and the next `execute` wait for that.
   *
   * Throws `EXECUTION_TIMEOUT`, `INTERRUPTED` (signal aborted), `MEMORY_LIMIT`, `ENGINE_FAULT`,
   * `EXECUTOR_LOST`: in each case the machine is at the state before. A `MEMORY_LIMIT` with
   * `details.scope: 'substrate'` is not the guest's doing: the memory of all states together is full.
   */
  execute(request: ExecuteRequest, sink: OutputSink, wait: Wait): Promise<ExecuteResult>;
  /** The present state. The machine goes on running. Cheap when nothing ran since the last one. */
  snapshot(wait: Wait): Promise<StateRef>;
  measure(): Promise<Measurement>;
  /**
   * True once it is of no more use: what ran it is gone (`EXECUTOR_LOST`, `STATE_LOST`), or the state after its last execution could
   * not be captured, which is all that it answers then. Another machine can be made at a state that is known.
   */
  isLost(): boolean;
}

export interface Substrate extends AsyncDisposable {
  readonly name: SubstrateName;
  readonly supports: SubstrateSupport;
  /** Base images besides its own; absent when it has none. */
  readonly images?: BaseImages;
  /** Content hash of what a fresh world of that image starts from. States of another base cannot be recalled. */
  baseDigest(wait: Wait, image?: ImageHash): Promise<string>;
  /** A fresh world. */
  boot(spec: WorldSpec, identity: BranchIdentity, wait: Wait): Promise<Machine>;
  /** A machine that continues from `state`, which stays valid; any number of times. */
  restore(state: StateRef, identity: BranchIdentity, wait: Wait): Promise<Machine>;
  /** Writes the state to the page store; resolves when it would survive power loss. */
  persist(state: StateRef, wait: Wait): Promise<DurableState>;
  /** Brings a persisted state back, in this or another process. `PAGE_CORRUPT`, `IMAGE_MISMATCH`. */
  recall(durable: DurableState, wait: Wait): Promise<StateRef>;
  /**
   * What is in a directory, or one file. Nothing runs in the world.
   *
   * @throws FILE_NOT_FOUND; FILE_CONFLICT: a file where a directory should be, a circle of links; BAD_INPUT: no path.
   */
  listFiles(state: StateRef, request: ListRequest, wait: Wait): Promise<FileListing>;
  /** @throws FILE_NOT_FOUND, FILE_CONFLICT when it is no regular file, BAD_INPUT. */
  readFile(state: StateRef, path: string, range: FileRange, wait: Wait): Promise<FilePart>;
  /**
   * A state that differs from `state` in its files only: all edits, in order, or none. Times of what is changed are
   * `clockNs`, and the guest's clock is not before it. All contents together are at most FILE_PART_BYTES long.
   *
   * @throws FILE_NOT_FOUND, FILE_CONFLICT, FILE_LIMIT; FILE_PROTECTED for what belongs to the base; BAD_INPUT; UNSUPPORTED
   *   when the source of a copy cannot be reached from here.
   */
  editFiles(
    state: StateRef,
    edits: readonly FileEdit[],
    how: { readonly clockNs: bigint; readonly bounds: FileBounds },
    wait: Wait,
  ): Promise<EditedFiles>;
  /**
   * In which files two states differ, found without reading what they share. `before` null: in which `after` differs from the
   * base it began from, which are the files that are its own.
   *
   * @throws UNSUPPORTED for states that cannot be laid side by side.
   */
  compareFiles(
    before: StateRef | null,
    after: StateRef,
    request: CompareFilesRequest,
    wait: Wait,
  ): Promise<FileComparison>;
  /** How much memory differs. @throws UNSUPPORTED for states that cannot be laid side by side. */
  compare(a: StateRef, b: StateRef, wait: Wait): Promise<StateComparison>;
  /** Frees what only this state holds. Machines already restored from it go on. */
  discard(state: StateRef): Promise<void>;
  /** True while the handle is good: neither discarded nor lost with what held it. */
  holds(state: StateRef): boolean;
  /** Memory of all states, as last reported: cheap enough to be asked after each execution. */
  memory(): MemoryUse;
  /** Memory of all states, after whatever nobody holds any more was freed. */
  measureMemory(wait: Wait): Promise<MemoryUse>;
  /** What an operator may want to know about how it runs here. Starts what is needed to find out. */
  findings?(wait: Wait): Promise<readonly SubstrateFinding[]>;
  /** Keys in the page store that a durable state needs, in the form that a collection has them. */
  durableKeys(durable: DurableState): readonly string[];
  /**
   * Keys in the page store that handles given out need now, besides those of durable states. Waits for what is being
   * written: a collection asks after it began.
   */
  keysInUse?(): Promise<readonly string[]>;
}
