import assert from 'node:assert/strict';
import { WorldError } from '../../model/world-error.js';
import type {
  BranchIdentity,
  ExecuteRequest,
  ExecuteResult,
  Machine,
  Measurement,
  OutputSink,
  StateRef,
  Wait,
} from '../../ports/substrate.js';
import { boundedWait, interruptedError } from './bounded-wait.js';
import type { RunBounds, RunCall } from './run-call.js';
import type { Placed, StatePlaces } from './state-places.js';
import { assertAlive, isGone, type StateEntry, type StateRegistry, stampOf } from './state-registry.js';

export interface MachineParts {
  readonly registry: StateRegistry;
  readonly places: StatePlaces;
  readonly bounds: RunBounds;
}

/**
 * A world on the executor host: which state it stands at, and who it is. An idle one costs this object and
 * nothing on the host.
 */
export class WasmMachine implements Machine {
  readonly #parts: MachineParts;
  readonly #identity: BranchIdentity;
  #at: StateEntry;
  /** False until this machine committed something: it then adds nothing to the state it came from. */
  #moved = false;
  /** The capture of the state after the last execution. */
  #capture: Promise<void> | null = null;
  /** The result of an execution was given out, but its state is lost: nothing can continue from here. */
  #broken: WorldError | null = null;
  #running: AbortController | null = null;
  /** Snapshots asked for and not answered yet: they still need the state. */
  readonly #snapshots = new Set<Promise<StateRef>>();
  #closed = false;

  /** Takes over one keeper of `at`. */
  constructor(parts: MachineParts, at: StateEntry, identity: BranchIdentity) {
    this.#parts = parts;
    this.#at = at;
    this.#identity = identity;
  }

  async execute(request: ExecuteRequest, sink: OutputSink, wait: Wait): Promise<ExecuteResult> {
    assert(this.#running === null, 'executions of one machine must not overlap');
    const own = new AbortController();
    this.#running = own;
    const signal = wait.signal === undefined ? own.signal : AbortSignal.any([own.signal, wait.signal]);
    try {
      const call = await this.#begin(request, sink, signal);
      return await call.result;
    } finally {
      this.#running = null;
    }
  }

  async snapshot(wait: Wait): Promise<StateRef> {
    const taken = this.#take(wait);
    this.#snapshots.add(taken);
    try {
      return await taken;
    } finally {
      this.#snapshots.delete(taken);
    }
  }

  async measure(): Promise<Measurement> {
    await this.#settle({});
    const { memoryBytes, ownBytes, overheadBytes } = this.#at.facts;
    return { memoryBytes, ownBytes: this.#moved ? ownBytes + overheadBytes : 0 };
  }

  isLost(): boolean {
    return this.#broken !== null || isGone(this.#at) !== null;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#running?.abort(new WorldError('INTERRUPTED', 'the machine was closed'));
    await this.#capture?.catch(() => undefined);
    await Promise.allSettled(this.#snapshots);
    this.#parts.registry.release(this.#at);
  }

  async #take(wait: Wait): Promise<StateRef> {
    await this.#settle(wait);
    assertAlive(this.#at);
    return this.#parts.registry.reference(this.#at);
  }

  async #begin(request: ExecuteRequest, sink: OutputSink, signal: AbortSignal): Promise<RunCall> {
    await this.#settle({ signal });
    const placed = await this.#parts.places.toRun(this.#at, this.#identity, { signal });
    try {
      this.#standAt(placed.entry);
      if (signal.aborted) throw interruptedError('the execution', signal);
      return this.#send(placed, request, { sink, signal });
    } catch (error) {
      placed.release();
      throw error;
    }
  }

  /** A copy of where it stands, in a host that may run it, takes the place of that. */
  #standAt(entry: StateEntry): void {
    if (entry === this.#at) return;
    if (this.#closed) {
      this.#parts.registry.release(entry);
      throw new WorldError('RUNTIME_CLOSED', 'the machine was closed');
    }
    this.#parts.registry.release(this.#at);
    this.#at = entry;
  }

  #send(
    placed: Placed,
    request: ExecuteRequest,
    { sink, signal }: { readonly sink: OutputSink; readonly signal: AbortSignal },
  ): RunCall {
    const { host } = placed;
    const stamp = stampOf(this.#identity);
    const to = host.nextId();
    const { limits } = request;
    const call = host.run({
      message: {
        type: 'run',
        from: this.#at.handle,
        to,
        clockNs: request.clockNs.toString(),
        rekey: this.#at.stamp === stamp ? null : rekeyOf(this.#identity),
        balances: request.balances,
        memoryBytes: limits.memoryBytes,
        outputBytes: limits.outputBytes,
        fileBytes: limits.fileBytes,
        files: limits.files,
        openFiles: limits.openFiles,
        cpuMs: limits.cpuMs,
      },
      code: request.code,
      sink,
      timeoutMs: limits.timeoutMs,
      signal,
      bounds: this.#parts.bounds,
    });
    this.#capture = this.#captured(call, placed, { handle: to, stamp });
    return call;
  }

  /** Moves to the new state when it has been captured. Never rejects: a failure shows at the next use. */
  async #captured(
    call: RunCall,
    { host, release }: Placed,
    to: { readonly handle: number; readonly stamp: string },
  ): Promise<void> {
    try {
      const facts = await call.commit;
      if (facts === null) return;
      const before = this.#at;
      // A world that starts has a family of its own: relatives of the base image differ in all that matters.
      const relative = before.home === null ? { key: null } : before.relative;
      const owner = this.#parts.places.ownerOf(this.#identity);
      const { image } = before;
      const entry = { home: host, owner, image, ...to, facts, keepers: 1, relative, parked: null };
      this.#at = this.#parts.registry.add(entry);
      this.#moved = true;
      this.#parts.registry.release(before);
    } catch (error) {
      this.#broken =
        error instanceof WorldError ? error : new WorldError('INTERNAL', String(error), { cause: error });
    } finally {
      release();
    }
  }

  /** Waits until the last execution's state is captured. */
  async #settle(wait: Wait): Promise<void> {
    if (this.#closed) throw new WorldError('RUNTIME_CLOSED', 'the machine was closed');
    if (this.#capture !== null) {
      // Bounded by the run itself; this bound only keeps a defect from hanging a caller.
      const timeoutMs = 2 * (this.#parts.bounds.commitWaitMs + this.#parts.bounds.queueWaitMs);
      await boundedWait(this.#capture, { wait, timeoutMs, what: 'capturing the state' });
      this.#capture = null;
    }
    if (this.#broken === null) return;
    const text = `the state after the last execution was not captured: ${this.#broken.message}`;
    throw new WorldError(this.#broken.code, text, { cause: this.#broken, details: this.#broken.details });
  }
}

/** What the guest is told. Whose tenant it is stays outside. */
function rekeyOf({ tenant: _, seed, ...identity }: BranchIdentity) {
  return { ...identity, seed: seed.toString() };
}
