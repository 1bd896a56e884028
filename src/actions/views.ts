import type { BranchView, ExecutionView, PushDownView, SnapshotView, WorldView } from '../model/api.js';
import { TENANT_DEFAULT } from '../model/isolation-mode.js';
import type { RecordOf, WorldBirth } from '../ports/journal-record.js';
import type { Branched } from '../runtime/branch.js';
import { STANDARD_IMAGE } from '../runtime/images.js';
import type { RuntimeContext } from '../runtime/runtime-context.js';
import type { World } from '../runtime/world-model.js';

/** A world as every surface shows it. */
export function worldView(context: RuntimeContext, world: World): WorldView {
  const { birth } = world;
  const identity = context.model.identity(world);
  return {
    id: world.id,
    name: world.name,
    status: world.status,
    substrate: birth.substrate,
    image: birth.image?.name ?? STANDARD_IMAGE,
    tenant: birth.tenant ?? TENANT_DEFAULT,
    baseDigest: birth.baseDigest,
    verse: identity.verse,
    verseId: world.verseId,
    trit: identity.trit,
    probability: identity.probability,
    seed: (world.identities.at(-1) ?? birth.identity).seed,
    account: birth.account,
    parentId: birth.parentId,
    snapshotId: birth.snapshotId,
    childIds: [...world.childIds],
    head: world.head,
    generation: identity.generation,
    openCondition: world.openCondition,
    report: world.report,
    executions: world.executions,
    limits: { ...birth.limits },
    metadata: { ...world.metadata },
    createdAt: world.createdAt,
  };
}

/** An execution as every surface shows it. */
export function executionView(context: RuntimeContext, record: RecordOf<'world.executed'>): ExecutionView {
  const world = context.model.world(record.worldId);
  return {
    executionId: record.executionId,
    worldId: record.worldId,
    world: world.name,
    verse: context.model.identity(world, record.generation).verse,
    ok: record.ok,
    value: record.value,
    stdout: record.stdout,
    stderr: record.stderr,
    stdoutTruncated: record.stdoutTruncated,
    stderrTruncated: record.stderrTruncated,
    error: record.error,
    effects: record.effects.map((effect) =>
      Object.fromEntries(
        Object.entries(effect).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])),
      ),
    ),
    state: record.state ?? record.parentState,
    timeMs: record.timeMs,
    runMs: record.runMs,
  };
}

export function snapshotView(record: RecordOf<'snapshot.taken'>): SnapshotView {
  return {
    id: record.snapshotId,
    name: record.name,
    worldId: record.worldId,
    state: record.state,
    snapshotTimeMs: record.metrics[0]?.snapshotTimeMs ?? 0,
  };
}

export function branchView(
  context: RuntimeContext,
  branched: Branched<'world.branched' | 'world.pushed-down'>,
): BranchView {
  return {
    branchId: branched.branchId,
    parentId: branched.parentId,
    state: branched.state,
    gf3Sum: branched.gf3Sum,
    snapshotTimeMs: branched.snapshotTimeMs,
    branchTimeMs: branched.branchTimeMs,
    children: branched.children.map((birth) => worldView(context, context.model.world(birth.worldId))),
  };
}

export function pushDownView(context: RuntimeContext, branched: Branched<'world.pushed-down'>): PushDownView {
  const births = new Map<string, WorldBirth>(branched.children.map((birth) => [birth.worldId, birth]));
  return {
    ...branchView(context, branched),
    conditionId: branched.conditionId,
    outcomes: branched.outcomes.map((outcome) => ({
      ...outcome,
      trit: births.get(outcome.worldId)?.identity.trit ?? 0,
    })),
  };
}
