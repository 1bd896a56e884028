import type { MetricsRecord, WorldBirth } from '../ports/journal-record.js';
import type { Machine, StateRef, Wait } from '../ports/substrate.js';
import { identityOf, ownMegabytes } from './create-world.js';
import { isLost } from './live-machine.js';
import { mapBounded } from './map-bounded.js';
import { materialiseState } from './materialise-state.js';
import type { RuntimeContext } from './runtime-context.js';
import { type ChildSpec, childBirths, NameReservation } from './world-births.js';
import type { World } from './world-model.js';

/** Machines restored at a time: a microVM is a process. */
const PARALLEL_RESTORES = 8;

/** Children that are ready but not yet in the journal. */
export interface StartedChildren {
  readonly births: WorldBirth[];
  readonly metrics: MetricsRecord[];
  /** Time to have the parent's state at hand, ms. */
  readonly snapshotTimeMs: number;
  /** Time to start all children, ms. */
  readonly branchTimeMs: number;
}

/**
 * Starts one machine per spec on the parent's head, hands the births to `record` and, once that has committed,
 * keeps the machines. The caller holds the parent's lock. On any failure no child remains.
 */
export async function startChildren<R>(
  context: RuntimeContext,
  parent: World,
  how: {
    specs: readonly ChildSpec[];
    entityType: WorldBirth['entityType'];
    commonRandomNumbers: boolean;
    wait: Wait;
  },
  record: (children: StartedChildren) => Promise<R>,
): Promise<R> {
  const names = new NameReservation(context);
  const started: { birth: WorldBirth; machine: Machine }[] = [];
  try {
    const snapshot = await context.timed(() => parentState(context, parent, how.wait));
    const births = childBirths(context, parent, { ...how, names });
    const substrate = context.substrate(parent.birth.substrate);
    const branched = await context.timed(() =>
      mapBounded(births, PARALLEL_RESTORES, async (birth) => {
        const restored = await context.timed(() =>
          substrate.restore(snapshot.value, identityOf(birth), how.wait),
        );
        started.push({ birth, machine: restored.value });
        const memoryOverheadMb = await ownMegabytes(restored.value);
        return context.metrics(birth.worldId, { branchTimeMs: restored.ms, memoryOverheadMb });
      }),
    );
    const result = await record({
      births,
      metrics: [context.metrics(parent.id, { snapshotTimeMs: snapshot.ms }), ...branched.value],
      snapshotTimeMs: snapshot.ms,
      branchTimeMs: branched.ms,
    });
    for (const { birth, machine } of started) {
      context.machines.set(birth.worldId, { machine, state: birth.state });
    }
    return result;
  } catch (thrown) {
    await Promise.allSettled(started.map(({ machine }) => machine[Symbol.asyncDispose]()));
    throw thrown;
  } finally {
    names.release();
  }
}

/** The parent's head; made again when the executor that held it has died. */
async function parentState(context: RuntimeContext, parent: World, wait: Wait): Promise<StateRef> {
  try {
    return await materialiseState(context, parent.head, wait);
  } catch (thrown) {
    if (!isLost(thrown)) throw thrown;
    context.forgetSubstrate(parent.birth.substrate);
    return materialiseState(context, parent.head, wait);
  }
}
