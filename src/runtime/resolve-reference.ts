import { type BranchId, type ConditionId, ID_PREFIXES, type StateId, type WorldId } from '../model/ids.js';
import { WorldError } from '../model/world-error.js';
import type { Condition as Question } from '../multiverse/index.js';
import type { Branch, Condition, Snapshot, World, WorldModel } from './world-model.js';

/**
 * How everything is found by what a person writes: an exact id, a name, or the beginning of an id. Names go before prefixes,
 * and what fits several things is refused with the candidates.
 */

/** Characters of an id's own part that a prefix must have: `wld_` alone would name any world. */
const PREFIX_OWN_LENGTH_MIN = 2;
/** Candidates that a refusal names: in words, and in its details. */
const NAMED_MAX = 5;
const DETAILED_MAX = 20;

/**
 * A world by id, by the name of a live world, by the last part of such a name (`nash` for `w/nash`), by an unambiguous id
 * prefix, by the name it had before it ended, or, as a condition's or a branch's id, the world that was pushed down or branched.
 *
 * @throws WORLD_NOT_FOUND, AMBIGUOUS_ID, CONDITION_NOT_FOUND, BRANCH_NOT_FOUND
 */
export function lookUpWorld(model: WorldModel, reference: string): World {
  const exact = model.worlds.get(reference as WorldId) ?? model.worldsByName.get(reference);
  if (exact) return exact;
  const byEnd = [...model.worldsByName.values()].filter((world) => world.name.endsWith(`/${reference}`));
  if (byEnd.length > 0) return only(byEnd, reference, 'world');
  if (reference.startsWith(ID_PREFIXES.condition)) {
    return model.world(findCondition(model, reference).parentId);
  }
  if (reference.startsWith(ID_PREFIXES.branch)) return model.world(findBranch(model, reference).parentId);
  const byId = byPrefix(model.worlds.values(), reference, 'world');
  if (byId.length > 0) return only(byId, reference, 'world');
  const ended = [...model.worlds.values()].filter(({ name }) => name === reference);
  return only(ended.slice(-1), reference, 'world');
}

/** A snapshot by name, id or unambiguous id prefix. @throws SNAPSHOT_NOT_FOUND, AMBIGUOUS_ID */
export function findSnapshot(model: WorldModel, reference: string): Snapshot {
  const exact = model.snapshotsByName.get(reference) ?? model.snapshots.get(reference as Snapshot['id']);
  return exact ?? only(byPrefix(model.snapshots.values(), reference, 'snapshot'), reference, 'snapshot');
}

/** A condition by id or unambiguous id prefix. @throws CONDITION_NOT_FOUND, AMBIGUOUS_ID */
export function findCondition(model: WorldModel, reference: string): Condition {
  const exact = model.conditions.get(reference as ConditionId);
  return exact ?? only(byPrefix(model.conditions.values(), reference, 'condition'), reference, 'condition');
}

/**
 * A question by id or unambiguous id prefix, also one without worlds; or, by a world, the one that waits for an answer: its
 * push-down, or what its account opened.
 *
 * @throws CONDITION_NOT_FOUND, AMBIGUOUS_ID, WORLD_NOT_FOUND
 */
export function findQuestion(model: WorldModel, reference: string): Question {
  const all = model.ledger.conditions();
  if (reference.startsWith(ID_PREFIXES.condition)) {
    const exact = all.find(({ id }) => id === reference);
    return exact ?? only(byPrefix(all, reference, 'condition'), reference, 'condition');
  }
  const world = lookUpWorld(model, reference);
  if (world.openCondition !== null) return model.ledger.condition(world.openCondition);
  const open = all.filter(({ oracle, status }) => oracle === world.birth.account && status.kind === 'open');
  if (open.length > 0) return only(open, world.name, 'condition');
  throw new WorldError(
    'CONDITION_NOT_FOUND',
    `World ${world.name} has no open question. See: wr condition list --all`,
    { details: { world: world.id } },
  );
}

/** A branch by id or unambiguous id prefix. @throws BRANCH_NOT_FOUND, AMBIGUOUS_ID */
export function findBranch(model: WorldModel, reference: string): Branch {
  const exact = model.branches.get(reference as BranchId);
  return exact ?? only(byPrefix(model.branches.values(), reference, 'branch'), reference, 'branch');
}

/**
 * A state by id or unambiguous id prefix, or the state of a snapshot by the snapshot's name, id or id prefix.
 *
 * @throws STATE_NOT_FOUND, AMBIGUOUS_ID
 */
export function findState(model: WorldModel, reference: string): StateId {
  if (model.states.has(reference as StateId)) return reference as StateId;
  const named = model.snapshotsByName.get(reference);
  if (named) return named.state;
  const snapshots = byPrefix(model.snapshots.values(), reference, 'snapshot');
  if (snapshots.length > 0) return only(snapshots, reference, 'snapshot').state;
  return only(byPrefix(model.states.values(), reference, 'state'), reference, 'state').id;
}

/** A state, and the world it is looked at as a state of. */
export interface Place {
  readonly world: World;
  readonly state: StateId;
}

/**
 * What may be a world or a state: `WORLD`, which is its head; `WORLD@STATE` or `@STATE`; or a state or snapshot as in
 * `findState`. A name that a world and a snapshot share is the world's: `@NAME` is the snapshot.
 *
 * @throws WORLD_NOT_FOUND, STATE_NOT_FOUND, AMBIGUOUS_ID
 */
export function findPlace(model: WorldModel, reference: string): Place {
  const at = reference.indexOf('@');
  if (at >= 0) {
    const state = findState(model, reference.slice(at + 1));
    return { world: at === 0 ? worldOf(model, state) : lookUpWorld(model, reference.slice(0, at)), state };
  }
  const exact = model.worlds.get(reference as WorldId) ?? model.worldsByName.get(reference);
  if (exact) return { world: exact, state: exact.head };
  const isState = [ID_PREFIXES.state, ID_PREFIXES.snapshot].some((prefix) => reference.startsWith(prefix));
  if (isState || model.snapshotsByName.has(reference)) {
    const state = findState(model, reference);
    return { world: worldOf(model, state), state };
  }
  try {
    const world = lookUpWorld(model, reference);
    return { world, state: world.head };
  } catch (thrown) {
    if (!(thrown instanceof WorldError) || thrown.code !== 'WORLD_NOT_FOUND') throw thrown;
    const text = `There is no world, state or snapshot ${JSON.stringify(reference)}. See: wr list --all, wr snapshots`;
    throw new WorldError('WORLD_NOT_FOUND', text, { details: { world: reference } });
  }
}

function worldOf(model: WorldModel, state: StateId): World {
  return model.world(model.state(state).origin.worldId);
}

/** Code of what is not there, and the command that shows what is. */
const NOT_FOUND = {
  world: ['WORLD_NOT_FOUND', 'wr list --all'],
  snapshot: ['SNAPSHOT_NOT_FOUND', 'wr snapshots'],
  state: ['STATE_NOT_FOUND', 'wr log'],
  condition: ['CONDITION_NOT_FOUND', 'wr condition list --all'],
  branch: ['BRANCH_NOT_FOUND', 'wr branches'],
} as const;

type Kind = keyof typeof NOT_FOUND;

const PLURALS: Readonly<Record<Kind, string>> = {
  world: 'worlds',
  snapshot: 'snapshots',
  state: 'states',
  condition: 'conditions',
  branch: 'branches',
};

/** Ids are told apart by their prefix, so only things of the right kind are looked at. */
function byPrefix<T extends { readonly id: string }>(all: Iterable<T>, reference: string, kind: Kind): T[] {
  const prefix = ID_PREFIXES[kind];
  if (!reference.startsWith(prefix) || reference.length < prefix.length + PREFIX_OWN_LENGTH_MIN) return [];
  return [...all].filter((one) => one.id.startsWith(reference));
}

/** Why what once was there may not be found. */
const GIVEN_UP: { readonly [K in Kind]?: string } = {
  state: ', or retention gave it up',
  world: ', or it was deleted and is forgotten',
};

function only<T extends { readonly id: string; readonly name?: string }>(
  found: readonly T[],
  reference: string,
  kind: Kind,
): T {
  const [first] = found;
  if (first === undefined) {
    const [code, listed] = NOT_FOUND[kind];
    const givenUp = GIVEN_UP[kind] ?? '';
    throw new WorldError(code, `There is no ${kind} ${JSON.stringify(reference)}${givenUp}. See: ${listed}`, {
      details: { [kind]: reference },
    });
  }
  if (found.length === 1) return first;
  const names = found.slice(0, NAMED_MAX).map(({ id, name }) => (name ? `${name} (${id})` : id));
  const more = found.length > NAMED_MAX ? `, and ${found.length - NAMED_MAX} more` : '';
  throw new WorldError(
    'AMBIGUOUS_ID',
    `${JSON.stringify(reference)} matches ${found.length} ${PLURALS[kind]}: ${names.join(', ')}${more}. Write more of it.`,
    { details: { matches: found.slice(0, DETAILED_MAX).map(({ id }) => id), count: found.length } },
  );
}
