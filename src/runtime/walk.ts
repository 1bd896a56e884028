import { WALK_LENGTH_MAX, type WalkTurn } from '../model/walk-api.js';
import { toWorldError, WorldError } from '../model/world-error.js';
import { nextSeeds, nextTurn, seedsOfTurn, seedText, WALK_GENESIS, walkRoots } from '../multiverse/index.js';
import type { Wait } from '../ports/substrate.js';
import { requireRunning } from './find-world.js';
import { pullUp } from './pull-up.js';
import type { RuntimeContext } from './runtime-context.js';
import { voidPushDown } from './void-push-down.js';
import { pythonPrograms, type WalkPrograms } from './walk-programs.js';
import { openVerses, type Verses, walkOf, workTurn } from './walk-turn.js';
import type { World } from './world-model.js';

export interface WalkRequest {
  readonly steps: number;
  /** Proposals for one step before the walk gives up. */
  readonly attempts: number;
  /** Default: that of the last step that the world has, else 1069. */
  readonly genesis?: bigint | undefined;
  readonly programs?: WalkPrograms;
  /** Bound of the work of one agent. */
  readonly timeoutMs?: number | undefined;
  readonly onTurn?: (turn: WalkTurn, accepted: number) => void;
}

export interface Walked {
  readonly genesis: bigint;
  readonly accepted: number;
  readonly complete: boolean;
  readonly turns: readonly WalkTurn[];
  readonly length: number;
  readonly walkRoot: string;
}

/**
 * The chromatic walk. Each turn pushes the world down; the generator proposes in `chaos`, the coordinator makes a step of it in
 * `optimal`, the validator checks it in `nash`. A step that the validator agrees with, whose trits conserve and that leads where the
 * walk has not been is accepted: the world becomes the coordinator's. Any other is taken back, and the next turn proposes anew.
 *
 * Whatever ends it, the world is left at the last accepted step. When the process dies in a turn, its push-down is left open
 * and `wr void` takes it back. Where nothing can be split, no money moves.
 *
 * @throws WORLD_FROZEN, WORLD_COLLAPSED, WORLD_DELETED; HEAD_MOVED, NO_PUSH_DOWN when somebody else meddles; BAD_INPUT for a program that does
 *   not compile, and for a world whose `walk` is none; INTERRUPTED; what ends an execution, as EXECUTION_TIMEOUT. Agents that raise
 *   only have their turn rejected.
 */
export async function walk(
  context: RuntimeContext,
  world: World,
  request: WalkRequest,
  wait: Wait,
): Promise<Walked> {
  context.requireOpen();
  requireRunning(world);
  const programs = request.programs ?? pythonPrograms();
  let steps = await walkOf(context, world.head, programs, wait);
  const genesis = request.genesis ?? BigInt(steps.at(-1)?.genesis ?? WALK_GENESIS);
  const visited = placesBeen(context, world, walkRoots(steps));
  const turns: WalkTurn[] = [];
  let turn = nextTurn(steps, genesis);
  let seeds = seedsOfTurn(genesis, turn);
  let [accepted, rejected] = [0, 0];
  let head = world.head;
  try {
    while (accepted < request.steps && rejected < request.attempts) {
      requireRoomFor(world, steps.length);
      const common = { genesis: seedText(genesis), turn, number: steps.length + 1, seeds };
      const verses = await openVerses(context, world, head, wait);
      const worked = await settled(context, world, verses, wait, () =>
        workTurn(context, verses, { ...common, programs, timeoutMs: request.timeoutMs, visited }, wait),
      );
      head = world.head;
      turns.push(worked.turn);
      if (worked.steps === null) rejected += 1;
      else {
        steps = worked.steps;
        for (const root of worked.roots) visited.add(root);
        accepted += 1;
        rejected = 0;
      }
      request.onTurn?.(worked.turn, accepted);
      turn += 1;
      seeds = nextSeeds(seeds);
    }
  } catch (thrown) {
    throw endedEarly(thrown, { world, accepted, wanted: request.steps, turns, wait });
  }
  const walkRoot = walkRoots(steps).at(-1) ?? '';
  return { genesis, accepted, complete: accepted === request.steps, turns, length: steps.length, walkRoot };
}

/** Ends the push-down whatever comes of the work: by pull-up when its step is accepted, else by void. */
async function settled<T extends { readonly steps: unknown; readonly state: World['head'] | null }>(
  context: RuntimeContext,
  world: World,
  { conditionId: condition }: Verses,
  wait: Wait,
  work: () => Promise<T>,
): Promise<T> {
  try {
    const worked = await work();
    if (worked.steps === null || worked.state === null) await voidPushDown(context, world, wait, condition);
    else {
      const request = { oracle: 'manual', outcome: 'optimal', condition, expectHead: worked.state } as const;
      await pullUp(context, world, request, wait);
    }
    return worked;
  } catch (thrown) {
    await takeBack(context, world, condition, thrown);
    throw thrown;
  }
}

/** Not to be interrupted: an interruption is a reason to do it. */
async function takeBack(
  context: RuntimeContext,
  world: World,
  condition: Verses['conditionId'],
  why: unknown,
): Promise<void> {
  if (world.openCondition !== condition) return;
  try {
    await voidPushDown(context, world, {}, condition);
  } catch (thrown) {
    const reason = toWorldError(thrown, 'INTERNAL', 'The push-down could not be taken back').message;
    const error = toWorldError(why, 'INTERNAL', 'The turn failed');
    throw new WorldError(
      error.code,
      `${error.message} The push-down of this turn is still open (${reason}) Take it back: wr void ${world.name}`,
      { details: { ...error.details, condition }, cause: thrown },
    );
  }
}

/** The roots of the walk's own past, and those of the world's states as far as they are known. */
function placesBeen(context: RuntimeContext, world: World, roots: readonly string[]): Set<string> {
  const visited = new Set(roots);
  for (const id of world.heads) {
    const root = context.model.states.get(id)?.root;
    if (root) visited.add(root);
  }
  return visited;
}

/** @throws BAD_INPUT */
function requireRoomFor(world: World, length: number): void {
  if (length < WALK_LENGTH_MAX) return;
  throw new WorldError(
    'BAD_INPUT',
    `The walk of world ${world.name} has ${WALK_LENGTH_MAX} steps, the most there can be. Walk in another world.`,
    { details: { world: world.id, steps: length } },
  );
}

function endedEarly(
  thrown: unknown,
  at: {
    readonly world: World;
    readonly accepted: number;
    readonly wanted: number;
    readonly turns: readonly WalkTurn[];
    readonly wait: Wait;
  },
): WorldError {
  const { world, accepted, wanted, turns } = at;
  const isInterrupted = at.wait.signal?.aborted === true;
  const error = toWorldError(thrown, isInterrupted ? 'INTERRUPTED' : 'INTERNAL', 'The walk failed');
  const where = `${accepted} of ${wanted} steps were accepted`;
  const details = { ...error.details, accepted, wanted, turns };
  const isOpen = world.openCondition !== null;
  if (isInterrupted && !isOpen) {
    const text = `The walk was interrupted: ${where}; world ${world.name} is where that left it. Go on: wr walk ${world.name}`;
    return new WorldError('INTERRUPTED', text, { details, cause: thrown });
  }
  const stands = isOpen ? '' : `; world ${world.name} is where that left it`;
  return new WorldError(error.code, `${error.message} (${where}${stands}.)`, { details, cause: thrown });
}
