import { WorldError } from '../model/world-error.js';
import type { Wait } from '../ports/substrate.js';
import { requireNotDeleted } from './find-world.js';
import type { RuntimeContext } from './runtime-context.js';
import type { World } from './world-model.js';

/**
 * Marks a world deleted: it keeps its rows and its history, and runs nothing any more. A world that is part of an
 * open push-down, as parent or as verse, cannot be deleted, since its condition still needs it.
 *
 * @throws PUSH_DOWN_OPEN, WORLD_DELETED
 */
export async function deleteWorld(context: RuntimeContext, world: World, wait: Wait): Promise<void> {
  await context.locks.hold(
    [world.id],
    async () => {
      context.requireOpen();
      requireNotDeleted(world);
      refuseOpenPushDown(context, world);
      await context.commit({ op: 'world.deleted', at: context.at(), worldId: world.id });
      await context.retire(world.id);
    },
    wait.signal,
  );
}

function refuseOpenPushDown(context: RuntimeContext, world: World): void {
  const ownVerse = world.outcome && context.model.condition(world.outcome.conditionId);
  const parent = ownVerse ? context.model.world(ownVerse.parentId) : null;
  // A parent that has collapsed waits for none of its verses any more.
  const awaiting = parent && parent.openCondition === ownVerse?.id ? parent : null;
  if (world.openCondition === null && awaiting === null) return;
  const resolve = awaiting ?? world;
  throw new WorldError(
    'PUSH_DOWN_OPEN',
    `World ${world.name} is part of an open push-down. First: wr pull-up ${resolve.name}, or: wr void ${resolve.name}`,
    { details: { world: world.id, condition: world.openCondition ?? world.outcome?.conditionId } },
  );
}
