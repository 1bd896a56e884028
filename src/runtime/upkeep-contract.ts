import type { StateId } from '../model/ids.js';
import { WorldError } from '../model/world-error.js';
import type { SubstrateName, Wait } from '../ports/substrate.js';
import type { CollectRequest, GarbageReport } from './garbage-report.js';

/** How long the past is kept. */
export interface RetentionSettings {
  /** States a world keeps unless it was told otherwise; default 100. */
  readonly states: number;
  /** Deleted worlds that stay listed, the youngest ones; default 1,000. */
  readonly deletedWorlds: number;
  /** Collect garbage by itself, behind the executions; default true. */
  readonly automatic: boolean;
}

/**
 * The upkeep of a long life, which `openRuntime` supplies: it is built from verbs, and verbs ask for it.
 */
export interface Upkeep {
  /** Makes cold states durable and lets go of them. False when nothing could be let go. */
  makeRoom(substrate: SubstrateName, wait: Wait): Promise<boolean>;
  /** Something was added to the memory of a substrate, or to the past. Returns at once. */
  afterWork(substrate: SubstrateName): void;
  /**
   * Forgets what retention does not keep, and collects it. One at a time: who comes while another runs gets that
   * one's report. @throws INTERRUPTED, STORAGE_FAILED
   */
  collect(request: CollectRequest, wait: Wait): Promise<GarbageReport>;
  /** From now on nothing is begun, and what runs ends soon. */
  stop(): void;
  /** The state was made again because its durable form is damaged: writes that anew. Returns at once. */
  heal(state: StateId): void;
}

/** Until `openRuntime` has supplied one. */
export const NO_UPKEEP: Upkeep = {
  makeRoom: async () => false,
  afterWork: () => {},
  heal: () => {},
  collect: () => Promise.reject(new WorldError('INTERNAL', 'This runtime is not open yet.')),
  stop: () => {},
};
