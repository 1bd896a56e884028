import { expect, test } from 'vitest';
import { substrateSuite } from '../../conformance/substrate-suite.js';
import { MemoryPageStore, openSubstrate } from './testing/wasm-fixture.js';

const pageStore = new MemoryPageStore();

// Two workers, and always the one with most to load: a state that depends on its worker must not pass.
substrateSuite({ test, expect }, () => openSubstrate({ pageStore, workers: 2, schedule: 'farthest' }));
