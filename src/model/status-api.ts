import { z } from 'zod';

/** What a runtime holds and stands on. */
export const StatusView = z.object({
  worlds: z.object({
    running: z.int(),
    /** Pushed down: they wait for their verses. */
    snapshotted: z.int(),
    /** Stopped, collapsed, deleted. */
    ended: z.int(),
  }),
  states: z.int(),
  snapshots: z.int(),
  substrates: z.array(
    z.object({
      name: z.string(),
      /** The walls between its guests and the host. */
      isolation: z.array(z.string()),
    }),
  ),
  /** Resident memory of the process that answers, bytes; its executors are not in it. */
  processBytes: z.int(),
});
export type StatusView = z.infer<typeof StatusView>;

export const StatusInput = z.strictObject({});
export type StatusInput = z.input<typeof StatusInput>;
