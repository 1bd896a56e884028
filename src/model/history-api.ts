import { z } from 'zod';
import { Name, WorldReference, WorldView } from './api.js';

/** Inputs and outputs of what runs a world's history again. */

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

export const ReplayInput = z.strictObject({
  world: WorldReference.optional(),
  to: z
    .union([z.int().min(0), z.string().min(1).max(4096)])
    .describe(
      'number of an execution that led to the head, counted from the beginning; 0: before the first; or a state, execution or snapshot of the history',
    ),
  name: Name.optional(),
});
export type ReplayInput = z.input<typeof ReplayInput>;

export const ReplayView = z.object({
  /** The new world. */
  world: WorldView,
  /** Of whose past it is. */
  source: z.string(),
  state: z.string(),
  /** Root of that state, 64 hex digits; null on a substrate without roots, or where it is not known. */
  root: z.string().nullable(),
  /** Executions that led there, from the beginning. */
  number: z.int(),
  /** The execution that made the state; null for a boot, and for files put there from outside. */
  executionId: z.string().nullable(),
  /** Executions that had to run again, because retention gave their states up. */
  ranAgain: z.int(),
});
export type ReplayView = z.infer<typeof ReplayView>;
