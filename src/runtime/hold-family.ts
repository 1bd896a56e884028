import type { Wait } from '../ports/substrate.js';
import type { RuntimeContext } from './runtime-context.js';
import type { World } from './world-model.js';

/**
 * Runs `work` while it holds a world and all worlds below it, ancestors first: none of them runs meanwhile, and
 * none is added.
 */
export async function holdFamily<T>(
  context: RuntimeContext,
  parent: World,
  work: () => Promise<T>,
  wait: Wait,
): Promise<T> {
  for (;;) {
    const below = context.model.descendants(parent);
    const ids = [parent.id, ...below.map(({ id }) => id)];
    const outcome = await context.locks.hold(
      ids,
      async () => {
        // A world below may have been branched while we waited for it: then the family is larger, and we start over.
        if (context.model.descendants(parent).length !== below.length) return null;
        return { value: await work() };
      },
      wait.signal,
    );
    if (outcome) return outcome.value;
  }
}
