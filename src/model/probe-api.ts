import { z } from 'zod';
import { Code, TimeoutMs, WorldReference } from './api.js';

/** Input and output of `probe`. */

export const ProbeInput = z.strictObject({
  world: WorldReference.optional(),
  state: z
    .string()
    .min(1)
    .max(4096)
    .optional()
    .describe('a state by id, or a snapshot by id or name; default: the head of the world'),
  code: Code,
  timeoutMs: TimeoutMs.optional(),
});
export type ProbeInput = z.input<typeof ProbeInput>;

export const ProbeView = z.object({
  state: z.string(),
  ok: z.boolean(),
  value: z.string().nullable(),
  stdout: z.string(),
  stderr: z.string(),
  stdoutTruncated: z.boolean(),
  stderrTruncated: z.boolean(),
  error: z.object({ type: z.string(), message: z.string(), traceback: z.string() }).nullable(),
  /** In the guest's interpreter. */
  runMs: z.number(),
});
export type ProbeView = z.infer<typeof ProbeView>;
