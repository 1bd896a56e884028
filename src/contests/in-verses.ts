import type { PushDownInput, PushDownView, WorldView } from '../model/api.js';
import { WorldError } from '../model/world-error.js';
import type { Caller } from './caller.js';

/**
 * Pushes a world down, lets `work` resolve that, and voids it when `work` does not, for whatever reason: it threw, the
 * caller was interrupted, or nobody deserved to win. No balance is split into the verses, so a void gives back everything
 * exactly; what is at stake moves with the resolution or not at all.
 *
 * @throws what `work` throws, and INTERRUPTED, saying what became of the world
 */
export async function inVerses<T>(
  caller: Caller,
  world: WorldView,
  outcomes: NonNullable<PushDownInput['outcomes']>,
  work: (pushed: PushDownView) => Promise<T>,
): Promise<T> {
  const pushed = await caller.pushDown({ world: world.id, outcomes, amounts: {} });
  let result: T;
  try {
    result = await work(pushed);
  } catch (thrown) {
    const left = await takeBack(caller, world, pushed);
    throw explained(thrown, world, left);
  }
  const left = await takeBack(caller, world, pushed);
  if (left !== null) throw left;
  return result;
}

/** Voids the push-down if it is still open; answers why that could not be done. */
async function takeBack(caller: Caller, world: WorldView, pushed: PushDownView): Promise<WorldError | null> {
  try {
    const { openCondition } = await caller.showAnyway(world.id);
    if (openCondition === pushed.conditionId) await caller.void(world.id);
    return null;
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    return new WorldError(
      thrown instanceof WorldError ? thrown.code : 'INTERNAL',
      `World ${world.name} is still pushed down, as it could not be taken back: ${reason} End it: wr void ${world.name}`,
      { cause: thrown, details: { world: world.id, condition: pushed.conditionId } },
    );
  }
}

function explained(thrown: unknown, world: WorldView, left: WorldError | null): unknown {
  if (left !== null) return left;
  if (!(thrown instanceof WorldError) || thrown.code !== 'INTERRUPTED') return thrown;
  return new WorldError(
    'INTERRUPTED',
    `Interrupted. The push-down was voided: world ${world.name} is as it was before.`,
    { cause: thrown, details: { world: world.id } },
  );
}
