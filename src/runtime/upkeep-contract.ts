import type { StateId, WorldId } from '../model/ids.js';
import { WorldError } from '../model/world-error.js';
import type { SubstrateName, Wait } from '../ports/substrate.js';
import type { CollectRequest, GarbageReport } from './garbage-report.js';
import { RETAIN_STATES_DEFAULT } from './plan-forgetting.js';
import { RETAIN_DELETED_WORLDS_DEFAULT } from './plan-forgetting-worlds.js';

/** How long the past is kept. */
export interface RetentionSettings {
  /** States a world keeps unless it was told otherwise; default 100. */
  readonly states: number;
  /** Deleted worlds that stay listed, the youngest ones; default 1,000. */
  readonly deletedWorlds: number;
  /** Collect garbage by itself, behind the executions; default true. */
  readonly automatic: boolean;
}

/** When the head of a world is made durable behind its executions: what a recovery may have to run again. */
export interface DurabilitySettings {
  /** At the latest after so many executions; default 64. */
  readonly executions: number;
  /** At the latest after so much time in the guest, ms; default 1,000. */
  readonly runMs: number;
  /** When closing and when idle, as soon as running again would take this long, ms; default 100. */
  readonly closeRunMs: number;
  /** How long nothing runs in a world that is idle, ms; 0: worlds are never idle. Default 5,000. */
  readonly idleMs: number;
}

export const DURABILITY_DEFAULT: DurabilitySettings = {
  executions: 64,
  runMs: 1000,
  closeRunMs: 100,
  idleMs: 5000,
};

/** What was asked for, over the defaults. */
export function upkeepSettings(asked: {
  readonly retention?: Partial<RetentionSettings>;
  readonly durability?: Partial<DurabilitySettings>;
}): { readonly retention: RetentionSettings; readonly durability: DurabilitySettings } {
  const retention = {
    states: RETAIN_STATES_DEFAULT,
    deletedWorlds: RETAIN_DELETED_WORLDS_DEFAULT,
    automatic: true,
  };
  return {
    retention: { ...retention, ...asked.retention },
    durability: { ...DURABILITY_DEFAULT, ...asked.durability },
  };
}

/**
 * The upkeep of a long life, which `openRuntime` supplies: it is built from verbs, and verbs ask for it.
 */
export interface Upkeep {
  /** Makes cold states durable and lets go of them. False when nothing could be let go. */
  makeRoom(substrate: SubstrateName, wait: Wait): Promise<boolean>;
  /** Something was added to the memory of a substrate, or to the past. Returns at once. */
  afterWork(substrate: SubstrateName): void;
  /** Something ran in a world: from now on it is idle until something else does. Returns at once. */
  used(world: WorldId): void;
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
  used: () => {},
  heal: () => {},
  collect: () => Promise.reject(new WorldError('INTERNAL', 'This runtime is not open yet.')),
  stop: () => {},
};
