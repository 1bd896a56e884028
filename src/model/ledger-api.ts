import { z } from 'zod';
import { WorldReference } from './api.js';

/** Balances moved and looked at by whoever runs the runtime, in the name of worlds. */

const Token = z.string().regex(/^[A-Za-z][A-Za-z0-9_.-]{0,31}$/);
const Amount = z.string().regex(/^\d{1,78}$/, 'a whole number of base units');

export const WithdrawInput = z.strictObject({
  world: WorldReference.optional().describe('whose account; only in the root verse'),
  token: Token,
  amount: Amount,
});
export type WithdrawInput = z.input<typeof WithdrawInput>;

export const TransferInput = z.strictObject({
  world: WorldReference.optional().describe('whose account gives, in the verse that it is in'),
  to: z.string().min(1).max(128).describe('a world, or the name of an account'),
  token: Token,
  amount: Amount,
});
export type TransferInput = z.input<typeof TransferInput>;

export const LedgerHistoryInput = z.strictObject({
  world: WorldReference.optional().describe('only what its account has part in; default: everything'),
  limit: z.int().min(1).max(100_000).optional(),
});
export type LedgerHistoryInput = z.input<typeof LedgerHistoryInput>;

export const LedgerValueInput = z.strictObject({
  world: WorldReference.optional().describe('whose account'),
  condition: z.string().max(64).optional().describe('default: the conditions that decide about its balances'),
});
export type LedgerValueInput = z.input<typeof LedgerValueInput>;

export const LedgerValueView = z.object({
  world: z.string(),
  account: z.string(),
  conditions: z.array(
    z.object({
      conditionId: z.string(),
      outcomes: z.array(
        z.object({
          outcome: z.string(),
          probability: z.string(),
          /** What the account has if it comes out so, by token; open conditions below it at their probabilities. */
          tokens: z.record(z.string(), z.string()),
        }),
      ),
      /** The mean of those, weighed by probability, exact, by token. */
      expected: z.record(z.string(), z.string()),
    }),
  ),
});
export type LedgerValueView = z.infer<typeof LedgerValueView>;

export const LedgerVerifyView = z.object({
  /** Entries of the journal that were read. */
  entries: z.int(),
  /** Operations of the ledger among them. */
  operations: z.int(),
  conditions: z.int(),
  verses: z.int(),
  tokens: z.array(
    z.object({
      token: z.string(),
      /** Base units that back every outcome; what all accounts together have in each of them. */
      escrow: z.string(),
    }),
  ),
});
export type LedgerVerifyView = z.infer<typeof LedgerVerifyView>;
