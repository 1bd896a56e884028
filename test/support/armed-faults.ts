import type { Fault, FaultPlan, SimulatedOperation } from '../../src/substrates/simulated/index.js';

/** Faults that a test sets off by hand. */
export interface ArmedFaults extends FaultPlan {
  /** The next `operation` (after `skip` others of its kind) meets the fault, once. */
  next(operation: SimulatedOperation, fault: Fault, skip?: number): void;
  /** Every `operation` meets the fault until `clear`. */
  always(operation: SimulatedOperation, fault: Fault): void;
  clear(): void;
  /** How many of an operation there have been. */
  count(operation: SimulatedOperation): number;
}

export function armedFaults(): ArmedFaults {
  let armed: { operation: SimulatedOperation; fault: Fault; skip: number }[] = [];
  const standing = new Map<SimulatedOperation, Fault>();
  const counts = new Map<SimulatedOperation, number>();
  return {
    at(_step, operation) {
      counts.set(operation, (counts.get(operation) ?? 0) + 1);
      const due = armed.find((one) => one.operation === operation);
      if (!due) return standing.get(operation);
      if (due.skip > 0) {
        due.skip -= 1;
        return standing.get(operation);
      }
      armed = armed.filter((one) => one !== due);
      return due.fault;
    },
    next(operation, fault, skip = 0) {
      armed.push({ operation, fault, skip });
    },
    always(operation, fault) {
      standing.set(operation, fault);
    },
    clear() {
      armed = [];
      standing.clear();
    },
    count: (operation) => counts.get(operation) ?? 0,
  };
}

export const EXECUTOR_LOST: Fault = { kind: 'fail', code: 'EXECUTOR_LOST' };
export const ENGINE_FAULT: Fault = { kind: 'fail', code: 'ENGINE_FAULT' };
