import { describe, expect, it } from 'vitest';
import { armedFaults } from '../../test/support/armed-faults.js';
import { openTestRuntime } from '../../test/support/test-runtime.js';
import { newWorld, refused, run, variable } from '../../test/support/verbs.js';
import { branch } from './branch.js';
import type { World } from './world-model.js';

const FAT_BYTES = 10_000;
/** A program that makes its world about FAT_BYTES large. */
const fat = (n: number): string => `set x ${n}\nwrite big ${String(n % 10).repeat(FAT_BYTES)}`;

describe('when the memory of all states runs full', () => {
  it('cold worlds wait on disk, and come back with everything when they are used', async () => {
    const faults = armedFaults();
    const t = await openTestRuntime({ budgetBytes: 20 * FAT_BYTES, faults });
    const worlds: World[] = [];
    for (let n = 0; n < 60; n += 1) {
      const world = await newWorld(t, `w${n}`);
      worlds.push(world);
      await run(t, world, fat(n));
    }
    await t.context.backgroundDone();
    expect(t.substrate.memory().usedBytes).toBeLessThanOrEqual(20 * FAT_BYTES);
    expect(t.context.machines.size).toBeLessThan(30);
    const before = faults.count('execute');
    for (const [n, world] of worlds.entries()) {
      expect(await variable(t, world, 'x')).toBe(String(n));
      expect((await run(t, world, 'read big')).value?.length).toBeGreaterThanOrEqual(FAT_BYTES);
    }
    await t.context.backgroundDone();
    // Two executions a world: none of them was run again.
    expect(faults.count('execute') - before).toBe(120);
    await t.close();
  });

  it('an execution that finds no room waits until cold worlds have made some', async () => {
    const faults = armedFaults();
    const t = await openTestRuntime({ budgetBytes: 16 * FAT_BYTES, faults });
    const worlds: World[] = [];
    for (let n = 0; n < 6; n += 1) {
      worlds.push(await newWorld(t, `w${n}`));
      await run(t, worlds[n]!, fat(n));
    }
    const big = await newWorld(t, 'big');
    const half = 7 * FAT_BYTES;
    expect((await run(t, big, `write big ${'b'.repeat(half)}\nset x 9`)).ok).toBe(true);
    expect(await variable(t, big, 'x')).toBe('9');
    expect(t.disk.archive.size).toBeGreaterThan(0);
    for (const [n, world] of worlds.entries()) expect(await variable(t, world, 'x')).toBe(String(n));
    await t.close();
  });

  it('and nothing is cold, the execution is refused and its world is as before', async () => {
    const t = await openTestRuntime({ budgetBytes: 5 * FAT_BYTES });
    const world = await newWorld(t, 'w');
    await run(t, world, 'set x 1');
    const error = await refused(run(t, world, `write big ${'b'.repeat(6 * FAT_BYTES)}`), 'MEMORY_LIMIT');
    expect(error.details).toMatchObject({ scope: 'substrate' });
    expect(await variable(t, world, 'x')).toBe('1');
    await t.close();
  });
});

it('machines that were idle for long are ended, and their worlds go on', async () => {
  const t = await openTestRuntime();
  const world = await newWorld(t, 'w');
  await run(t, world, 'set x 7');
  const { children } = await branch(t.context, world, { count: 6000 }, {});
  await t.context.backgroundDone();
  expect(t.context.machines.size).toBeLessThanOrEqual(4096);
  expect(t.substrate.census().machines).toBe(t.context.machines.size);
  for (const index of [0, 1000, 5999]) {
    const child = t.context.model.world(children[index]!.worldId);
    expect(await variable(t, child, 'x')).toBe('7');
  }
  await t.close();
});
