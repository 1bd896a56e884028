import type { StateId, WorldId } from '../model/ids.js';
import { DEFAULT_LIMITS, RuntimeLimits, type WorldLimits } from '../model/limits.js';
import { toWorldError, WorldError } from '../model/world-error.js';
import type { Catalog } from '../ports/catalog.js';
import type { CheckpointPlace, CheckpointStore } from '../ports/checkpoint-store.js';
import type { Clock } from '../ports/clock.js';
import type { Entropy } from '../ports/entropy.js';
import type { Ids } from '../ports/ids.js';
import type { Journal } from '../ports/journal.js';
import type { JournalRecord, MetricsRecord, WorldBirth } from '../ports/journal-record.js';
import type { DurableState, Machine, StateRef, Substrate, SubstrateName } from '../ports/substrate.js';
import { type CheckpointPace, Checkpoints } from './checkpoints.js';
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
}

const RUNTIME_LIMITS = RuntimeLimits.parse({});

/** State handles kept beside those of live machines. A state whose handle was dropped is recovered by replay. */
const REFS_MAX = 4096;
/** How many the oldest are dropped at a time. */
const REFS_DROPPED = 1024;

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
  readonly machines = new Map<WorldId, LiveMachine>();
  /** Names promised to worlds that are being made. */
  readonly reservedNames = new Set<string>();
  readonly reservedSnapshotNames = new Set<string>();
  readonly reservedImageNames = new Set<string>();
  /** Images that are being made: their files are not yet named by any record. */
  imagesInMaking = 0;
  /** Worlds that are being made, by the hash of their image. */
  readonly birthsOnImages = new Map<string, number>();
  /** Next number to try for a name that is taken. */
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
  }

  /** Refuses new work once closing, or after the journal failed. */
  requireOpen(): void {
    if (this.#failure) throw this.#failure;
    if (this.#closing) {
      throw new WorldError('RUNTIME_CLOSED', 'This runtime is closed. Open the data directory again.');
    }
  }

  /**
   * Refuses what would make more worlds or states than the runtime may have.
   *
   * @throws TOO_MANY_WORLDS, TOO_MANY_STATES
   */
  requireRoom(more: { readonly worlds: number; readonly states: number }): void {
    const { worlds, states } = this.parts.limits ?? RUNTIME_LIMITS;
    const live = this.model.worldsByName.size + this.reservedNames.size;
    if (more.worlds > 0 && live + more.worlds > worlds) {
      throw new WorldError(
        'TOO_MANY_WORLDS',
        `There are ${live} live worlds and may be ${worlds}; ${more.worlds} more do not fit. Delete or resolve some, or raise the limit "worlds".`,
        { details: { live, asked: more.worlds, max: worlds } },
      );
    }
    const kept = this.model.states.size;
    if (more.states === 0 || kept + more.states <= states) return;
    throw new WorldError(
      'TOO_MANY_STATES',
      `${kept} states are kept and ${states} may be. Delete worlds, collect garbage (wr gc), or raise the limit "states".`,
      { details: { kept, asked: more.states, max: states } },
    );
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

  /** Remembers a state's handle; a failed one is forgotten, to be made again by replay. */
  remember(id: StateId, ref: Promise<StateRef>): void {
    this.refs.set(id, ref);
    ref.catch(() => {
      if (this.refs.get(id) === ref) this.refs.delete(id);
    });
    if (this.refs.size > REFS_MAX + this.machines.size) this.#dropOldest();
  }

  /** Lets go of the oldest handles that no live machine stands at, so that a long life does not fill memory. */
  #dropOldest(): void {
    const heads = new Set([...this.machines.values()].map(({ state }) => state));
    let dropped = 0;
    for (const [id, ref] of this.refs) {
      if (dropped >= REFS_DROPPED) break;
      if (heads.has(id) || this.persisting.has(id)) continue;
      this.refs.delete(id);
      dropped += 1;
      this.inBackground(ref.then((held) => this.substrate(held.substrate).discard(held)));
    }
  }

  async retire(id: WorldId): Promise<void> {
    const live = this.machines.get(id);
    this.machines.delete(id);
    await live?.machine[Symbol.asyncDispose]();
  }

  /** After the executor host died: nothing of that base that was live there can be used any more. */
  forgetBase(base: Base): void {
    const isOfBase = (worldId: WorldId): boolean => {
      const birth = this.model.worlds.get(worldId)?.birth;
      return birth?.substrate === base.substrate && birth.image?.hash === base.image?.hash;
    };
    for (const [worldId] of this.machines) if (isOfBase(worldId)) this.machines.delete(worldId);
    for (const [stateId] of this.refs) {
      const worldId = this.model.states.get(stateId)?.origin.worldId;
      if (worldId !== undefined && isOfBase(worldId)) this.refs.delete(stateId);
    }
  }
}
