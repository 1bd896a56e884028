import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { composeRuntime } from '../../src/compose.js';
import { RuntimeClient, type World } from '../../src/surfaces/client/runtime-client.js';

const MIB = 1024 ** 2;
const BUDGET_BYTES = 256 * MIB;
const WORLDS = 20;
const FAT_BYTES = 8 * MIB;

it('worlds that together are larger than the slab all stay usable, with what they hold', {
  timeout: 600_000,
}, async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'spill-'));
  const runtime = await composeRuntime({ dataDir, workers: 2, slabBudgetBytes: BUDGET_BYTES });
  try {
    const client = new RuntimeClient(runtime.transport);
    const worlds: World[] = [];
    for (let n = 0; n < WORLDS; n += 1) {
      const world = await client.create({ name: `fat-${n}`, seed: n });
      await world.execute(`import random\nfat = random.randbytes(${FAT_BYTES})\nruns = 1`);
      worlds.push(world);
    }
    const sums: (string | null)[] = [];
    for (const world of worlds) {
      const { ok, value } = await world.execute('import zlib\nruns += 1\n(runs, zlib.crc32(fat), len(fat))');
      expect(ok).toBe(true);
      expect(value).toContain(String(FAT_BYTES));
      sums.push(value);
    }
    await runtime.context.backgroundDone();
    const wasm = runtime.context.substrate('wasm');
    expect(wasm.memory().usedBytes).toBeLessThanOrEqual(BUDGET_BYTES);
    // More than fits lives on disk, and the worlds that wait there have no machine.
    expect(runtime.context.machines.size).toBeLessThan(WORLDS);
    expect((await client.diskUsage()).states.durable).toBeGreaterThanOrEqual(WORLDS / 2);
    for (const [n, world] of worlds.entries()) {
      const { value } = await world.execute('(runs, zlib.crc32(fat), len(fat))');
      expect(value).toBe(sums[n]);
    }
  } finally {
    await runtime.close();
    rmSync(dataDir, { recursive: true, force: true });
  }
});
