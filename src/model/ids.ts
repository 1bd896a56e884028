import { z } from 'zod';

/** Prefix of each kind of id; the rest is a ULID, so ids sort by the time they were made. */
export const ID_PREFIXES = {
  world: 'wld_',
  state: 'stt_',
  snapshot: 'snp_',
  branch: 'brn_',
  execution: 'exe_',
  condition: 'cnd_',
  resolution: 'rsl_',
  metric: 'mtr_',
  image: 'img_',
} as const;

export type IdKind = keyof typeof ID_PREFIXES;

function idSchema<K extends IdKind>(kind: K) {
  return z
    .string()
    .regex(new RegExp(`^${ID_PREFIXES[kind]}[0-9A-HJKMNP-TV-Z]{26}$`), `not a ${kind} id`)
    .brand<K>();
}

export const WorldId = idSchema('world');
export type WorldId = z.infer<typeof WorldId>;
export const StateId = idSchema('state');
export type StateId = z.infer<typeof StateId>;
export const SnapshotId = idSchema('snapshot');
export type SnapshotId = z.infer<typeof SnapshotId>;
export const BranchId = idSchema('branch');
export type BranchId = z.infer<typeof BranchId>;
export const ExecutionId = idSchema('execution');
export type ExecutionId = z.infer<typeof ExecutionId>;
export const ConditionId = idSchema('condition');
export type ConditionId = z.infer<typeof ConditionId>;
export const ResolutionId = idSchema('resolution');
export type ResolutionId = z.infer<typeof ResolutionId>;
export const MetricId = idSchema('metric');
export type MetricId = z.infer<typeof MetricId>;

export const ImageId = idSchema('image');
export type ImageId = z.infer<typeof ImageId>;

/** A verse id is not drawn but computed: `vrs_` and 32 hex digits of the hash of its canonical box. */
export const VerseId = z
  .string()
  .regex(/^vrs_[0-9a-f]{32}$/, 'not a verse id')
  .brand<'verse'>();
export type VerseId = z.infer<typeof VerseId>;

export interface IdTypes {
  world: WorldId;
  state: StateId;
  snapshot: SnapshotId;
  branch: BranchId;
  execution: ExecutionId;
  condition: ConditionId;
  resolution: ResolutionId;
  metric: MetricId;
  image: ImageId;
}
