import { z } from 'zod';
import { WorldView } from '../model/api.js';
import {
  RemovedSnapshot,
  RemoveSnapshotsInput,
  RenameInput,
  RenameView,
  SnapshotItem,
  SnapshotsInput,
  TagInput,
} from '../model/name-api.js';
import { WorldError } from '../model/world-error.js';
import { findWorld } from '../runtime/find-world.js';
import { removeSnapshot } from '../runtime/remove-snapshot.js';
import { renameSnapshot, renameWorld } from '../runtime/rename.js';
import { findSnapshot, lookUpWorld } from '../runtime/resolve-reference.js';
import type { RuntimeContext } from '../runtime/runtime-context.js';
import { tagWorld } from '../runtime/tag-world.js';
import type { Snapshot } from '../runtime/world-model.js';
import { defineAction, waitOf } from './action.js';
import { worldView } from './views.js';

const SNAPSHOTS_DEFAULT = 1000;

export const renameAction = defineAction({
  name: 'rename',
  summary: 'give a world or a snapshot another name',
  effect: 'changes',
  input: RenameInput,
  output: RenameView,
  async run(context, input, call) {
    const { name } = input;
    if (input.snapshot !== undefined) {
      if (input.world !== undefined) {
        throw new WorldError('BAD_INPUT', 'Either a world is renamed or a snapshot, not both at once.');
      }
      const snapshot = findSnapshot(context.model, input.snapshot);
      const { before } = await renameSnapshot(context, snapshot, name, waitOf(call));
      return { kind: 'snapshot' as const, id: snapshot.id, name: snapshot.name, before };
    }
    const world = findWorld(context, input.world);
    const { before } = await renameWorld(context, world, name, waitOf(call));
    return { kind: 'world' as const, id: world.id, name: world.name, before };
  },
});

export const tagAction = defineAction({
  name: 'tag',
  summary: 'set and remove free text pairs of a world',
  effect: 'changes',
  input: TagInput,
  output: WorldView,
  async run(context, input, call) {
    const world = findWorld(context, input.world);
    const change = { set: input.set ?? {}, remove: input.remove ?? [] };
    await tagWorld(context, world, change, waitOf(call));
    return worldView(context, world);
  },
});

export const snapshotsAction = defineAction({
  name: 'snapshots',
  summary: 'list snapshots, newest first',
  effect: 'reads',
  input: SnapshotsInput,
  output: z.array(SnapshotItem),
  async run(context, input) {
    const world = input.world === undefined ? null : lookUpWorld(context.model, input.world);
    const ofWorlds = [...context.model.snapshots.values()].filter(
      ({ worldId }) => world === null || worldId === world.id,
    );
    const newest = ofWorlds.slice(-(input.limit ?? SNAPSHOTS_DEFAULT)).reverse();
    return newest.map((one) => snapshotItem(context, one));
  },
});

export const removeSnapshotsAction = defineAction({
  name: 'remove-snapshots',
  summary: 'remove snapshots; worlds made from them stay',
  effect: 'destroys',
  input: RemoveSnapshotsInput,
  output: z.array(RemovedSnapshot),
  async run(context, input, call) {
    // All are looked up before the first is removed: a name that is wrong removes none.
    const named = new Set(input.snapshots.map((reference) => findSnapshot(context.model, reference)));
    const removed: RemovedSnapshot[] = [];
    for (const snapshot of named) {
      const { snapshotId: id, name } = await removeSnapshot(context, snapshot, waitOf(call));
      removed.push({ id, name, worldId: snapshot.worldId, state: snapshot.state });
    }
    return removed;
  },
});

function snapshotItem(context: RuntimeContext, snapshot: Snapshot): SnapshotItem {
  const world = context.model.world(snapshot.worldId);
  return {
    id: snapshot.id,
    name: snapshot.name,
    worldId: world.id,
    world: world.name,
    verse: context.model.identity(world).verse,
    status: world.status,
    state: snapshot.state,
    worlds: snapshot.forked,
    takenAt: snapshot.takenAt,
  };
}
