import type { BranchId, ConditionId, SnapshotId, StateId, VerseId, WorldId } from '../model/ids.js';
import type { IdentityRecord, RecordOf, WorldBirth } from '../ports/journal-record.js';

export type WorldStatus = 'running' | 'snapshotted' | 'stopped' | 'collapsed' | 'deleted';

export interface Report {
  /** Exact rational text, as the guest sent it. */
  readonly cost: string | null;
  readonly value: string | null;
}

/** A world as the journal tells it. */
export interface World {
  readonly birth: WorldBirth;
  readonly id: WorldId;
  name: string;
  /** Free text pairs: those of its birth, as they were changed since. */
  metadata: Readonly<Record<string, string>>;
  readonly createdAt: string;
  status: WorldStatus;
  head: StateId;
  /** Its identity of each generation; the last one is the present one. */
  readonly identities: IdentityRecord[];
  verseId: VerseId;
  readonly childIds: WorldId[];
  openCondition: ConditionId | null;
  /** Set when a push-down made it. */
  readonly outcome: { readonly conditionId: ConditionId; readonly index: number } | null;
  report: Report | null;
  executions: number;
  /** True once one of its earlier states was given up by retention. */
  hasForgotten: boolean;
  /** Heads it has had and that are not forgotten, each once, oldest first by when it was last moved to. */
  readonly heads: StateId[];
  /** Seeds drawn from its own, for children and for new identities. */
  seedsDrawn: number;
}

/** True for a world that runs or waits for its verses. */
export function isLive({ status }: World): boolean {
  return status === 'running' || status === 'snapshotted';
}

export interface Snapshot {
  readonly id: SnapshotId;
  name: string;
  readonly worldId: WorldId;
  readonly state: StateId;
  readonly takenAt: string;
  /** The `fork` row in which worlds created from it accumulate, once there is one. */
  forkBranchId: BranchId | null;
  forked: number;
}

export interface Condition {
  readonly id: ConditionId;
  readonly parentId: WorldId;
  readonly parentVerseId: VerseId;
  readonly outcomes: RecordOf<'world.pushed-down'>['outcomes'];
  status: 'open' | 'resolved' | 'void';
}

/** One branching: a branch, a push-down, or all worlds made from one snapshot. */
export interface Branch {
  readonly id: BranchId;
  readonly parentId: WorldId;
  /** In the order in which they were made. */
  readonly childIds: WorldId[];
}
