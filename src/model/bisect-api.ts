import { z } from 'zod';
import { Code, TimeoutMs, WorldReference } from './api.js';

/** Input and output of `bisect`. */

export const BisectInput = z.strictObject({
  world: WorldReference.optional(),
  check: Code.describe('Python: a state is bad when this raises, or ends in an expression that is false'),
  good: z
    .string()
    .min(1)
    .max(4096)
    .optional()
    .describe('a state known to be good: its number in the history, id, or snapshot; default: the oldest'),
  bad: z
    .string()
    .min(1)
    .max(4096)
    .optional()
    .describe('a state known to be bad, in the same terms; default: the head'),
  timeoutMs: TimeoutMs.optional().describe('bound of one check'),
});
export type BisectInput = z.input<typeof BisectInput>;

/** A state of a history by its number: 0 is the oldest that is known. */
const Place = z.object({ number: z.int(), state: z.string() });

export const BisectView = z.object({
  worldId: z.string(),
  world: z.string(),
  good: Place,
  bad: Place,
  /** In the order in which they were made; `skipped` states could not be restored. */
  steps: z.array(Place.extend({ verdict: z.enum(['good', 'bad', 'skipped']), note: z.string().nullable() })),
  /** What made the first bad state out of a good one; null when states between could not be restored. */
  culprit: Place.extend({
    kind: z.enum(['execution', 'files']),
    worldId: z.string(),
    world: z.string(),
    executionId: z.string().nullable(),
    code: z.string().nullable(),
    ok: z.boolean().nullable(),
    value: z.string().nullable(),
    stdout: z.string().nullable(),
    stderr: z.string().nullable(),
    error: z.string().nullable(),
    executedAt: z.string().nullable(),
    /** The last good state, to go back to. */
    before: z.string(),
  }).nullable(),
  /** Executions among which the culprit is: 1 when it was found. */
  suspects: z.int(),
});
export type BisectView = z.infer<typeof BisectView>;
