import type { Machine, Wait } from '../ports/substrate.js';
import { againWhenLost } from './again-when-lost.js';
import { materialiseState } from './materialise-state.js';
import type { Base, RuntimeContext } from './runtime-context.js';
import type { World } from './world-model.js';

export { againWhenLost, isLost } from './again-when-lost.js';

/**
 * The machine of a world, standing at its head: the one that is live, else one restored now. When the
 * executor died since, everything it held is forgotten and made again, once.
 */
export async function liveMachine(context: RuntimeContext, world: World, wait: Wait): Promise<Machine> {
  const live = context.machines.get(world.id);
  if (live?.state === world.head && !live.machine.isLost()) {
    // Its state is captured behind the acknowledgement; running further before that could change what is captured.
    // Where that failed the handle is gone too: the machine is of no more use, and replay makes the state again.
    const captured = await context.handle(world.head)?.then(
      () => true,
      () => false,
    );
    if (captured === true) {
      context.keepMachine(world.id, live.machine, live.state);
      return live.machine;
    }
  }
  await context.retire(world.id);
  return againWhenLost(context, world.birth, () => restoreHead(context, world, wait), wait);
}

/**
 * Has the substrate's engine started, which it does once a process: no boot, snapshot or branch is charged for that.
 */
export async function engineReady(context: RuntimeContext, base: Base, wait: Wait): Promise<void> {
  const { substrate, image } = base;
  await againWhenLost(context, base, () => context.substrate(substrate).baseDigest(wait, image?.hash));
}

async function restoreHead(context: RuntimeContext, world: World, wait: Wait): Promise<Machine> {
  const { head } = world;
  return context.pinned(head, async () => {
    const ref = await materialiseState(context, head, wait);
    const substrate = context.substrate(world.birth.substrate);
    const machine = await substrate.restore(ref, context.model.identity(world), wait);
    context.keepMachine(world.id, machine, head);
    return machine;
  });
}
