import { WorldError } from '../model/world-error.js';
import type { Wait } from '../ports/substrate.js';

/** Between two steps of work that keeps nothing before its end. @throws INTERRUPTED */
export function requireUninterrupted({ signal }: Wait, work: string): void {
  if (!signal?.aborted) return;
  throw new WorldError('INTERRUPTED', `${work} was interrupted; nothing of it was kept.`, {
    cause: signal.reason,
  });
}
