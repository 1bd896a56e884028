import { WorldError } from '../model/world-error.js';
import type { Wait } from '../ports/substrate.js';
import type { Base, RuntimeContext } from './runtime-context.js';

/** How often room is made for one piece of work, as long as there is anything cold. */
const ROOM_MADE_MAX = 4;

/**
 * Does `work`; when that finds the executor dead, what that held is forgotten, to be made again by replay, and when
 * it finds the memory of all states full, cold ones are let go of; then the work is done again. For work of which
 * nothing shows until it has succeeded, or as long as `mayRepeat` says so.
 */
export async function againWhenLost<T>(
  context: RuntimeContext,
  base: Base,
  work: () => Promise<T>,
  wait: Wait = {},
  mayRepeat: () => boolean = () => true,
): Promise<T> {
  let [lost, full] = [0, 0];
  for (;;) {
    try {
      return await work();
    } catch (thrown) {
      const isLast = isFull(thrown) ? ++full > ROOM_MADE_MAX : ++lost > 1;
      if (isLast || !(await canTryAgain(context, base, thrown, wait)) || !mayRepeat()) throw thrown;
    }
  }
}

/** Mends what made the work fail, if that can be mended. */
export async function canTryAgain(
  context: RuntimeContext,
  base: Base,
  thrown: unknown,
  wait: Wait,
): Promise<boolean> {
  if (isLost(thrown)) {
    await context.forgetLost(base.substrate);
    return true;
  }
  return isFull(thrown) && (await context.upkeep.makeRoom(base.substrate, wait));
}

/** True for the errors that mean: this handle is gone, but the journal still knows the state. */
export function isLost(thrown: unknown): boolean {
  return thrown instanceof WorldError && (thrown.code === 'STATE_LOST' || thrown.code === 'EXECUTOR_LOST');
}

/** True when no guest used too much, but all states together. */
export function isFull(thrown: unknown): boolean {
  return (
    thrown instanceof WorldError && thrown.code === 'MEMORY_LIMIT' && thrown.details['scope'] === 'substrate'
  );
}
