import { describe, expect, it } from 'vitest';
import { openTestRuntime, type TestRuntime } from '../../test/support/test-runtime.js';
import { describeModel, named, newWorld, refused, run, triad } from '../../test/support/verbs.js';
import { branch } from './branch.js';
import { createWorld } from './create-world.js';
import { deleteWorld } from './delete-world.js';
import { deposit } from './move-money.js';
import { pullUp } from './pull-up.js';
import { pushDown } from './push-down.js';
import { rewind } from './rewind.js';
import { snapshotWorld } from './snapshot-world.js';
import { voidPushDown } from './void-push-down.js';

/** One step after each of which the process may end. They use every verb, and every kind of record. */
const STEPS: readonly ((t: TestRuntime) => Promise<unknown>)[] = [
  (t) => newWorld(t, 'w', { metadata: { note: 'x' }, trit: 1, limits: { timeoutMs: 77 } }),
  (t) => deposit(t.context, named(t, 'w'), { token: 'GOLD', amount: '100' }, {}),
  (t) => run(t, named(t, 'w'), 'set x 1\nwrite f text\non-branch add x 100\nrandom\nnow'),
  (t) => run(t, named(t, 'w'), 'set x 2\nfail so'),
  (t) => run(t, named(t, 'w'), 'no such statement'),
  (t) => run(t, named(t, 'w'), 'hang').catch(() => {}),
  (t) => run(t, named(t, 'w'), 'report cost 3/2 value -1\ntransfer bob GOLD 7'),
  (t) => snapshotWorld(t.context, named(t, 'w'), 'first', {}),
  (t) => branch(t.context, named(t, 'w'), { count: 2, commonRandomNumbers: true }, {}),
  (t) => run(t, named(t, 'w/1'), 'add x 1\nrandom'),
  (t) => createWorld(t.context, { snapshot: 'first', name: 'fork', metadata: { verse: 'v' } }, {}),
  (t) => createWorld(t.context, { snapshot: 'first', name: 'apart', detached: true }, {}),
  (t) => rewind(t.context, named(t, 'w'), { steps: 2 }, {}),
  (t) => pushDown(t.context, named(t, 'w'), {}, {}),
  (t) => run(t, named(t, 'w/nash'), 'report cost 2\ntransfer bob GOLD 5'),
  (t) => pushDown(t.context, named(t, 'w/optimal'), { amounts: { GOLD: 11n } }, {}),
  (t) => run(t, named(t, 'w/optimal/chaos'), 'set y deep\nrandom'),
  (t) => pullUp(t.context, named(t, 'w/optimal'), { oracle: 'manual', outcome: 'chaos' }, {}),
  (t) => branch(t.context, named(t, 'w/optimal'), { children: [{ name: 'twin' }] }, {}),
  (t) => run(t, named(t, 'w/optimal'), 'report cost 1\ntransfer carol GOLD 3'),
  (t) => run(t, named(t, 'w/chaos'), 'report cost 14/9'),
  (t) => pullUp(t.context, named(t, 'w'), { oracle: 'least-cost' }, {}),
  (t) => run(t, named(t, 'w'), 'random\nnow'),
  (t) => triad(t, named(t, 'w')),
  (t) => voidPushDown(t.context, named(t, 'w'), {}),
  (t) => deleteWorld(t.context, named(t, 'fork'), {}),
  (t) => snapshotWorld(t.context, named(t, 'twin'), undefined, {}),
];

/** What the worlds say when asked: the same questions in the same order. */
async function ask(t: TestRuntime): Promise<unknown[]> {
  const answers = [];
  for (const world of [...t.context.model.worlds.values()]) {
    if (world.status !== 'running') continue;
    const { value, stdout, state } = await run(t, world, 'whoami\nrandom\nget x');
    answers.push([world.name, value, stdout, state !== null]);
  }
  return answers;
}

it('only live worlds have machines, and one each', async () => {
  const t = await openTestRuntime();
  for (const step of STEPS) {
    await step(t);
    const worlds = [...t.context.model.worlds.values()];
    const live = worlds.filter(({ status }) => status === 'running' || status === 'snapshotted');
    expect(t.substrate.census().machines).toBeLessThanOrEqual(live.length);
    expect(t.substrate.census().machines).toBe(t.context.machines.size);
  }
});

describe('a journal read again', () => {
  it.each(['reopen', 'crash'] as const)('gives an equal model after every verb (%s)', async (how) => {
    let t = await openTestRuntime();
    const kinds = new Set<string>();
    for (const step of STEPS) {
      await step(t);
      const before = describeModel(t.context.model);
      const digest = t.context.model.ledger.digest();
      for (const { record } of t.catalog.entries) kinds.add(record.op);
      t = await t[how]();
      const after = describeModel(t.context.model);
      // Closing may add durable states and nothing else.
      expect(withoutDurable(after)).toEqual(withoutDurable(before));
      expect(t.context.model.ledger.digest()).toBe(digest);
      expect(t.catalog.entries).toHaveLength(t.disk.lines.length);
    }
    expect(kinds.size).toBeGreaterThanOrEqual(11);
  });

  it('gives worlds that go on as if nothing had happened', async () => {
    const one = await openTestRuntime();
    let other = await openTestRuntime();
    for (const step of STEPS) {
      await step(one);
      await step(other);
      other = await other.crash();
    }
    expect(await ask(other)).toEqual(await ask(one));
    expect(describeModel(other.context.model)).toEqual(describeModel(one.context.model));
  });

  it('is read into the catalog too, from the start', async () => {
    const t = await openTestRuntime();
    await newWorld(t, 'w');
    const again = await t.crash();
    expect(again.catalog.entries.map(({ record }) => record.op)).toEqual(['world.created']);
  });

  it('that is damaged is refused', async () => {
    const t = await openTestRuntime();
    await newWorld(t, 'w');
    await newWorld(t, 'v');
    t.disk.lines.shift();
    await refused(t.crash(), 'JOURNAL_CORRUPT');
  });
});

function withoutDurable(model: unknown): unknown {
  return JSON.parse(JSON.stringify(model, (key, value) => (key === 'durable' ? undefined : value)));
}
