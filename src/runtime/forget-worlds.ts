import type { BranchId, ConditionId, WorldId } from '../model/ids.js';
import type { Branch, Condition, World } from './world-types.js';

/** The part of the model in which worlds are known. */
export interface WorldsModel {
  readonly worlds: Map<WorldId, World>;
  readonly branches: Map<BranchId, Branch>;
  readonly conditions: Map<ConditionId, Condition>;
}

/**
 * Takes worlds out of the model, and with them the branches and resolved conditions of which no world is left. What is kept must not
 * need them: that is `planForgettingWorlds`' care. Their rows in the catalog stay.
 */
export function forgetWorlds(model: WorldsModel, ids: readonly WorldId[]): void {
  const forgotten = new Set(ids);
  const parents = new Set<World>();
  for (const id of forgotten) {
    const parentId = model.worlds.get(id)?.birth.parentId ?? null;
    const parent = parentId === null || forgotten.has(parentId) ? undefined : model.worlds.get(parentId);
    if (parent) parents.add(parent);
    model.worlds.delete(id);
  }
  for (const { childIds } of parents) dropFrom(childIds, forgotten);
  for (const branch of model.branches.values()) {
    dropFrom(branch.childIds, forgotten);
    if (branch.childIds.length === 0) model.branches.delete(branch.id);
  }
  for (const condition of model.conditions.values()) {
    const isOver = model.worlds.get(condition.parentId)?.openCondition !== condition.id;
    if (isOver && condition.outcomes.every(({ worldId }) => !model.worlds.has(worldId))) {
      model.conditions.delete(condition.id);
    }
  }
}

function dropFrom(ids: WorldId[], forgotten: ReadonlySet<WorldId>): void {
  if (!ids.some((id) => forgotten.has(id))) return;
  const kept = ids.filter((id) => !forgotten.has(id));
  // Not spread into one call: there may be 100,000.
  ids.length = 0;
  for (const id of kept) ids.push(id);
}
