import type { WorldId } from '../model/ids.js';
import type { World, WorldModel } from './world-model.js';

/** Deleted worlds that stay listed unless the runtime is told otherwise. */
export const RETAIN_DELETED_WORLDS_DEFAULT = 1000;

/** What a plan is made from, besides the model. */
export interface WorldForgettingRules {
  /** Deleted worlds that stay: those born last. */
  readonly deletedWorlds: number;
  readonly isInUse: (world: World) => boolean;
}

/**
 * Deleted worlds that nothing needs any more, oldest first: no state was made by them, no snapshot is of them, no world that
 * stays is below them, and no condition waits for them.
 */
export function planForgettingWorlds(model: WorldModel, rules: WorldForgettingRules): WorldId[] {
  const needed = neededWorlds(model);
  const going = new Set<WorldId>();
  // Children are born after their parents, so this sees them first.
  for (const world of [...model.worlds.values()].reverse()) {
    if (world.status !== 'deleted' || needed.has(world.id) || rules.isInUse(world)) continue;
    if (world.childIds.every((id) => going.has(id))) going.add(world.id);
  }
  const oldestFirst = [...going].reverse();
  const kept = new Set(oldestFirst.slice(Math.max(0, oldestFirst.length - rules.deletedWorlds)));
  return withoutParentsOf(model, oldestFirst, kept);
}

/** Kept worlds keep their parents. */
function withoutParentsOf(model: WorldModel, going: readonly WorldId[], kept: Set<WorldId>): WorldId[] {
  for (const id of [...kept].reverse()) {
    for (let { parentId } = model.world(id).birth; parentId !== null; ) {
      if (kept.has(parentId)) break;
      kept.add(parentId);
      ({ parentId } = model.world(parentId).birth);
    }
  }
  return going.filter((id) => !kept.has(id));
}

function neededWorlds(model: WorldModel): Set<WorldId> {
  const needed = new Set<WorldId>();
  for (const { origin } of model.states.values()) {
    needed.add(origin.worldId);
    // As whom it ran: a replay takes that world's identity.
    if (origin.kind === 'execution') needed.add(origin.execution.worldId);
    if (origin.kind === 'files' || origin.kind === 'remade') needed.add(origin.lastRun.worldId);
  }
  for (const { worldId } of model.snapshots.values()) needed.add(worldId);
  for (const condition of model.conditions.values()) {
    if (model.world(condition.parentId).openCondition !== condition.id) continue;
    for (const { worldId } of condition.outcomes) needed.add(worldId);
  }
  return needed;
}
