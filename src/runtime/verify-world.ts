import type { ExecutionId, StateId, WorldId } from '../model/ids.js';
import { WorldError } from '../model/world-error.js';
import type { StateRef, Substrate, Wait } from '../ports/substrate.js';
import { replay, startFrom } from './materialise-state.js';
import type { RuntimeContext } from './runtime-context.js';
import { parentStateOf, type StateEntry, type World } from './world-model.js';

/** One execution that was run again and gave what the journal says. */
export interface VerifiedExecution {
  /** In the order in which they led to the head, from 1. */
  readonly number: number;
  readonly executionId: ExecutionId;
  /** The world it ran in: an ancestor's until the branch. */
  readonly worldId: WorldId;
  readonly state: StateId;
  /** Root of the state that it made now; null on a substrate without roots. */
  readonly root: string | null;
  /** False when the journal has only the digest of its result: a crash came before the root was known. */
  readonly rootRecorded: boolean;
}

/** Executions one after the other, and the state from which they were run again. */
export interface VerifiedStretch {
  readonly start: StateId;
  /** `boot`: the base image; `files`: files came from outside; `durable`: what is before it is forgotten, or was not asked for. */
  readonly startedFrom: 'boot' | 'files' | 'durable';
  readonly executions: readonly VerifiedExecution[];
}

export interface VerifyRequest {
  readonly world: World;
  /** A state of its history. Default: the oldest that is known. */
  readonly from?: StateId;
  readonly onStep?: (done: number, total: number) => void;
}

interface Stretch {
  readonly start: StateEntry;
  readonly steps: readonly StateEntry[];
}

/**
 * Runs the executions that led to a world's head again, in an executor of their own, and compares results and roots with the journal.
 *
 * @returns the stretches, the oldest first; each starts where nothing can be run again from what is before it
 * @throws RECOVERY_DIVERGED naming the first execution that gives something else, and how many before it are fine; STATE_NOT_FOUND when `from` is not in the history;
 *   UNSUPPORTED on a substrate that cannot replay; PAGE_CORRUPT, IMAGE_MISMATCH, EXECUTION_TIMEOUT, INTERRUPTED
 */
export async function verifyWorld(
  context: RuntimeContext,
  request: VerifyRequest,
  wait: Wait,
): Promise<readonly VerifiedStretch[]> {
  context.requireOpen();
  const { world } = request;
  const stretches = stretchesTo(context, world, request.from);
  const total = stretches.reduce((sum, { steps }) => sum + steps.length, 0);
  // What is forgotten meanwhile could not be started from.
  const pins = [world.head, ...stretches.map(({ start }) => start.id)];
  const verify = async (): Promise<VerifiedStretch[]> => {
    await using substrate = freshSubstrate(context, world);
    const verified: VerifiedStretch[] = [];
    let done = 0;
    for (const stretch of stretches) {
      const executions = await verifyStretch(context, substrate, stretch, {
        done,
        wait,
        step: () => {
          done += 1;
          request.onStep?.(done, total);
        },
      });
      verified.push({ start: stretch.start.id, startedFrom: kindOf(stretch.start), executions });
    }
    return verified;
  };
  return pinnedAll(context, pins, verify);
}

async function verifyStretch(
  context: RuntimeContext,
  substrate: Substrate,
  { start, steps }: Stretch,
  at: { readonly done: number; readonly wait: Wait; readonly step: () => void },
): Promise<VerifiedExecution[]> {
  const executions: VerifiedExecution[] = [];
  if (steps.length === 0) return executions;
  // The boot itself, even where its state is durable: nothing but the journal is taken for granted.
  const from = start.origin.kind === 'boot' ? { ...start, durable: null } : start;
  let ref: StateRef = await startFrom(context, substrate, from, at.wait);
  for (const entry of steps) {
    // Replay compares.
    const replaying = replay(context, substrate, entry, { from: ref, wait: at.wait });
    const next = await replaying.catch((thrown: unknown) => {
      throw withWhatWasFine(thrown, at.done + executions.length, executions.at(-1));
    });
    await substrate.discard(ref);
    ref = next;
    if (entry.origin.kind !== 'execution') continue;
    const { executionId, worldId } = entry.origin.execution;
    const number = at.done + executions.length + 1;
    const rootRecorded = entry.root !== null;
    executions.push({ number, executionId, worldId, state: entry.id, root: next.root, rootRecorded });
    at.step();
  }
  await substrate.discard(ref);
  return executions;
}

/** Whoever hears of a divergence asks how far the history holds. */
function withWhatWasFine(thrown: unknown, count: number, last: VerifiedExecution | undefined): unknown {
  if (!(thrown instanceof WorldError) || thrown.code !== 'RECOVERY_DIVERGED') return thrown;
  const before = count === 1 ? 'The one execution before it' : `The ${count} executions before it`;
  const fine = count === 0 ? 'It is the first.' : `${before} gave what the journal says.`;
  return new WorldError(thrown.code, `${thrown.message} ${fine}`, {
    details: { ...thrown.details, verified: count, ...(last ? { lastVerified: last } : {}) },
    cause: thrown,
  });
}

async function pinnedAll<T>(
  context: RuntimeContext,
  [first, ...rest]: readonly StateId[],
  work: () => Promise<T>,
): Promise<T> {
  return first === undefined ? work() : context.pinned(first, () => pinnedAll(context, rest, work));
}

/** The history of a world's head, cut where files came from outside, back to `from` or as far as it is known. */
function stretchesTo(context: RuntimeContext, world: World, from: StateId | undefined): Stretch[] {
  const { model } = context;
  const stretches: Stretch[] = [];
  let steps: StateEntry[] = [];
  let isFound = from === undefined;
  for (let entry = model.state(world.head); ; ) {
    isFound ||= entry.id === from;
    const parent = parentStateOf(entry);
    const before = parent === null ? undefined : model.states.get(parent);
    const mayStart = entry.durable !== null || entry.origin.kind === 'boot';
    const isEnd = before === undefined || (from !== undefined && isFound && mayStart);
    if (entry.origin.kind !== 'execution' || isEnd) {
      stretches.unshift({ start: entry, steps });
      steps = [];
    } else steps.unshift(entry);
    if (isEnd || before === undefined) break;
    entry = before;
  }
  if (isFound) return stretches;
  throw new WorldError(
    'STATE_NOT_FOUND',
    `State ${from} is not in the known history of world ${world.name}. wr log ${world.name} lists its executions.`,
    { details: { world: world.id, state: from } },
  );
}

function kindOf({ origin }: StateEntry): VerifiedStretch['startedFrom'] {
  return origin.kind === 'boot' || origin.kind === 'files' ? origin.kind : 'durable';
}

function freshSubstrate(context: RuntimeContext, world: World): Substrate {
  const name = world.birth.substrate;
  const make = context.parts.freshSubstrate;
  if (make && context.substrate(name).supports.replay) return make(name);
  throw new WorldError('UNSUPPORTED', `Executions on substrate ${name} cannot be run again to verify them.`, {
    details: { substrate: name },
  });
}
