import { RuntimeLimits } from '../model/limits.js';
import { WorldError } from '../model/world-error.js';
import type { RuntimeContext } from './runtime-context.js';

const DEFAULTS = RuntimeLimits.parse({});

/**
 * Refuses what would make more worlds or states than the runtime may have.
 *
 * @throws TOO_MANY_WORLDS, TOO_MANY_STATES
 */
export function requireRoom(
  context: RuntimeContext,
  more: { readonly worlds: number; readonly states: number },
): void {
  const { worlds, states } = context.parts.limits ?? DEFAULTS;
  const live = context.model.worldsByName.size + context.reservedNames.size;
  if (more.worlds > 0 && live + more.worlds > worlds) {
    throw new WorldError(
      'TOO_MANY_WORLDS',
      `There are ${live} live worlds and may be ${worlds}; ${more.worlds} more do not fit. Delete or resolve some, or raise the limit "worlds".`,
      { details: { live, asked: more.worlds, max: worlds } },
    );
  }
  const kept = context.model.states.size;
  if (more.states === 0 || kept + more.states <= states) return;
  throw new WorldError(
    'TOO_MANY_STATES',
    `${kept} states are kept and ${states} may be. Delete worlds, collect garbage (wr gc), or raise the limit "states".`,
    { details: { kept, asked: more.states, max: states } },
  );
}
