import { WorldError } from '../model/world-error.js';
import type { Machine, Wait } from '../ports/substrate.js';
import { materialiseState } from './materialise-state.js';
import type { RuntimeContext } from './runtime-context.js';
import type { World } from './world-model.js';

/**
 * The machine of a world, standing at its head: the one that is live, else one restored now. When the
 * executor died since, everything it held is forgotten and made again, once.
 */
export async function liveMachine(context: RuntimeContext, world: World, wait: Wait): Promise<Machine> {
  const live = context.machines.get(world.id);
  if (live?.state === world.head) return live.machine;
  await context.retire(world.id);
  try {
    return await restoreHead(context, world, wait);
  } catch (thrown) {
    if (!isLost(thrown)) throw thrown;
    context.forgetSubstrate(world.birth.substrate);
    return restoreHead(context, world, wait);
  }
}

/** True for the errors that mean: this handle is gone, but the journal still knows the state. */
export function isLost(thrown: unknown): boolean {
  return thrown instanceof WorldError && (thrown.code === 'STATE_LOST' || thrown.code === 'EXECUTOR_LOST');
}

async function restoreHead(context: RuntimeContext, world: World, wait: Wait): Promise<Machine> {
  const ref = await materialiseState(context, world.head, wait);
  const substrate = context.substrate(world.birth.substrate);
  const machine = await substrate.restore(ref, context.model.identity(world), wait);
  context.machines.set(world.id, { machine, state: world.head });
  return machine;
}
