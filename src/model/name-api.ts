import { z } from 'zod';
import { Name, WorldReference } from './api.js';

/** Input and output of the actions on names, tags and snapshots. */

/** Most free text pairs that a world can have. */
export const TAGS_MAX = 64;
const TAG_VALUE_LENGTH_MAX = 1024;

/** What a snapshot is called where one is wanted: id, name, or a prefix of the id. */
const SnapshotReference = z.string().min(1).max(4096);

export const RenameInput = z.strictObject({
  world: WorldReference.optional(),
  snapshot: SnapshotReference.optional().describe('a snapshot instead of a world'),
  name: Name,
});
export type RenameInput = z.input<typeof RenameInput>;

export const RenameView = z.object({
  kind: z.enum(['world', 'snapshot']),
  id: z.string(),
  name: z.string(),
  /** The name it had. */
  before: z.string(),
});
export type RenameView = z.infer<typeof RenameView>;

const TagKey = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._/-]{0,63}$/,
    'letters, digits, dot, dash, underscore and slash, at most 64',
  );
const TagValue = z
  .string()
  .max(TAG_VALUE_LENGTH_MAX)
  .refine((text) => text.isWellFormed(), 'a tag must be well-formed Unicode');

export const TagInput = z.strictObject({
  world: WorldReference.optional(),
  set: z.record(TagKey, TagValue).optional().describe('pairs that are new or get a new value'),
  remove: z.array(z.string()).max(1000).optional().describe('keys that go'),
});
export type TagInput = z.input<typeof TagInput>;

export const SnapshotsInput = z.strictObject({
  world: WorldReference.optional().describe('only those of this world; default: of all'),
  limit: z.int().min(1).max(100_000).optional(),
});
export type SnapshotsInput = z.input<typeof SnapshotsInput>;

export const RemoveSnapshotsInput = z.strictObject({
  snapshots: z.array(SnapshotReference).min(1).max(1000).describe('by id, name, or prefix of the id'),
});
export type RemoveSnapshotsInput = z.input<typeof RemoveSnapshotsInput>;

/** A snapshot that is no more. */
export const RemovedSnapshot = z.object({
  id: z.string(),
  name: z.string(),
  worldId: z.string(),
  /** What it named; it goes with the next collection unless something else keeps it. */
  state: z.string(),
});
export type RemovedSnapshot = z.infer<typeof RemovedSnapshot>;

export const SnapshotItem = z.object({
  id: z.string(),
  name: z.string(),
  worldId: z.string(),
  world: z.string(),
  verse: z.string(),
  status: z.string(),
  state: z.string(),
  /** Worlds that were made from it. */
  worlds: z.int(),
  takenAt: z.string(),
});
export type SnapshotItem = z.infer<typeof SnapshotItem>;
