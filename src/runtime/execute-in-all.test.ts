import { describe, expect, it } from 'vitest';
import { openTestRuntime } from '../../test/support/test-runtime.js';
import { newWorld, refused, run, triad } from '../../test/support/verbs.js';
import { branch } from './branch.js';
import { deleteWorld } from './delete-world.js';
import { childrenToRun, executeInAll } from './execute-in-all.js';

describe('execute-in-all', () => {
  it('runs in the verses of the open push-down, else in the running children', async () => {
    const t = await openTestRuntime();
    const parent = await newWorld(t, 'w');
    await branch(t.context, parent, { count: 2 }, {});
    const plain = parent.childIds.map((id) => t.context.model.world(id));
    expect(childrenToRun(t.context, parent)).toEqual(plain);
    await deleteWorld(t.context, plain[0]!, {});
    expect(childrenToRun(t.context, parent)).toEqual(plain.slice(1));
    const { nash, optimal, chaos } = await triad(t, parent);
    expect(childrenToRun(t.context, parent)).toEqual([nash, optimal, chaos]);
  });

  it('gives each world its own program, in parallel, and keeps failures apart', async () => {
    const t = await openTestRuntime();
    const parent = await newWorld(t, 'w');
    await triad(t, parent);
    const worlds = childrenToRun(t.context, parent);
    const done: string[] = [];
    const codes = { nash: 'sleep 40\nset x 1', optimal: 'hang' };
    const request = {
      worlds,
      codes,
      code: 'fail no',
      timeoutMs: 50,
      onDone: ({ name }: { name: string }) => void done.push(name),
    };
    const before = t.disk.clock.monotonicMs();
    const results = await executeInAll(t.context, request, {});
    expect(results.map(({ record, failure }) => record?.ok ?? failure?.code)).toEqual([
      true,
      'EXECUTION_TIMEOUT',
      false,
    ]);
    expect(done).toEqual(['w/chaos', 'w/nash', 'w/optimal']);
    expect(t.disk.clock.monotonicMs() - before).toBe(50);
  });

  it('without a program for some verse, or without a world, is refused before anything runs', async () => {
    const t = await openTestRuntime();
    const parent = await newWorld(t, 'w');
    const { nash } = await triad(t, parent);
    const worlds = childrenToRun(t.context, parent);
    await refused(
      executeInAll(t.context, { worlds, codes: { nash: 'now' } }, {}),
      'BAD_INPUT',
      /verse optimal/,
    );
    await refused(
      executeInAll(t.context, { worlds: [], code: 'now' }, {}),
      'BAD_INPUT',
      /branch or push down/,
    );
    expect(nash.executions).toBe(0);
  });

  it('takes a verse named like something every object has for what it is', async () => {
    const t = await openTestRuntime();
    const parent = await newWorld(t, 'w');
    await branch(t.context, parent, { children: [{ name: 'constructor' }] }, {});
    const worlds = childrenToRun(t.context, parent);
    await refused(executeInAll(t.context, { worlds, codes: {} }, {}), 'BAD_INPUT', /verse constructor/);
    const codes = { constructor: 'set x 1\nget x' };
    const [result] = await executeInAll(t.context, { worlds, codes }, {});
    expect(result?.record?.value).toBe('1');
  });

  it('that is interrupted says so for every world, those that wait in line included', async () => {
    const t = await openTestRuntime();
    const parent = await newWorld(t, 'w');
    const { nash, optimal, chaos } = await triad(t, parent);
    const busy = run(t, chaos, 'sleep 100');
    const stop = new AbortController();
    const all = executeInAll(
      t.context,
      { worlds: [nash, optimal, chaos], code: 'hang' },
      { signal: stop.signal },
    );
    await new Promise((resolve) => setImmediate(resolve));
    stop.abort();
    expect((await all).map(({ failure }) => failure?.code)).toEqual([
      'INTERRUPTED',
      'INTERRUPTED',
      'INTERRUPTED',
    ]);
    await busy;
  });
});
