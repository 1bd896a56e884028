import { Rational } from '../../model/rational.js';
import type { JournalRecord, RecordOf } from '../../ports/journal-record.js';
import type { ChangeSet } from './change-set.js';
import { branched, created, identityRow, measured, replayed } from './project-births.js';
import { imageCreated } from './project-image.js';

/** What the projection has to remember between entries. */
export interface ProjectionMemory {
  /** Branch rows in which worlds made from snapshots gather. */
  readonly forks: Set<string>;
  /** Deleted worlds: nothing changes their status any more. */
  readonly deleted: Set<string>;
}

/**
 * Writes what one record means for the tables, the ledger's excepted (project-ledger.ts), into `changes`. `seq`
 * is the record's place in the journal.
 */
export function projectRecord(
  record: JournalRecord,
  seq: number,
  memory: ProjectionMemory,
  changes: ChangeSet,
): void {
  switch (record.op) {
    case 'world.created':
      created(record, memory.forks, changes);
      break;
    case 'world.executed':
      executed(record, changes);
      break;
    case 'execution.failed':
      failed(record, changes);
      break;
    case 'snapshot.taken':
      snapshotTaken(record, changes);
      break;
    case 'state.persisted':
      changes.update('states', { state_id: record.state }, { durable_json: JSON.stringify(record.durable) });
      break;
    case 'state.rooted':
      changes.update('states', { state_id: record.state }, { root: record.root });
      break;
    case 'states.forgotten':
      // The row stays, as history; its durable form is no longer one.
      for (const state of record.states)
        changes.update('states', { state_id: state }, { durable_json: null });
      break;
    case 'worlds.forgotten':
      // Rows stay, as history.
      break;
    case 'world.branched':
      branched(record, 'fork', changes);
      break;
    case 'world.replayed':
      replayed(record, changes);
      break;
    case 'world.pushed-down':
      branched(record, 'push_down', changes);
      setState(record.parentId, 'snapshotted', changes);
      break;
    case 'world.pulled-up':
      pulledUp(record, seq, memory, changes);
      break;
    case 'world.voided':
      for (const id of record.collapsed) end(id, 'collapsed', record.at, memory, changes);
      setState(record.parentId, 'running', changes);
      break;
    case 'world.rewound':
      changes.update('worlds', { world_id: record.worldId }, { head: record.to });
      break;
    case 'world.files-edited':
      filesEdited(record, changes);
      break;
    case 'world.renamed':
      changes.update('worlds', { world_id: record.worldId }, { name: record.name });
      break;
    case 'world.tagged':
      changes.update(
        'worlds',
        { world_id: record.worldId },
        { metadata_json: JSON.stringify(record.metadata) },
      );
      break;
    case 'snapshot.renamed':
      changes.update('snapshots', { snapshot_id: record.snapshotId }, { name: record.name });
      break;
    case 'snapshot.removed':
      changes.update('snapshots', { snapshot_id: record.snapshotId }, { removed_at: record.at });
      break;
    case 'world.deleted':
      end(record.worldId, 'deleted', record.at, memory, changes);
      memory.deleted.add(record.worldId);
      break;
    case 'image.created':
      imageCreated(record, changes);
      break;
    case 'image.removed':
      changes.update('images', { image_id: record.imageId }, { removed_at: record.at });
      break;
    case 'ledger.applied':
      break;
    default:
      record satisfies never;
  }
}

function executed(record: RecordOf<'world.executed'>, changes: ChangeSet): void {
  changes.insert('executions', {
    execution_id: record.executionId,
    world_id: record.worldId,
    parent_state: record.parentState,
    state_id: record.state,
    status: record.ok ? 'ok' : 'error',
    language: record.language,
    code: record.code,
    generation: record.generation,
    clock_ns: record.clockNs,
    value: record.value,
    stdout: record.stdout,
    stderr: record.stderr,
    stdout_truncated: record.stdoutTruncated,
    stderr_truncated: record.stderrTruncated,
    error_type: record.error?.type ?? null,
    error_message: record.error?.message ?? null,
    traceback: record.error?.traceback ?? null,
    effects_json: JSON.stringify(record.effects),
    result_digest: record.resultDigest,
    run_ms: record.runMs,
    time_ms: record.timeMs,
    executed_at: record.at,
  });
  if (record.state === null) return;
  changes.insert('states', {
    state_id: record.state,
    world_id: record.worldId,
    parent_state: record.parentState,
    execution_id: record.executionId,
    created_at: record.at,
  });
  const report = record.effects.findLast((effect) => effect.kind === 'report');
  changes.update(
    'worlds',
    { world_id: record.worldId },
    {
      head: record.state,
      ...(report ? { report_cost: report.cost ?? null, report_value: report.value ?? null } : {}),
    },
  );
}

function filesEdited(record: RecordOf<'world.files-edited'>, changes: ChangeSet): void {
  changes.insert('file_edits', {
    state_id: record.state,
    world_id: record.worldId,
    parent_state: record.parentState,
    changes_json: JSON.stringify(record.changes),
    time_ms: record.timeMs,
    edited_at: record.at,
  });
  changes.insert('states', {
    state_id: record.state,
    world_id: record.worldId,
    parent_state: record.parentState,
    durable_json: JSON.stringify(record.durable),
    created_at: record.at,
  });
  changes.update('worlds', { world_id: record.worldId }, { head: record.state });
}

function failed(record: RecordOf<'execution.failed'>, changes: ChangeSet): void {
  changes.insert('executions', {
    execution_id: record.executionId,
    world_id: record.worldId,
    parent_state: record.parentState,
    status: 'failed',
    language: record.language,
    code: record.code,
    error_message: record.message,
    failure_code: record.errorCode,
    time_ms: record.timeMs,
    executed_at: record.at,
  });
}

/** A snapshot is a branching event without children yet: its row goes by the snapshot's own id. */
function snapshotTaken(record: RecordOf<'snapshot.taken'>, changes: ChangeSet): void {
  const durable_json = JSON.stringify(record.durable);
  changes.insert('snapshots', {
    snapshot_id: record.snapshotId,
    name: record.name,
    world_id: record.worldId,
    state_id: record.state,
    durable_json,
    taken_at: record.at,
  });
  changes.update('states', { state_id: record.state }, { durable_json });
  changes.insert('world_branches', {
    branch_id: record.snapshotId,
    parent_entity_id: record.worldId,
    child_entity_ids: [],
    branch_type: 'snapshot',
    snapshot_time_ms: record.metrics.find((metric) => metric.snapshotTimeMs !== null)?.snapshotTimeMs ?? null,
    gf3_sum: 0,
    branched_at: record.at,
  });
  measured(record.metrics, record.at, changes);
}

function pulledUp(
  record: RecordOf<'world.pulled-up'>,
  seq: number,
  memory: ProjectionMemory,
  changes: ChangeSet,
): void {
  const { parentId, winnerId, resolutionId, conditionId, wev, at } = record;
  for (const id of record.collapsed) if (id !== winnerId) end(id, 'collapsed', at, memory, changes);
  end(winnerId, 'stopped', at, memory, changes);
  setState(parentId, 'running', changes);
  changes.update('worlds', { world_id: parentId }, { head: record.state, ...identityRow(record.identity) });
  changes.insert('verse_resolutions', {
    resolution_id: resolutionId,
    verses: record.verses,
    winning_verse: winnerId,
    oracle_source: record.oracle.source,
    wev_extracted: floatOf(wev.wev),
    pull_up_time_ms: record.pullUpTimeMs,
    resolved_at: at,
  });
  changes.insert('resolution_wev', {
    resolution_id: resolutionId,
    condition_id: conditionId,
    parent_id: parentId,
    winner_id: winnerId,
    winner_outcome: record.winnerOutcome,
    poa: wev.poa,
    wev: wev.wev,
    wev_value: wev.wevValue,
    regret: wev.regret,
    pct_extractable: wev.pctExtractable,
    wev_expected: wev.wevExpected,
    losing_balances_json: JSON.stringify(wev.losingBalances),
    unbounded: wev.unbounded,
    wev_reason: wev.wevReason,
  });
  changes.insert('oracle_reports', {
    seq,
    position: 0,
    condition_id: conditionId,
    resolution_id: resolutionId,
    source: record.oracle.source,
    kind: 'final',
    outcome: record.winnerOutcome,
    evidence_json: JSON.stringify(record.oracle.evidence ?? null),
    reported_at: at,
  });
}

/** The user's column is a FLOAT: an exact ratio that no float can hold is left out of it, not turned into infinity. */
function floatOf(ratio: string | null): number | null {
  if (ratio === null) return null;
  const value = Rational.toNumber(Rational.parse(ratio));
  return Number.isFinite(Math.fround(value)) ? value : null;
}

function setState(worldId: string, state: 'running' | 'snapshotted', changes: ChangeSet): void {
  changes.update('world_runtime_entities', { entity_id: worldId }, { state });
  changes.update('worlds', { world_id: worldId }, { status: state });
}

function end(
  worldId: string,
  state: 'stopped' | 'collapsed' | 'deleted',
  at: string,
  memory: ProjectionMemory,
  changes: ChangeSet,
): void {
  if (memory.deleted.has(worldId)) return;
  changes.update('world_runtime_entities', { entity_id: worldId }, { state, resolved_at: at });
  changes.update('worlds', { world_id: worldId }, { status: state, ended_at: at });
}
