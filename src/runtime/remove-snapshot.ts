import type { RecordOf } from '../ports/journal-record.js';
import type { Wait } from '../ports/substrate.js';
import { findSnapshot } from './resolve-reference.js';
import type { RuntimeContext } from './runtime-context.js';
import type { Snapshot } from './world-model.js';

/**
 * Takes a snapshot away. Its name is free, and its state is kept only as long as something else keeps it: a world that has it
 * among its last ones, another snapshot, or what is replayed from it. Worlds that were made from it live on.
 *
 * @throws SNAPSHOT_NOT_FOUND when it was removed while this waited
 */
export async function removeSnapshot(
  context: RuntimeContext,
  snapshot: Snapshot,
  wait: Wait,
): Promise<RecordOf<'snapshot.removed'>> {
  return context.locks.hold(
    [snapshot.worldId],
    async () => {
      context.requireOpen();
      const { id, name } = findSnapshot(context.model, snapshot.id);
      const record: RecordOf<'snapshot.removed'> = {
        op: 'snapshot.removed',
        at: context.at(),
        snapshotId: id,
        name,
      };
      await context.commit(record);
      return record;
    },
    wait.signal,
  );
}
