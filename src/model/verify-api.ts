import { z } from 'zod';
import { WorldReference } from './api.js';

/** Input and output of `verify`. */

export const VerifyInput = z.strictObject({
  world: WorldReference.optional(),
  from: z
    .string()
    .min(1)
    .max(4096)
    .optional()
    .describe("a state of the world's history, or a snapshot of one; default: the oldest that is known"),
});
export type VerifyInput = z.input<typeof VerifyInput>;

const VerifiedExecution = z.object({
  /** In the order in which they led to the head, from 1. */
  number: z.int(),
  executionId: z.string(),
  worldId: z.string(),
  world: z.string(),
  state: z.string(),
  /** Root of the state that it made, 64 hex digits; null on a substrate without roots. */
  root: z.string().nullable(),
  /** False when the journal has only the digest of its result. */
  rootRecorded: z.boolean(),
});

export const VerifyView = z.object({
  worldId: z.string(),
  world: z.string(),
  head: z.string(),
  /** Executions in all stretches. */
  executions: z.int(),
  /** The oldest first. A new one begins where files came from outside. */
  stretches: z.array(
    z.object({
      start: z.string(),
      startedFrom: z.enum(['boot', 'files', 'durable']),
      executions: z.array(VerifiedExecution),
    }),
  ),
});
export type VerifyView = z.infer<typeof VerifyView>;
