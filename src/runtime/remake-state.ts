import type { StateId, WorldId } from '../model/ids.js';
import { WorldError } from '../model/world-error.js';
import type { StateRef, Substrate, Wait } from '../ports/substrate.js';
import { bootAgain, materialiseState, replay } from './materialise-state.js';
import { type Past, type PastState, readExecutions } from './past-states.js';
import { requireUninterrupted } from './require-uninterrupted.js';
import type { RuntimeContext } from './runtime-context.js';
import type { LastRun, World } from './world-model.js';

/** A state that was made again. */
export interface Remade {
  readonly ref: StateRef;
  readonly parentState: StateId | null;
  readonly lastRun: LastRun;
  /** Executions that ran again for it. */
  readonly executions: number;
}

export interface RemakeRequest {
  /** The world whose past it is. */
  readonly world: World;
  readonly state: StateId;
  readonly past: Past;
  readonly wait: Wait;
  readonly onStep?: (done: number, total: number) => void;
}

/**
 * Makes a state again that retention gave up: from the nearest one before it that is known, else from the boot, by running again what the
 * journal says came after. Every result, and every root that is known, is compared.
 *
 * @throws RECOVERY_DIVERGED; STATE_LOST when files came from outside in between; STATE_NOT_FOUND; IMAGE_MISMATCH and what readPast throws
 */
export async function remakeState(context: RuntimeContext, request: RemakeRequest): Promise<Remade> {
  const { world, state, past, wait } = request;
  const { start, steps } = wayTo(context, request);
  const substrate = context.substrate(world.birth.substrate);
  const from = async (): Promise<Remade> => {
    const isKnown = context.model.states.has(start.id);
    const first = isKnown
      ? await materialiseState(context, start.id, wait)
      : await bootAgain(substrate, past.worldOf(start.worldId), wait);
    const booted: LastRun = { worldId: start.worldId, generation: 0 };
    const { ref, lastRun } = await follow(context, substrate, { request, steps, first, keepFirst: isKnown });
    return {
      ref,
      parentState: past.states.get(state)?.parentState ?? null,
      lastRun: knownRun(context, world, lastRun ?? booted),
      executions: steps.length,
    };
  };
  return context.model.states.has(start.id) ? context.pinned(start.id, from) : from();
}

/** Runs the steps, the oldest first; what is on the way is let go of. */
async function follow(
  context: RuntimeContext,
  substrate: Substrate,
  way: {
    readonly request: RemakeRequest;
    readonly steps: readonly PastState[];
    readonly first: StateRef;
    readonly keepFirst: boolean;
  },
): Promise<{ ref: StateRef; lastRun: LastRun | null }> {
  const { past, wait, onStep } = way.request;
  const worldOf = (id: WorldId) => past.worldOf(id);
  let ref = way.first;
  let isOurs = !way.keepFirst;
  let lastRun: LastRun | null = null;
  let done = 0;
  try {
    for (const entry of await readExecutions(context, way.steps)) {
      requireUninterrupted(wait, 'The replay');
      const next = await replay(context, substrate, entry, { from: ref, wait, worldOf });
      if (isOurs) await substrate.discard(ref);
      ref = next;
      isOurs = true;
      if (entry.origin.kind === 'execution') lastRun = entry.origin.execution;
      done += 1;
      onStep?.(done, way.steps.length);
    }
    return { ref, lastRun };
  } catch (thrown) {
    if (isOurs) await substrate.discard(ref);
    throw thrown;
  }
}

/** Back to what is known, or to the boot. */
function wayTo(context: RuntimeContext, { world, state, past }: RemakeRequest) {
  const steps: PastState[] = [];
  for (let id: StateId | null = state; id !== null; ) {
    const made = past.states.get(id);
    if (!made) break;
    if (made.kind === 'boot' || context.model.states.has(id)) return { start: made, steps: steps.reverse() };
    if (made.kind === 'files') throw notAgain(world, made);
    steps.push(made);
    id = made.parentState;
  }
  throw new WorldError('STATE_NOT_FOUND', `The journal does not say how state ${state} came to be.`, {
    details: { state },
  });
}

function notAgain(world: World, { id }: PastState): WorldError {
  return new WorldError(
    'STATE_LOST',
    `Files came from outside into world ${world.name} (state ${id}), and retention gave that state up: what is after it cannot be run ` +
      'again. Snapshot states that you may want later, or raise retention.states.',
    { details: { world: world.id, state: id, givenUp: true } },
  );
}

/** The world replayed stands for one that is forgotten. */
function knownRun(context: RuntimeContext, world: World, { worldId, generation }: LastRun): LastRun {
  if (context.model.worlds.has(worldId)) return { worldId, generation };
  return { worldId: world.id, generation: world.identities.length - 1 };
}
