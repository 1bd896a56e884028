import { WorldError } from '../model/world-error.js';
import type { RecordOf } from '../ports/journal-record.js';
import type { Wait } from '../ports/substrate.js';
import { requireNotDeleted } from './find-world.js';
import { engineReady, isLost } from './live-machine.js';
import { persistState } from './persist-state.js';
import type { RuntimeContext } from './runtime-context.js';
import { ownMegabytes } from './start-machine.js';
import type { World } from './world-model.js';

/**
 * Names the world's head and makes it survive power loss: pages, manifest and record are fsynced. Also works
 * on a frozen or collapsed world, whose state can still be read.
 *
 * @param name default: `snapshot-N`.
 * @throws NAME_TAKEN, WORLD_DELETED, STORAGE_FAILED
 */
export async function snapshotWorld(
  context: RuntimeContext,
  world: World,
  name: string | undefined,
  wait: Wait,
): Promise<RecordOf<'snapshot.taken'>> {
  return context.locks.hold(
    [world.id],
    async () => {
      context.requireOpen();
      requireNotDeleted(world);
      const chosen = chooseName(context, name);
      const state = world.head;
      context.reservedSnapshotNames.add(chosen);
      try {
        await engineReady(context, world.birth, wait);
        const start = context.parts.clock.monotonicMs();
        return await persistState(context, state, wait, async (durable) => {
          const snapshotTimeMs = context.parts.clock.monotonicMs() - start;
          const memoryOverheadMb = await overhead(context, world);
          const record: RecordOf<'snapshot.taken'> = {
            op: 'snapshot.taken',
            at: context.at(),
            snapshotId: context.parts.ids.next('snapshot'),
            name: chosen,
            worldId: world.id,
            state,
            durable,
            metrics: [context.metrics(world.id, { snapshotTimeMs, memoryOverheadMb })],
          };
          await context.commit(record);
          context.damaged.delete(state);
          return record;
        });
      } finally {
        context.reservedSnapshotNames.delete(chosen);
      }
    },
    wait.signal,
  );
}

/** Null when no machine is there to be measured. */
async function overhead(context: RuntimeContext, world: World): Promise<number | null> {
  const live = context.machines.get(world.id);
  if (!live) return null;
  try {
    return await ownMegabytes(live.machine);
  } catch (thrown) {
    if (isLost(thrown)) return null;
    throw thrown;
  }
}

function chooseName(context: RuntimeContext, name: string | undefined): string {
  const { snapshots, snapshotsByName } = context.model;
  const isTaken = (one: string): boolean =>
    snapshotsByName.has(one) || context.reservedSnapshotNames.has(one);
  if (name !== undefined) {
    if (!isTaken(name)) return name;
    throw new WorldError(
      'NAME_TAKEN',
      `There is already a snapshot named ${JSON.stringify(name)}. Choose another name.`,
      {
        details: { name },
      },
    );
  }
  let n = snapshots.size + 1;
  while (isTaken(`snapshot-${n}`)) n += 1;
  return `snapshot-${n}`;
}
