import { z } from 'zod';
import { answerFields, DisputeWindow, Evidence } from './answer-api.js';
import { Name, WorldReference } from './api.js';

/** Input and output of the actions on conditions: questions with outcomes, their answers, and balances split by them. */

/** A condition by id or prefix of it, or a world: the question that it opened and that is not settled. */
const ConditionReference = z
  .string()
  .min(1)
  .max(128)
  .describe('id of a condition, or the world that opened it; default: the current world');

export const OpenConditionInput = z.strictObject({
  world: WorldReference.optional().describe('in whose verse, and who answers'),
  outcomes: z
    .array(
      z.strictObject({ name: Name, probability: z.string().optional().describe('exact decimal, e.g. 0.45') }),
    )
    .min(2)
    .max(256),
  disputeWindow: DisputeWindow.optional(),
});
export type OpenConditionInput = z.input<typeof OpenConditionInput>;

export const ConditionInput = z.strictObject({ condition: ConditionReference.optional() });
export type ConditionInput = z.input<typeof ConditionInput>;

export const ConditionListInput = z.strictObject({
  all: z.boolean().optional().describe('also those that are settled'),
});
export type ConditionListInput = z.input<typeof ConditionListInput>;

export const ProposeInput = z.strictObject({ condition: ConditionReference.optional(), ...answerFields });
export type ProposeInput = z.input<typeof ProposeInput>;

export const DisputeInput = z.strictObject({
  condition: ConditionReference.optional(),
  as: WorldReference.optional().describe('the world whose account disputes; default: the system'),
  evidence: Evidence.optional().describe('why'),
});
export type DisputeInput = z.input<typeof DisputeInput>;

export const PartInput = z.strictObject({
  world: WorldReference.optional().describe('whose account'),
  condition: ConditionReference.optional(),
  token: z.string().regex(/^[A-Za-z][A-Za-z0-9_.-]{0,31}$/),
  amount: z.string().regex(/^\d{1,78}$/, 'a whole number of base units'),
});
export type PartInput = z.input<typeof PartInput>;

export const ConditionView = z.object({
  conditionId: z.string(),
  verseId: z.string(),
  /** The world that opened it, or null when it is forgotten. */
  world: z.string().nullable(),
  /** True while worlds of a push-down wait for the answer. */
  pushDown: z.boolean(),
  state: z.enum(['open', 'proposed', 'disputed', 'final']),
  /** How it was settled. */
  settled: z.enum(['resolved', 'redeemed', 'void']).nullable(),
  disputeWindow: z.int(),
  disputes: z.int(),
  proposal: z
    .object({
      outcome: z.string(),
      by: z.string(),
      source: z.string(),
      evidence: z.unknown(),
      at: z.string(),
      /** From then on it can be made final. */
      until: z.string(),
    })
    .nullable(),
  outcomes: z.array(
    z.object({
      name: z.string(),
      probability: z.string(),
      verseId: z.string(),
      live: z.boolean(),
      /** What its world reported last, exact. */
      cost: z.string().nullable(),
      value: z.string().nullable(),
    }),
  ),
});
export type ConditionView = z.infer<typeof ConditionView>;
