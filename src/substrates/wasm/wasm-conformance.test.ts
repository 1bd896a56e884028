import { afterAll, describe, expect, test } from 'vitest';
import type { TestRunner } from '../../conformance/runner.js';
import { substrateSuite } from '../../conformance/substrate-suite.js';
import { MemoryPageStore, openSubstrate } from './testing/wasm-fixture.js';

const pageStore = new MemoryPageStore();

// Two workers, and always the one with most to load: a state that depends on its worker must not pass.
substrateSuite({ test, expect }, () => openSubstrate({ pageStore, workers: 2, schedule: 'farthest' }));

/** Every branch that runs starts a process, so a commit tries each twenty-first case only; CONFORMANCE_ISOLATE=1 tries all, in twenty minutes. */
const EVERY = process.env['CONFORMANCE_ISOLATE'] === '1' ? 1 : 21;
let cases = 0;
const some: TestRunner['test'] = (name, run, timeoutMs) => {
  cases += 1;
  if (cases % EVERY === 0) test(name, run, timeoutMs);
};

// Every world in a host of its own, and fewer hosts than the cases have worlds: states go from host to host all the time.
describe('isolate: world', () => {
  substrateSuite(
    { test: some, expect, afterAll },
    () => openSubstrate({ pageStore, isolate: 'world', isolateHosts: 3, isolateIdleMs: 1000 }),
    { depth: 2, testTimeoutMs: 300_000 },
  );
});
