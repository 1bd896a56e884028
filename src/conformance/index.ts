/**
 * The suites that every implementation of a port must pass. Published, so that an implementation kept
 * elsewhere can run them too.
 */
export type { Assertion, CaseContext, Expect, TestRunner } from './runner.js';
export type { Bench, Run, RunOptions, Start, World } from './substrate/bench.js';
export type { Dialect } from './substrate/dialect.js';
export { pythonDialect } from './substrate/python-dialect.js';
export { simulatedDialect } from './substrate/simulated-dialect.js';
export type { Need, SubstrateCase } from './substrate/substrate-case.js';
export {
  type MakeSubstrate,
  SUBSTRATE_CASES,
  type SubstrateSuiteOptions,
  substrateSuite,
} from './substrate-suite.js';
