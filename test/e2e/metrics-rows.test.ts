import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runAction } from '../../src/actions/table.js';
import { closeRuntime, openRuntime } from '../../src/runtime/open-runtime.js';
import { openStorage } from '../../src/storage/index.js';
import {
  createSimulatedSubstrate,
  createVirtualClock,
  type SimulatedOperation,
} from '../../src/substrates/simulated/index.js';
import { countingIds, seededEntropy } from '../support/test-runtime.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'wr-metrics-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('rows of runtime_metrics hold the measured times: they rise by what slows the substrate', async () => {
  const slow = new Map<SimulatedOperation, number>();
  const clock = createVirtualClock();
  const storage = await openStorage(join(folder, 'data'));
  const faults = {
    at: (_step: number, operation: SimulatedOperation) => {
      const ms = slow.get(operation);
      return ms === undefined ? undefined : ({ kind: 'delay', ms } as const);
    },
  };
  const context = await openRuntime({
    journal: storage.journal,
    catalog: storage.catalog,
    clock,
    entropy: seededEntropy(1n),
    ids: countingIds(),
    substrates: new Map([['simulated', createSimulatedSubstrate({ clock, archive: new Map(), faults })]]),
    defaultSubstrate: 'simulated',
    currentWorld: storage.currentWorld,
  });
  const measureAll = async (): Promise<Record<string, unknown>[]> => {
    const { id } = await runAction(context, 'create', {});
    await runAction(context, 'execute', { world: id, code: 'set x 1' });
    await runAction(context, 'snapshot', { world: id });
    await runAction(context, 'branch', { world: id, children: [{ name: 'child' }] });
    const { rows } = await runAction(context, 'query', {
      sql: `SELECT max(boot_time_ms), max(snapshot_time_ms), max(branch_time_ms) FROM runtime_metrics
        WHERE entity_id = '${id}' OR entity_id IN (SELECT entity_id FROM world_runtime_entities WHERE parent_id = '${id}')`,
    });
    const [boot, snapshot, branch] = rows[0] ?? [];
    return [{ boot, snapshot, branch }];
  };
  expect(await measureAll()).toEqual([{ boot: 0, snapshot: 0, branch: 0 }]);
  slow.set('boot', 70).set('persist', 40).set('restore', 25);
  expect(await measureAll()).toEqual([{ boot: 70, snapshot: 40, branch: 25 }]);
  await closeRuntime(context);
  await storage[Symbol.asyncDispose]();
}, 30_000);
