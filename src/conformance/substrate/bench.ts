import { WorldId } from '../../model/ids.js';
import { DEFAULT_LIMITS, type WorldLimits } from '../../model/limits.js';
import { deriveSeed } from '../../model/split-mix.js';
import type {
  BranchIdentity,
  ExecuteResult,
  Machine,
  OutputSink,
  StateRef,
  Substrate,
} from '../../ports/substrate.js';
import type { Expect } from '../runner.js';
import type { Dialect } from './dialect.js';

/** Host time at which every bench starts: fixed, so that a replay is comparable. 2026-01-01T00:00:00Z. */
const EPOCH_NS = 1_767_225_600_000_000_000n;
/** Host time between two executions of a bench. */
const TICK_NS = 1_000_000_000n;

/** How the machine that a case works on came to be. */
export type Start = 'booted' | 'restored';
export const STARTS: readonly Start[] = ['booted', 'restored'];

export interface OutputChunk {
  readonly stream: 'stdout' | 'stderr';
  readonly text: string;
}

export interface Run extends ExecuteResult {
  /** What the sink received, in order. */
  readonly output: readonly OutputChunk[];
}

export interface RunOptions {
  readonly clockNs?: bigint;
  readonly balances?: Readonly<Record<string, string>>;
  readonly limits?: Partial<WorldLimits>;
  readonly signal?: AbortSignal;
  readonly sink?: OutputSink;
}

/** A machine together with who it is. */
export interface World {
  readonly identity: BranchIdentity;
  readonly machine: Machine;
  run(code: string, options?: RunOptions): Promise<Run>;
  /** Runs code that must succeed, and answers its value. */
  value(code: string, options?: RunOptions): Promise<string | null>;
  /** Runs code that must raise. */
  raises(code: string, type?: string): Promise<Run>;
  snapshot(): Promise<StateRef>;
  close(): Promise<void>;
}

/** Where one case works: it opens worlds of one substrate and puts them away afterwards. */
export interface Bench {
  readonly substrate: Substrate;
  readonly dialect: Dialect;
  readonly expect: Expect;
  readonly start: Start;
  /** Longest chain of branches that a case makes. */
  readonly depth: number;
  /** Bound of an execution that is meant to run out of time, ms. */
  readonly timeoutMs: number;
  /** An identity nobody had before. */
  identity(change?: Partial<BranchIdentity>): BranchIdentity;
  /** A fresh world, booted or restored as `start` says. */
  open(limits?: Partial<WorldLimits>): Promise<World>;
  restore(state: StateRef, identity: BranchIdentity): Promise<World>;
  /** A child with an identity of its own. */
  branch(state: StateRef, change?: Partial<BranchIdentity>): Promise<World>;
  /** A second instance on the same page store, as another process would open it. */
  other(): Promise<Substrate>;
  /** The same bench at the other instance. */
  elsewhere(): Promise<Bench>;
  discard(state: StateRef): Promise<void>;
  /** Asserts that it rejects with one of the codes. */
  rejects(attempt: Promise<unknown>, ...codes: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

export interface BenchParts {
  readonly substrate: Substrate;
  readonly dialect: Dialect;
  readonly expect: Expect;
  readonly start: Start;
  readonly depth: number;
  readonly timeoutMs: number;
  readonly other: () => Promise<Substrate>;
  /** Draws a number never drawn before in the suite. */
  readonly nextNumber: () => number;
}

function worldIdOf(number: number): WorldId {
  return WorldId.parse(`wld_${number.toString().padStart(26, '0')}`);
}

function codeOf(thrown: unknown): string {
  if (thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string') return thrown.code;
  return `no code: ${String(thrown)}`;
}

interface WorldParts {
  readonly machine: Machine;
  readonly identity: BranchIdentity;
  readonly limits: WorldLimits;
  readonly expect: Expect;
  readonly clock: { now: bigint };
  readonly onState: (state: StateRef) => void;
}

function createWorld({ machine, identity, limits, expect, clock, onState }: WorldParts): World {
  let closed = false;
  async function run(code: string, options: RunOptions = {}): Promise<Run> {
    clock.now += TICK_NS;
    const output: OutputChunk[] = [];
    const result = await machine.execute(
      {
        language: 'python',
        code,
        clockNs: options.clockNs ?? clock.now,
        balances: options.balances ?? {},
        limits: { ...limits, ...options.limits },
      },
      {
        write(stream, text) {
          output.push({ stream, text });
          options.sink?.write(stream, text);
        },
      },
      options.signal === undefined ? {} : { signal: options.signal },
    );
    return { ...result, output };
  }
  return {
    identity,
    machine,
    run,
    async value(code, options) {
      const result = await run(code, options);
      expect(result.error, `this code must not raise:\n${code}`).toBe(null);
      expect(result.ok, `this code must succeed:\n${code}`).toBe(true);
      return result.value;
    },
    async raises(code, type) {
      const result = await run(code);
      expect(result.ok, `this code must raise:\n${code}`).toBe(false);
      if (type !== undefined) expect(result.error?.type, 'type of the exception').toBe(type);
      return result;
    },
    async snapshot() {
      const state = await machine.snapshot({});
      onState(state);
      return state;
    },
    async close() {
      if (closed) return;
      closed = true;
      await machine[Symbol.asyncDispose]();
    },
  };
}

export function createBench(parts: BenchParts): Bench {
  const { substrate, dialect, expect, start, depth, timeoutMs } = parts;
  const worlds: World[] = [];
  const states = new Map<string, StateRef>();
  const benches: Bench[] = [];
  const clock = { now: EPOCH_NS };

  function adopt(machine: Machine, identity: BranchIdentity, limits: WorldLimits): World {
    const onState = (state: StateRef) => states.set(state.key, state);
    const world = createWorld({ machine, identity, limits, expect, clock, onState });
    worlds.push(world);
    return world;
  }
  function identityOf(change: Partial<BranchIdentity> = {}): BranchIdentity {
    const number = parts.nextNumber();
    return {
      worldId: worldIdOf(number),
      generation: 0,
      verse: 'root',
      trit: 0,
      probability: '1',
      seed: deriveSeed(0n, number),
      commonRandomNumbers: false,
      ...change,
    };
  }
  async function restore(state: StateRef, identity: BranchIdentity, limits = DEFAULT_LIMITS): Promise<World> {
    return adopt(await substrate.restore(state, identity, {}), identity, limits);
  }
  async function open(change: Partial<WorldLimits> = {}): Promise<World> {
    const limits = { ...DEFAULT_LIMITS, ...change };
    const identity = identityOf();
    const booted = adopt(await substrate.boot({ limits }, identity, {}), identity, limits);
    if (start === 'booted') return booted;
    const state = await booted.snapshot();
    await booted.close();
    return restore(state, identity, limits);
  }
  async function close(): Promise<void> {
    for (const world of worlds) await world.close();
    for (const state of states.values()) await substrate.discard(state);
    for (const bench of benches) await bench.close();
  }
  return {
    substrate,
    dialect,
    expect,
    start,
    depth,
    timeoutMs,
    identity: identityOf,
    open,
    restore: (state, identity) => restore(state, identity),
    branch: (state, change) => restore(state, identityOf(change)),
    other: parts.other,
    async elsewhere() {
      const bench = createBench({ ...parts, substrate: await parts.other() });
      benches.push(bench);
      return bench;
    },
    async discard(state) {
      states.delete(state.key);
      await substrate.discard(state);
    },
    async rejects(attempt, ...codes) {
      const code = await attempt.then(() => 'it did not fail', codeOf);
      expect(codes, `expected one of ${codes.join(', ')}; got: ${code}`).toContain(code);
    },
    close,
  };
}
