import { z } from 'zod';
import { WevView } from '../model/api.js';
import {
  BranchId,
  ConditionId,
  ExecutionId,
  ResolutionId,
  SnapshotId,
  StateId,
  VerseId,
  WorldId,
} from '../model/ids.js';
import { WorldLimits } from '../model/limits.js';
import { Trit } from '../model/trit.js';
import { LedgerOp } from '../multiverse/index.js';
import { ImageCreated, ImageRemoved } from './image-record.js';
import { header } from './record-header.js';
import {
  DurableRecord,
  RemadeState,
  STATES_FORGOTTEN_MAX,
  StatePersisted,
  StateRooted,
  StatesForgotten,
} from './state-record.js';
import { SUBSTRATE_NAMES } from './substrate.js';

export { DurableRecord, ImageCreated, ImageRemoved, STATES_FORGOTTEN_MAX };

/**
 * What the journal holds: one record per acknowledged operation, with everything needed to rebuild the
 * runtime's memory, the ledger and the catalog. Amounts, seeds and nanoseconds are decimal text because
 * JSON has no 64-bit integers.
 */

const U64Text = z.string().regex(/^(0|[1-9]\d{0,19})$/);

/** A BranchIdentity without the world id, which its owner knows. */
export const IdentityRecord = z.strictObject({
  generation: z.int().min(0),
  verse: z.string(),
  trit: Trit,
  probability: z.string(),
  seed: U64Text,
  commonRandomNumbers: z.boolean(),
  /** Seed of the common random numbers while they are not in the state: its source had not run yet. */
  commonSeed: U64Text.optional(),
});
export type IdentityRecord = z.infer<typeof IdentityRecord>;

/** Measured times (ms) and memory (MB, 10^6 bytes) of one real boot, snapshot or branch. */
export const MetricsRecord = z.strictObject({
  metricId: z.string(),
  worldId: WorldId,
  bootTimeMs: z.number().nullable(),
  snapshotTimeMs: z.number().nullable(),
  branchTimeMs: z.number().nullable(),
  memoryOverheadMb: z.number().nullable(),
});
export type MetricsRecord = z.infer<typeof MetricsRecord>;

/** The base image a world stands on: its name at the time, and what the name stood for. */
export const ImageReference = z.strictObject({ name: z.string(), hash: z.string() });
export type ImageReference = z.infer<typeof ImageReference>;

/** Everything a world is at its birth. */
export const WorldBirth = z.strictObject({
  worldId: WorldId,
  name: z.string(),
  /** The row's type in the user's table: `verse` if a push-down made it, else what its substrate makes. */
  entityType: z.enum(['sandbox', 'verse', 'microvm']),
  substrate: z.enum(SUBSTRATE_NAMES),
  limits: WorldLimits,
  identity: IdentityRecord,
  /** World it was branched from, or null. */
  parentId: WorldId.nullable(),
  /** Snapshot it was created from, or null. */
  snapshotId: SnapshotId.nullable(),
  /** First head. */
  state: StateId,
  /** The image named when it was made; absent: the substrate's own. */
  image: ImageReference.optional(),
  /** Content hash of what it started from when the world was made. */
  baseDigest: z.string(),
  /** Verse its account acts in, and the account. */
  verseId: VerseId,
  account: z.string(),
  metadata: z.record(z.string(), z.string()),
  /** How many of its last states are kept; absent: as the runtime is set. */
  retainStates: z.int().min(1).optional(),
  /** Whose it is, where hosts are not shared between tenants; absent: the default tenant. */
  tenant: z.string().optional(),
});
export type WorldBirth = z.infer<typeof WorldBirth>;

export const WorldCreated = z.strictObject({
  op: z.literal('world.created'),
  ...header,
  world: WorldBirth,
  /** Set when created from a snapshot: the `fork` row in which its siblings accumulate. */
  fork: z.strictObject({ branchId: BranchId, parentId: WorldId }).nullable(),
  metrics: z.array(MetricsRecord),
});

export const GuestErrorRecord = z.strictObject({
  type: z.string(),
  message: z.string(),
  traceback: z.string(),
});

export const EffectRecord = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('report'), cost: z.string().optional(), value: z.string().optional() }),
  z.strictObject({ kind: z.literal('transfer'), to: z.string(), token: z.string(), amount: z.string() }),
]);

export const WorldExecuted = z.strictObject({
  op: z.literal('world.executed'),
  ...header,
  worldId: WorldId,
  executionId: ExecutionId,
  parentState: StateId,
  /** The state it made; null when the code did not compile and nothing changed. */
  state: StateId.nullable(),
  /** The inputs: with the identity of that generation they determine the result. */
  generation: z.int().min(0),
  language: z.literal('python'),
  code: z.string(),
  clockNs: U64Text,
  balances: z.record(z.string(), z.string()),
  limits: WorldLimits,
  ok: z.boolean(),
  changed: z.boolean(),
  value: z.string().nullable(),
  stdout: z.string(),
  stderr: z.string(),
  stdoutTruncated: z.boolean(),
  stderrTruncated: z.boolean(),
  error: GuestErrorRecord.nullable(),
  effects: z.array(EffectRecord),
  /** SHA-256 of everything the guest answered; compared on replay. */
  resultDigest: z.string(),
  /** In the guest's interpreter, ms. */
  runMs: z.number(),
  /** From its turn until this record was made, ms. */
  timeMs: z.number(),
  /** What its transfers did to the ledger. */
  ledger: z.array(LedgerOp),
});

export const ExecutionFailed = z.strictObject({
  op: z.literal('execution.failed'),
  ...header,
  worldId: WorldId,
  executionId: ExecutionId,
  parentState: StateId,
  language: z.literal('python'),
  code: z.string(),
  errorCode: z.string(),
  message: z.string(),
  timeMs: z.number(),
  /** What it has to pay all the same. Absent: nobody pays. */
  ledger: z.array(LedgerOp).optional(),
});

export const SnapshotTaken = z.strictObject({
  op: z.literal('snapshot.taken'),
  ...header,
  snapshotId: SnapshotId,
  name: z.string(),
  worldId: WorldId,
  state: StateId,
  durable: DurableRecord,
  metrics: z.array(MetricsRecord),
});

/** Worlds forgotten by one record at most. */
export const WORLDS_FORGOTTEN_MAX = 10_000;

/** Deleted worlds that nothing needs any more: only the journal and the catalog's rows still tell of them. */
export const WorldsForgotten = z.strictObject({
  op: z.literal('worlds.forgotten'),
  ...header,
  worlds: z.array(WorldId).min(1).max(WORLDS_FORGOTTEN_MAX),
});

export const WorldBranched = z.strictObject({
  op: z.literal('world.branched'),
  ...header,
  branchId: BranchId,
  parentId: WorldId,
  state: StateId,
  children: z.array(WorldBirth).min(1),
  gf3Sum: z.int(),
  snapshotTimeMs: z.number(),
  metrics: z.array(MetricsRecord),
});

export const OutcomeRecord = z.strictObject({
  name: z.string(),
  role: z.enum(['nash', 'optimal']).nullable(),
  probability: z.string(),
  verseId: VerseId,
  worldId: WorldId,
});

export const WorldPushedDown = z.strictObject({
  op: z.literal('world.pushed-down'),
  ...header,
  branchId: BranchId,
  parentId: WorldId,
  state: StateId,
  children: z.array(WorldBirth).min(2),
  gf3Sum: z.literal(0),
  snapshotTimeMs: z.number(),
  metrics: z.array(MetricsRecord),
  conditionId: ConditionId,
  parentVerseId: VerseId,
  outcomes: z.array(OutcomeRecord).min(2),
  ledger: z.array(LedgerOp),
});

/** A detached world on a past state of another. */
export const WorldReplayed = z.strictObject({
  op: z.literal('world.replayed'),
  ...header,
  branchId: BranchId,
  sourceId: WorldId,
  world: WorldBirth,
  /** Absent as long as the state is known. */
  remade: RemadeState.optional(),
  metrics: z.array(MetricsRecord),
});

/** What was measured, as it is also answered. */
export const WevRecord = WevView;
export type WevRecord = z.infer<typeof WevRecord>;

export const WorldPulledUp = z.strictObject({
  op: z.literal('world.pulled-up'),
  ...header,
  resolutionId: ResolutionId,
  conditionId: ConditionId,
  parentId: WorldId,
  winnerId: WorldId,
  winnerOutcome: z.string(),
  /** The winner's head, which becomes the parent's. */
  state: StateId,
  /** The parent's identity from now on. */
  identity: IdentityRecord,
  /** Losers and all worlds below them. The winner itself becomes `stopped`: it lives on as the parent. */
  collapsed: z.array(WorldId),
  /** Other worlds of the winning verse, which continue in the parent's verse. */
  rehomed: z.array(WorldId),
  verses: z.array(WorldId),
  oracle: z.strictObject({ source: z.string(), evidence: z.unknown() }),
  wev: WevRecord,
  pullUpTimeMs: z.number(),
  ledger: z.array(LedgerOp),
});

export const WorldVoided = z.strictObject({
  op: z.literal('world.voided'),
  ...header,
  conditionId: ConditionId,
  parentId: WorldId,
  collapsed: z.array(WorldId),
  ledger: z.array(LedgerOp),
});

export const WorldRewound = z.strictObject({
  op: z.literal('world.rewound'),
  ...header,
  worldId: WorldId,
  from: StateId,
  to: StateId,
});

export const FileChangeRecord = z.strictObject({
  kind: z.enum(['written', 'directory', 'removed', 'renamed', 'copied']),
  /** Absolute, in the guest. */
  path: z.string(),
  /** Where it was renamed or copied from. */
  from: z.string().optional(),
  /** Of what is a file afterwards. */
  sizeBytes: z.int().min(0).optional(),
  /** Of content that came from outside, hex. */
  sha256: z.string().optional(),
});
export type FileChangeRecord = z.infer<typeof FileChangeRecord>;

/** Files were changed from outside. The new state cannot be made by replay, so it is durable before this is acknowledged. */
export const WorldFilesEdited = z.strictObject({
  op: z.literal('world.files-edited'),
  ...header,
  worldId: WorldId,
  parentState: StateId,
  state: StateId,
  durable: DurableRecord,
  changes: z.array(FileChangeRecord).min(1),
  timeMs: z.number(),
});

export const WorldRenamed = z.strictObject({
  op: z.literal('world.renamed'),
  ...header,
  worldId: WorldId,
  name: z.string(),
});

export const WorldTagged = z.strictObject({
  op: z.literal('world.tagged'),
  ...header,
  worldId: WorldId,
  /** All its free text pairs from now on. */
  metadata: z.record(z.string(), z.string()),
});

export const SnapshotRenamed = z.strictObject({
  op: z.literal('snapshot.renamed'),
  ...header,
  snapshotId: SnapshotId,
  name: z.string(),
});

/** The name is gone; what it named is kept from here on only as long as something else keeps it. */
export const SnapshotRemoved = z.strictObject({
  op: z.literal('snapshot.removed'),
  ...header,
  snapshotId: SnapshotId,
  name: z.string(),
});

export const WorldDeleted = z.strictObject({ op: z.literal('world.deleted'), ...header, worldId: WorldId });

export const LedgerApplied = z.strictObject({
  op: z.literal('ledger.applied'),
  ...header,
  ledger: z.array(LedgerOp).min(1),
});

export const JournalRecord = z.discriminatedUnion('op', [
  WorldCreated,
  WorldExecuted,
  ExecutionFailed,
  SnapshotTaken,
  StatePersisted,
  StateRooted,
  StatesForgotten,
  WorldsForgotten,
  WorldBranched,
  WorldReplayed,
  WorldPushedDown,
  WorldPulledUp,
  WorldVoided,
  WorldRewound,
  WorldFilesEdited,
  WorldRenamed,
  WorldTagged,
  SnapshotRenamed,
  SnapshotRemoved,
  WorldDeleted,
  ImageCreated,
  ImageRemoved,
  LedgerApplied,
]);
export type JournalRecord = z.infer<typeof JournalRecord>;
export type RecordOf<Op extends JournalRecord['op']> = Extract<JournalRecord, { op: Op }>;

/** A record in its place in the chain. */
export interface JournalEntry {
  /** 1 for the first. */
  readonly seq: number;
  /** SHA-256 hex of the entry before; 64 zeros for the first. */
  readonly prevHash: string;
  readonly hash: string;
  readonly record: JournalRecord;
}
