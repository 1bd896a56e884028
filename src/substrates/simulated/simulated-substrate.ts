import assert from 'node:assert/strict';
import { z } from 'zod';
import { WorldError } from '../../model/world-error.js';
import type { BaseImages } from '../../ports/base-image.js';
import type { Clock } from '../../ports/clock.js';
import type { StateComparison } from '../../ports/files.js';
import type {
  BranchIdentity,
  DurableState,
  ExecuteRequest,
  Machine,
  MemoryUse,
  OutputSink,
  StateRef,
  Substrate,
  SubstrateSupport,
  Wait,
} from '../../ports/substrate.js';
import { executeProgram, laterOf, throwIfAborted } from './execution.js';
import { type FaultPlan, NO_FAULTS, type SimulatedOperation } from './fault-plan.js';
import { compareSimulated, editSimulated, listSimulated, readSimulated } from './simulated-files.js';
import { decodeState, EMPTY_STATE, encodeState, type SimulatedState, sha256 } from './world-state.js';

/** Memory that a simulated machine says it maps besides its state, bytes. */
const MACHINE_BYTES = 65_536;

const SUPPORTS: SubstrateSupport = {
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

const DurableData = z.strictObject({ digest: z.string(), base: z.string() });

export interface SimulatedSubstrateOptions {
  readonly clock: Clock;
  /** Where persisted states go. Hand the same map to two instances and they are two processes on one disk. */
  readonly archive?: Map<string, string>;
  readonly faults?: FaultPlan;
  /** Name of the base image; another one cannot recall the states of this one. */
  readonly base?: string;
  /** Memory of all states and machines, bytes; a new state beyond it is refused. Default: no bound. */
  readonly budgetBytes?: number;
  /** Whether its states have roots. Default: no, so that journals hold what the verbs write and nothing else. */
  readonly roots?: boolean;
}

/** What is alive, so that a test can say that nothing leaked. */
export interface Census {
  readonly machines: number;
  readonly states: number;
  /** Operations so far. */
  readonly steps: number;
}

export interface SimulatedSubstrate extends Substrate {
  census(): Census;
  /** Loses every state and machine, as a crash of an executor host does. */
  crash(): void;
  /** Makes it answer again; what was lost stays lost. */
  restart(): void;
}

/** What all operations of one instance share. */
interface Instance {
  readonly clock: Clock;
  readonly faults: FaultPlan;
  readonly states: Map<string, SimulatedState>;
  /** Where each stands. */
  readonly machines: Map<Machine, SimulatedState>;
  readonly budgetBytes: number;
  readonly roots: boolean;
  /** Bytes of states, which are values and never change. */
  readonly sizes: WeakMap<SimulatedState, number>;
  step: number;
  keys: number;
  /** Counts crashes: a machine of an earlier life is gone. */
  life: number;
  down: boolean;
}

function lost(operation: string, why: string): WorldError {
  return new WorldError('EXECUTOR_LOST', `${operation}: ${why}; restore the world from its last state`);
}

function crash(instance: Instance): void {
  instance.life += 1;
  instance.down = true;
  instance.states.clear();
  instance.machines.clear();
}

/** Counts the operation, lets its fault happen, and does the work. */
async function operate<T>(
  instance: Instance,
  operation: SimulatedOperation,
  wait: Wait,
  work: () => T | Promise<T>,
): Promise<T> {
  instance.step += 1;
  if (instance.down) throw lost(operation, 'the simulated executor is down');
  throwIfAborted(wait.signal);
  const { life, step } = instance;
  const fault = instance.faults.at(step, operation);
  switch (fault?.kind) {
    case 'fail':
      throw new WorldError(fault.code, `injected fault at step ${step} (${operation})`);
    case 'crash':
      crash(instance);
      throw lost(operation, `injected crash at step ${step}`);
    case 'delay':
      await instance.clock.sleep(fault.ms, wait.signal).catch((thrown: unknown) => {
        throwIfAborted(wait.signal);
        throw thrown;
      });
      if (instance.life !== life) throw lost(operation, 'the simulated executor crashed meanwhile');
      break;
    case 'loseReply':
    case undefined:
  }
  const answer = await work();
  if (instance.life !== life) throw lost(operation, 'the simulated executor crashed meanwhile');
  if (fault?.kind === 'loseReply') throw lost(operation, `injected loss of the reply at step ${step}`);
  return answer;
}

function keep(instance: Instance, state: SimulatedState): StateRef {
  instance.keys += 1;
  const key = `simulated-${instance.life}-${instance.keys}`;
  instance.states.set(key, state);
  return { substrate: 'simulated', key, root: instance.roots ? sha256(encodeState(state)) : null };
}

function bytesOf({ sizes }: Instance, state: SimulatedState): number {
  const bytes = sizes.get(state) ?? encodeState(state).length;
  sizes.set(state, bytes);
  return bytes;
}

/** States that several handles and machines share count once. */
function memoryOf(instance: Instance): MemoryUse {
  const { states, machines, budgetBytes } = instance;
  let usedBytes = 0;
  for (const state of new Set([...states.values(), ...machines.values()]))
    usedBytes += bytesOf(instance, state);
  return { usedBytes, budgetBytes };
}

/** @throws MEMORY_LIMIT when all states together would take more than the budget. */
function requireRoom(instance: Instance, state: SimulatedState): void {
  if (instance.budgetBytes === Number.MAX_SAFE_INTEGER) return;
  if (memoryOf(instance).usedBytes + bytesOf(instance, state) <= instance.budgetBytes) return;
  throw new WorldError('MEMORY_LIMIT', 'the simulated substrate has no room for another state', {
    details: { scope: 'substrate' },
  });
}

function find(instance: Instance, ref: StateRef): SimulatedState {
  const state = instance.states.get(ref.key);
  if (state !== undefined) return state;
  throw new WorldError('STATE_LOST', `the simulated substrate holds no state ${ref.key}; recall it`, {
    details: { key: ref.key },
  });
}

function createMachine(instance: Instance, first: SimulatedState, identity: BranchIdentity): Machine {
  const { life } = instance;
  let state = first;
  let running = false;
  let disposed = false;

  function use(operation: SimulatedOperation): void {
    assert(!disposed, `${operation} on a disposed machine of ${identity.worldId}`);
    assert(!running, `${operation} on ${identity.worldId} while it executes: the caller must wait`);
    if (instance.life !== life) throw lost(operation, 'the machine was lost in a crash');
  }
  async function execute(request: ExecuteRequest, sink: OutputSink, wait: Wait) {
    use('execute');
    running = true;
    try {
      const { clock } = instance;
      const { result, state: next } = await operate(instance, 'execute', wait, () =>
        executeProgram({ state, identity, request, sink, clock, signal: wait.signal }),
      );
      requireRoom(instance, next);
      state = next;
      instance.machines.set(machine, state);
      return result;
    } finally {
      running = false;
    }
  }
  const machine: Machine = {
    execute,
    async snapshot(wait) {
      use('snapshot');
      return operate(instance, 'snapshot', wait, () => keep(instance, state));
    },
    async measure() {
      use('measure');
      return operate(instance, 'measure', {}, () => {
        const ownBytes = encodeState(state).length;
        return { memoryBytes: MACHINE_BYTES + ownBytes, ownBytes };
      });
    },
    isLost: () => instance.life !== life,
    async [Symbol.asyncDispose]() {
      disposed = true;
      instance.machines.delete(machine);
    },
  };
  instance.machines.set(machine, state);
  return machine;
}

/** A page of a simulated world holds one variable. */
function comparePages(a: SimulatedState, b: SimulatedState): StateComparison {
  const names = new Set([...a.variables.keys(), ...b.variables.keys()]);
  const differing = [...names].filter((name) => a.variables.get(name) !== b.variables.get(name));
  return { pagesDiffering: differing.length, pagesTotal: names.size };
}

function recallFrom(
  archive: ReadonlyMap<string, string>,
  durable: DurableState,
  base: string,
): SimulatedState {
  const data = DurableData.safeParse(durable.data);
  if (!data.success)
    throw new WorldError('STATE_LOST', 'this is no durable state of the simulated substrate');
  const { digest } = data.data;
  if (data.data.base !== base) {
    throw new WorldError(
      'IMAGE_MISMATCH',
      `the state was made from base ${data.data.base}; this one is ${base}`,
    );
  }
  const text = archive.get(digest);
  if (text === undefined) throw new WorldError('STATE_LOST', `the archive has no state ${digest}`);
  if (sha256(text) !== digest)
    throw new WorldError('PAGE_CORRUPT', `state ${digest} is damaged in the archive`);
  return decodeState(text);
}

/** Images that differ in their hash and digest only: simulated guests have no packages and no preamble. */
function simulatedImages(build: BaseImages['build']): BaseImages {
  return {
    async prepare({ preamble, wheels, packages }) {
      const parts = wheels.map(({ fileName, bytes }) => ({
        kind: 'wheel' as const,
        name: fileName,
        version: '0',
        fileName,
        sha256: sha256(Buffer.from(bytes).toString('base64')),
        sizeBytes: bytes.length,
      }));
      return {
        hash: sha256(JSON.stringify([preamble, parts.map((part) => part.sha256), packages])),
        engineDigest: sha256('simulated'),
        parts,
        preamble: preamble === null ? null : sha256(preamble),
        preambleBytes: Buffer.byteLength(preamble ?? ''),
        sizeBytes: 0,
        warnings: [],
      };
    },
    build,
    keepOnly: async () => {},
  };
}

/**
 * A small deterministic substrate in memory, for tests of the runtime: what it promises is the whole port,
 * what its guests can do is in `program.ts`. Not offered to users.
 *
 * It is strict where the port leaves the caller a duty: overlapping executions and the use of a disposed
 * machine are assertion errors.
 */
export function createSimulatedSubstrate(options: SimulatedSubstrateOptions): SimulatedSubstrate {
  const {
    clock,
    archive = new Map<string, string>(),
    faults = NO_FAULTS,
    base = 'simulated-base-1',
    budgetBytes = Number.MAX_SAFE_INTEGER,
    roots = false,
  } = options;
  const baseDigest = sha256(base);
  const digestOf = (image?: string): string =>
    image === undefined ? baseDigest : sha256(`${base} ${image}`);
  const instance: Instance = {
    clock,
    faults,
    states: new Map(),
    machines: new Map(),
    budgetBytes,
    roots,
    sizes: new WeakMap(),
    step: 0,
    keys: 0,
    life: 0,
    down: false,
  };
  return {
    name: 'simulated',
    supports: SUPPORTS,
    images: simulatedImages((hash, wait) => operate(instance, 'baseDigest', wait, () => digestOf(hash))),
    baseDigest: (wait, image) => operate(instance, 'baseDigest', wait, () => digestOf(image)),
    boot: (_spec, identity, wait) =>
      operate(instance, 'boot', wait, () => createMachine(instance, EMPTY_STATE, identity)),
    restore: (ref, identity, wait) =>
      operate(instance, 'restore', wait, () => createMachine(instance, find(instance, ref), identity)),
    persist: (ref, wait) =>
      operate(instance, 'persist', wait, (): DurableState => {
        const text = encodeState(find(instance, ref));
        const digest = sha256(text);
        archive.set(digest, text);
        return { substrate: 'simulated', data: { digest, base: baseDigest } };
      }),
    recall: (durable, wait) =>
      operate(instance, 'recall', wait, () => {
        const state = recallFrom(archive, durable, baseDigest);
        requireRoom(instance, state);
        return keep(instance, state);
      }),
    listFiles: (ref, request, wait) =>
      operate(instance, 'listFiles', wait, () => listSimulated(find(instance, ref).files, request)),
    readFile: (ref, path, range, wait) =>
      operate(instance, 'readFile', wait, () => readSimulated(find(instance, ref).files, path, range)),
    editFiles: (ref, edits, { clockNs, bounds }, wait) =>
      operate(instance, 'editFiles', wait, () => {
        const state = find(instance, ref);
        const filesOf = ({ source = ref }: { source?: StateRef }) => find(instance, source).files;
        const { files, changes } = editSimulated(state.files, { edits, bounds, filesOf });
        const later = laterOf(state.clockNs, clockNs);
        return { state: keep(instance, { ...state, files, clockNs: later }), changes };
      }),
    compareFiles: (before, after, request, wait) =>
      operate(instance, 'compareFiles', wait, () => {
        const files = before === null ? new Map<string, string>() : find(instance, before).files;
        return compareSimulated(files, find(instance, after).files, request);
      }),
    compare: (a, b, wait) =>
      operate(instance, 'compare', wait, () => comparePages(find(instance, a), find(instance, b))),
    discard: (ref) =>
      operate(instance, 'discard', {}, () => {
        instance.states.delete(ref.key);
      }),
    holds: (ref) => instance.states.has(ref.key),
    memory: () =>
      budgetBytes === Number.MAX_SAFE_INTEGER ? { usedBytes: 0, budgetBytes } : memoryOf(instance),
    measureMemory: (wait) => operate(instance, 'measure', wait, () => memoryOf(instance)),
    durableKeys: (durable) => [DurableData.parse(durable.data).digest],
    census: () => ({ machines: instance.machines.size, states: instance.states.size, steps: instance.step }),
    crash: () => crash(instance),
    restart() {
      instance.down = false;
    },
    async [Symbol.asyncDispose]() {
      crash(instance);
    },
  };
}
