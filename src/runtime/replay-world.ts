import type { ExecutionId, StateId } from '../model/ids.js';
import { ROOT_VERSE_ID } from '../multiverse/index.js';
import type { RecordOf, WorldBirth } from '../ports/journal-record.js';
import type { StateRef, Wait } from '../ports/substrate.js';
import { identityOf } from './create-world.js';
import { findInPast, pathTo } from './find-in-past.js';
import { holdImage } from './images.js';
import { againWhenLost } from './live-machine.js';
import { materialiseState } from './materialise-state.js';
import { knownPast, type Past, readPast } from './past-states.js';
import { type Remade, remakeState } from './remake-state.js';
import { requireRoom } from './require-room.js';
import type { RuntimeContext } from './runtime-context.js';
import { startMachine } from './start-machine.js';
import { NameReservation } from './world-births.js';
import type { World } from './world-model.js';

export interface ReplayRequest {
  /** Number of an execution in the history of the head, from 1, or 0 for what is before the first; else a state, execution or snapshot of the history. */
  readonly to: string;
  readonly name?: string;
  readonly onRead?: (done: number, total: number) => void;
  readonly onStep?: (done: number, total: number) => void;
}

export interface ReplayedWorld {
  readonly world: World;
  readonly state: StateId;
  /** Executions that led there, from the boot on. */
  readonly number: number;
  /** The last of them; null when there is none, or files came after it. */
  readonly executionId: ExecutionId | null;
  /** How many of them had to run again now. */
  readonly ranAgain: number;
  readonly root: string | null;
}

/**
 * A detached world at any moment of another's past, in the root verse and without balances. What retention gave up is made again from the journal:
 * its executions run again, with the same results.
 *
 * @throws STATE_NOT_FOUND when it is not in the history; AMBIGUOUS_ID; NAME_TAKEN; RECOVERY_DIVERGED when an execution gives something else now;
 *   STATE_LOST when files from outside are in between; JOURNAL_INCOMPLETE when archived segments are not where they were put
 */
export async function replayWorld(
  context: RuntimeContext,
  source: World,
  request: ReplayRequest,
  wait: Wait,
): Promise<ReplayedWorld> {
  context.requireOpen();
  requireRoom(context, { worlds: 1, states: 1 });
  const { onRead } = request;
  const past =
    knownPast(context.model, source) ??
    (await readPast(context, source, { wait, ...(onRead ? { onRead } : {}) }));
  const target = findInPast(context.model, past, source, request.to);
  const number = pathTo(past, target.id).filter(({ kind }) => kind === 'execution').length;
  const worldId = context.parts.ids.next('world');
  const names = new NameReservation(context);
  // Nobody else can want this lock yet; it is what closing waits for.
  return context.locks.hold(
    [worldId],
    async () => {
      try {
        context.requireOpen();
        const name = request.name
          ? names.takeExactly(request.name)
          : names.take(`${source.name}-at-${number}`);
        const birth = birthOf(context, { source, worldId, name, state: target.id });
        const ranAgain = await bear(context, { source, birth, past, request, wait });
        const { root } = context.model.state(target.id);
        const { executionId } = target;
        return {
          world: context.model.world(worldId),
          state: target.id,
          number,
          executionId,
          ranAgain,
          root,
        };
      } finally {
        names.release();
      }
    },
    wait.signal,
  );
}

interface Bearing {
  readonly source: World;
  readonly birth: WorldBirth;
  readonly past: Past;
  readonly request: ReplayRequest;
  readonly wait: Wait;
}

/** @returns executions that ran again */
async function bear(context: RuntimeContext, bearing: Bearing): Promise<number> {
  const { birth, wait } = bearing;
  using _ = holdImage(context, birth.image?.hash);
  const substrate = context.substrate(birth.substrate);
  await againWhenLost(context, birth, () => substrate.baseDigest(wait, birth.image?.hash), wait);
  if (context.model.states.has(birth.state)) {
    return context.pinned(birth.state, async () => {
      await commitOn(context, bearing, () => materialiseState(context, birth.state, wait), null);
      return 0;
    });
  }
  return remakeAndCommit(context, bearing);
}

async function remakeAndCommit(context: RuntimeContext, bearing: Bearing): Promise<number> {
  const { source: world, birth, past, request, wait } = bearing;
  const { onStep } = request;
  const remaking = { world, state: birth.state, past, wait, ...(onStep ? { onStep } : {}) };
  const remade = await againWhenLost(context, birth, () => remakeState(context, remaking), wait);
  try {
    await commitOn(context, bearing, () => Promise.resolve(remade.ref), remade);
  } catch (thrown) {
    await context.substrate(birth.substrate).discard(remade.ref);
    throw thrown;
  }
  context.remember(birth.state, Promise.resolve(remade.ref));
  return remade.executions;
}

/** Starts the machine, makes a state durable that was made again, and records both in one. */
async function commitOn(
  context: RuntimeContext,
  { source, birth, wait }: Bearing,
  state: () => Promise<StateRef>,
  remade: Remade | null,
): Promise<void> {
  const substrate = context.substrate(birth.substrate);
  const { value: restored, ms } = await context.timed(async () => {
    const ref = await state();
    return startMachine(context, () => substrate.restore(ref, identityOf(birth), wait));
  });
  context.keepMachine(birth.worldId, restored.machine, birth.state);
  try {
    await context.whileRecording(async () => {
      const { memoryOverheadMb } = restored;
      const made = remade ? { remade: await durably(context, birth, remade, wait) } : {};
      await context.commit({
        op: 'world.replayed',
        at: context.at(),
        branchId: context.parts.ids.next('branch'),
        sourceId: source.id,
        world: birth,
        ...made,
        metrics: [context.metrics(birth.worldId, { branchTimeMs: ms, memoryOverheadMb })],
      });
    });
  } catch (thrown) {
    await context.retire(birth.worldId);
    throw thrown;
  }
}

async function durably(
  context: RuntimeContext,
  { substrate }: WorldBirth,
  { ref, parentState, lastRun }: Remade,
  wait: Wait,
): Promise<NonNullable<RecordOf<'world.replayed'>['remade']>> {
  const durable = await context.substrate(substrate).persist(ref, wait);
  const { worldId, generation } = lastRun;
  return { parentState, lastRun: { worldId, generation }, durable, root: ref.root };
}

function birthOf(
  context: RuntimeContext,
  { source, ...own }: Pick<WorldBirth, 'worldId' | 'name' | 'state'> & { readonly source: World },
): WorldBirth {
  const { retainStates: _, ...birth } = source.birth;
  return {
    ...birth,
    ...own,
    entityType: birth.entityType === 'microvm' ? 'microvm' : 'sandbox',
    identity: {
      generation: 0,
      verse: 'root',
      trit: 0,
      probability: '1',
      seed: context.parts.entropy.u64().toString(),
      commonRandomNumbers: false,
    },
    parentId: null,
    snapshotId: null,
    verseId: ROOT_VERSE_ID,
    account: own.worldId,
    metadata: {},
  };
}
