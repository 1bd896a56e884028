import type { SnapshotId, StateId } from '../model/ids.js';
import { WorldError } from '../model/world-error.js';
import type { Past, PastState } from './past-states.js';
import type { World, WorldModel } from './world-model.js';

/** `stt_` */
const ID_PREFIX_LENGTH = 4;
/** Characters of an id's own part that a prefix must have. */
const PREFIX_OWN_LENGTH_MIN = 2;

/** From the boot on. */
export function pathTo(past: Past, state: StateId): PastState[] {
  const path: PastState[] = [];
  for (let made = past.states.get(state); made; ) {
    path.push(made);
    made = made.parentState === null ? undefined : past.states.get(made.parentState);
  }
  return path.reverse();
}

/**
 * What a person may mean by a moment of a world's past: the number of an execution that led to its head, 0 for what is before the first;
 * or a state, an execution or a snapshot anywhere in its history, ids also by an unambiguous prefix.
 *
 * @throws STATE_NOT_FOUND, AMBIGUOUS_ID
 */
export function findInPast(model: WorldModel, past: Past, world: World, to: string): PastState {
  if (/^\d{1,9}$/.test(to)) return numbered(past, world, Number(to));
  const own = reachable(past);
  const snapshot = model.snapshotsByName.get(to)?.state ?? model.snapshots.get(to as SnapshotId)?.state;
  const exact = own.get(snapshot ?? (to as StateId));
  if (exact) return exact;
  const isPrefix = /^[a-z]{3}_/.test(to) && to.length >= ID_PREFIX_LENGTH + PREFIX_OWN_LENGTH_MIN;
  const found = isPrefix
    ? [...own.values()].filter(({ id, executionId }) => id.startsWith(to) || executionId?.startsWith(to))
    : [];
  if (found.length > 1) {
    throw new WorldError(
      'AMBIGUOUS_ID',
      `${JSON.stringify(to)} matches ${found.length} states of world ${world.name}. Write more of it.`,
      { details: { matches: found.slice(0, 20).map(({ id }) => id), count: found.length } },
    );
  }
  if (found[0]) return found[0];
  throw new WorldError(
    'STATE_NOT_FOUND',
    `${JSON.stringify(to)} is no state, execution or snapshot in the history of world ${world.name}. See: wr log ${world.name}`,
    { details: { world: world.id, to } },
  );
}

function numbered(past: Past, world: World, number: number): PastState {
  const path = pathTo(past, world.head);
  const executions = path.filter(({ kind }) => kind === 'execution');
  const found = number === 0 ? path[0] : executions[number - 1];
  if (found) return found;
  throw new WorldError(
    'STATE_NOT_FOUND',
    `${executions.length} executions led to the head of world ${world.name}; there is no number ${number}.`,
    { details: { world: world.id, number, executions: executions.length } },
  );
}

/** The states that the world has been at, and all before them. */
function reachable(past: Past): Map<StateId, PastState> {
  const own = new Map<StateId, PastState>();
  for (const head of past.heads) {
    for (let made = past.states.get(head); made && !own.has(made.id); ) {
      own.set(made.id, made);
      made = made.parentState === null ? undefined : past.states.get(made.parentState);
    }
  }
  return own;
}
