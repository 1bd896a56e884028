import { WorldError } from '../model/world-error.js';
import type { Wait } from '../ports/substrate.js';
import { requireNotDeleted } from './find-world.js';
import { findSnapshot } from './resolve-reference.js';
import type { RuntimeContext } from './runtime-context.js';
import { NameReservation } from './world-births.js';
import type { Snapshot, World } from './world-model.js';

/**
 * Gives a live world another name. Its children keep theirs. Its own name again is no error and no record.
 *
 * @throws NAME_TAKEN, WORLD_DELETED, WORLD_COLLAPSED for a world that ended: its name is free for others
 */
export async function renameWorld(
  context: RuntimeContext,
  world: World,
  name: string,
  wait: Wait,
): Promise<{ before: string }> {
  return context.locks.hold(
    [world.id],
    async () => {
      context.requireOpen();
      requireNotDeleted(world);
      refuseEnded(world);
      const before = world.name;
      if (name === before) return { before };
      const names = new NameReservation(context);
      try {
        names.takeExactly(name);
        await context.commit({ op: 'world.renamed', at: context.at(), worldId: world.id, name });
      } finally {
        names.release();
      }
      return { before };
    },
    wait.signal,
  );
}

/** Gives a snapshot another name. @throws NAME_TAKEN; SNAPSHOT_NOT_FOUND when it was removed while this waited */
export async function renameSnapshot(
  context: RuntimeContext,
  snapshot: Snapshot,
  name: string,
  wait: Wait,
): Promise<{ before: string }> {
  return context.locks.hold(
    [snapshot.worldId],
    async () => {
      context.requireOpen();
      findSnapshot(context.model, snapshot.id);
      const before = snapshot.name;
      if (name === before) return { before };
      if (context.model.snapshotsByName.has(name) || context.reservedSnapshotNames.has(name)) {
        throw new WorldError(
          'NAME_TAKEN',
          `There is already a snapshot named ${JSON.stringify(name)}. Choose another name.`,
          { details: { name } },
        );
      }
      await context.commit({
        op: 'snapshot.renamed',
        at: context.at(),
        snapshotId: snapshot.id,
        name,
      });
      return { before };
    },
    wait.signal,
  );
}

function refuseEnded(world: World): void {
  if (world.status === 'running' || world.status === 'snapshotted') return;
  throw new WorldError(
    'WORLD_COLLAPSED',
    `World ${world.name} (${world.id}) has ended and gave its name back: it is found by its id. Tag it instead: wr tag`,
    { details: { world: world.id, status: world.status } },
  );
}
