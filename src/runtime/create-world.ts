import type { BranchId } from '../model/ids.js';
import { WorldLimits } from '../model/limits.js';
import { parse } from '../model/parse.js';
import type { Trit } from '../model/trit.js';
import { WorldError } from '../model/world-error.js';
import { ROOT_VERSE_ID } from '../multiverse/index.js';
import type { RecordOf, WorldBirth } from '../ports/journal-record.js';
import type { BranchIdentity, Machine, SubstrateName, Wait } from '../ports/substrate.js';
import { findSnapshot, makeCurrent } from './find-world.js';
import { isLost } from './live-machine.js';
import { materialiseState } from './materialise-state.js';
import type { RuntimeContext } from './runtime-context.js';
import { NameReservation, nextSeed } from './world-births.js';
import type { Snapshot, World } from './world-model.js';

export interface CreateRequest {
  readonly name?: string;
  readonly substrate?: string;
  readonly seed?: bigint;
  readonly limits?: Partial<WorldLimits>;
  /** Id or name of the snapshot to start from. */
  readonly snapshot?: string;
  readonly detached?: boolean;
  readonly commonRandomNumbers?: boolean;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly trit?: Trit;
}

const MEGABYTE = 1e6;

/**
 * Makes a world: fresh, or from a snapshot. Worlds made from one snapshot accumulate in one `fork` branch.
 *
 * @throws NAME_TAKEN, SNAPSHOT_NOT_FOUND, UNSUPPORTED, WORLD_COLLAPSED (snapshot of a collapsed world, not detached)
 */
export async function createWorld(
  context: RuntimeContext,
  request: CreateRequest,
  wait: Wait,
): Promise<World> {
  context.requireOpen();
  const names = new NameReservation(context);
  try {
    const world =
      request.snapshot === undefined
        ? await createFresh(context, request, { names, wait })
        : await createFromSnapshot(context, findSnapshot(context.model, request.snapshot), request, {
            names,
            wait,
          });
    makeCurrent(context, world);
    return world;
  } finally {
    names.release();
  }
}

interface Making {
  readonly names: NameReservation;
  readonly wait: Wait;
}

async function createFresh(context: RuntimeContext, request: CreateRequest, making: Making): Promise<World> {
  const { parts } = context;
  const substrate = context.substrate((request.substrate ?? parts.defaultSubstrate) as SubstrateName);
  const worldId = parts.ids.next('world');
  const birth: WorldBirth = {
    worldId,
    name: chooseName(context, request, making.names),
    entityType: entityTypeOf(substrate.name),
    substrate: substrate.name,
    limits: parse(WorldLimits, request.limits ?? {}, 'limits'),
    identity: {
      generation: 0,
      verse: request.metadata?.['verse'] ?? 'root',
      trit: request.trit ?? 0,
      probability: '1',
      seed: (request.seed ?? parts.entropy.u64()).toString(),
      commonRandomNumbers: false,
    },
    parentId: null,
    snapshotId: null,
    state: parts.ids.next('state'),
    baseDigest: await substrate.baseDigest(making.wait),
    verseId: ROOT_VERSE_ID,
    account: worldId,
    metadata: { ...request.metadata },
  };
  const identity = identityOf(birth);
  const booted = await context.timed(() => substrate.boot({ limits: birth.limits }, identity, making.wait));
  const metrics = { bootTimeMs: booted.ms, memoryOverheadMb: await ownMegabytes(booted.value) };
  context.remember(birth.state, booted.value.snapshot(making.wait));
  context.machines.set(worldId, { machine: booted.value, state: birth.state });
  await context.commit({
    op: 'world.created',
    at: context.at(),
    world: birth,
    fork: null,
    metrics: [context.metrics(worldId, metrics)],
  });
  return context.model.world(worldId);
}

async function createFromSnapshot(
  context: RuntimeContext,
  snapshot: Snapshot,
  request: CreateRequest,
  making: Making,
): Promise<World> {
  const source = context.model.world(snapshot.worldId);
  refuseOtherBase(source, request);
  const detached = request.detached ?? false;
  requireLive(source, snapshot, detached);
  const substrate = context.substrate(source.birth.substrate);
  const { value: ref, ms: snapshotTimeMs } = await context.timed(() =>
    materialiseState(context, snapshot.state, making.wait).catch((thrown) => {
      if (!isLost(thrown)) throw thrown;
      context.forgetSubstrate(substrate.name);
      return materialiseState(context, snapshot.state, making.wait);
    }),
  );
  // Seeds come from the source's chain, so its birth and this record must not be torn apart by another branch.
  return context.locks.hold(
    [source.id],
    async () => {
      const birth = snapshotBirth(context, { source, snapshot, request, detached, names: making.names });
      const restored = await context.timed(() => substrate.restore(ref, identityOf(birth), making.wait));
      const metrics = {
        branchTimeMs: restored.ms,
        snapshotTimeMs,
        memoryOverheadMb: await ownMegabytes(restored.value),
      };
      context.machines.set(birth.worldId, { machine: restored.value, state: birth.state });
      const branchId: BranchId = snapshot.forkBranchId ?? context.parts.ids.next('branch');
      const record: RecordOf<'world.created'> = {
        op: 'world.created',
        at: context.at(),
        world: birth,
        fork: { branchId, parentId: source.id },
        metrics: [context.metrics(birth.worldId, metrics)],
      };
      await context.commit(record);
      return context.model.world(birth.worldId);
    },
    making.wait.signal,
  );
}

function snapshotBirth(
  context: RuntimeContext,
  from: {
    source: World;
    snapshot: Snapshot;
    request: CreateRequest;
    detached: boolean;
    names: NameReservation;
  },
): WorldBirth {
  const { source, snapshot, request, detached, names } = from;
  const worldId = context.parts.ids.next('world');
  const parent = context.model.identity(source);
  return {
    ...source.birth,
    worldId,
    name: chooseName(context, request, names),
    entityType: entityTypeOf(source.birth.substrate),
    limits: parse(WorldLimits, { ...source.birth.limits, ...request.limits }, 'limits'),
    identity: {
      generation: 0,
      verse: request.metadata?.['verse'] ?? (detached ? 'root' : parent.verse),
      trit: request.trit ?? 0,
      probability: detached ? '1' : parent.probability,
      seed: (request.seed ?? nextSeed(context.model, source)).toString(),
      commonRandomNumbers: request.commonRandomNumbers ?? false,
    },
    parentId: detached ? null : source.id,
    snapshotId: snapshot.id,
    state: snapshot.state,
    verseId: detached ? ROOT_VERSE_ID : source.verseId,
    account: worldId,
    metadata: { ...request.metadata },
  };
}

function requireLive(source: World, snapshot: Snapshot, detached: boolean): void {
  if (detached || source.status === 'running' || source.status === 'snapshotted') return;
  throw new WorldError(
    'WORLD_COLLAPSED',
    `Snapshot ${snapshot.name} is of world ${source.name}, which is ${source.status}. Restore it detached, in the root ` +
      `verse and without balances: wr create --snapshot ${snapshot.name} --detached`,
    { details: { snapshot: snapshot.id, world: source.id, status: source.status } },
  );
}

function refuseOtherBase(source: World, request: CreateRequest): void {
  if (request.substrate === undefined || request.substrate === source.birth.substrate) return;
  throw new WorldError(
    'UNSUPPORTED',
    `A snapshot of a ${source.birth.substrate} world cannot become a ${request.substrate} world. Leave out the substrate.`,
  );
}

function chooseName(context: RuntimeContext, request: CreateRequest, names: NameReservation): string {
  if (request.name !== undefined) return names.takeExactly(request.name);
  return names.take(`world-${context.model.worlds.size + 1}`);
}

function entityTypeOf(substrate: SubstrateName): WorldBirth['entityType'] {
  return substrate === 'firecracker' || substrate === 'qemu' ? 'microvm' : 'sandbox';
}

/** The identity of a world that is about to be born. */
export function identityOf(birth: WorldBirth): BranchIdentity {
  return { ...birth.identity, worldId: birth.worldId, seed: BigInt(birth.identity.seed) };
}

/** What the machine adds to memory, MB. */
export async function ownMegabytes(machine: Machine): Promise<number> {
  return (await machine.measure()).ownBytes / MEGABYTE;
}
