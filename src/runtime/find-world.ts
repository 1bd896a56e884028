import { WorldError } from '../model/world-error.js';
import { lookUpWorld } from './resolve-reference.js';
import type { RuntimeContext } from './runtime-context.js';
import type { World } from './world-model.js';

/**
 * A world by reference (resolve-reference.ts). No reference: the current world. A world that is named becomes the current one.
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

/** Deleted and ended worlds do not become current. */
export function makeCurrent(context: RuntimeContext, world: World): void {
  if (world.status !== 'running' && world.status !== 'snapshotted') return;
  if (context.parts.currentWorld.get() !== world.id) context.parts.currentWorld.set(world.id);
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
