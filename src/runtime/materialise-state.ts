import { createHash } from 'node:crypto';
import type { StateId } from '../model/ids.js';
import { WorldError } from '../model/world-error.js';
import type { ExecuteResult, Machine, OutputSink, StateRef, Substrate, Wait } from '../ports/substrate.js';
import type { RuntimeContext } from './runtime-context.js';
import type { ReplayableExecution, StateEntry, World } from './world-model.js';

const SILENT: OutputSink = { write: () => {} };
/** A replay may be slower than the original run was; only a runaway is stopped. */
const REPLAY_TIMEOUT_FACTOR = 10;

/**
 * A handle to any state the journal knows: the one in memory, else the nearest ancestor that is in memory,
 * durable or the boot itself, with the executions since then run again and their results compared.
 *
 * @throws RECOVERY_DIVERGED naming the execution, when a replay does not give the journaled result.
 */
export async function materialiseState(context: RuntimeContext, id: StateId, wait: Wait): Promise<StateRef> {
  const held = context.refs.get(id);
  if (held !== undefined) {
    // Used now, so the last to be dropped.
    context.refs.delete(id);
    context.refs.set(id, held);
    try {
      return await held;
    } catch {
      // It was never captured (its executor died); replay makes it again.
    }
  }
  const made = makeAgain(context, id, wait);
  context.remember(id, made);
  return made;
}

async function makeAgain(context: RuntimeContext, id: StateId, wait: Wait): Promise<StateRef> {
  const missing: StateEntry[] = [];
  let entry = context.model.state(id);
  while (
    entry.origin.kind === 'execution' &&
    !entry.durable &&
    !(entry.id !== id && context.refs.has(entry.id))
  ) {
    missing.push(entry);
    entry = context.model.state(entry.origin.execution.parentState);
  }
  const world = context.model.world(entry.origin.worldId);
  const substrate = context.substrate(world.birth.substrate);
  let ref = await startingPoint(context, substrate, entry, { id, wait });
  let isOurs = false;
  for (const step of missing.reverse()) {
    const next = await replay(context, substrate, step, { from: ref, wait });
    // States on the way are nobody's; the one we started from may be.
    if (isOurs) await substrate.discard(ref);
    ref = next;
    isOurs = true;
  }
  return ref;
}

async function startingPoint(
  context: RuntimeContext,
  substrate: Substrate,
  entry: StateEntry,
  asked: { id: StateId; wait: Wait },
): Promise<StateRef> {
  const held = entry.id === asked.id ? undefined : context.refs.get(entry.id);
  if (held !== undefined) return materialiseState(context, entry.id, asked.wait);
  if (entry.durable) return substrate.recall(entry.durable, asked.wait);
  const world = context.model.world(entry.origin.worldId);
  const image = world.birth.image;
  const base = await substrate.baseDigest(asked.wait, image?.hash);
  if (base !== world.birth.baseDigest) throw imageMismatch(world, base);
  const spec = { limits: world.birth.limits, ...(image ? { image: image.hash } : {}) };
  await using machine = await substrate.boot(spec, context.model.identity(world, 0), asked.wait);
  return await machine.snapshot(asked.wait);
}

function imageMismatch(world: World, base: string): WorldError {
  return new WorldError(
    'IMAGE_MISMATCH',
    `World ${world.name} (${world.id}) was made from base image ${world.birth.baseDigest.slice(0, 12)}, but this ` +
      `installation has ${base.slice(0, 12)}. Use the version of world-runtime that made it, or create a new world.`,
    { details: { world: world.id, expected: world.birth.baseDigest, found: base } },
  );
}

async function replay(
  context: RuntimeContext,
  substrate: Substrate,
  step: StateEntry,
  at: { from: StateRef; wait: Wait },
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
  const world = context.model.world(execution.worldId);
  const identity = context.model.identity(world, execution.generation);
  await using machine = await substrate.restore(at.from, identity, at.wait);
  const result = await runAgain(machine, execution, at.wait);
  const digest = resultDigest(result);
  if (digest !== execution.resultDigest) {
    throw new WorldError(
      'RECOVERY_DIVERGED',
      `Execution ${execution.executionId} of world ${world.name} gave another result when it was run again to recover ` +
        `state ${step.id}. States before it are intact: rewind to ${execution.parentState}.`,
      { details: { execution: execution.executionId, state: step.id, parent: execution.parentState } },
    );
  }
  return await machine.snapshot(at.wait);
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
