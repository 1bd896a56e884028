import { z } from 'zod';

/** Where archived segments of the journal go. */
export const ArchiveInput = z.strictObject({
  /** Absolute path of a directory, made when missing. Default: `journal/archive` in the data directory. */
  to: z.string().min(1).max(4096).optional(),
});
export type ArchiveInput = z.input<typeof ArchiveInput>;

export const ArchiveView = z.strictObject({
  /** Names of the files moved now, oldest first. */
  moved: z.array(z.string()),
  bytes: z.int(),
  directory: z.string(),
  /** Last entry that is archived, now or before; 0 when none is. */
  lastArchivedSeq: z.int(),
  /** Entry of the checkpoint that opening starts from. */
  checkpointSeq: z.int(),
});
export type ArchiveView = z.output<typeof ArchiveView>;
