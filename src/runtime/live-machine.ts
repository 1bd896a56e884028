import { WorldError } from '../model/world-error.js';
import type { Machine, Wait } from '../ports/substrate.js';
import { materialiseState } from './materialise-state.js';
import type { Base, RuntimeContext } from './runtime-context.js';
import type { World } from './world-model.js';

/**
 * The machine of a world, standing at its head: the one that is live, else one restored now. When the
 * executor died since, everything it held is forgotten and made again, once.
 */
export async function liveMachine(context: RuntimeContext, world: World, wait: Wait): Promise<Machine> {
  const live = context.machines.get(world.id);
  if (live?.state === world.head) {
    // Its state is captured behind the acknowledgement; running further before that could change what is captured.
    // Where that failed the handle is gone too: the machine is of no more use, and replay makes the state again.
    const captured = await context.refs.get(world.head)?.then(
      () => true,
      () => false,
    );
    if (captured === true) return live.machine;
  }
  await context.retire(world.id);
  return againWhenLost(context, world.birth, () => restoreHead(context, world, wait));
}

/**
 * Does `work`; when that finds the executor dead, everything that executors of that base held is forgotten, to be made again by
 * replay, and the work is done once more. For work of which nothing shows until it has succeeded.
 */
export async function againWhenLost<T>(
  context: RuntimeContext,
  base: Base,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    if (!isLost(thrown)) throw thrown;
    context.forgetBase(base);
    return work();
  }
}

/**
 * Has the substrate's engine started, which it does once a process: no boot, snapshot or branch is charged for that.
 */
export async function engineReady(context: RuntimeContext, base: Base, wait: Wait): Promise<void> {
  const { substrate, image } = base;
  await againWhenLost(context, base, () => context.substrate(substrate).baseDigest(wait, image?.hash));
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
