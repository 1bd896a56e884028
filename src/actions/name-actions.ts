import { z } from 'zod';
import { WorldView } from '../model/api.js';
import { RenameInput, RenameView, SnapshotItem, SnapshotsInput, TagInput } from '../model/name-api.js';
import { parse } from '../model/parse.js';
import { WorldError } from '../model/world-error.js';
import { findWorld } from '../runtime/find-world.js';
import { renameSnapshot, renameWorld } from '../runtime/rename.js';
import { findSnapshot, lookUpWorld } from '../runtime/resolve-reference.js';
import { tagWorld } from '../runtime/tag-world.js';
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
    const rows = await context.parts.catalog.rows(
      `SELECT s.snapshot_id AS id, s.name, s.world_id AS "worldId", w.name AS world, w.verse, w.status,
         s.state_id AS state, (SELECT count(*) FROM worlds c WHERE c.snapshot_id = s.snapshot_id)::INT AS worlds,
         s.taken_at AS "takenAt"
       FROM snapshots s JOIN worlds w USING (world_id)
       WHERE ? = '' OR s.world_id = ?
       ORDER BY s.taken_at DESC, s.snapshot_id DESC LIMIT ?`,
      [world?.id ?? '', world?.id ?? '', input.limit ?? SNAPSHOTS_DEFAULT],
    );
    return rows.map((row) => parse(SnapshotItem, row, 'snapshot row'));
  },
});
