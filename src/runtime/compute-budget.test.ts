import { describe, expect, it } from 'vitest';
import { armedFaults, EXECUTOR_LOST } from '../../test/support/armed-faults.js';
import { openTestRuntime, type TestRuntime } from '../../test/support/test-runtime.js';
import { describeModel, named, newWorld, refused, run, triad } from '../../test/support/verbs.js';
import { COMPUTE_PER_SECOND, COMPUTE_TOKEN, computePrice, ROOT_VERSE_ID } from '../multiverse/index.js';
import { branch } from './branch.js';
import { executeInAll } from './execute-in-all.js';
import { deposit } from './move-money.js';
import { pullUp } from './pull-up.js';
import type { World } from './world-model.js';

const MS = COMPUTE_PER_SECOND / 1000n;

async function give(t: TestRuntime, world: World, ms: number): Promise<void> {
  await deposit(t.context, world, { token: COMPUTE_TOKEN, amount: `${BigInt(ms) * MS}` }, {});
}

function left(t: TestRuntime, world: World): bigint {
  const { ledger } = t.context.model;
  const balance = ledger.balance(ROOT_VERSE_ID, world.birth.account, COMPUTE_TOKEN);
  // What was used up is gone, not with somebody else.
  expect(ledger.escrow(COMPUTE_TOKEN)).toBe(balance);
  return balance;
}

describe('the price of an execution', () => {
  it('is a unit for each microsecond begun and each byte, and never nothing', () => {
    expect(computePrice({ runMs: 1.0001, bytes: 10 })).toBe(1011n);
    expect(computePrice({ runMs: 0, bytes: 0 })).toBe(1n);
    expect(computePrice({ runMs: -5, bytes: 0 })).toBe(1n);
  });
});

describe('a world that was given COMPUTE', () => {
  it('pays for time and bytes in the same record, also where the code raises', async () => {
    const t = await openTestRuntime();
    const world = await newWorld(t, 'w');
    await run(t, world, 'sleep 500');
    await give(t, world, 1000);
    const code = 'sleep 100\nprint hello\nget x';
    const record = await run(t, world, code);
    const price = 100n * MS + BigInt(code.length + 'hello\n'.length + (record.value?.length ?? 0));
    expect(record.ledger).toMatchObject([{ kind: 'withdraw', token: COMPUTE_TOKEN, amount: `${price}` }]);
    expect(left(t, world)).toBe(1000n * MS - price);
    const failed = await run(t, world, 'sleep 10\nfail no');
    expect(failed.ok).toBe(false);
    expect(left(t, world)).toBe(1000n * MS - price - 10n * MS - BigInt('sleep 10\nfail no'.length));
  });

  it('is stopped when it is used up, keeps its state, and runs again once it has more', async () => {
    const t = await openTestRuntime();
    const world = await newWorld(t, 'w');
    await run(t, world, 'set x 1');
    await give(t, world, 50);
    const before = world.head;
    const error = await refused(run(t, world, 'set x 2\nsleep 60'), 'BUDGET_EXHAUSTED', /wr budget w --add/);
    expect(error.details).toEqual({ world: world.id, payer: world.id });
    expect(world.head).toBe(before);
    expect(left(t, world)).toBe(0n);
    expect(t.catalog.entries.at(-1)?.record).toMatchObject({
      op: 'execution.failed',
      errorCode: 'BUDGET_EXHAUSTED',
      ledger: [{ amount: `${50n * MS}` }],
    });
    await refused(run(t, world, 'get x'), 'BUDGET_EXHAUSTED');
    await give(t, world, 50);
    expect((await run(t, world, 'get x')).value).toBe('1');
  });

  it('exceeds its own limit as others do', async () => {
    const t = await openTestRuntime();
    const world = await newWorld(t, 'w');
    await give(t, world, 10_000);
    await refused(run(t, world, 'sleep 60', { timeoutMs: 30 }), 'EXECUTION_TIMEOUT');
    expect(left(t, world)).toBe(10_000n * MS - 30n * MS - BigInt('sleep 60'.length));
  });

  it('pays before it gives away, and cannot give away what it owes', async () => {
    const t = await openTestRuntime();
    const world = await newWorld(t, 'w');
    await give(t, world, 10);
    await refused(run(t, world, `sleep 4\noverdraw bob ${COMPUTE_TOKEN} 9000`), 'INSUFFICIENT_BALANCE');
    expect(left(t, world)).toBeLessThanOrEqual(6n * MS);
  });

  it('does not pay for an executor that died', async () => {
    const faults = armedFaults();
    const t = await openTestRuntime({ faults });
    const world = await newWorld(t, 'w');
    await give(t, world, 100);
    faults.always('execute', EXECUTOR_LOST);
    await refused(run(t, world, 'sleep 5'), 'EXECUTOR_LOST');
    expect(left(t, world)).toBe(100n * MS);
  });

  it('has paid when the process ends and comes back, and its replays are free', async () => {
    const t = await openTestRuntime();
    const world = await newWorld(t, 'w');
    await give(t, world, 20);
    await run(t, world, 'set x 1\nsleep 15');
    const paid = left(t, world);
    const memory = describeModel(t.context.model);
    const again = await t.crash();
    expect(describeModel(again.context.model)).toEqual(memory);
    expect(left(again, named(again, 'w'))).toBe(paid);
    expect([...again.context.model.metered]).toEqual([world.birth.account]);
    // Less is left than the replay takes.
    await give(again, named(again, 'w'), 1);
    expect((await run(again, named(again, 'w'), 'get x')).value).toBe('1');
    const last = await again.reopen();
    expect([...last.context.model.metered]).toEqual([world.birth.account]);
  });
});

describe('worlds that branch from one with a budget', () => {
  it('draw on it, verses that collapse too', async () => {
    const t = await openTestRuntime();
    const world = await newWorld(t, 'w');
    await give(t, world, 1000);
    const { nash, optimal, chaos } = await triad(t, world);
    const verses = [nash, optimal, chaos];
    expect(t.context.model.ledger.balances({ token: COMPUTE_TOKEN })).toMatchObject([
      { verse: ROOT_VERSE_ID },
    ]);
    await executeInAll(t.context, { worlds: verses, code: 'sleep 100' }, {});
    const used = 300n * MS + 3n * BigInt('sleep 100'.length);
    expect(left(t, world)).toBe(1000n * MS - used);
    await pullUp(t.context, world, { oracle: 'manual' }, {});
    expect(left(t, world), 'nothing comes back').toBe(1000n * MS - used);
    const { children } = await branch(t.context, world, { count: 1 }, {});
    const child = t.context.model.world(children[0]!.worldId);
    await run(t, child, 'sleep 600');
    const error = await refused(run(t, child, 'sleep 200'), 'BUDGET_EXHAUSTED', /World w, on which .* draws/);
    expect(error.details).toEqual({ world: child.id, payer: world.id });
    // One that gets its own no longer draws on its parent's.
    await give(t, child, 500);
    await run(t, child, 'sleep 300');
    expect(t.context.model.ledger.balance(ROOT_VERSE_ID, world.birth.account, COMPUTE_TOKEN)).toBe(0n);
  });

  it('may be given COMPUTE by others without being metered by it', async () => {
    const t = await openTestRuntime();
    const [rich, free] = [await newWorld(t, 'rich'), await newWorld(t, 'free')];
    await give(t, rich, 100);
    await run(t, rich, `transfer ${free.birth.account} ${COMPUTE_TOKEN} 1`);
    await run(t, free, 'sleep 500');
    expect((await run(t, free, 'now')).ledger).toEqual([]);
  });
});
