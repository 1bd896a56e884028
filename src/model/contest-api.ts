import { z } from 'zod';
import { Code, Name, PullUpView, TimeoutMs, WorldReference } from './api.js';
import { Trit } from './trit.js';

/** Contests: programs that run in verses of one world, of which the best one's verse is what the world becomes. */

const Token = z.string().regex(/^[A-Za-z][A-Za-z0-9_.-]{0,31}$/);
const Amount = z.string().regex(/^\d{1,78}$/, 'a whole number of base units');
const bounds = {
  budgetMs: TimeoutMs.optional().describe('run time that each may use up; beyond it: BUDGET_EXHAUSTED'),
  timeoutMs: TimeoutMs.optional().describe("bound of every execution; default: the world's limit"),
};

export const BestOfInput = z.strictObject({
  world: WorldReference.optional(),
  tries: z.int().min(2).max(256).describe('how often the program runs, each time in a verse of its own'),
  code: Code.describe('the program, the same for all'),
  score: Code.optional().describe(
    'Python that is looked at in each try and ends in its score; default: what the try reports as value, else its own last value',
  ),
  ...bounds,
});
export type BestOfInput = z.input<typeof BestOfInput>;

/** What ran in one verse of a contest. */
const Entrant = z.object({
  /** Name of its verse. */
  name: z.string(),
  worldId: z.string(),
  trit: Trit,
  /** `failed`: it raised, could not run, or has no score; why is in `failure`. */
  status: z.enum(['won', 'lost', 'failed']),
  failure: z.object({ code: z.string(), message: z.string() }).nullable(),
  /** Exact number as text. */
  score: z.string().nullable(),
  /** `repr` of its last expression. */
  value: z.string().nullable(),
  /** In the guest's interpreter, ms; null when it did not end. */
  runMs: z.number().nullable(),
});

export const BestOfView = z.object({
  worldId: z.string(),
  world: z.string(),
  conditionId: z.string(),
  tries: z.array(Entrant),
  /** Name of the best try; null when none has a score: then the push-down was voided. */
  winner: z.string().nullable(),
  resolution: PullUpView.nullable(),
});
export type BestOfView = z.infer<typeof BestOfView>;

export const TournamentInput = z.strictObject({
  world: WorldReference.optional(),
  agents: z
    .array(
      z.strictObject({
        name: Name,
        code: Code,
        account: WorldReference.optional().describe(
          'world whose account stakes; default: the world of its name',
        ),
      }),
    )
    .min(2)
    .max(256),
  judge: Code.describe(
    'Python that sees `results` and ends in a dict of scores by name, or in the name of the winner',
  ),
  stake: Amount.optional().describe('base units that each agent stakes; default: 0'),
  token: Token.optional().describe('what they stake'),
  ...bounds,
});
export type TournamentInput = z.input<typeof TournamentInput>;

export const TournamentView = z.object({
  worldId: z.string(),
  world: z.string(),
  conditionId: z.string(),
  agents: z.array(
    Entrant.extend({
      /** World whose account staked; null without a stake. */
      account: z.string().nullable(),
      /** Base units that it staked, and that it was paid. */
      stake: z.string(),
      payout: z.string(),
    }),
  ),
  token: z.string().nullable(),
  /** What the judge printed. */
  judgeSaid: z.string(),
  /** Null when every agent failed: then the push-down was voided and nothing was staked. */
  winner: z.string().nullable(),
  resolution: PullUpView.nullable(),
});
export type TournamentView = z.infer<typeof TournamentView>;
