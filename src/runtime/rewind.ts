import type { StateId } from '../model/ids.js';
import { WorldError } from '../model/world-error.js';
import type { RecordOf } from '../ports/journal-record.js';
import type { Wait } from '../ports/substrate.js';
import { requireRunning } from './find-world.js';
import { findState } from './resolve-reference.js';
import type { RuntimeContext } from './runtime-context.js';
import { parentStateOf, type World, type WorldModel } from './world-model.js';

export interface RewindRequest {
  /** State id, or snapshot id or name. */
  readonly to?: string;
  /** Executions to go back; default 1. */
  readonly steps?: number;
}

/**
 * Makes an earlier state of the world its head again: memory and files, never ledger, reports or identity.
 * The head it had stays in its history, so a rewind can itself be rewound.
 *
 * @throws STATE_NOT_FOUND when the state is not in this world's history; WORLD_FROZEN, WORLD_COLLAPSED
 */
export async function rewind(
  context: RuntimeContext,
  world: World,
  request: RewindRequest,
  wait: Wait,
): Promise<RecordOf<'world.rewound'>> {
  return context.locks.hold(
    [world.id],
    async () => {
      context.requireOpen();
      requireRunning(world);
      if (request.to !== undefined && request.steps !== undefined) {
        throw new WorldError('BAD_INPUT', 'Say where to rewind to, or how many steps, not both.');
      }
      const to =
        request.to === undefined
          ? stepsBack(context.model, world, request.steps ?? 1)
          : inHistory(context.model, world, request.to);
      await context.retire(world.id);
      const record: RecordOf<'world.rewound'> = {
        op: 'world.rewound',
        at: context.at(),
        worldId: world.id,
        from: world.head,
        to,
      };
      await context.commit(record);
      return record;
    },
    wait.signal,
  );
}

function stepsBack(model: WorldModel, world: World, steps: number): StateId {
  let id = world.head;
  for (let n = 0; n < steps; n += 1) {
    const parent = parentStateOf(model.state(id));
    if (parent === null) {
      throw new WorldError(
        'STATE_NOT_FOUND',
        `World ${world.name} has only ${n} states before its head; it cannot go back ${steps}.`,
        { details: { world: world.id, executions: n } },
      );
    }
    id = parent;
  }
  return id;
}

/** All states the world has been at, and those they came from. */
function inHistory(model: WorldModel, world: World, reference: string): StateId {
  const state = findState(model, reference);
  const seen = new Set<StateId>();
  for (const head of world.heads) {
    for (let id: StateId | null = head; id !== null && !seen.has(id); id = parentStateOf(model.state(id))) {
      if (id === state) return state;
      seen.add(id);
    }
  }
  throw new WorldError(
    'STATE_NOT_FOUND',
    `${reference} is not in the history of world ${world.name}. See: wr log`,
    {
      details: { world: world.id, state },
    },
  );
}
