import { z } from 'zod';
import { Code, Seed, TimeoutMs, WorldReference } from './api.js';
import { Trit } from './trit.js';

/** Input and output of `walk`, and the steps that a world keeps of its walk. */

/** Most steps of one call. */
export const WALK_STEPS_MAX = 1000;
/** Most steps that a world's walk may have: as JSON they must fit into the value of one execution, 512 Ki characters. */
export const WALK_LENGTH_MAX = 3_000;
export const WALK_STEPS_DEFAULT = 3;
export const WALK_ATTEMPTS_DEFAULT = 8;
export const WALK_ATTEMPTS_MAX = 100;

const SeedText = z.string().regex(/^0x[0-9a-f]{16}$/, 'a seed is 0x and 16 hex digits');

/** A step as the coordinator appends it to the world's list `walk`: these fields and no others. */
export const WalkStep = z.strictObject({
  /** From 1, in this world. */
  step: z.int().min(1).max(WALK_LENGTH_MAX),
  genesis: SeedText,
  /** Number of the proposal in the walk of this genesis, from 0: rejected ones count. */
  turn: z
    .int()
    .min(0)
    .max(2 ** 32),
  /** The generator's seed. */
  seed: SeedText,
  colour: z.string().regex(/^#[0-9a-f]{6}$/, 'a colour is # and 6 hex digits'),
  /** Of generator, coordinator and validator. */
  trits: z.tuple([Trit, Trit, Trit]),
});
export type WalkStep = z.infer<typeof WalkStep>;

export const WalkInput = z.strictObject({
  world: WorldReference.optional(),
  steps: z
    .int()
    .min(1)
    .max(WALK_STEPS_MAX)
    .optional()
    .describe(`steps to take; default ${WALK_STEPS_DEFAULT}`),
  seed: Seed.optional().describe("genesis of the walk; default: that of the world's last step, else 1069"),
  attempts: z
    .int()
    .min(1)
    .max(WALK_ATTEMPTS_MAX)
    .optional()
    .describe(`proposals for one step before the walk gives up; default ${WALK_ATTEMPTS_DEFAULT}`),
  generator: Code.optional().describe('Python that defines propose(given); default: built in'),
  coordinator: Code.optional().describe(
    'Python that defines formalise(given) and appends its step to the list walk; default: built in',
  ),
  validator: Code.optional().describe('Python that defines verify(given); default: built in'),
  timeoutMs: TimeoutMs.optional().describe('bound of the work of one agent'),
});
export type WalkInput = z.input<typeof WalkInput>;

/** One proposal, accepted or not. */
export const WalkTurn = z.object({
  /** Number of the step that it is, or would have been. */
  step: z.int(),
  turn: z.int(),
  /** The generator's. */
  seed: z.string(),
  /** Null when the turn came to no step. */
  colour: z.string().nullable(),
  /** What the worlds of generator, coordinator and validator say they are, as far as they came. */
  trits: z.array(Trit),
  gf3Sum: z.int(),
  accepted: z.boolean(),
  /** Why not; null when it was accepted. */
  reason: z.string().nullable(),
  /** Names the walk up to this step, in any world; null when the turn came to no step. */
  walkRoot: z.string().nullable(),
  /** Root of the coordinator's state, which the world adopts; null where states have none. */
  stateRoot: z.string().nullable(),
  state: z.string().nullable(),
});
export type WalkTurn = z.infer<typeof WalkTurn>;

export const WalkView = z.object({
  worldId: z.string(),
  world: z.string(),
  genesis: z.string(),
  /** Steps that were asked for. */
  wanted: z.int(),
  /** Steps that were accepted. */
  accepted: z.int(),
  /** False when too many proposals in a row were rejected. */
  complete: z.boolean(),
  turns: z.array(WalkTurn),
  /** Steps of the world's walk by now. */
  length: z.int(),
  walkRoot: z.string(),
  /** The world's head. */
  state: z.string(),
});
export type WalkView = z.infer<typeof WalkView>;
