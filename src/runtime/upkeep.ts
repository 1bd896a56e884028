import type { StateId, WorldId } from '../model/ids.js';
import { toWorldError, WorldError } from '../model/world-error.js';
import type { SubstrateName, Wait } from '../ports/substrate.js';
import { collectGarbage } from './collect-garbage.js';
import type { CollectRequest, GarbageReport } from './garbage-report.js';
import { IdleHeads } from './idle-heads.js';
import { persistAndRecord } from './persist-state.js';
import type { RuntimeContext } from './runtime-context.js';
import { spillColdStates } from './spill-cold-states.js';
import type { Upkeep } from './upkeep-contract.js';
import { endIdleUploads } from './upload-file.js';

/** Share of a substrate's memory beyond which cold states are let go of, behind the executions. */
const SPILL_ABOVE = 0.8;
/** How far that goes, and how far it goes when somebody waits for room. */
const SPILL_DOWN_TO = 0.6;
const MAKE_ROOM_DOWN_TO = 0.5;
/** After a spill that could not get below the mark, how much more must be used before the next, share of all. */
const SPILL_AGAIN_AFTER = 0.05;
/** Uses after which garbage is collected: at least so many, and at least this share of all states known. */
const COLLECT_AFTER_MIN = 1000;
const COLLECT_AFTER_SHARE = 0.25;

/** Keeps a long life bounded: spills, collects and heals, one of each at a time. */
export class RuntimeUpkeep implements Upkeep {
  readonly #context: RuntimeContext;
  readonly #stop = new AbortController();
  readonly #spills = new Map<SubstrateName, Promise<number>>();
  /** Memory beyond which the next spill makes sense, bytes. */
  readonly #spillAbove = new Map<SubstrateName, number>();
  #collecting: Promise<GarbageReport> | null = null;
  #uses = 0;
  readonly #idleHeads: IdleHeads;

  constructor(context: RuntimeContext) {
    this.#context = context;
    this.#idleHeads = new IdleHeads(context, this.#stop.signal);
  }

  afterWork(name: SubstrateName): void {
    if (this.#stop.signal.aborted) return;
    this.#uses += 1;
    this.#context.endIdleMachines();
    if (this.#context.uploads.size > 0) this.#context.inBackground(endIdleUploads(this.#context));
    this.#spillWhenFull(name);
    const { retention, model } = this.#context;
    if (!retention.automatic || this.#collecting !== null) return;
    if (this.#uses < Math.max(COLLECT_AFTER_MIN, model.states.size * COLLECT_AFTER_SHARE)) return;
    const collecting = this.collect({}, { signal: this.#stop.signal });
    this.#context.inBackground(collecting.then(() => {}));
  }

  used(world: WorldId): void {
    this.#idleHeads.used(world);
  }

  heal(state: StateId): void {
    this.#context.inBackground(
      persistAndRecord(this.#context, state).then(() => {
        this.#context.log(`State ${state} was made again by replay and written anew.`);
      }),
    );
  }

  async makeRoom(name: SubstrateName, wait: Wait): Promise<boolean> {
    const running = this.#spills.get(name);
    if (running && (await running.catch(() => 0)) > 0) return true;
    return (await this.#spill(name, MAKE_ROOM_DOWN_TO, wait)) > 0;
  }

  async collect(request: CollectRequest, wait: Wait): Promise<GarbageReport> {
    this.#context.requireOpen();
    for (let other = this.#collecting; other !== null; other = this.#collecting) {
      const report = await unlessAborted(other, wait).catch((thrown: unknown) => {
        if (wait.signal?.aborted) throw thrown;
        // It was interrupted or failed: this one finds out by itself.
        return null;
      });
      if (report && !report.dryRun && request.dryRun !== true) return report;
    }
    const signal = wait.signal ? AbortSignal.any([wait.signal, this.#stop.signal]) : this.#stop.signal;
    // What is used while it runs counts for the next one.
    if (request.dryRun !== true) this.#uses = 0;
    const work = collectGarbage(this.#context, request, { signal });
    this.#collecting = work;
    this.#context.inBackground(work.then(() => {}));
    try {
      return await work;
    } catch (thrown) {
      if (!signal.aborted)
        this.#context.log(toWorldError(thrown, 'INTERNAL', 'Collecting garbage failed').message);
      throw thrown;
    } finally {
      this.#collecting = null;
    }
  }

  /** A collection that runs ends soon; no other begins. */
  stop(): void {
    this.#stop.abort(new WorldError('RUNTIME_CLOSED', 'The runtime is being closed.'));
  }

  #spillWhenFull(name: SubstrateName): void {
    if (this.#spills.has(name)) return;
    const { usedBytes, budgetBytes } = this.#context.substrate(name).memory();
    if (usedBytes < (this.#spillAbove.get(name) ?? SPILL_ABOVE * budgetBytes)) return;
    this.#context.inBackground(
      this.#spill(name, SPILL_DOWN_TO, { signal: this.#stop.signal }).then(() => {}),
    );
  }

  async #spill(name: SubstrateName, share: number, wait: Wait): Promise<number> {
    const substrate = this.#context.substrate(name);
    const { budgetBytes } = substrate.memory();
    const work = spillColdStates(this.#context, name, share * budgetBytes, wait);
    this.#spills.set(name, work);
    try {
      return await work;
    } finally {
      this.#spills.delete(name);
      const { usedBytes } = substrate.memory();
      this.#spillAbove.set(
        name,
        Math.max(SPILL_ABOVE * budgetBytes, usedBytes + SPILL_AGAIN_AFTER * budgetBytes),
      );
    }
  }
}

async function unlessAborted<T>(work: Promise<T>, { signal }: Wait): Promise<T> {
  if (!signal) return work;
  let stop = (): void => {};
  const aborted = new Promise<never>((_, reject) => {
    stop = () =>
      reject(
        new WorldError('INTERRUPTED', 'Interrupted while another collection was running; that one goes on.'),
      );
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
