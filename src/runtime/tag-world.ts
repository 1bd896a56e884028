import { TAGS_MAX } from '../model/name-api.js';
import { WorldError } from '../model/world-error.js';
import type { Wait } from '../ports/substrate.js';
import { requireNotDeleted } from './find-world.js';
import type { RuntimeContext } from './runtime-context.js';
import type { World } from './world-model.js';

/** Pairs that said at birth what a world is; they stay as a record of it. */
const BORN_WITH: readonly string[] = ['verse', 'trit'];

export interface TagChange {
  readonly set: Readonly<Record<string, string>>;
  readonly remove: readonly string[];
}

/**
 * Changes the free text pairs of a world, whatever has become of it, unless it was deleted. A key that is to go and is not
 * there is no error; a change that changes nothing leaves no record.
 *
 * @throws BAD_INPUT for more than TAGS_MAX pairs, for `verse` and `trit`, and for a key both set and removed; WORLD_DELETED
 */
export async function tagWorld(
  context: RuntimeContext,
  world: World,
  change: TagChange,
  wait: Wait,
): Promise<void> {
  await context.locks.hold(
    [world.id],
    async () => {
      context.requireOpen();
      requireNotDeleted(world);
      const metadata = changed(world, change);
      if (JSON.stringify(metadata) === JSON.stringify(world.metadata)) return;
      await context.commit({ op: 'world.tagged', at: context.at(), worldId: world.id, metadata });
    },
    wait.signal,
  );
}

function changed(world: World, { set, remove }: TagChange): Record<string, string> {
  const details = { world: world.id };
  for (const key of [...Object.keys(set), ...remove]) {
    if (BORN_WITH.includes(key)) {
      throw new WorldError(
        'BAD_INPUT',
        `${key} says what world ${world.name} was made as, and cannot be changed. Choose another key.`,
        { details: { ...details, key } },
      );
    }
    if (Object.hasOwn(set, key) && remove.includes(key)) {
      throw new WorldError('BAD_INPUT', `The tag ${key} cannot be both set and removed.`, {
        details: { ...details, key },
      });
    }
  }
  const merged = new Map(Object.entries(world.metadata));
  for (const key of remove) merged.delete(key);
  for (const [key, value] of Object.entries(set)) merged.set(key, value);
  if (merged.size > TAGS_MAX) {
    throw new WorldError(
      'BAD_INPUT',
      `World ${world.name} would have ${merged.size} tags; ${TAGS_MAX} is the most. Remove some: wr tag --remove KEY`,
      { details: { ...details, tags: merged.size, max: TAGS_MAX } },
    );
  }
  return Object.fromEntries(merged);
}
