import type { StateId } from '../model/ids.js';
import type { DurableState, Wait } from '../ports/substrate.js';
import { againWhenLost } from './live-machine.js';
import { materialiseState } from './materialise-state.js';
import type { RuntimeContext } from './runtime-context.js';
import type { World } from './world-model.js';

/**
 * When a world's head is made durable behind its executions. The journal alone already recovers it; durable
 * states bound how much has to be run again: at most this many executions, or this much guest time.
 */
const REPLAY_EXECUTIONS_MAX = 64;
const REPLAY_MS_MAX = 1000;
/** On close a shorter replay is already worth avoiding, since the next command pays for it. */
const REPLAY_MS_MAX_ON_CLOSE = 100;

/**
 * Makes a state durable, once; concurrent calls share the work, but not its failure: whoever waited for another's
 * attempt makes one of its own.
 */
export async function persistState(context: RuntimeContext, id: StateId, wait: Wait): Promise<DurableState> {
  const entry = context.model.state(id);
  if (entry.durable) return entry.durable;
  const running = context.persisting.get(id);
  if (running !== undefined) return running.catch(() => persistState(context, id, wait));
  const { birth } = context.model.world(entry.origin.worldId);
  const work = againWhenLost(context, birth, async () => {
    const ref = await materialiseState(context, id, wait);
    return context.substrate(birth.substrate).persist(ref, wait);
  });
  context.persisting.set(id, work);
  try {
    return await work;
  } finally {
    context.persisting.delete(id);
  }
}

/** Starts a background persist when a crash now would cost a long replay. Failures are no one's: replay remains. */
export function persistWhenWorthIt(context: RuntimeContext, world: World): void {
  const cost = replayCost(context, world.head);
  if (cost.executions < REPLAY_EXECUTIONS_MAX && cost.runMs < REPLAY_MS_MAX) return;
  context.inBackground(persistAndRecord(context, world.head));
}

/** Makes durable every head in `worlds` that would take long to replay. One that fails will be replayed instead. */
export async function persistOnClose(context: RuntimeContext, worlds: Iterable<World>): Promise<void> {
  const heads = new Set<StateId>();
  for (const world of worlds) {
    if (world.status !== 'running' && world.status !== 'snapshotted') continue;
    if (replayCost(context, world.head).runMs >= REPLAY_MS_MAX_ON_CLOSE) heads.add(world.head);
  }
  for (const head of heads) await persistAndRecord(context, head).catch(() => {});
}

async function persistAndRecord(context: RuntimeContext, state: StateId): Promise<void> {
  const durable = await persistState(context, state, {});
  if (context.model.state(state).durable) return;
  await context.commit({ op: 'state.persisted', at: context.at(), state, durable });
}

/** What recovering `id` would run again. */
function replayCost(context: RuntimeContext, id: StateId): { executions: number; runMs: number } {
  let executions = 0;
  let runMs = 0;
  let entry = context.model.state(id);
  while (entry.origin.kind === 'execution' && !entry.durable && !context.persisting.has(entry.id)) {
    executions += 1;
    runMs += entry.origin.execution.runMs;
    if (executions >= REPLAY_EXECUTIONS_MAX) break;
    entry = context.model.state(entry.origin.execution.parentState);
  }
  return { executions, runMs };
}
