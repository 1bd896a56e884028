import { describe, expect, it } from 'vitest';
import { openTestRuntime } from '../../test/support/test-runtime.js';
import { newWorld, run, variable } from '../../test/support/verbs.js';
import { branch } from './branch.js';
import { rewind } from './rewind.js';

describe('handles of states', () => {
  it('stay bounded in a long life, and what was dropped comes back by replay', async () => {
    const runtime = await openTestRuntime({ retention: { automatic: false } });
    const { context } = runtime;
    const world = await newWorld(runtime, 'long');
    const first = await run(runtime, world, 'set x 1');
    await branch(context, world, { children: [{ name: 'idle', trit: 0 }] }, {});
    for (let n = 2; n <= 5000; n++) await run(runtime, world, `set x ${n}`);
    await context.backgroundDone();
    expect(context.refs.size).toBeLessThan(4200);
    expect(runtime.substrate.census().states).toBeLessThan(4300);
    expect(context.refs.has(first.state!)).toBe(true); // The idle child stands there.

    const tenth = world.heads[10]!;
    expect(context.refs.has(tenth)).toBe(false);
    await rewind(context, world, { to: tenth }, {});
    expect(await variable(runtime, world, 'x')).toBe('10');
    await runtime.close();
  });

  it('of the states on the way of a replay are given back', async () => {
    const runtime = await openTestRuntime();
    const world = await newWorld(runtime, 'replayed');
    for (let n = 1; n <= 20; n++) await run(runtime, world, `set x ${n}`);
    const again = await runtime.crash();
    const reborn = again.context.model.world(world.id);
    expect(await variable(again, reborn, 'x')).toBe('20');
    expect(again.substrate.census().states).toBeLessThan(5);
    await again.close();
  });
});
