import type { StateId, WorldId } from '../model/ids.js';
import { DEFAULT_LIMITS, type RuntimeLimits, type WorldLimits } from '../model/limits.js';
import { toWorldError, WorldError } from '../model/world-error.js';
import type { Catalog } from '../ports/catalog.js';
import type { CheckpointPlace, CheckpointStore } from '../ports/checkpoint-store.js';
import type { Clock } from '../ports/clock.js';
import type { Entropy } from '../ports/entropy.js';
import type { Ids } from '../ports/ids.js';
import type { Journal } from '../ports/journal.js';
import type { JournalRecord, MetricsRecord, WorldBirth } from '../ports/journal-record.js';
import type { DiskUsage, PageCollector } from '../ports/page-collector.js';
import type { DurableState, Machine, StateRef, Substrate, SubstrateName } from '../ports/substrate.js';
import { type CheckpointPace, Checkpoints } from './checkpoints.js';
import type { DurabilitySettings, RetentionSettings, Upkeep } from './upkeep-contract.js';
import { NO_UPKEEP, upkeepSettings } from './upkeep-contract.js';
import type { Upload } from './upload.js';
import { WorldLocks } from './world-locks.js';
import { WorldModel } from './world-model.js';

/** What the runtime is built from; compose.ts supplies the real ones, tests supply theirs. */
export interface RuntimeParts {
  /** Whoever opens it lets the catalog have each entry that became durable. */
  readonly journal: Journal;
  readonly catalog: Catalog;
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly ids: Ids;
  readonly substrates: ReadonlyMap<SubstrateName, Substrate>;
  readonly defaultSubstrate: SubstrateName;
  /** Another instance with executors of its own, over the same pages. Without it nothing can be verified. */
  readonly freshSubstrate?: (name: SubstrateName) => Substrate;
  /** What all worlds together may be. Default: the documented defaults. */
  readonly limits?: RuntimeLimits;
  /** Of worlds that are made without limits of their own. */
  readonly defaultLimits?: Partial<WorldLimits>;
  /** The current world of argument-free commands, kept across processes. */
  readonly currentWorld: { get(): WorldId | null; set(id: WorldId): void };
  /** Where memory is written down now and then. Without it each opening reads the whole journal. */
  readonly checkpoints?: CheckpointStore;
  readonly checkpointPace?: Partial<CheckpointPace>;
  /** Receives what the user may want to know of work behind the verbs. Default: nobody does. */
  readonly note?: (text: string) => void;
  /** Where durable states are; without it there is nothing to collect. */
  readonly pages?: PageCollector;
  /** Where the disk space goes. */
  readonly diskUsage?: () => Promise<DiskUsage>;
  readonly retention?: Partial<RetentionSettings>;
  readonly durability?: Partial<DurabilitySettings>;
}

/** State handles kept beside those of live machines. A state whose handle was dropped is recovered by replay. */
const REFS_MAX = 4096;
/** How many the oldest are dropped at a time. */
const REFS_DROPPED = 1024;
/** Machines kept. Idle ones beyond that are ended; their worlds' states stay. */
const MACHINES_MAX = 4096;
/** How many more are ended at a time, so that it is not done for every single one. */
const MACHINES_DROPPED = 1024;

/** What executors differ in: states of one base mean nothing to another. */
export type Base = Pick<WorldBirth, 'substrate' | 'image'>;

/** A machine and the state it stands at. */
interface LiveMachine {
  readonly machine: Machine;
  state: StateId;
}

/**
 * What every verb works with: the parts, the model, and what is live in this process. A verb validates,
 * builds one record, commits it, and only then acts on what it holds in memory.
 */
export class RuntimeContext {
  readonly model: WorldModel;
  /** Null when nothing keeps them. */
  readonly checkpoints: Checkpoints | null;
  readonly locks = new WorldLocks((id) => this.#limitsOf(id).queue);
  /** States this process can restore from without replaying. */
  readonly refs = new Map<StateId, Promise<StateRef>>();
  /** States being made durable now. */
  readonly persisting = new Map<StateId, Promise<DurableState>>();
  /** By last use, the longest idle first. */
  readonly machines = new Map<WorldId, LiveMachine>();
  /** Durable forms on their way into the journal: a collection waits for them. */
  readonly recording = new Set<Promise<unknown>>();
  /** States whose durable form turned out to be damaged and was not written anew yet. */
  readonly damaged = new Set<StateId>();
  readonly retention: RetentionSettings;
  readonly durability: DurabilitySettings;
  upkeep: Upkeep = NO_UPKEEP;
  /** States in use, with how often: neither forgotten nor let go of meanwhile. */
  readonly #pins = new Map<StateId, number>();
  /** The handles that have arrived. */
  readonly #arrived = new WeakMap<Promise<StateRef>, StateRef>();
  /** Contents on their way into worlds, and how many more are being begun: they have their place already. */
  readonly uploads = new Map<string, Upload>();
  uploadsInMaking = 0;
  /** Names promised to what is being made; the next number to try for one that is taken is in `nameNumbers`. */
  readonly reservedNames = new Set<string>();
  readonly reservedSnapshotNames = new Set<string>();
  readonly reservedImageNames = new Set<string>();
  /** Images that are being made: their files are not yet named by any record. */
  imagesInMaking = 0;
  /** Worlds that are being made, by the hash of their image. */
  readonly birthsOnImages = new Map<string, number>();
  readonly nameNumbers = new Map<string, number>();
  readonly parts: RuntimeParts;
  readonly #background = new Set<Promise<void>>();
  #failure: WorldError | null = null;
  #closing = false;
  /** Time of the last record, microseconds. */
  #lastAtUs = 0n;

  /** `from`: memory that was written down, and where. */
  constructor(parts: RuntimeParts, from?: { model: WorldModel; place: CheckpointPlace }) {
    this.parts = parts;
    this.model = from?.model ?? new WorldModel();
    const { checkpoints: store, checkpointPace: pace, journal } = parts;
    this.checkpoints = store
      ? new Checkpoints(
          {
            store,
            journal,
            model: this.model,
            ...(pace ? { pace } : {}),
            lastAt: () => this.lastAt(),
            failure: () => this.#failure,
            note: (text) => parts.note?.(text),
          },
          from?.place ?? null,
        )
      : null;
    ({ retention: this.retention, durability: this.durability } = upkeepSettings(parts));
  }

  log(message: string): void {
    this.parts.note?.(message);
  }

  /** Refuses new work once closing, or after the journal failed. */
  requireOpen(): void {
    if (this.#failure) throw this.#failure;
    if (this.#closing) {
      throw new WorldError('RUNTIME_CLOSED', 'This runtime is closed. Open the data directory again.');
    }
  }

  /** From now on verbs are refused; those that run may still commit. */
  beginClosing(): void {
    this.#closing = true;
  }

  /**
   * Applies a record to the model and makes it durable. The model moves first, in the journal's own order,
   * so that two verbs cannot both pass a check that only one of them may; nothing is acknowledged before the
   * append has resolved, and when it fails the runtime stops for good, since memory is then ahead of disk.
   */
  async commit(record: JournalRecord): Promise<void> {
    if (this.#failure) throw this.#failure;
    this.model.apply(record);
    try {
      await this.parts.journal.append(record);
    } catch (thrown) {
      this.#failure ??= toWorldError(thrown, 'STORAGE_FAILED', 'The journal could not be written');
      throw this.#failure;
    }
    this.checkpoints?.afterCommit((work) => this.inBackground(work));
  }

  /**
   * Writes down the root of a state once it is captured. Nobody waits for the record: it rides with the next one, and when it is lost the
   * root is only not known.
   */
  rootWhenCaptured(id: StateId, captured: Promise<StateRef>): void {
    this.inBackground(captured.then(({ root }) => this.rootKnown(id, root)));
  }

  /** The same of one that is there; a replay finds roots again that a crash lost. */
  rootKnown(id: StateId, root: string | null): void {
    const isKnown = this.model.states.get(id)?.root !== null;
    if (root === null || isKnown || this.#failure) return;
    const record = { op: 'state.rooted', at: this.at(), state: id, root } as const;
    this.model.apply(record);
    this.parts.journal.appendLazily(record);
  }

  substrate(name: SubstrateName): Substrate {
    const substrate = this.parts.substrates.get(name);
    if (substrate) return substrate;
    const known = [...this.parts.substrates.keys()].join(', ');
    throw new WorldError('UNSUPPORTED', `This runtime has no substrate ${name}. It has: ${known}.`, {
      details: { substrate: name, available: [...this.parts.substrates.keys()] },
    });
  }

  /** Time of a record: ISO 8601 with microseconds, strictly later than the one before. */
  at(): string {
    const now = this.parts.clock.nowNs() / 1000n;
    this.#lastAtUs = now > this.#lastAtUs ? now : this.#lastAtUs + 1n;
    return this.#atText();
  }

  /** The last time that was given out, or null. */
  lastAt(): string | null {
    return this.#lastAtUs === 0n ? null : this.#atText();
  }

  #atText(): string {
    const ms = this.#lastAtUs / 1000n;
    const micros = this.#lastAtUs % 1000n;
    return `${new Date(Number(ms)).toISOString().slice(0, -1)}${String(micros).padStart(3, '0')}Z`;
  }

  /** A record of an earlier process was made at `at`: later ones come after it, even if the clock was set back. */
  continueAfter(at: string): void {
    const us = BigInt(Date.parse(at)) * 1000n + BigInt(at.slice(-4, -1));
    if (us > this.#lastAtUs) this.#lastAtUs = us;
  }

  metrics(worldId: WorldId, measured: Partial<Omit<MetricsRecord, 'metricId' | 'worldId'>>): MetricsRecord {
    return {
      metricId: this.parts.ids.next('metric'),
      worldId,
      bootTimeMs: null,
      snapshotTimeMs: null,
      branchTimeMs: null,
      memoryOverheadMb: null,
      ...measured,
    };
  }

  /** Runs `work` and tells how long it took, ms. */
  async timed<T>(work: () => Promise<T>): Promise<{ value: T; ms: number }> {
    const start = this.parts.clock.monotonicMs();
    const value = await work();
    return { value, ms: this.parts.clock.monotonicMs() - start };
  }

  /** Work nobody waits for, except `close`. Its failure costs time later, never data, so it is dropped here. */
  inBackground(work: Promise<void>): void {
    const tracked: Promise<void> = work
      .catch(() => {})
      .finally(() => {
        this.#background.delete(tracked);
      });
    this.#background.add(tracked);
  }

  async backgroundDone(): Promise<void> {
    while (this.#background.size > 0) await Promise.all(this.#background);
  }

  /** A world that is being made is locked before it is known. */
  #limitsOf(id: WorldId): WorldLimits {
    return this.model.worlds.get(id)?.birth.limits ?? DEFAULT_LIMITS;
  }

  /** Runs `work` while the state is neither forgotten nor let go of. */
  async pinned<T>(id: StateId, work: () => Promise<T>): Promise<T> {
    this.#pins.set(id, (this.#pins.get(id) ?? 0) + 1);
    try {
      return await work();
    } finally {
      const left = (this.#pins.get(id) ?? 1) - 1;
      if (left === 0) this.#pins.delete(id);
      else this.#pins.set(id, left);
    }
  }

  /**
   * Runs `work`, which makes something durable and has the journal say so: a collection waits for it, so that it cannot
   * take what was written and is in no record yet.
   */
  async whileRecording<T>(work: () => Promise<T>): Promise<T> {
    const running = work();
    this.recording.add(running);
    try {
      return await running;
    } finally {
      this.recording.delete(running);
    }
  }

  isPinned(id: StateId): boolean {
    return this.#pins.has(id) || this.persisting.has(id);
  }

  /** States that must not be forgotten now, whatever retention says. */
  *statesInUse(): Iterable<StateId> {
    yield* this.#pins.keys();
    yield* this.persisting.keys();
    for (const { state } of this.machines.values()) yield state;
  }

  /** Remembers a state's handle; a failed one is forgotten, to be made again by replay. */
  remember(id: StateId, ref: Promise<StateRef>): void {
    this.refs.set(id, ref);
    ref.then(
      (arrived) => this.#arrived.set(ref, arrived),
      () => {
        if (this.refs.get(id) === ref) this.refs.delete(id);
      },
    );
    if (this.refs.size > REFS_MAX + this.machines.size) this.#dropOldest();
  }

  /** The state's handle, if one is kept and what holds it has not been lost. It counts as used now. */
  handle(id: StateId): Promise<StateRef> | undefined {
    const ref = this.refs.get(id);
    if (ref === undefined) return undefined;
    const arrived = this.#arrived.get(ref);
    this.refs.delete(id);
    if (arrived && !this.substrate(arrived.substrate).holds(arrived)) return undefined;
    this.refs.set(id, ref);
    return ref;
  }

  /** The state's handle if it is there right now. */
  arrivedHandle(id: StateId): StateRef | undefined {
    const ref = this.refs.get(id);
    const arrived = ref && this.#arrived.get(ref);
    return arrived && this.substrate(arrived.substrate).holds(arrived) ? arrived : undefined;
  }

  /** Lets go of a state's handle; machines that stand there go on. Resolves when the substrate knows. */
  async drop(id: StateId): Promise<void> {
    const ref = this.refs.get(id);
    this.refs.delete(id);
    const held = await ref?.catch(() => undefined);
    if (held) await this.substrate(held.substrate).discard(held);
  }

  /** Lets go of the oldest handles that no live machine stands at, so that a long life does not fill memory. */
  #dropOldest(): void {
    const heads = new Set([...this.machines.values()].map(({ state }) => state));
    let dropped = 0;
    for (const id of this.refs.keys()) {
      if (dropped >= REFS_DROPPED) break;
      if (heads.has(id) || this.isPinned(id)) continue;
      dropped += 1;
      this.inBackground(this.drop(id));
    }
  }

  /** Keeps a world's machine, which was just used. */
  keepMachine(id: WorldId, machine: Machine, state: StateId): void {
    this.machines.delete(id);
    this.machines.set(id, { machine, state });
  }

  /** Ends the machines that have been idle for the longest time, when there are too many. */
  endIdleMachines(): void {
    let tooMany = this.machines.size - MACHINES_MAX;
    if (tooMany <= 0) return;
    tooMany += MACHINES_DROPPED;
    for (const id of this.machines.keys()) {
      if (tooMany <= 0) break;
      if (!this.isIdle(id)) continue;
      tooMany -= 1;
      this.inBackground(this.retire(id));
    }
  }

  /** True for a world that is recorded and in which nothing runs or waits. */
  isIdle(id: WorldId): boolean {
    return this.model.worlds.has(id) && !this.locks.isBusy(id);
  }

  async retire(id: WorldId): Promise<void> {
    const live = this.machines.get(id);
    this.machines.delete(id);
    await live?.machine[Symbol.asyncDispose]();
  }

  /**
   * After an executor host died: what it held cannot be used any more. What another host of the substrate holds
   * goes on.
   */
  async forgetLost(name: SubstrateName): Promise<void> {
    const substrate = this.substrate(name);
    const endings: Promise<unknown>[] = [];
    for (const [worldId, { machine }] of this.machines) {
      if (this.model.worlds.get(worldId)?.birth.substrate !== name || !machine.isLost()) continue;
      // Whoever is about to use one finds out by itself, and must not find it disposed.
      if (!this.isIdle(worldId)) continue;
      endings.push(this.retire(worldId));
    }
    for (const [stateId, ref] of this.refs) {
      const arrived = this.#arrived.get(ref);
      // One that has not arrived rejects by itself, and goes then.
      if (arrived?.substrate !== name || substrate.holds(arrived)) continue;
      this.refs.delete(stateId);
      endings.push(substrate.discard(arrived));
    }
    await Promise.allSettled(endings);
  }
}
