import { z } from 'zod';

/** How questions are answered: what every action that takes an answer has in common. */

/** What names an outcome. */
export const ORACLE_SOURCES = ['manual', 'least-cost', 'most-value', 'command', 'python'] as const;

/** The longest time for which an answer can be disputed: a year. */
export const DISPUTE_WINDOW_MAX_S = 31_536_000;

export const DisputeWindow = z
  .int()
  .min(0)
  .max(DISPUTE_WINDOW_MAX_S)
  .describe('seconds for which an answer can be disputed before it is final; default 0');

/** Why an outcome was answered: any JSON object. It is kept with the answer and never interpreted. */
export const Evidence = z.record(z.string(), z.json());
export type Evidence = z.infer<typeof Evidence>;

export const answerFields = {
  oracle: z.enum(ORACLE_SOURCES).optional().describe('default: manual'),
  outcome: z.string().min(1).max(100).optional().describe('the answer, for the oracles manual and command'),
  evidence: Evidence.optional().describe('what it was seen from; kept with the answer'),
  code: z
    .string()
    .optional()
    .describe('for the oracle python: defines oracle(outcomes), which returns the name of one'),
};
