import { expect, it } from 'vitest';
import { openTestRuntime } from '../../test/support/test-runtime.js';
import { refused, run } from '../../test/support/verbs.js';
import { lookUpWorld } from '../runtime/resolve-reference.js';
import { runAction } from './table.js';

it('compares a world with how it began, and asks for another state when that was given up', async () => {
  const t = await openTestRuntime({ retention: { states: 2 } });
  await runAction(t.context, 'create', { name: 'w' });
  const world = lookUpWorld(t.context.model, 'w');
  const began = world.head;
  await run(t, world, 'write /tmp/f x');
  const parts = ['files' as const];
  expect(await runAction(t.context, 'diff', { to: 'w', parts })).toMatchObject({
    from: { state: began },
    to: { state: world.head },
    different: true,
    files: {
      differences: [
        { path: '/tmp/f', change: 'added', hunks: '@@ -0,0 +1 @@\n+x\n\\ No newline at end of file\n' },
      ],
    },
    variables: null,
    pages: null,
  });
  for (let n = 0; n < 5; n += 1) await run(t, world, `set n ${n}`);
  await runAction(t.context, 'gc', {});
  await refused(
    runAction(t.context, 'diff', { to: 'w' }),
    'STATE_NOT_FOUND',
    /in which world w began.*wr diff STATE w/,
  );
  await t.close();
});

it('leaves the current world what it was, and waits for nobody', async () => {
  const t = await openTestRuntime();
  await runAction(t.context, 'create', { name: 'a' });
  await runAction(t.context, 'create', { name: 'b' });
  const world = lookUpWorld(t.context.model, 'a');
  const stop = new AbortController();
  const hanging = run(t, world, 'hang', { signal: stop.signal }).catch(() => {});
  const view = await runAction(t.context, 'diff', { from: 'b', to: 'a', parts: ['pages'] });
  expect(view).toMatchObject({ different: false, pages: { differing: 0 } });
  expect((await runAction(t.context, 'show', {})).name).toBe('b');
  stop.abort();
  await hanging;
  await t.close();
});
