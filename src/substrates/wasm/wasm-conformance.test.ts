import { describe, expect, test } from 'vitest';
import { substrateSuite } from '../../conformance/substrate-suite.js';
import { MemoryPageStore, openSubstrate } from './testing/wasm-fixture.js';

const pageStore = new MemoryPageStore();

// Two workers, and always the one with most to load: a state that depends on its worker must not pass.
substrateSuite({ test, expect }, () => openSubstrate({ pageStore, workers: 2, schedule: 'farthest' }));

// Every world in a host of its own, and fewer hosts than the cases have worlds: states go from host to host all the time.
describe('isolate: world', () => {
  substrateSuite(
    { test, expect },
    () => openSubstrate({ pageStore, isolate: 'world', isolateHosts: 3, isolateIdleMs: 1000 }),
    // Every branch of the line starts a process.
    { depth: 2 },
  );
});
