import { z } from 'zod';
import { WorldReference } from './api.js';

/** What worlds may use of the machine, as seen from outside. */

export const BudgetInput = z.strictObject({
  world: WorldReference.optional(),
  addMs: z
    .int()
    .min(1)
    .max(1_000_000_000_000)
    .optional()
    .describe('run time to add, ms; the first makes its executions, and those of its branches, paid for'),
});
export type BudgetInput = z.input<typeof BudgetInput>;

export const BudgetView = z.object({
  worldId: z.string(),
  world: z.string(),
  /** The world on whose COMPUTE it draws; null: nobody pays, and it may run as long as its limits allow. */
  payer: z.string().nullable(),
  /** Base units of COMPUTE left there: microseconds of run time, or bytes of code and output. */
  left: z.string().nullable(),
  /** The same as run time, seconds. */
  leftSeconds: z.number().nullable(),
});
export type BudgetView = z.infer<typeof BudgetView>;
