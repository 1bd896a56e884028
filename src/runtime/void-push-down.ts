import type { ConditionId } from '../model/ids.js';
import { WorldError } from '../model/world-error.js';
import { planVoid } from '../multiverse/index.js';
import type { RecordOf } from '../ports/journal-record.js';
import type { Wait } from '../ports/substrate.js';
import { holdFamily } from './hold-family.js';
import { openConditionOf } from './pull-up.js';
import type { RuntimeContext } from './runtime-context.js';
import { isLive, type World } from './world-model.js';

/**
 * Takes a push-down back: no outcome won. What is in the outcomes' verses pays into the parent's by probability,
 * rounded down, the remainder to the dust account; all its worlds collapse and the parent runs again from where it was.
 *
 * @param meant refuse unless this push-down is still the open one
 * @throws NO_PUSH_DOWN, PUSH_DOWN_OPEN (a world below still has one: its balances would be lost)
 */
export async function voidPushDown(
  context: RuntimeContext,
  parent: World,
  wait: Wait,
  meant?: ConditionId,
): Promise<RecordOf<'world.voided'>> {
  return holdFamily(
    context,
    parent,
    async () => {
      context.requireOpen();
      const condition = openConditionOf(context, parent, meant);
      const verses = condition.outcomes.map(({ worldId }) => context.model.world(worldId));
      const ending = verses.flatMap((verse) => [verse, ...context.model.descendants(verse)]);
      refuseNested(ending);
      const record: RecordOf<'world.voided'> = {
        op: 'world.voided',
        at: context.at(),
        conditionId: condition.id,
        parentId: parent.id,
        collapsed: ending.filter(isLive).map(({ id }) => id),
        ledger: planVoid(context.model.ledger, { condition: condition.id }),
      };
      await context.commit(record);
      for (const world of ending) await context.retire(world.id);
      return record;
    },
    wait,
  );
}

function refuseNested(worlds: readonly World[]): void {
  const open = worlds.find((world) => world.openCondition !== null);
  if (!open) return;
  throw new WorldError(
    'PUSH_DOWN_OPEN',
    `World ${open.name} below still has an open push-down. First: wr pull-up ${open.name}, or: wr void ${open.name}`,
    { details: { world: open.id, condition: open.openCondition } },
  );
}
