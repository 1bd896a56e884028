import type { StateId, WorldId } from '../model/ids.js';
import { WorldError } from '../model/world-error.js';
import type { RuntimeContext } from './runtime-context.js';
import type { Snapshot, World, WorldModel } from './world-model.js';

/** Shortest id prefix that is accepted: the kind and two characters. */
const PREFIX_LENGTH_MIN = 6;

/**
 * A world by id, by the name of a live world, by the last part of such a name (`nash` for `w/nash`), or by an
 * unambiguous id prefix. No reference: the current world. A world that is named becomes the current one.
 *
 * @throws WORLD_NOT_FOUND, AMBIGUOUS_ID, NO_CURRENT_WORLD
 */
export function findWorld(context: RuntimeContext, reference: string | undefined): World {
  const { currentWorld } = context.parts;
  if (reference === undefined) {
    const id = currentWorld.get();
    const world = id === null ? undefined : context.model.worlds.get(id);
    if (world) return world;
    throw new WorldError(
      'NO_CURRENT_WORLD',
      'No world was named and there is no current one. Create one: wr create',
    );
  }
  const world = lookUpWorld(context.model, reference);
  makeCurrent(context, world);
  return world;
}

/** As `findWorld` for a named world, without making it the current one. */
export function lookUpWorld(model: WorldModel, reference: string): World {
  const exact = model.worlds.get(reference as WorldId) ?? model.worldsByName.get(reference);
  if (exact) return exact;
  const byEnd = [...model.worldsByName.values()].filter((world) => world.name.endsWith(`/${reference}`));
  const candidates = byEnd.length > 0 ? byEnd : byPrefix(model.worlds.values(), reference);
  const endedByName =
    candidates.length > 0 ? [] : [...model.worlds.values()].filter((w) => w.name === reference);
  return only(
    candidates.length > 0 ? candidates : endedByName.slice(-1),
    reference,
    'WORLD_NOT_FOUND',
    'world',
  );
}

/** A snapshot by id, name or unambiguous id prefix. @throws SNAPSHOT_NOT_FOUND, AMBIGUOUS_ID */
export function findSnapshot(model: WorldModel, reference: string): Snapshot {
  const exact = model.snapshotsByName.get(reference) ?? model.snapshots.get(reference as Snapshot['id']);
  if (exact) return exact;
  return only(byPrefix(model.snapshots.values(), reference), reference, 'SNAPSHOT_NOT_FOUND', 'snapshot');
}

/** A state by id or unambiguous id prefix. @throws STATE_NOT_FOUND, AMBIGUOUS_ID */
export function findState(model: WorldModel, reference: string): StateId {
  if (model.states.has(reference as StateId)) return reference as StateId;
  return only(byPrefix(model.states.values(), reference), reference, 'STATE_NOT_FOUND', 'state').id;
}

/** Deleted and ended worlds do not become current. */
export function makeCurrent(context: RuntimeContext, world: World): void {
  if (world.status !== 'running' && world.status !== 'snapshotted') return;
  if (context.parts.currentWorld.get() !== world.id) context.parts.currentWorld.set(world.id);
}

/** The command that shows what there is of the kind that was not found. */
const WHERE_LISTED = {
  WORLD_NOT_FOUND: 'wr list --all',
  SNAPSHOT_NOT_FOUND: 'wr query "SELECT name, snapshot_id FROM snapshots"',
  STATE_NOT_FOUND: 'wr log',
} as const;

function byPrefix<T extends { id: string }>(all: Iterable<T>, reference: string): T[] {
  if (reference.length < PREFIX_LENGTH_MIN) return [];
  return [...all].filter((one) => one.id.startsWith(reference));
}

function only<T extends { id: string; name?: string }>(
  found: readonly T[],
  reference: string,
  code: keyof typeof WHERE_LISTED,
  noun: string,
): T {
  const [first] = found;
  if (first === undefined) {
    throw new WorldError(
      code,
      `There is no ${noun} ${JSON.stringify(reference)}. See: ${WHERE_LISTED[code]}`,
      {
        details: { [noun]: reference },
      },
    );
  }
  if (found.length > 1) {
    const matches = found.map((one) => (one.name ? `${one.name} (${one.id})` : one.id));
    throw new WorldError(
      'AMBIGUOUS_ID',
      `${JSON.stringify(reference)} matches ${found.length} ${noun}s: ${matches.slice(0, 5).join(', ')}. Write more of it.`,
      { details: { matches: found.map((one) => one.id).slice(0, 20) } },
    );
  }
  return first;
}

/** @throws WORLD_FROZEN, WORLD_COLLAPSED, WORLD_DELETED unless code may run in the world. */
export function requireRunning(world: World): void {
  switch (world.status) {
    case 'running':
      return;
    case 'snapshotted':
      throw new WorldError(
        'WORLD_FROZEN',
        `World ${world.name} is pushed down: it waits for its verses. Resolve them (wr pull-up ${world.name}) or void ` +
          `them (wr void ${world.name}); it can still be branched, snapshotted and read.`,
        { details: { world: world.id, condition: world.openCondition } },
      );
    case 'stopped':
      throw new WorldError(
        'WORLD_COLLAPSED',
        `World ${world.name} won: its state lives on in its parent ${world.birth.parentId}. Use that one.`,
        { details: { world: world.id, parent: world.birth.parentId } },
      );
    case 'collapsed':
      throw new WorldError(
        'WORLD_COLLAPSED',
        `World ${world.name} collapsed when its verse lost. It can be read (wr log, wr show) but not run; a snapshot ` +
          'of it restores with --detached.',
        { details: { world: world.id } },
      );
    case 'deleted':
      throw requireNotDeletedError(world);
    default:
      world.status satisfies never;
  }
}

/** @throws WORLD_DELETED */
export function requireNotDeleted(world: World): void {
  if (world.status === 'deleted') throw requireNotDeletedError(world);
}

function requireNotDeletedError(world: World): WorldError {
  return new WorldError('WORLD_DELETED', `World ${world.name} (${world.id}) was deleted.`, {
    details: { world: world.id },
  });
}
