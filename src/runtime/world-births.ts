import type { StateId, VerseId } from '../model/ids.js';
import { deriveSeed } from '../model/split-mix.js';
import type { Trit } from '../model/trit.js';
import { WorldError } from '../model/world-error.js';
import type { IdentityRecord, WorldBirth } from '../ports/journal-record.js';
import type { RuntimeContext } from './runtime-context.js';
import type { World, WorldModel } from './world-model.js';

/** What distinguishes one child of a branch from its siblings. */
export interface ChildSpec {
  readonly name: string;
  readonly verse: string;
  readonly trit: Trit;
  readonly probability: string;
  readonly verseId: VerseId;
  /** Account it acts for; null: a new, empty one of its own. */
  readonly account: string | null;
}

/** The births of `specs`, as children of `parent` on its head, with seeds from the parent's chain. */
export function childBirths(
  context: RuntimeContext,
  parent: World,
  how: {
    specs: readonly ChildSpec[];
    names: NameReservation;
    entityType: WorldBirth['entityType'];
    commonRandomNumbers: boolean;
  },
): WorldBirth[] {
  return how.specs.map((spec, index) => {
    const worldId = context.parts.ids.next('world');
    return {
      worldId,
      name: how.names.take(spec.name),
      entityType: how.entityType,
      substrate: parent.birth.substrate,
      limits: parent.birth.limits,
      identity: {
        generation: 0,
        verse: spec.verse,
        trit: spec.trit,
        probability: spec.probability,
        ...randomNumbers(context.model, parent, parent.head, {
          seed: nextSeed(parent, index),
          common: how.commonRandomNumbers,
        }),
      },
      parentId: parent.id,
      snapshotId: null,
      state: parent.head,
      ...(parent.birth.image ? { image: parent.birth.image } : {}),
      ...(parent.birth.tenant === undefined ? {} : { tenant: parent.birth.tenant }),
      baseDigest: parent.birth.baseDigest,
      verseId: spec.verseId,
      account: spec.account ?? worldId,
      metadata: {},
      ...(parent.birth.retainStates === undefined ? {} : { retainStates: parent.birth.retainStates }),
    };
  });
}

/**
 * Where a new world on `state` gets its random numbers from. Common ones are those that its source would draw next: as
 * long as the source has not run itself, they are not in the state yet but come from the source's own stream.
 */
export function randomNumbers(
  model: WorldModel,
  source: World,
  state: StateId,
  wanted: { seed: bigint; common: boolean },
): Pick<IdentityRecord, 'seed' | 'commonRandomNumbers' | 'commonSeed'> {
  const own = { seed: wanted.seed.toString(), commonRandomNumbers: wanted.common };
  if (!wanted.common || hasRun(model, source, state)) return own;
  const identity = model.identity(source);
  return identity.commonRandomNumbers ? own : { ...own, commonSeed: identity.seed.toString() };
}

/** True when the last code that ran in `state` ran as `world` in its present identity. */
function hasRun(model: WorldModel, world: World, state: StateId): boolean {
  let entry = model.states.get(state);
  while (entry?.origin.kind === 'files') entry = model.states.get(entry.origin.parentState);
  // One that retention gave up is older than anything the world did since.
  if (entry === undefined) return true;
  if (entry.origin.kind === 'boot') return false;
  const { worldId, generation } = model.lastRun(entry.id);
  return worldId === world.id && generation === model.identity(world).generation;
}

/** The seed that the world's chain gives next, or `ahead` places after that. */
export function nextSeed(world: World, ahead = 0): bigint {
  return deriveSeed(BigInt(world.birth.identity.seed), world.seedsDrawn + ahead);
}

/** Identity the world has after it adopted a winner's state. */
export function nextIdentity(world: World): IdentityRecord {
  const { commonSeed: _, ...present } = world.identities.at(-1) ?? world.birth.identity;
  return {
    ...present,
    generation: present.generation + 1,
    seed: nextSeed(world).toString(),
    commonRandomNumbers: false,
  };
}

/**
 * Names for worlds about to be born: `nash`, else `nash-2`, `nash-3`, ... They stay reserved until released,
 * since other verbs run while machines are being restored.
 */
export class NameReservation {
  readonly #context: RuntimeContext;
  readonly #mine: string[] = [];

  constructor(context: RuntimeContext) {
    this.#context = context;
  }

  /** The wanted name, or the first numbered one that is free. */
  take(wanted: string): string {
    if (this.#isFree(wanted)) return this.#reserve(wanted);
    // Each prefix remembers where its numbering stands, so that 1,000 children cost 1,000 look-ups.
    let n = this.#context.nameNumbers.get(wanted) ?? 2;
    while (!this.#isFree(`${wanted}-${n}`)) n += 1;
    this.#context.nameNumbers.set(wanted, n + 1);
    return this.#reserve(`${wanted}-${n}`);
  }

  /** Exactly this name. @throws NAME_TAKEN */
  takeExactly(name: string): string {
    if (this.#isFree(name)) return this.#reserve(name);
    throw new WorldError(
      'NAME_TAKEN',
      `There is already a world named ${JSON.stringify(name)}. Choose another name.`,
      {
        details: { name },
      },
    );
  }

  release(): void {
    for (const name of this.#mine) this.#context.reservedNames.delete(name);
  }

  #reserve(name: string): string {
    this.#context.reservedNames.add(name);
    this.#mine.push(name);
    return name;
  }

  #isFree(name: string): boolean {
    return !this.#context.reservedNames.has(name) && !this.#context.model.worldsByName.has(name);
  }
}
