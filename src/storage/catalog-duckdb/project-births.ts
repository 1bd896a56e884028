import { MIB } from '../../model/limits.js';
import type { MetricsRecord, RecordOf, WorldBirth } from '../../ports/journal-record.js';
import type { ChangeSet, Row } from './change-set.js';

/** What the births of worlds mean for the tables. */

export function replayed(
  { world, remade, at, ...record }: RecordOf<'world.replayed'>,
  changes: ChangeSet,
): void {
  // The row of its state is there: it never goes.
  if (remade) {
    const durable = JSON.stringify(remade.durable);
    changes.update('states', { state_id: world.state }, { durable_json: durable });
  }
  bear(world, bootTimes(record.metrics), at, changes);
  changes.insert('world_branches', {
    branch_id: record.branchId,
    parent_entity_id: record.sourceId,
    child_entity_ids: [world.worldId],
    branch_type: 'fork',
    snapshot_time_ms: null,
    gf3_sum: world.identity.trit,
    branched_at: at,
  });
  measured(record.metrics, at, changes);
}

export function created(record: RecordOf<'world.created'>, forks: Set<string>, changes: ChangeSet): void {
  const { world, fork, metrics, at } = record;
  bear(world, bootTimes(metrics), at, changes);
  // Only a world that was booted starts from a state of its own.
  if (world.snapshotId === null) {
    changes.insert('states', { state_id: world.state, world_id: world.worldId, created_at: at });
  }
  if (fork) {
    if (!forks.has(fork.branchId)) {
      forks.add(fork.branchId);
      changes.insert('world_branches', {
        branch_id: fork.branchId,
        parent_entity_id: fork.parentId,
        child_entity_ids: [],
        branch_type: 'fork',
        snapshot_time_ms: null,
        gf3_sum: 0,
        branched_at: at,
      });
    }
    changes.join(fork.branchId, { childId: world.worldId, trit: world.identity.trit });
  }
  measured(metrics, at, changes);
}

export function branched(
  record: RecordOf<'world.branched'> | RecordOf<'world.pushed-down'>,
  type: 'fork' | 'push_down',
  changes: ChangeSet,
): void {
  const boots = bootTimes(record.metrics);
  for (const child of record.children) bear(child, boots, record.at, changes);
  changes.insert('world_branches', {
    branch_id: record.branchId,
    parent_entity_id: record.parentId,
    child_entity_ids: record.children.map((child) => child.worldId),
    branch_type: type,
    snapshot_time_ms: record.snapshotTimeMs,
    gf3_sum: record.gf3Sum,
    branched_at: record.at,
  });
  measured(record.metrics, record.at, changes);
}

/** By world, so that a branch of 100,000 children does not look through as many metrics for each. */
function bootTimes(metrics: readonly MetricsRecord[]): ReadonlyMap<string, number | null> {
  return new Map(metrics.map(({ worldId, bootTimeMs }) => [worldId, bootTimeMs]));
}

/** The rows of a new world. */
function bear(
  world: WorldBirth,
  boots: ReadonlyMap<string, number | null>,
  at: string,
  changes: ChangeSet,
): void {
  const { worldId, identity } = world;
  changes.insert('world_runtime_entities', {
    entity_id: worldId,
    entity_type: world.entityType,
    parent_id: world.parentId,
    snapshot_id: world.snapshotId,
    trit: identity.trit,
    state: 'running',
    memory_mib: Math.round(world.limits.memoryBytes / MIB),
    // A Wasm world runs on one thread; the simulated one has no processor at all.
    vcpu_count: world.substrate === 'wasm' ? 1 : null,
    boot_time_ms: boots.get(worldId) ?? null,
    created_at: at,
    resolved_at: null,
  });
  changes.insert('worlds', {
    world_id: worldId,
    name: world.name,
    status: 'running',
    substrate: world.substrate,
    entity_type: world.entityType,
    parent_id: world.parentId,
    snapshot_id: world.snapshotId,
    birth_state: world.state,
    head: world.state,
    ...identityRow(identity),
    verse_id: world.verseId,
    account: world.account,
    base_digest: world.baseDigest,
    limits_json: JSON.stringify(world.limits),
    metadata_json: JSON.stringify(world.metadata),
    created_at: at,
    image_name: world.image?.name ?? null,
    image_hash: world.image?.hash ?? null,
  });
}

export function identityRow(identity: WorldBirth['identity']): Row {
  return {
    generation: identity.generation,
    verse: identity.verse,
    trit: identity.trit,
    probability: identity.probability,
    seed: identity.seed,
    common_random_numbers: identity.commonRandomNumbers,
  };
}

export function measured(metrics: readonly MetricsRecord[], at: string, changes: ChangeSet): void {
  for (const metric of metrics) {
    changes.insert('runtime_metrics', {
      metric_id: metric.metricId,
      entity_id: metric.worldId,
      boot_time_ms: metric.bootTimeMs,
      snapshot_time_ms: metric.snapshotTimeMs,
      branch_time_ms: metric.branchTimeMs,
      memory_overhead_mb: metric.memoryOverheadMb,
      measured_at: at,
    });
  }
}
