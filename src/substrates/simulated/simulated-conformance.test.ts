import { afterAll, expect, test } from 'vitest';
import { simulatedDialect, substrateSuite } from '../../conformance/index.js';
import { createSimulatedSubstrate } from './simulated-substrate.js';
import { createVirtualClock } from './virtual-clock.js';

const archive = new Map<string, string>();
const clock = createVirtualClock();

substrateSuite({ test, expect, afterAll }, async () => createSimulatedSubstrate({ clock, archive }), {
  dialect: simulatedDialect,
});
