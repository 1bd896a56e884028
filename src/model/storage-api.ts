import { z } from 'zod';

/** Input and output of the actions about what is kept and what it takes. */

export const GcInput = z.strictObject({
  dryRun: z.boolean().optional().describe('only tell what would go'),
});
export type GcInput = z.input<typeof GcInput>;

export const GcView = z.object({
  dryRun: z.boolean(),
  statesForgotten: z.int(),
  /** Deleted worlds that nothing needs any more. */
  worldsForgotten: z.int(),
  statesKept: z.int(),
  /** States made durable so that what they would have been replayed from could be forgotten. */
  statesPersisted: z.int(),
  manifestsRemoved: z.int(),
  /** Null for a dry run: known only once it is done. */
  pagesRemoved: z.int().nullable(),
  bytesFreed: z.int().nullable(),
  timeMs: z.number(),
});
export type GcView = z.infer<typeof GcView>;

export const DuInput = z.strictObject({
  top: z
    .int()
    .min(1)
    .max(10_000)
    .optional()
    .describe('worlds to list, those with most states first; default: 10'),
});
export type DuInput = z.input<typeof DuInput>;

export const DuView = z.object({
  /** Bytes on disk of all kinds together. */
  bytes: z.int(),
  /** Bytes on disk by kind: journal, packs, states (manifests), catalog, cache, ... */
  kinds: z.record(z.string(), z.int()),
  /** Bytes of packs and manifests that some state needs, and the rest, which `gc` can free; null: not known here. */
  pages: z.object({ liveBytes: z.int(), garbageBytes: z.int(), garbageManifests: z.int() }).nullable(),
  states: z.object({ known: z.int(), durable: z.int() }),
  worlds: z.int(),
  top: z.array(
    z.object({
      worldId: z.string(),
      name: z.string(),
      status: z.string(),
      states: z.int(),
      durable: z.int(),
    }),
  ),
});
export type DuView = z.infer<typeof DuView>;
