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
      return context.pinned(to, async () => {
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
      });
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
    if (!model.states.has(parent)) throw givenUp(world, steps, n);
    id = parent;
  }
  return id;
}

function givenUp(world: World, steps: number, kept: number): WorldError {
  return new WorldError(
    'STATE_NOT_FOUND',
    `World ${world.name} cannot go back ${steps}: of the states before its head the last ${kept} are kept, and retention ` +
      'gave up those before them. Snapshot states that you may want later, or raise retention.states.',
    { details: { world: world.id, kept } },
  );
}

/** All states the world has been at, and those they came from. */
function inHistory(model: WorldModel, world: World, reference: string): StateId {
  const state = findState(model, reference);
  const seen = new Set<StateId>();
  for (const head of world.heads) {
    for (let id: StateId | null = head; id !== null && !seen.has(id); id = knownParentOf(model, id)) {
      if (id === state) return state;
      seen.add(id);
    }
  }
  throw new WorldError(
    'STATE_NOT_FOUND',
    `${reference} is not in the history of world ${world.name}${world.hasForgotten ? ', or retention gave it up' : ''}. See: wr log`,
    {
      details: { world: world.id, state },
    },
  );
}

/** Null also when retention gave the parent up. */
function knownParentOf(model: WorldModel, id: StateId): StateId | null {
  const parent = parentStateOf(model.state(id));
  return parent !== null && model.states.has(parent) ? parent : null;
}
