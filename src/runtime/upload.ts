import type { Hash } from 'node:crypto';
import type { WorldId } from '../model/ids.js';
import type { StateRef } from '../ports/state-ref.js';

/** Content that came in parts and is in no world yet. It is gone when the process ends. */
export interface Upload {
  readonly id: string;
  readonly worldId: WorldId;
  /** A state of no world, with the content so far. */
  state: StateRef;
  sizeBytes: number;
  persistedBytes: number;
  readonly hash: Hash;
  usedAtMs: number;
  busy: boolean;
}
