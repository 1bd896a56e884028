import type { StateId } from '../model/ids.js';
import type { DurableState, StateRef, Wait } from '../ports/substrate.js';
import { againWhenLost } from './again-when-lost.js';
import { materialiseState } from './materialise-state.js';
import type { RuntimeContext } from './runtime-context.js';
import { DURABILITY_DEFAULT } from './upkeep-contract.js';
import { isLive, type StateEntry, type World } from './world-model.js';

/**
 * Makes a state durable and has `record` put that into the journal. A collection waits for both, so that it cannot
 * take what was written and not recorded yet.
 */
export async function persistState<R>(
  context: RuntimeContext,
  id: StateId,
  wait: Wait,
  record: (durable: DurableState) => Promise<R>,
): Promise<R> {
  return context.whileRecording(() =>
    context.pinned(id, async () => record(await durableOf(context, id, wait))),
  );
}

/** Concurrent calls share the work, but not its failure: whoever waited for another's attempt makes one of its own. */
async function durableOf(context: RuntimeContext, id: StateId, wait: Wait): Promise<DurableState> {
  const entry = context.model.state(id);
  if (entry.durable && !context.damaged.has(id)) return entry.durable;
  const running = context.persisting.get(id);
  if (running !== undefined) return running.catch(() => durableOf(context, id, wait));
  const { birth } = context.model.world(entry.origin.worldId);
  const writing = async (): Promise<DurableState> => {
    const ref = await materialiseState(context, id, wait);
    return context.substrate(birth.substrate).persist(ref, wait);
  };
  const work = againWhenLost(context, birth, writing, wait);
  context.persisting.set(id, work);
  try {
    return await work;
  } finally {
    context.persisting.delete(id);
  }
}

/**
 * Starts a background persist when a crash now would cost a long replay (`durability`): the journal alone already recovers the head.
 * Failures are no one's: replay remains.
 */
export function persistWhenWorthIt(context: RuntimeContext, world: World): void {
  const cost = replayCost(context, world.head);
  const { executions, runMs } = context.durability;
  if (cost.executions < executions && cost.runMs < runMs) return;
  context.inBackground(persistAndRecord(context, world.head));
}

/** Makes durable every head in `worlds` that would take long to replay. One that fails will be replayed instead. */
export async function persistOnClose(context: RuntimeContext, worlds: Iterable<World>): Promise<void> {
  const heads = new Set<StateId>();
  for (const world of worlds) {
    if (!isLive(world)) continue;
    // A shorter replay than elsewhere is already worth avoiding, since the next command pays for it.
    if (replayCost(context, world.head).runMs >= context.durability.closeRunMs) heads.add(world.head);
  }
  for (const head of heads) await persistAndRecord(context, head).catch(() => {});
}

/** Makes a state durable, for which nobody asked: without a name, and only as long as it is known at all. */
export async function persistAndRecord(
  context: RuntimeContext,
  state: StateId,
  wait: Wait = {},
): Promise<void> {
  await persistState(context, state, wait, async (durable) => {
    const entry = context.model.states.get(state);
    if (!entry || (entry.durable && !context.damaged.has(state))) return;
    await context.commit({ op: 'state.persisted', at: context.at(), state, durable });
    context.damaged.delete(state);
  });
}

/**
 * Makes a state durable through a handle that is there. Unlike `persistAndRecord` it neither replays nor waits for
 * room: whoever makes room calls it.
 */
export async function persistHeld(
  context: RuntimeContext,
  id: StateId,
  { held, wait }: { held: StateRef; wait: Wait },
): Promise<void> {
  await context.whileRecording(() =>
    context.pinned(id, async () => {
      const durable = await context.substrate(held.substrate).persist(held, wait);
      if (context.model.states.get(id)?.durable !== null) return;
      await context.commit({ op: 'state.persisted', at: context.at(), state: id, durable });
    }),
  );
}

/** What recovering `id` would run again. */
export function replayCost(context: RuntimeContext, id: StateId): { executions: number; runMs: number } {
  const countedMax = Math.max(context.durability.executions, DURABILITY_DEFAULT.executions);
  let executions = 0;
  let runMs = 0;
  let entry = context.model.state(id);
  while (entry.origin.kind === 'execution' && !isDurable(context, entry)) {
    executions += 1;
    runMs += entry.origin.execution.runMs;
    if (executions >= countedMax) break;
    entry = context.model.state(entry.origin.execution.parentState);
  }
  return { executions, runMs };
}

/** Also what will be durable in a moment. */
function isDurable(context: RuntimeContext, entry: StateEntry): boolean {
  if (context.persisting.has(entry.id)) return true;
  return entry.durable !== null && !context.damaged.has(entry.id);
}
