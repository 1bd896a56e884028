import { z } from 'zod';
import { Trit } from './trit.js';

export const TriadsView = z.object({
  triads: z.array(
    z.object({
      topic: z.string(),
      members: z.array(z.object({ name: z.string(), trit: Trit, role: z.string(), color: z.string() })),
      /** Sum of the trits modulo 3. */
      gf3Sum: z.int(),
      balanced: z.boolean(),
    }),
  ),
  catsharp: z.object({
    trit: Trit,
    home: z.string(),
    polyOp: z.string(),
    kanRole: z.string(),
    color: z.string(),
  }),
});
export type TriadsView = z.infer<typeof TriadsView>;
