import type { StateId } from '../model/ids.js';
import { toWorldError, WorldError } from '../model/world-error.js';
import { STATES_FORGOTTEN_MAX, WORLDS_FORGOTTEN_MAX } from '../ports/journal-record.js';
import type { Wait } from '../ports/substrate.js';
import type { CollectRequest, GarbageReport } from './garbage-report.js';
import { mapBounded } from './map-bounded.js';
import { persistAndRecord } from './persist-state.js';
import { type ForgettingPlan, planForgetting } from './plan-forgetting.js';
import { planForgettingWorlds } from './plan-forgetting-worlds.js';
import type { RuntimeContext } from './runtime-context.js';

/** States made durable at a time. */
const PARALLEL_PERSISTS = 4;

/**
 * Forgets what retention does not keep and removes what only that needed from the page store. Runs beside all verbs:
 * it holds no world's lock, and what a verb uses meanwhile stays. Interrupted at any point it has lost nothing, and
 * the next one goes on from there.
 *
 * @throws INTERRUPTED, STORAGE_FAILED, RUNTIME_CLOSED
 */
export async function collectGarbage(
  context: RuntimeContext,
  request: CollectRequest,
  wait: Wait,
): Promise<GarbageReport> {
  context.requireOpen();
  const { value, ms } = await context.timed(() =>
    request.dryRun === true ? rehearse(context) : collect(context, request, wait),
  );
  return { ...value, timeMs: ms };
}

type Untimed = Omit<GarbageReport, 'timeMs'>;

async function rehearse(context: RuntimeContext): Promise<Untimed> {
  const plan = planNow(context);
  const { model, parts } = context;
  const candidates = (await parts.pages?.beginCollection())?.candidates ?? [];
  const live = liveKeys(context, new Set(plan.forget));
  return {
    dryRun: true,
    statesForgotten: plan.forgettable,
    worldsForgotten: worldsToForget(context).length,
    statesKept: model.states.size - plan.forgettable,
    statesPersisted: plan.floors.length,
    manifestsRemoved: candidates.filter((key) => !live.has(key)).length,
    pagesRemoved: null,
    bytesFreed: null,
  };
}

async function collect(context: RuntimeContext, request: CollectRequest, wait: Wait): Promise<Untimed> {
  const statesPersisted = await persistFloors(context, request, wait);
  const statesForgotten = await forget(context, wait);
  const worldsForgotten = await forgetDeletedWorlds(context, wait);
  const removed = await removeGarbage(context, request, wait);
  return {
    dryRun: false,
    statesForgotten,
    worldsForgotten,
    statesKept: context.model.states.size,
    statesPersisted,
    manifestsRemoved: removed?.manifestsRemoved ?? 0,
    pagesRemoved: removed?.pagesRemoved ?? 0,
    bytesFreed: removed?.bytesFreed ?? 0,
  };
}

function planNow(context: RuntimeContext): ForgettingPlan {
  return planForgetting(context.model, {
    statesPerWorld: context.retention.states,
    inUse: context.statesInUse(),
    damaged: context.damaged,
  });
}

/** A floor that cannot be made durable keeps what it is replayed from; the rest goes all the same. */
async function persistFloors(
  context: RuntimeContext,
  { onProgress }: CollectRequest,
  wait: Wait,
): Promise<number> {
  const { floors } = planNow(context);
  let done = 0;
  let persisted = 0;
  await mapBounded(floors, PARALLEL_PERSISTS, async (id) => {
    requireGoing(wait);
    try {
      if (context.model.states.has(id)) await persistAndRecord(context, id, wait);
      persisted += 1;
    } catch (thrown) {
      requireGoing(wait);
      const error = toWorldError(thrown, 'INTERNAL', 'It failed');
      if (error.code === 'STORAGE_FAILED') throw error;
      context.log(`State ${id} was not made durable, so its past is kept: ${error.message}`);
    }
    done += 1;
    onProgress?.({ done, total: floors.length, what: 'states made durable' });
  });
  return persisted;
}

/** Planned anew for every record: while one is written, worlds move on and may need what was of no use before. */
async function forget(context: RuntimeContext, wait: Wait): Promise<number> {
  let forgotten = 0;
  for (;;) {
    requireGoing(wait);
    const states = planNow(context).forget.slice(0, STATES_FORGOTTEN_MAX);
    if (states.length === 0) return forgotten;
    const committed = context.commit({ op: 'states.forgotten', at: context.at(), states });
    const dropped = Promise.allSettled(states.map((id) => dropForgotten(context, id)));
    await committed;
    await dropped;
    forgotten += states.length;
  }
}

function worldsToForget(context: RuntimeContext) {
  return planForgettingWorlds(context.model, {
    deletedWorlds: context.retention.deletedWorlds,
    isInUse: ({ id }) => context.locks.isBusy(id),
  });
}

async function forgetDeletedWorlds(context: RuntimeContext, wait: Wait): Promise<number> {
  let forgotten = 0;
  for (;;) {
    requireGoing(wait);
    // Children go before their parents, so that those planned anew are the rest.
    const worlds = worldsToForget(context).slice(-WORLDS_FORGOTTEN_MAX);
    if (worlds.length === 0) return forgotten;
    await context.commit({ op: 'worlds.forgotten', at: context.at(), worlds });
    forgotten += worlds.length;
  }
}

async function dropForgotten(context: RuntimeContext, id: StateId): Promise<void> {
  context.damaged.delete(id);
  if (context.refs.has(id)) await context.drop(id);
}

async function removeGarbage(context: RuntimeContext, { onProgress }: CollectRequest, wait: Wait) {
  const { pages } = context.parts;
  if (!pages) return null;
  // The order matters: what is written from here on is no candidate, and what was written before is in the journal
  // once those that were recording it have ended.
  const collection = await pages.beginCollection();
  await Promise.allSettled([...context.recording]);
  const inUse = await Promise.all(
    [...context.parts.substrates.values()].map((substrate) => substrate.keysInUse?.() ?? []),
  );
  requireGoing(wait);
  return collection.collect({
    live: new Set([...liveKeys(context, new Set()), ...inUse.flat()]),
    ...(wait.signal ? { signal: wait.signal } : {}),
    ...(onProgress ? { onProgress: ({ step, done, total }) => onProgress({ done, total, what: step }) } : {}),
  });
}

/** Keys that the durable forms of all states need, except those about to be forgotten. */
export function liveKeys(context: RuntimeContext, without: ReadonlySet<StateId>): Set<string> {
  const live = new Set<string>();
  for (const { id, durable } of context.model.states.values()) {
    if (durable === null || without.has(id)) continue;
    for (const key of context.substrate(durable.substrate).durableKeys(durable)) live.add(key);
  }
  return live;
}

function requireGoing({ signal }: Wait): void {
  if (!signal?.aborted) return;
  throw new WorldError(
    'INTERRUPTED',
    'The collection was interrupted. What it did so far stays done; run it again to finish: wr gc',
    { cause: signal.reason },
  );
}
