import type { BranchId, WorldId } from '../model/ids.js';
import { TENANT_DEFAULT } from '../model/isolation-mode.js';
import { WorldLimits } from '../model/limits.js';
import { parse } from '../model/parse.js';
import type { Trit } from '../model/trit.js';
import { WorldError } from '../model/world-error.js';
import { ROOT_VERSE_ID } from '../multiverse/index.js';
import type { MetricsRecord, RecordOf, WorldBirth } from '../ports/journal-record.js';
import type { BranchIdentity, SubstrateName, Wait } from '../ports/substrate.js';
import { makeCurrent } from './find-world.js';
import { identityFrom } from './identity-from.js';
import { holdImage, imageFor, STANDARD_IMAGE } from './images.js';
import { againWhenLost } from './live-machine.js';
import { materialiseState } from './materialise-state.js';
import { requireRoom } from './require-room.js';
import { findSnapshot } from './resolve-reference.js';
import type { Base, RuntimeContext } from './runtime-context.js';
import { type StartedMachine, startMachine } from './start-machine.js';
import { NameReservation, nextSeed, randomNumbers } from './world-births.js';
import type { Snapshot, World } from './world-model.js';

export interface CreateRequest {
  readonly name?: string;
  readonly substrate?: string;
  /** Name of the base image; default: the substrate's own. */
  readonly image?: string;
  readonly seed?: bigint;
  readonly limits?: Partial<WorldLimits>;
  /** Id or name of the snapshot to start from. */
  readonly snapshot?: string;
  readonly detached?: boolean;
  readonly commonRandomNumbers?: boolean;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly trit?: Trit;
  /** How many of its last states it keeps; default: as the runtime is set. */
  readonly retainStates?: number;
  /** Whose it is; default: the default tenant. One from a snapshot is of the snapshot's tenant. */
  readonly tenant?: string;
}

/**
 * Makes a world: fresh, or from a snapshot. Worlds made from one snapshot accumulate in one `fork` branch.
 *
 * @throws NAME_TAKEN, SNAPSHOT_NOT_FOUND, IMAGE_NOT_FOUND, IMAGE_MISMATCH, UNSUPPORTED, WORLD_COLLAPSED (snapshot of a collapsed world, not detached)
 */
export async function createWorld(
  context: RuntimeContext,
  request: CreateRequest,
  wait: Wait,
): Promise<World> {
  context.requireOpen();
  requireRoom(context, { worlds: 1, states: request.snapshot === undefined ? 1 : 0 });
  const worldId = context.parts.ids.next('world');
  const names = new NameReservation(context);
  const making = { worldId, names, wait };
  // Nobody else can want this lock yet; it is what closing waits for.
  return context.locks.hold(
    [worldId],
    async () => {
      try {
        const world =
          request.snapshot === undefined
            ? await createFresh(context, request, making)
            : await createFromSnapshot(
                context,
                findSnapshot(context.model, request.snapshot),
                request,
                making,
              );
        makeCurrent(context, world);
        return world;
      } finally {
        names.release();
      }
    },
    wait.signal,
  );
}

interface Making {
  readonly worldId: WorldId;
  readonly names: NameReservation;
  readonly wait: Wait;
}

async function createFresh(context: RuntimeContext, request: CreateRequest, making: Making): Promise<World> {
  const { parts } = context;
  const { worldId, wait } = making;
  const substrate = context.substrate((request.substrate ?? parts.defaultSubstrate) as SubstrateName);
  const image = imageFor(context, request.image, substrate.name);
  using _ = holdImage(context, image?.hash);
  const base: Base = { substrate: substrate.name, ...(image ? { image } : {}) };
  const birth: WorldBirth = {
    worldId,
    name: chooseName(context, request, making.names),
    entityType: entityTypeOf(substrate.name),
    ...base,
    limits: parse(WorldLimits, { ...context.parts.defaultLimits, ...request.limits }, 'limits'),
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
    baseDigest: await againWhenLost(context, base, () => substrate.baseDigest(wait, image?.hash)),
    verseId: ROOT_VERSE_ID,
    account: worldId,
    metadata: { ...request.metadata },
    ...retained(request),
    ...(isDefault(request.tenant) ? {} : { tenant: request.tenant }),
  };
  const spec = { limits: birth.limits, ...(image ? { image: image.hash } : {}) };
  const boot = () => substrate.boot(spec, identityOf(birth), wait);
  const booted = await againWhenLost(context, base, () => startMachine(context, boot));
  context.remember(birth.state, booted.machine.snapshot(wait));
  return commitBirth(context, booted, {
    op: 'world.created',
    at: context.at(),
    world: birth,
    fork: null,
    metrics: [metricsOf(context, birth, booted, { bootTimeMs: booted.ms })],
  });
}

async function createFromSnapshot(
  context: RuntimeContext,
  snapshot: Snapshot,
  request: CreateRequest,
  making: Making,
): Promise<World> {
  const source = context.model.world(snapshot.worldId);
  const detached = request.detached ?? false;
  refuseOtherBase(source, request);
  refuseOtherTenant(source, request.tenant);
  requireLive(source, snapshot, detached);
  const substrate = context.substrate(source.birth.substrate);
  const { worldId, names, wait } = making;
  // Seeds come from the source's chain, so its birth and this record must not be torn apart by another branch.
  return context.locks.hold(
    [source.id],
    async () => {
      context.requireOpen();
      // It may have been removed, and its world may have ended, while this waited.
      findSnapshot(context.model, snapshot.id);
      requireLive(source, snapshot, detached);
      const birth = snapshotBirth(context, { worldId, source, snapshot, request, detached, names });
      const { ms: snapshotTimeMs, restored } = await againWhenLost(context, source.birth, async () => {
        await substrate.baseDigest(wait, source.birth.image?.hash); // The engine starts once a process: no part of this time.
        return context.pinned(snapshot.state, async () => {
          const { value: ref, ms } = await context.timed(() =>
            materialiseState(context, snapshot.state, wait),
          );
          const restore = () => substrate.restore(ref, identityOf(birth), wait);
          return { ms, restored: await startMachine(context, restore) };
        });
      });
      const branchId: BranchId = snapshot.forkBranchId ?? context.parts.ids.next('branch');
      return commitBirth(context, restored, {
        op: 'world.created',
        at: context.at(),
        world: birth,
        fork: { branchId, parentId: source.id },
        metrics: [metricsOf(context, birth, restored, { branchTimeMs: restored.ms, snapshotTimeMs })],
      });
    },
    wait.signal,
  );
}

/** Records the birth and keeps the machine; a world that cannot be recorded leaves none behind. */
async function commitBirth(
  context: RuntimeContext,
  { machine }: StartedMachine,
  record: RecordOf<'world.created'>,
): Promise<World> {
  const { worldId, state } = record.world;
  context.keepMachine(worldId, machine, state);
  try {
    await context.commit(record);
  } catch (thrown) {
    await context.retire(worldId);
    throw thrown;
  }
  return context.model.world(worldId);
}

function metricsOf(
  context: RuntimeContext,
  birth: WorldBirth,
  { memoryOverheadMb }: StartedMachine,
  times: Pick<Partial<MetricsRecord>, 'bootTimeMs' | 'branchTimeMs' | 'snapshotTimeMs'>,
): MetricsRecord {
  return context.metrics(birth.worldId, { ...times, memoryOverheadMb });
}

function snapshotBirth(
  context: RuntimeContext,
  from: {
    worldId: WorldId;
    source: World;
    snapshot: Snapshot;
    request: CreateRequest;
    detached: boolean;
    names: NameReservation;
  },
): WorldBirth {
  const { worldId, source, snapshot, request, detached, names } = from;
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
      ...randomNumbers(context.model, source, snapshot.state, {
        seed: request.seed ?? nextSeed(source),
        common: request.commonRandomNumbers ?? false,
      }),
    },
    parentId: detached ? null : source.id,
    snapshotId: snapshot.id,
    state: snapshot.state,
    verseId: detached ? ROOT_VERSE_ID : source.verseId,
    account: worldId,
    metadata: { ...request.metadata },
    ...retained(request),
  };
}

/** What is not said comes from the snapshot's world, if there is one. */
function retained({ retainStates }: CreateRequest): { retainStates?: number } {
  return retainStates === undefined ? {} : { retainStates };
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
  refuseOtherImage(source, request.image);
  if (request.substrate === undefined || request.substrate === source.birth.substrate) return;
  throw new WorldError(
    'UNSUPPORTED',
    `A snapshot of a ${source.birth.substrate} world cannot become a ${request.substrate} world. Leave out the substrate.`,
  );
}

function isDefault(tenant: string | undefined): tenant is undefined {
  return tenant === undefined || tenant === TENANT_DEFAULT;
}

/** A snapshot has its tenant's memory in it. */
function refuseOtherTenant(source: World, wanted: string | undefined): void {
  const has = source.birth.tenant ?? TENANT_DEFAULT;
  if (wanted === undefined || wanted === has) return;
  throw new WorldError(
    'BAD_INPUT',
    `A snapshot of world ${source.name}, which is of tenant ${has}, cannot become a world of tenant ${wanted}. Leave out the ` +
      'tenant, or create a fresh world.',
    { details: { world: source.id, has, wanted } },
  );
}

/** What is in a state's memory points into the libraries of its own image. */
function refuseOtherImage(source: World, wanted: string | undefined): void {
  const has = source.birth.image?.name ?? STANDARD_IMAGE;
  if (wanted === undefined || wanted === has) return;
  throw new WorldError(
    'IMAGE_MISMATCH',
    `A snapshot of world ${source.name}, which stands on image ${has}, cannot become a world of image ${wanted}: state cannot ` +
      'cross images. Leave out the image, or create a fresh world of it.',
    { details: { world: source.id, has, wanted } },
  );
}

function chooseName(context: RuntimeContext, request: CreateRequest, names: NameReservation): string {
  if (request.name !== undefined) return names.takeExactly(request.name);
  return names.take(`world-${context.model.worldsBorn + 1}`);
}

function entityTypeOf(substrate: SubstrateName): WorldBirth['entityType'] {
  return substrate === 'firecracker' || substrate === 'qemu' ? 'microvm' : 'sandbox';
}

/** The identity of a world that is about to be born. */
export function identityOf(birth: WorldBirth): BranchIdentity {
  return identityFrom(birth, birth.identity);
}
