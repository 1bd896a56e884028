import { z } from 'zod';
import { StateId, WorldId } from '../model/ids.js';
import { header } from './record-header.js';
import { SUBSTRATE_NAMES } from './state-ref.js';

/** What the journal says of states alone. */

export const DurableRecord = z.strictObject({
  substrate: z.enum(SUBSTRATE_NAMES),
  data: z.record(z.string(), z.unknown()),
});

export const StatePersisted = z.strictObject({
  op: z.literal('state.persisted'),
  ...header,
  state: StateId,
  durable: DurableRecord,
});

/** The place for state roots: appended after an execution's pages were diffed. */
export const StateRooted = z.strictObject({
  op: z.literal('state.rooted'),
  ...header,
  state: StateId,
  root: z.string(),
});

/** States forgotten by one record at most. */
export const STATES_FORGOTTEN_MAX = 10_000;

/** Retention gave these up: nothing names them any more, and their pages may be collected. */
export const StatesForgotten = z.strictObject({
  op: z.literal('states.forgotten'),
  ...header,
  states: z.array(StateId).min(1).max(STATES_FORGOTTEN_MAX),
});

/** A state that retention gave up and that was made again, from an older one and the executions of the journal. */
export const RemadeState = z.strictObject({
  /** The state before it; null when it was booted. */
  parentState: StateId.nullable(),
  /** As whom code ran last on the way to it; the world replayed, when that one is forgotten. */
  lastRun: z.strictObject({ worldId: WorldId, generation: z.int().min(0) }),
  durable: DurableRecord,
  root: z.string().nullable(),
});
export type RemadeState = z.infer<typeof RemadeState>;
