import { WorldError } from '../model/world-error.js';
import { planStakes, type StakesPlan } from '../multiverse/index.js';
import { requireRunning } from './find-world.js';
import { outcomeIndex } from './outcome-index.js';
import type { RuntimeContext } from './runtime-context.js';
import type { Condition, World } from './world-model.js';

/** What worlds stake on the outcomes of a push-down. Whoever staked on the winning one gets all of it. */
export interface Stakes {
  readonly token: string;
  readonly of: readonly { readonly outcome: string; readonly world: World; readonly amount: bigint }[];
}

export const NO_STAKES: StakesPlan = { before: [], after: [], evaporates: 0n };

/**
 * The moves that stake money on a push-down which is resolved in the same record; its world's own account holds the pot.
 *
 * @throws BAD_INPUT for an outcome that does not exist or that two stake on, WORLD_FROZEN, WORLD_COLLAPSED, and FORBIDDEN for a
 *   world of another verse than the one that was pushed down
 */
export function planStakesOf(
  context: RuntimeContext,
  request: { parent: World; condition: Condition; winner: number; stakes: Stakes },
): StakesPlan {
  const { parent, condition, winner, stakes } = request;
  const indexes = stakes.of.map(({ outcome }) => outcomeIndex(condition.outcomes, outcome));
  const twice = stakes.of.find((_, index) => indexes.indexOf(indexes[index] ?? -1) !== index);
  if (twice)
    throw new WorldError('BAD_INPUT', `Two stakes are on the outcome ${JSON.stringify(twice.outcome)}.`);
  return planStakes(context.model.ledger, {
    condition: condition.id,
    winner,
    token: stakes.token,
    pot: parent.birth.account,
    stakes: stakes.of.map(({ world, amount }, index) => {
      requireRunning(world);
      requireSameVerse(world, parent);
      return { outcome: indexes[index] ?? -1, account: world.birth.account, amount };
    }),
  });
}

function requireSameVerse(world: World, parent: World): void {
  if (world.verseId === parent.verseId) return;
  throw new WorldError(
    'FORBIDDEN',
    `World ${world.name} is not in the verse of ${parent.name}: it cannot stake on what is decided there.`,
    { details: { world: world.id, verse: world.verseId, parent: parent.id, parentVerse: parent.verseId } },
  );
}
