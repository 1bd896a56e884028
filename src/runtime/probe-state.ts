import type { StateId } from '../model/ids.js';
import type { ExecuteResult, OutputSink, Wait } from '../ports/substrate.js';
import { againWhenLost } from './live-machine.js';
import { materialiseState } from './materialise-state.js';
import type { RuntimeContext } from './runtime-context.js';
import type { World } from './world-model.js';

/** Code to run at a state, to look at it and keep nothing. */
export interface Probe {
  /** Any state that the journal knows, also of a world that collapsed or was deleted. */
  readonly state: StateId;
  readonly code: string;
  /**
   * As whom it runs. Default: the identity under which the state was made, so that nothing is done first; as another world
   * it sees what that world's next execution would see, hooks of a branch included.
   */
  readonly world?: World;
  /** Default: the world's own limits. */
  readonly timeoutMs?: number;
  readonly outputBytes?: number;
  readonly sink?: OutputSink;
}

const SILENT: OutputSink = { write: () => {} };

/**
 * Runs code at a state on a machine of its own and throws that machine away: no record is made, no effect happens, and the
 * state and every world at it stay as they are. Takes no lock, so it may run beside executions. Code that raises is an
 * answer with `ok: false`.
 *
 * @throws STATE_NOT_FOUND, STATE_LOST, RECOVERY_DIVERGED, IMAGE_MISMATCH, EXECUTION_TIMEOUT, CPU_LIMIT, MEMORY_LIMIT,
 *   INTERRUPTED, ENGINE_FAULT, EXECUTOR_LOST
 */
export async function probeState(context: RuntimeContext, probe: Probe, wait: Wait): Promise<ExecuteResult> {
  context.requireOpen();
  const { world, identity } = whoRan(context, probe);
  const limits = { ...world.birth.limits };
  if (probe.timeoutMs !== undefined) limits.timeoutMs = probe.timeoutMs;
  if (probe.outputBytes !== undefined) limits.outputBytes = probe.outputBytes;
  const { verseId, birth } = world;
  const held = context.model.ledger.balances({ verse: verseId, owner: birth.account });
  const request = {
    language: 'python',
    code: probe.code,
    clockNs: context.parts.clock.nowNs(),
    balances: Object.fromEntries(held.map(({ token, amount }) => [token, amount.toString()])),
    limits,
  } as const;
  const run = async (): Promise<ExecuteResult> => {
    const ref = await materialiseState(context, probe.state, wait);
    await using machine = await context.substrate(birth.substrate).restore(ref, identity, wait);
    return await machine.execute(request, probe.sink ?? SILENT, wait);
  };
  return context.pinned(probe.state, () => againWhenLost(context, birth, run, wait));
}

function whoRan(context: RuntimeContext, { state, world }: Probe) {
  const { model } = context;
  if (world !== undefined) return { world, identity: model.identity(world) };
  const { worldId, generation } = model.lastRun(state);
  const owner = model.world(worldId);
  return { world: owner, identity: model.identity(owner, generation) };
}
