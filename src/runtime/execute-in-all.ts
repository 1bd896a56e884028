import { toWorldError, WorldError } from '../model/world-error.js';
import type { RecordOf } from '../ports/journal-record.js';
import type { OutputSink, Wait } from '../ports/substrate.js';
import { execute } from './execute.js';
import { mapBounded } from './map-bounded.js';
import type { RuntimeContext } from './runtime-context.js';
import type { World } from './world-model.js';

/** Requests in flight at a time; the executor pool is smaller, so this only bounds memory. */
const PARALLEL_EXECUTIONS = 64;

export interface ExecuteInAllRequest {
  readonly worlds: readonly World[];
  /** The same program for all, or one by verse name. */
  readonly code?: string;
  readonly codes?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
  /** Run time that each may use up, ms. */
  readonly budgetMs?: number;
  readonly sinkFor?: (world: World) => OutputSink;
  /** Called as each world begins and ends, for progress. */
  readonly onStart?: (world: World) => void;
  readonly onDone?: (world: World, ok: boolean) => void;
}

export interface ExecutedInOne {
  readonly world: World;
  readonly record: RecordOf<'world.executed'> | null;
  readonly failure: WorldError | null;
}

/** The children among which `execute-in-all` of a parent runs: its open push-down's, else the running ones. */
export function childrenToRun(context: RuntimeContext, parent: World): World[] {
  const children = parent.childIds.map((id) => context.model.world(id));
  const open = parent.openCondition;
  if (open !== null) return children.filter((child) => child.outcome?.conditionId === open);
  return children.filter((child) => child.status === 'running');
}

/**
 * Runs code in many worlds in parallel. One world's failure does not stop the others: each has its result or its
 * failure, in the order of `worlds`.
 *
 * @throws BAD_INPUT when some world has no program or no world is named
 */
export async function executeInAll(
  context: RuntimeContext,
  request: ExecuteInAllRequest,
  wait: Wait,
): Promise<ExecutedInOne[]> {
  const programs = request.worlds.map((world) => programFor(context, world, request));
  if (programs.length === 0) {
    throw new WorldError(
      'BAD_INPUT',
      'There is no world to run this in: branch or push down the parent first.',
    );
  }
  return mapBounded(request.worlds, PARALLEL_EXECUTIONS, async (world, index) => {
    const sink = request.sinkFor?.(world);
    const execution = {
      world,
      code: programs[index] ?? '',
      ...(request.timeoutMs === undefined ? {} : { timeoutMs: request.timeoutMs }),
      ...(request.budgetMs === undefined ? {} : { budgetMs: request.budgetMs }),
      ...(sink ? { sink } : {}),
    };
    let ok = false;
    request.onStart?.(world);
    try {
      const record = await execute(context, execution, wait);
      ok = record.ok;
      return { world, record, failure: null };
    } catch (thrown) {
      return { world, record: null, failure: toWorldError(thrown, 'INTERNAL', `World ${world.name} failed`) };
    } finally {
      request.onDone?.(world, ok);
    }
  });
}

function programFor(context: RuntimeContext, world: World, request: ExecuteInAllRequest): string {
  const { verse } = context.model.identity(world);
  // A verse may be named like something every object inherits.
  const own = request.codes && Object.hasOwn(request.codes, verse) ? request.codes[verse] : undefined;
  const code = own ?? request.code;
  if (code !== undefined) return code;
  throw new WorldError('BAD_INPUT', `There is no program for verse ${verse} (world ${world.name}).`, {
    details: { verse, given: Object.keys(request.codes ?? {}) },
  });
}
