import { strict as assert } from 'node:assert';
import { createHash } from 'node:crypto';
import type { StateId, WorldId } from '../model/ids.js';
import { WorldError } from '../model/world-error.js';
import type {
  DurableState,
  ExecuteResult,
  Machine,
  OutputSink,
  StateRef,
  Substrate,
  Wait,
} from '../ports/substrate.js';
import { identityFrom } from './identity-from.js';
import type { RuntimeContext } from './runtime-context.js';
import type { ReplayableExecution, StateEntry, World } from './world-model.js';

/** What running an execution again needs of the world in which it ran; it may be forgotten. */
export type PastWorld = Pick<World, 'id' | 'name' | 'birth' | 'identities'>;

const SILENT: OutputSink = { write: () => {} };
/** A replay may be slower than the original run was; only a runaway is stopped. */
const REPLAY_TIMEOUT_FACTOR = 10;

/**
 * A handle to any state the journal knows: the one in memory, else the nearest ancestor that is in memory,
 * durable or the boot itself, with the executions since then run again and their results compared. A durable form
 * that is damaged is passed over when what is before it is still known, and written anew afterwards.
 *
 * @throws RECOVERY_DIVERGED naming the execution, when a replay does not give the journaled result; PAGE_CORRUPT and
 *   STATE_LOST naming state and world, when a durable form is damaged and nothing before it is known.
 */
export async function materialiseState(context: RuntimeContext, id: StateId, wait: Wait): Promise<StateRef> {
  const held = context.handle(id);
  if (held !== undefined) {
    try {
      return await held;
    } catch {
      // It was never captured (its executor died); replay makes it again.
    }
  }
  const made = context.pinned(id, () => makeAgain(context, id, wait));
  context.remember(id, made);
  const ref = await made;
  context.upkeep.afterWork(ref.substrate);
  return ref;
}

/** Where to start, and what to run again from there, the first execution first. */
interface Path {
  readonly start: StateEntry;
  readonly steps: readonly StateEntry[];
}

/** A durable form that cannot be read back. */
class Damage extends Error {
  readonly entry: StateEntry;
  override readonly cause: WorldError;

  constructor(entry: StateEntry, cause: WorldError) {
    super(cause.message);
    this.entry = entry;
    this.cause = cause;
  }
}

async function makeAgain(context: RuntimeContext, id: StateId, wait: Wait): Promise<StateRef> {
  let damage: Damage | null = null;
  for (;;) {
    try {
      return await follow(context, id, pathTo(context, id), wait);
    } catch (thrown) {
      if (thrown instanceof Damage) {
        damage = thrown;
        context.damaged.add(damage.entry.id);
        context.log(`The durable form of state ${damage.entry.id} is damaged: ${damage.message}`);
        if (isReplayable(context, damage.entry)) continue;
      }
      if (damage && (thrown === damage || isNoReplay(thrown))) throw affected(context, damage, thrown);
      throw thrown;
    }
  }
}

function pathTo(context: RuntimeContext, id: StateId): Path {
  const steps: StateEntry[] = [];
  let entry = context.model.state(id);
  while (
    entry.origin.kind === 'execution' &&
    !isReadable(context, entry) &&
    !(entry.id !== id && context.refs.has(entry.id))
  ) {
    steps.push(entry);
    entry = context.model.state(entry.origin.execution.parentState);
  }
  return { start: entry, steps: steps.reverse() };
}

/** From a state that is there over the executions after it. */
async function follow(
  context: RuntimeContext,
  id: StateId,
  { start, steps }: Path,
  wait: Wait,
): Promise<StateRef> {
  const substrate = context.substrate(context.model.world(start.origin.worldId).birth.substrate);
  let ref = await startingPoint(context, substrate, start, { id, wait });
  if (context.damaged.has(start.id)) keepAndHeal(context, id, start.id, ref);
  let isOurs = false;
  for (const step of steps) {
    const next = await replay(context, substrate, step, { from: ref, wait });
    // States on the way are nobody's; the one we started from may be.
    if (isOurs) await substrate.discard(ref);
    ref = next;
    context.rootKnown(step.id, ref.root);
    isOurs = !context.damaged.has(step.id);
    if (!isOurs) keepAndHeal(context, id, step.id, ref);
  }
  return ref;
}

/** The state is there again: it is kept, so that writing it anew costs no other replay. */
function keepAndHeal(context: RuntimeContext, wanted: StateId, healed: StateId, ref: StateRef): void {
  if (healed !== wanted) context.remember(healed, Promise.resolve(ref));
  context.upkeep.heal(healed);
}

/** False also for a damaged durable form, as long as there is something before it to try instead. */
function isReadable(context: RuntimeContext, entry: StateEntry): boolean {
  return entry.durable !== null && !(context.damaged.has(entry.id) && isReplayable(context, entry));
}

/** True when what is before the state is still known. */
function isReplayable(context: RuntimeContext, entry: StateEntry): boolean {
  if (entry.origin.kind === 'boot') return true;
  return entry.origin.kind === 'execution' && context.model.states.has(entry.origin.execution.parentState);
}

function isNoReplay(thrown: unknown): boolean {
  return (
    thrown instanceof WorldError && (thrown.code === 'IMAGE_MISMATCH' || thrown.code === 'RECOVERY_DIVERGED')
  );
}

function affected(context: RuntimeContext, { entry, cause: damage }: Damage, cause: unknown): WorldError {
  const world = context.model.world(entry.origin.worldId);
  return new WorldError(
    damage.code,
    `State ${entry.id} of world ${world.name} (${world.id}) is damaged on disk and cannot be made again by replay: ` +
      `${damage.message} Rewind the world to another state (wr log ${world.name}), or restore the data directory.`,
    { details: { ...damage.details, state: entry.id, world: world.id }, cause },
  );
}

async function startingPoint(
  context: RuntimeContext,
  substrate: Substrate,
  entry: StateEntry,
  asked: { id: StateId; wait: Wait },
): Promise<StateRef> {
  const held = entry.id === asked.id ? undefined : context.refs.get(entry.id);
  if (held !== undefined) return materialiseState(context, entry.id, asked.wait);
  return startFrom(context, substrate, entry, asked.wait);
}

/** A state from its durable form, or from the boot, on a substrate that need not be the context's own. */
export async function startFrom(
  context: RuntimeContext,
  substrate: Substrate,
  entry: StateEntry,
  wait: Wait,
): Promise<StateRef> {
  if (entry.durable && isReadable(context, entry)) return recall(substrate, entry, entry.durable, wait);
  return bootAgain(substrate, context.model.world(entry.origin.worldId), wait);
}

/** The state that a world was booted into. @throws IMAGE_MISMATCH */
export async function bootAgain(substrate: Substrate, world: PastWorld, wait: Wait): Promise<StateRef> {
  const image = world.birth.image;
  const base = await substrate.baseDigest(wait, image?.hash);
  if (base !== world.birth.baseDigest) throw imageMismatch(world, base);
  const spec = { limits: world.birth.limits, ...(image ? { image: image.hash } : {}) };
  await using machine = await substrate.boot(spec, identityFrom(world.birth, world.birth.identity), wait);
  return await machine.snapshot(wait);
}

async function recall(
  substrate: Substrate,
  entry: StateEntry,
  durable: DurableState,
  wait: Wait,
): Promise<StateRef> {
  try {
    return await substrate.recall(durable, wait);
  } catch (thrown) {
    const isDamage =
      thrown instanceof WorldError && (thrown.code === 'PAGE_CORRUPT' || thrown.code === 'STATE_LOST');
    throw isDamage ? new Damage(entry, thrown) : thrown;
  }
}

function imageMismatch(world: PastWorld, base: string): WorldError {
  return new WorldError(
    'IMAGE_MISMATCH',
    `World ${world.name} (${world.id}) was made from base image ${world.birth.baseDigest.slice(0, 12)}, but this ` +
      `installation has ${base.slice(0, 12)}. Use the version of world-runtime that made it, or create a new world.`,
    { details: { world: world.id, expected: world.birth.baseDigest, found: base } },
  );
}

/**
 * Runs an execution again from the state before it and compares what it answers, and the state that it makes, with the journal.
 *
 * @throws RECOVERY_DIVERGED
 */
export async function replay(
  context: RuntimeContext,
  substrate: Substrate,
  step: StateEntry,
  at: { from: StateRef; wait: Wait; worldOf?: (id: WorldId) => PastWorld },
): Promise<StateRef> {
  if (step.origin.kind !== 'execution')
    throw new WorldError('INTERNAL', `State ${step.id} cannot be replayed.`);
  const { execution } = step.origin;
  if (!substrate.supports.replay) {
    throw new WorldError(
      'STATE_LOST',
      `State ${step.id} was never made durable and substrate ${substrate.name} cannot replay. Rewind to a snapshot.`,
      { details: { state: step.id } },
    );
  }
  const world = at.worldOf ? at.worldOf(execution.worldId) : context.model.world(execution.worldId);
  const record = world.identities[execution.generation];
  assert(record, `world ${world.id} has no generation ${execution.generation}`);
  const identity = identityFrom(world.birth, record);
  await using machine = await substrate.restore(at.from, identity, at.wait);
  const result = await runAgain(machine, execution, at.wait);
  const digest = resultDigest(result);
  if (digest !== execution.resultDigest) {
    const { resultDigest: expected } = execution;
    throw diverged(world, step, execution, { what: 'another result', expected, found: digest });
  }
  const ref = await machine.snapshot(at.wait);
  if (step.root === null || ref.root === null || step.root === ref.root) return ref;
  await substrate.discard(ref);
  throw diverged(world, step, execution, { what: 'another state', expected: step.root, found: ref.root });
}

function diverged(
  world: PastWorld,
  step: StateEntry,
  execution: ReplayableExecution,
  how: { readonly what: string; readonly expected: string; readonly found: string },
): WorldError {
  const { expected, found } = how;
  return new WorldError(
    'RECOVERY_DIVERGED',
    `Execution ${execution.executionId} of world ${world.name} gave ${how.what} when it was run again to make ` +
      `state ${step.id}. States before it are intact: rewind to ${execution.parentState}.`,
    {
      details: {
        execution: execution.executionId,
        state: step.id,
        parent: execution.parentState,
        expected,
        found,
      },
    },
  );
}

function runAgain(machine: Machine, execution: ReplayableExecution, wait: Wait): Promise<ExecuteResult> {
  const longer = (ms: number): number => Math.min(ms * REPLAY_TIMEOUT_FACTOR, 86_400_000);
  const { timeoutMs, cpuMs } = execution.limits;
  const { language, code, balances } = execution;
  const request = {
    language,
    code,
    balances,
    clockNs: BigInt(execution.clockNs),
    limits: { ...execution.limits, timeoutMs: longer(timeoutMs), cpuMs: longer(cpuMs) },
  };
  return machine.execute(request, SILENT, wait);
}

/** SHA-256 of everything the guest answered; times are not part of an answer. */
export function resultDigest(result: Omit<ExecuteResult, 'runMs'>): string {
  const { ok, changed, value, stdout, stderr, stdoutTruncated, stderrTruncated, error, effects } = result;
  const answer = [
    ok,
    changed,
    value,
    stdout,
    stderr,
    stdoutTruncated,
    stderrTruncated,
    error && [error.type, error.message, error.traceback],
    effects.map((effect) => Object.entries(effect).sort(([a], [b]) => (a < b ? -1 : 1))),
  ];
  return createHash('sha256').update(JSON.stringify(answer)).digest('hex');
}
