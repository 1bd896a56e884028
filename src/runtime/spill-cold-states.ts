import type { StateId, WorldId } from '../model/ids.js';
import type { SubstrateName, Wait } from '../ports/substrate.js';
import { mapBounded } from './map-bounded.js';
import { persistHeld, replayCost } from './persist-state.js';
import type { RuntimeContext } from './runtime-context.js';

/** States let go of between two looks at the memory. */
const BATCH = 16;
/** States made durable at a time. */
const PARALLEL_PERSISTS = 4;
/** A state of a world's past whose replay is not longer than this is let go of without being made durable. */
const REPLAY_EXECUTIONS_MAX = 8;
const REPLAY_MS_MAX = 100;

/**
 * Makes states durable that were not used for the longest time and lets go of their handles and idle machines, until
 * the substrate's memory is below `downToBytes` or nothing cold is left. They come back when they are used. What is in
 * use, or belongs to a world in which something runs or waits, stays.
 *
 * @returns how many were let go.
 */
export async function spillColdStates(
  context: RuntimeContext,
  name: SubstrateName,
  downToBytes: number,
  wait: Wait,
): Promise<number> {
  const substrate = context.substrate(name);
  holdStandingStates(context, name);
  const coldest = [...context.refs.keys()].filter((id) => isOn(context, name, id));
  let released = 0;
  for (let start = 0; start < coldest.length; start += BATCH) {
    if ((await substrate.measureMemory(wait)).usedBytes <= downToBytes) break;
    const standing = worldsByState(context);
    const letGo = await mapBounded(coldest.slice(start, start + BATCH), PARALLEL_PERSISTS, (id) =>
      release(context, id, standing.get(id) ?? [], wait),
    );
    released += letGo.filter(Boolean).length;
  }
  return released;
}

/** Machines keep their states alive too: each gets a handle, through which it can be made durable. */
function holdStandingStates(context: RuntimeContext, name: SubstrateName): void {
  for (const [worldId, { machine, state }] of context.machines) {
    if (context.refs.has(state) || !context.isIdle(worldId) || !isOn(context, name, state)) continue;
    context.remember(state, machine.snapshot({}));
  }
}

function isOn(context: RuntimeContext, name: SubstrateName, id: StateId): boolean {
  const worldId = context.model.states.get(id)?.origin.worldId;
  return worldId !== undefined && context.model.world(worldId).birth.substrate === name;
}

function worldsByState(context: RuntimeContext): Map<StateId, WorldId[]> {
  const worlds = new Map<StateId, WorldId[]>();
  for (const [worldId, { state }] of context.machines) {
    const others = worlds.get(state);
    if (others) others.push(worldId);
    else worlds.set(state, [worldId]);
  }
  return worlds;
}

/** True when the state's memory was given back. */
async function release(
  context: RuntimeContext,
  id: StateId,
  standing: readonly WorldId[],
  wait: Wait,
): Promise<boolean> {
  const isCold = (): boolean => !context.isPinned(id) && standing.every((world) => context.isIdle(world));
  const held = context.arrivedHandle(id);
  if (!held || !isCold()) return false;
  if (!comesBackSoon(context, id, standing.length > 0)) {
    try {
      await persistHeld(context, id, { held, wait });
    } catch (thrown) {
      if (wait.signal?.aborted) throw thrown;
      return false;
    }
  }
  // While it was written somebody may have come to use it.
  if (!isCold()) return false;
  const ending = standing.filter((world) => context.machines.get(world)?.state === id);
  const ended = ending.map((world) => context.retire(world));
  await Promise.allSettled([...ended, context.drop(id)]);
  return true;
}

function comesBackSoon(context: RuntimeContext, id: StateId, isHead: boolean): boolean {
  const { executions, runMs } = replayCost(context, id);
  if (executions === 0) return true;
  return !isHead && executions <= REPLAY_EXECUTIONS_MAX && runMs <= REPLAY_MS_MAX;
}
