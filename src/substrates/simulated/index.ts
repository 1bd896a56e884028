export {
  type Fault,
  type FaultKind,
  type FaultPlan,
  NO_FAULTS,
  SIMULATED_OPERATIONS,
  type SimulatedOperation,
  seededFaults,
} from './fault-plan.js';
export {
  type Census,
  createSimulatedSubstrate,
  type SimulatedSubstrate,
  type SimulatedSubstrateOptions,
} from './simulated-substrate.js';
export { createVirtualClock } from './virtual-clock.js';
