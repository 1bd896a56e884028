import type { ExecuteInAllItem, ExecutionView, PushDownView } from '../model/api.js';
import type { Trit } from '../model/trit.js';
import { toWorldError, WorldError } from '../model/world-error.js';

export interface Failure {
  readonly code: string;
  readonly message: string;
}

/** A program's run in one verse of a contest. */
export interface Ran {
  readonly name: string;
  readonly worldId: string;
  readonly trit: Trit;
  readonly execution: ExecutionView | null;
  /** Why it can not win; null while it can. */
  readonly failure: Failure | null;
}

/** What ran, in the order of the outcomes. */
export function ranIn(pushed: PushDownView, items: readonly ExecuteInAllItem[]): Ran[] {
  return pushed.outcomes.map(({ name, worldId, trit }) => {
    const item = items.find((one) => one.worldId === worldId);
    if (item === undefined) throw new WorldError('INTERNAL', `Nothing ran in verse ${name}.`);
    const { execution, failure } = item;
    return { name, worldId, trit, execution, failure: failure ?? raised(execution) };
  });
}

/** What an execution that raised says; null for one that did not. */
export function raised(ran: Pick<ExecutionView, 'ok' | 'error'> | null): Failure | null {
  if (ran === null || ran.ok) return null;
  return { code: ran.error?.type ?? 'raised', message: ran.error?.message ?? 'it raised' };
}

/** A failure of an entrant, unless it is one of the whole contest. @throws INTERRUPTED */
export function failureOf(thrown: unknown): Failure {
  const { code, message } = toWorldError(thrown, 'INTERNAL', 'It failed');
  if (code === 'INTERRUPTED') throw thrown;
  return { code, message };
}

/** Its last report of a figure in this execution, as it was sent. */
export function reported(execution: ExecutionView, figure: 'cost' | 'value'): string | null {
  const found = execution.effects.filter(({ kind, [figure]: one }) => kind === 'report' && one !== undefined);
  return found.at(-1)?.[figure] ?? null;
}

/** How an entrant of a contest is shown. */
export function entrantView(ran: Ran, how: { score: string | null; failure: Failure | null; won: boolean }) {
  return {
    name: ran.name,
    worldId: ran.worldId,
    trit: ran.trit,
    status: how.won ? ('won' as const) : how.failure ? ('failed' as const) : ('lost' as const),
    failure: how.failure,
    score: how.score,
    value: ran.execution?.value ?? null,
    runMs: ran.execution?.runMs ?? null,
  };
}
