import { z } from 'zod';
import { answerFields, DisputeWindow } from './answer-api.js';
import { Trit } from './trit.js';

/**
 * Input and output of every action, shared by all surfaces and by the client. The wire form is JSON:
 * ids, seeds, amounts and exact numbers are text; times are milliseconds.
 */

/** A world by id, by name, or by an unambiguous prefix of its id; absent: the current world. */
export const WorldReference = z.string().min(1).max(4096);
export const Name = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._/-]{0,99}$/,
    'letters, digits, dot, dash, underscore and slash, at most 100',
  );
export const Code = z
  .string()
  .refine((code) => code.isWellFormed(), 'code must be well-formed Unicode (it has a lone surrogate)');
export const TimeoutMs = z.int().min(1).max(86_400_000);
/** Accepts a whole number or its decimal text; JSON numbers are exact up to 2^53 - 1. */
export const Seed = z.union([
  z.int().min(0),
  z
    .string()
    .regex(
      /^(0x[0-9a-fA-F]{1,16}|\d{1,20})$/,
      'a seed is a whole number from 0 to 2^64 - 1, decimal or 0x and hex digits',
    ),
]);

export const WorldView = z.object({
  id: z.string(),
  name: z.string(),
  status: z.enum(['running', 'snapshotted', 'stopped', 'collapsed', 'deleted']),
  substrate: z.string(),
  /** Base image by name; `standard`: the substrate's own. */
  image: z.string(),
  /** Whose it is: `default` unless it was said. */
  tenant: z.string(),
  /** Content hash of what it started from. */
  baseDigest: z.string(),
  /** Name of its verse as the guest sees it: `root`, `nash`, ... */
  verse: z.string(),
  verseId: z.string(),
  trit: Trit,
  probability: z.string(),
  seed: z.string(),
  account: z.string(),
  parentId: z.string().nullable(),
  snapshotId: z.string().nullable(),
  childIds: z.array(z.string()),
  head: z.string(),
  generation: z.int(),
  /** The condition of its open push-down. */
  openCondition: z.string().nullable(),
  /** Its last committed report. */
  report: z.object({ cost: z.string().nullable(), value: z.string().nullable() }).nullable(),
  executions: z.int(),
  limits: z.record(z.string(), z.number()),
  metadata: z.record(z.string(), z.string()),
  createdAt: z.string(),
});
export type WorldView = z.infer<typeof WorldView>;

export const ExecutionView = z.object({
  executionId: z.string(),
  worldId: z.string(),
  world: z.string(),
  verse: z.string(),
  ok: z.boolean(),
  value: z.string().nullable(),
  stdout: z.string(),
  stderr: z.string(),
  stdoutTruncated: z.boolean(),
  stderrTruncated: z.boolean(),
  error: z.object({ type: z.string(), message: z.string(), traceback: z.string() }).nullable(),
  effects: z.array(z.record(z.string(), z.string())),
  /** Head after the execution. */
  state: z.string(),
  /** From its turn until its record was handed to the journal, ms: waiting in the queue and the last fsync left out. */
  timeMs: z.number(),
  /** In the guest's interpreter. */
  runMs: z.number(),
});
export type ExecutionView = z.infer<typeof ExecutionView>;

const LimitsInput = z
  .strictObject({
    timeoutMs: TimeoutMs,
    cpuMs: z.int(),
    memoryBytes: z.int(),
    outputBytes: z.int(),
    fileBytes: z.int(),
    files: z.int(),
    openFiles: z.int(),
    codeBytes: z.int(),
    queue: z.int(),
  })
  .partial();

export const CreateInput = z.strictObject({
  name: Name.optional().describe('name of the new world; default: world-N'),
  substrate: z.string().optional().describe('what it runs on; default: wasm'),
  image: z.string().min(1).max(100).optional().describe('base image it starts from; default: standard'),
  seed: Seed.optional().describe('seed of everything random in it; default: drawn'),
  limits: LimitsInput.optional().describe('what it may use'),
  snapshot: z.string().optional().describe('start from this snapshot (id or name)'),
  detached: z.boolean().optional().describe('from a collapsed world: in the root verse, with no balances'),
  commonRandomNumbers: z.boolean().optional().describe("keep the snapshot's random state"),
  metadata: z.record(z.string(), z.string()).optional().describe('free text pairs; `verse` names the verse'),
  trit: Trit.optional().describe('its role: -1 validator, 0 coordinator, +1 generator'),
  retainStates: z
    .int()
    .min(1)
    .max(1_000_000)
    .optional()
    .describe('its last states to keep; default: retention.states'),
  tenant: Name.optional().describe('whose it is, for `isolate`; default: default, or that of the snapshot'),
});
export type CreateInput = z.input<typeof CreateInput>;

export const ExecuteInput = z.strictObject({
  world: WorldReference.optional(),
  code: Code,
  timeoutMs: TimeoutMs.optional(),
  expectHead: z.string().optional().describe('fail with HEAD_MOVED unless the head is this state'),
});
export type ExecuteInput = z.input<typeof ExecuteInput>;

export const ExecuteInAllInput = z.strictObject({
  world: WorldReference.optional().describe('parent whose children shall run it'),
  worlds: z.array(WorldReference).max(100_000).optional().describe('or these worlds'),
  code: Code.optional().describe('the same program for all'),
  codes: z.record(z.string(), Code).optional().describe('or a program by verse name'),
  timeoutMs: TimeoutMs.optional(),
  budgetMs: TimeoutMs.optional().describe('run time that each may use up; beyond it: BUDGET_EXHAUSTED'),
});
export type ExecuteInAllInput = z.input<typeof ExecuteInAllInput>;

/** One world's part of execute-in-all: a result, or the error that befell it. */
export const ExecuteInAllItem = z.object({
  worldId: z.string(),
  world: z.string(),
  verse: z.string(),
  trit: Trit,
  execution: ExecutionView.nullable(),
  failure: z.object({ code: z.string(), message: z.string() }).nullable(),
});
export type ExecuteInAllItem = z.infer<typeof ExecuteInAllItem>;

export const SnapshotInput = z.strictObject({ world: WorldReference.optional(), name: Name.optional() });
export type SnapshotInput = z.input<typeof SnapshotInput>;
export const SnapshotView = z.object({
  id: z.string(),
  name: z.string(),
  worldId: z.string(),
  state: z.string(),
  snapshotTimeMs: z.number(),
});
export type SnapshotView = z.infer<typeof SnapshotView>;

export const BranchInput = z.strictObject({
  world: WorldReference.optional(),
  count: z.int().min(1).max(100_000).optional(),
  children: z
    .array(z.strictObject({ name: Name, trit: Trit.optional() }))
    .min(1)
    .max(100_000)
    .optional(),
  commonRandomNumbers: z.boolean().optional(),
});
export type BranchInput = z.input<typeof BranchInput>;
export const BranchView = z.object({
  branchId: z.string(),
  parentId: z.string(),
  state: z.string(),
  gf3Sum: z.int(),
  snapshotTimeMs: z.number(),
  branchTimeMs: z.number(),
  children: z.array(WorldView),
});
export type BranchView = z.infer<typeof BranchView>;

export const PushDownInput = z.strictObject({
  world: WorldReference.optional(),
  outcomes: z
    .array(
      z.strictObject({
        name: Name,
        trit: Trit.optional(),
        probability: z.string().optional().describe('exact decimal, e.g. 0.45'),
        role: z.enum(['nash', 'optimal']).optional().describe('what WEV takes it for; default: by name'),
      }),
    )
    .min(2)
    .max(256)
    .optional()
    .describe('default: nash -1 .45, optimal 0 .35, chaos +1 .20'),
  amounts: z
    .record(z.string(), z.string())
    .optional()
    .describe('amount of each token to split; default: all'),
  commonRandomNumbers: z.boolean().optional(),
  disputeWindow: DisputeWindow.optional(),
});
export type PushDownInput = z.input<typeof PushDownInput>;
export const PushDownView = BranchView.extend({
  conditionId: z.string(),
  outcomes: z.array(
    z.object({
      name: z.string(),
      role: z.string().nullable(),
      probability: z.string(),
      verseId: z.string(),
      worldId: z.string(),
      trit: Trit,
    }),
  ),
});
export type PushDownView = z.infer<typeof PushDownView>;

export const PullUpInput = z.strictObject({
  world: WorldReference.optional(),
  ...answerFields,
  outcome: z
    .string()
    .optional()
    .describe('winning outcome, for the oracles manual and command; default: what is proposed, else optimal'),
  stakes: z
    .strictObject({
      token: z.string().regex(/^[A-Za-z][A-Za-z0-9_.-]{0,31}$/),
      of: z
        .array(z.strictObject({ outcome: z.string(), world: WorldReference, amount: z.string() }))
        .min(1)
        .max(256),
    })
    .optional()
    .describe(
      "base units that other worlds' accounts stake on outcomes; the winner's world gets all of them",
    ),
});
export type PullUpInput = z.input<typeof PullUpInput>;

/** Exact numbers as text (`1/3`), null where undefined with the reason in `wevReason`. */
export const WevView = z.strictObject({
  poa: z.string().nullable(),
  wev: z.string().nullable(),
  wevValue: z.string().nullable(),
  regret: z.string().nullable(),
  pctExtractable: z.string().nullable(),
  wevExpected: z.string().nullable(),
  losingBalances: z.record(z.string(), z.string()),
  unbounded: z.boolean(),
  wevReason: z.string().nullable(),
});
export type WevView = z.infer<typeof WevView>;

export const PullUpView = z.object({
  resolutionId: z.string(),
  conditionId: z.string(),
  parentId: z.string(),
  winner: z.object({ outcome: z.string(), worldId: z.string() }),
  /** Names of the outcomes that lost. */
  collapsed: z.array(z.string()),
  collapsedWorldIds: z.array(z.string()),
  oracle: z.object({ source: z.string(), evidence: z.unknown() }),
  wev: WevView,
  state: z.string(),
  /** Until its record was handed to the journal, ms. */
  pullUpTimeMs: z.number(),
});
export type PullUpView = z.infer<typeof PullUpView>;

export const WorldInput = z.strictObject({ world: WorldReference.optional() });
export type WorldInput = z.input<typeof WorldInput>;
export const VoidView = z.object({
  conditionId: z.string(),
  parentId: z.string(),
  collapsedWorldIds: z.array(z.string()),
});
export type VoidView = z.infer<typeof VoidView>;

export const RewindInput = z.strictObject({
  world: WorldReference.optional(),
  to: z.string().optional().describe('state id, or snapshot id or name, in its history'),
  steps: z.int().min(1).optional().describe('or how many executions to go back; default: 1'),
});
export type RewindInput = z.input<typeof RewindInput>;
export const RewindView = z.object({ worldId: z.string(), from: z.string(), to: z.string() });
export type RewindView = z.infer<typeof RewindView>;

export const ListInput = z.strictObject({
  all: z.boolean().optional().describe('also collapsed and deleted worlds'),
  tags: z
    .array(z.strictObject({ key: z.string(), value: z.string().optional() }))
    .max(64)
    .optional()
    .describe('only worlds that have all these tags, with these values'),
});
export type ListInput = z.input<typeof ListInput>;
export const DeleteView = z.object({ worldId: z.string(), name: z.string() });
export type DeleteView = z.infer<typeof DeleteView>;

export const LogInput = z.strictObject({
  world: WorldReference.optional(),
  limit: z.int().min(1).max(100_000).optional(),
});
export type LogInput = z.input<typeof LogInput>;

/** Rows of one of the catalog's tables, newest first. */
export const RowsInput = z.strictObject({ limit: z.int().min(1).max(100_000).optional() });
export type RowsInput = z.input<typeof RowsInput>;
export const Rows = z.array(z.record(z.string(), z.unknown()));
export type Rows = z.infer<typeof Rows>;

export const QueryInput = z.strictObject({
  sql: z.string().min(1).max(65_536),
  rowsMax: z.int().min(1).max(1_000_000).optional(),
  timeoutMs: TimeoutMs.optional(),
});
export type QueryInput = z.input<typeof QueryInput>;
export const QueryView = z.object({
  columns: z.array(z.string()),
  rows: z.array(z.array(z.unknown())),
  truncated: z.boolean(),
});
export type QueryView = z.infer<typeof QueryView>;

export const DepositInput = z.strictObject({
  world: WorldReference.optional().describe('whose account; only in the root verse'),
  token: z.string().regex(/^[A-Za-z][A-Za-z0-9_.-]{0,31}$/),
  amount: z.string().regex(/^\d{1,78}$/, 'a whole number of base units'),
});
export type DepositInput = z.input<typeof DepositInput>;
export const BalanceView = z.object({
  verseId: z.string(),
  verse: z.string(),
  owner: z.string(),
  token: z.string(),
  amount: z.string(),
});
export type BalanceView = z.infer<typeof BalanceView>;
export const BalancesInput = z.strictObject({ world: WorldReference.optional() });
export type BalancesInput = z.input<typeof BalancesInput>;
