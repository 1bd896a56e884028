import { describe, expect, it } from 'vitest';
import { openTestRuntime } from '../../test/support/test-runtime.js';
import { balanceOf, newWorld, refused, triad } from '../../test/support/verbs.js';
import { ROOT_VERSE_ID } from '../multiverse/index.js';
import { deposit, transfer, withdraw } from './move-money.js';
import { pullUp } from './pull-up.js';
import { verifyLedger } from './verify-ledger.js';

const gold = (amount: number) => ({ token: 'GOLD', amount: `${amount}` });

describe('money', () => {
  it('goes in, out, and from account to account', async () => {
    const t = await openTestRuntime();
    const [a, b] = [await newWorld(t, 'a'), await newWorld(t, 'b')];
    await deposit(t.context, a, gold(100), {});
    await transfer(t.context, a, { ...gold(30), to: b }, {});
    await transfer(t.context, a, { ...gold(5), to: 'alice' }, {});
    await withdraw(t.context, a, gold(10), {});
    const { ledger } = t.context.model;
    expect([balanceOf(t, a), balanceOf(t, b)]).toEqual([55n, 30n]);
    expect(ledger.balance(ROOT_VERSE_ID, 'alice', 'GOLD')).toBe(5n);
    expect(ledger.escrow('GOLD')).toBe(90n);
    await refused(withdraw(t.context, b, gold(31), {}), 'INSUFFICIENT_BALANCE');
    await refused(
      transfer(t.context, a, { ...gold(1), to: 'no account' }, {}),
      'BAD_INPUT',
      /neither a world/,
    );
    await refused(transfer(t.context, a, { ...gold(1), to: '@dust' }, {}), 'BAD_INPUT');
    expect(ledger.escrow('GOLD')).toBe(90n);
  });

  it('stays inside its verse', async () => {
    const t = await openTestRuntime();
    const [world, other] = [await newWorld(t, 'w'), await newWorld(t, 'other')];
    await deposit(t.context, world, gold(100), {});
    const { nash, optimal } = await triad(t, world);
    await refused(withdraw(t.context, nash, gold(1), {}), 'FORBIDDEN', /after it was resolved/);
    await refused(deposit(t.context, nash, gold(1), {}), 'FORBIDDEN');
    await refused(
      transfer(t.context, nash, { ...gold(1), to: other }, {}),
      'FORBIDDEN',
      /never seen in another/,
    );
    await refused(transfer(t.context, nash, { ...gold(1), to: optimal }, {}), 'FORBIDDEN');
    await refused(transfer(t.context, world, { ...gold(1), to: other }, {}), 'WORLD_FROZEN');
    await transfer(t.context, nash, { ...gold(40), to: 'alice' }, {});
    await pullUp(t.context, world, { oracle: 'manual' }, {});
    // It was in a verse that lost.
    expect(balanceOf(t, world)).toBe(100n);
    expect((await verifyLedger(t.context, {})).ledger.balances({ owner: 'alice' })).toEqual([]);
  });
});
