import type { StateId } from '../model/ids.js';
import type { StateEntry, World, WorldModel } from './world-model.js';

/** States a world keeps unless it or the runtime is told otherwise. */
export const RETAIN_STATES_DEFAULT = 100;

/** What a plan is made from, besides the model. */
export interface ForgettingRules {
  /** For worlds that do not say so themselves. */
  readonly statesPerWorld: number;
  /** States that someone uses right now. */
  readonly inUse: Iterable<StateId>;
  /** States whose durable form is known to be damaged: they count as not durable. */
  readonly damaged: ReadonlySet<StateId>;
}

export interface ForgettingPlan {
  /** What can be forgotten now: nothing that is kept needs it. */
  readonly forget: readonly StateId[];
  /**
   * Kept states that could only be made again through states that nobody else keeps. Once these are durable, those
   * can be forgotten too.
   */
  readonly floors: readonly StateId[];
  /** How many could be forgotten once the floors are durable. */
  readonly forgettable: number;
}

/**
 * Which states to keep: the last ones of each running or frozen world, the head of every world that is not
 * deleted, whatever has a name, what the verses of an open condition were born on, and what is in use. Everything
 * else can go, except what a kept state is replayed from as long as that one is not durable.
 */
export function planForgetting(model: WorldModel, rules: ForgettingRules): ForgettingPlan {
  const kept = keptStates(model, rules);
  const needed = new Set<StateId>();
  const floors: StateId[] = [];
  const isDurable = (entry: StateEntry): boolean => entry.durable !== null && !rules.damaged.has(entry.id);
  for (const id of kept) {
    const entry = model.states.get(id);
    if (entry === undefined || isDurable(entry)) continue;
    let parent = parentOf(model, entry);
    if (parent === null || kept.has(parent.id)) continue;
    floors.push(id);
    while (parent !== null && !kept.has(parent.id) && !needed.has(parent.id)) {
      needed.add(parent.id);
      parent = isDurable(parent) ? null : parentOf(model, parent);
    }
  }
  const forget: StateId[] = [];
  let known = 0;
  for (const id of model.states.keys()) {
    if (kept.has(id)) known += 1;
    else if (!needed.has(id)) forget.push(id);
  }
  return { forget, floors, forgettable: model.states.size - known };
}

function parentOf(model: WorldModel, entry: StateEntry): StateEntry | null {
  if (entry.origin.kind !== 'execution') return null;
  return model.states.get(entry.origin.execution.parentState) ?? null;
}

function keptStates(model: WorldModel, rules: ForgettingRules): Set<StateId> {
  const kept = new Set<StateId>(rules.inUse);
  for (const world of model.worlds.values()) for (const id of keptOf(world, rules)) kept.add(id);
  for (const { state } of model.snapshots.values()) kept.add(state);
  for (const condition of model.conditions.values()) {
    // One whose parent collapsed is never resolved any more.
    if (model.world(condition.parentId).openCondition !== condition.id) continue;
    for (const { worldId } of condition.outcomes) kept.add(model.world(worldId).birth.state);
  }
  return kept;
}

function keptOf(world: World, { statesPerWorld }: ForgettingRules): readonly StateId[] {
  switch (world.status) {
    case 'running':
    case 'snapshotted':
      return world.heads.slice(-(world.birth.retainStates ?? statesPerWorld));
    // They move no more, but can still be read and snapshotted.
    case 'stopped':
    case 'collapsed':
      return [world.head];
    case 'deleted':
      return [];
    default:
      return world.status satisfies never;
  }
}
