import type { MetricsRecord, WorldBirth } from '../ports/journal-record.js';
import type { Machine, Wait } from '../ports/substrate.js';
import { identityOf } from './create-world.js';
import { againWhenLost, engineReady } from './live-machine.js';
import { mapBounded } from './map-bounded.js';
import { materialiseState } from './materialise-state.js';
import { requireRoom } from './require-room.js';
import type { RuntimeContext } from './runtime-context.js';
import { startMachine } from './start-machine.js';
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
 * Starts one machine per spec on the parent's head, makes them the children's and hands the births to `record`,
 * which commits them. The caller holds the parent's lock. On any failure no child remains.
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
  requireRoom(context, { worlds: how.specs.length, states: 0 });
  const names = new NameReservation(context);
  let started: Started[] = [];
  try {
    const births = childBirths(context, parent, { ...how, names });
    await engineReady(context, parent.birth, how.wait);
    const { value: children, ms } = await context.timed(() =>
      againWhenLost(
        context,
        parent.birth,
        () => context.pinned(parent.head, () => startAll(context, parent, births, how.wait)),
        how.wait,
      ),
    );
    started = children.started;
    // Before the record, since from then on others find the children.
    for (const { birth, machine } of started) {
      context.keepMachine(birth.worldId, machine, birth.state);
    }
    const answer = await record({
      births,
      metrics: [context.metrics(parent.id, { snapshotTimeMs: children.snapshotTimeMs }), ...children.metrics],
      snapshotTimeMs: children.snapshotTimeMs,
      branchTimeMs: ms - children.snapshotTimeMs,
    });
    context.upkeep.afterWork(parent.birth.substrate);
    return answer;
  } catch (thrown) {
    for (const { birth } of started) context.machines.delete(birth.worldId);
    await endAll(started);
    throw thrown;
  } finally {
    names.release();
  }
}

interface Started {
  readonly birth: WorldBirth;
  readonly machine: Machine;
}

/** All machines, or none. */
async function startAll(
  context: RuntimeContext,
  parent: World,
  births: readonly WorldBirth[],
  wait: Wait,
): Promise<{ started: Started[]; metrics: MetricsRecord[]; snapshotTimeMs: number }> {
  const substrate = context.substrate(parent.birth.substrate);
  const started: Started[] = [];
  try {
    const snapshot = await context.timed(() => materialiseState(context, parent.head, wait));
    const metrics = await mapBounded(births, PARALLEL_RESTORES, async (birth) => {
      const restore = (): Promise<Machine> => substrate.restore(snapshot.value, identityOf(birth), wait);
      const { machine, ms, memoryOverheadMb } = await startMachine(context, restore);
      started.push({ birth, machine });
      return context.metrics(birth.worldId, { branchTimeMs: ms, memoryOverheadMb });
    });
    return { started, metrics, snapshotTimeMs: snapshot.ms };
  } catch (thrown) {
    await endAll(started);
    throw thrown;
  }
}

async function endAll(started: readonly Started[]): Promise<void> {
  await Promise.allSettled(started.map(({ machine }) => machine[Symbol.asyncDispose]()));
}
