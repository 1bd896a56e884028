import { mix64, streamAt } from '../../model/split-mix.js';
import type { ErrorCode } from '../../model/world-error.js';

export const SIMULATED_OPERATIONS = [
  'baseDigest',
  'boot',
  'restore',
  'persist',
  'recall',
  'discard',
  'execute',
  'snapshot',
  'measure',
  'listFiles',
  'readFile',
  'editFiles',
  'compare',
  'compareFiles',
] as const;
export type SimulatedOperation = (typeof SIMULATED_OPERATIONS)[number];

/** What goes wrong with one operation. */
export type Fault =
  /** It does nothing and fails. */
  | { readonly kind: 'fail'; readonly code: ErrorCode }
  /** It takes longer. */
  | { readonly kind: 'delay'; readonly ms: number }
  /**
   * The work is done, and the caller gets EXECUTOR_LOST instead of the answer. An execution ran and wrote
   * its output, but its machine is at the state before: the port promises that of every failure.
   */
  | { readonly kind: 'loseReply' }
  /** Every state and machine is lost; until `restart` every call fails with EXECUTOR_LOST. */
  | { readonly kind: 'crash' };

export type FaultKind = Fault['kind'];

export interface FaultPlan {
  /** @param step counts the operations of the substrate instance, from 1. */
  at(step: number, operation: SimulatedOperation): Fault | undefined;
}

export const NO_FAULTS: FaultPlan = { at: () => undefined };

/** Longest delay that `seededFaults` plans, ms. */
const DELAY_MS_MAX = 1000;

/** With what each operation can fail by itself. */
const FAIL_CODES: Readonly<Record<SimulatedOperation, readonly ErrorCode[]>> = {
  baseDigest: ['EXECUTOR_LOST'],
  boot: ['EXECUTOR_LOST', 'ENGINE_FAULT'],
  restore: ['EXECUTOR_LOST', 'ENGINE_FAULT'],
  persist: ['EXECUTOR_LOST', 'STORAGE_FAILED'],
  recall: ['EXECUTOR_LOST', 'PAGE_CORRUPT'],
  discard: ['EXECUTOR_LOST'],
  listFiles: ['EXECUTOR_LOST'],
  readFile: ['EXECUTOR_LOST'],
  editFiles: ['EXECUTOR_LOST', 'MEMORY_LIMIT'],
  compare: ['EXECUTOR_LOST'],
  compareFiles: ['EXECUTOR_LOST'],
  execute: ['EXECUTOR_LOST', 'ENGINE_FAULT', 'EXECUTION_TIMEOUT', 'MEMORY_LIMIT'],
  snapshot: ['EXECUTOR_LOST', 'ENGINE_FAULT'],
  measure: ['EXECUTOR_LOST'],
};

function pick<T>(choices: readonly [T, ...T[]] | readonly T[], chance: bigint): T | undefined {
  return choices[Number(chance % BigInt(choices.length || 1))];
}

/**
 * Faults that depend on nothing but the seed and the step, so that a run can be repeated from its seed.
 *
 * @param rate share of the operations that meet a fault, 0 to 1.
 * @param kinds which faults may happen; a crash only if it is named, because only a restart mends it.
 */
export function seededFaults(
  seed: bigint,
  rate: number,
  kinds: readonly FaultKind[] = ['fail', 'delay', 'loseReply'],
): FaultPlan {
  // 2^53 steps are as fine as a rate in a double can be.
  const threshold = BigInt(Math.round(rate * 2 ** 53));
  return {
    at(step, operation) {
      const chance = streamAt(seed, step);
      if (chance >> 11n >= threshold) return undefined;
      const detail = mix64(chance);
      const kind = pick(kinds, detail);
      switch (kind) {
        case 'fail':
          return { kind, code: pick(FAIL_CODES[operation], detail >> 16n) ?? 'EXECUTOR_LOST' };
        case 'delay':
          return { kind, ms: Number((detail >> 16n) % BigInt(DELAY_MS_MAX)) + 1 };
        case 'loseReply':
        case 'crash':
          return { kind };
        case undefined:
          return undefined;
      }
    },
  };
}
