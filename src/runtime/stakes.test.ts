import { describe, expect, it } from 'vitest';
import { openTestRuntime, type TestRuntime } from '../../test/support/test-runtime.js';
import { named, newWorld, refused } from '../../test/support/verbs.js';
import { runAction } from '../actions/table.js';
import type { PullUpInput, PullUpView } from '../model/api.js';
import { ROOT_VERSE_ID } from '../multiverse/index.js';

async function staged(): Promise<TestRuntime> {
  const t = await openTestRuntime();
  for (const name of ['w', 'rich', 'poor']) await newWorld(t, name);
  await runAction(t.context, 'deposit', { world: 'rich', token: 'USD', amount: '100' });
  await runAction(t.context, 'deposit', { world: 'w', token: 'USD', amount: '9' });
  await runAction(t.context, 'push-down', { world: 'w', outcomes: [{ name: 'a' }, { name: 'b' }] });
  return t;
}

function resolve(t: TestRuntime, input: Partial<PullUpInput>): Promise<PullUpView> {
  return runAction(t.context, 'pull-up', { world: 'w', outcome: 'a', ...input });
}

function of(outcome: string, world: string, amount: string) {
  return { outcome, world, amount };
}

function usd(t: TestRuntime, name: string): bigint {
  return t.context.model.ledger.balance(ROOT_VERSE_ID, named(t, name).birth.account, 'USD');
}

describe('stakes of a pull-up', () => {
  it('go to whoever staked on the winner, or else to the world that was pushed down', async () => {
    const t = await staged();
    const won = await resolve(t, {
      stakes: { token: 'USD', of: [of('a', 'poor', '0'), of('b', 'rich', '40')] },
    });
    expect([usd(t, 'w'), usd(t, 'rich'), usd(t, 'poor')]).toEqual([9n, 60n, 40n]);
    // Nine that the push-down had split, and forty of the pot.
    expect(won.wev.losingBalances).toEqual({ USD: '49' });
    await runAction(t.context, 'push-down', { world: 'w', outcomes: [{ name: 'a' }, { name: 'b' }] });
    await resolve(t, { stakes: { token: 'USD', of: [of('b', 'rich', '60')] } });
    expect([usd(t, 'w'), usd(t, 'rich'), usd(t, 'poor')]).toEqual([69n, 0n, 40n]);
    expect(t.context.model.ledger.escrow('USD')).toBe(109n);
  });

  it.each<[string, PullUpInput['stakes'], Parameters<typeof refused>[1]]>([
    ['of nothing', { token: 'USD', of: [] }, 'BAD_INPUT'],
    ['on what is no outcome', { token: 'USD', of: [of('z', 'rich', '1')] }, 'BAD_INPUT'],
    [
      'of two on one outcome',
      { token: 'USD', of: [of('a', 'rich', '1'), of('a', 'poor', '0')] },
      'BAD_INPUT',
    ],
    ['of what is no amount', { token: 'USD', of: [of('a', 'rich', '-1')] }, 'BAD_AMOUNT'],
    [
      'beyond a balance',
      { token: 'USD', of: [of('a', 'rich', '60'), of('b', 'rich', '60')] },
      'INSUFFICIENT_BALANCE',
    ],
    ['of a world of one of the verses', { token: 'USD', of: [of('a', 'w/a', '1')] }, 'FORBIDDEN'],
    ['of the world that waits', { token: 'USD', of: [of('a', 'w', '1')] }, 'WORLD_FROZEN'],
  ])('%s are refused, and the push-down stays open', async (_what, stakes, code) => {
    const t = await staged();
    await refused(resolve(t, { stakes }), code);
    expect(named(t, 'w').openCondition).not.toBeNull();
    expect(usd(t, 'rich')).toBe(100n);
  });

  it('of COMPUTE are refused: it cannot be split', async () => {
    const t = await staged();
    await runAction(t.context, 'budget', { world: 'rich', addMs: 1000 });
    await refused(
      resolve(t, { stakes: { token: 'COMPUTE', of: [of('a', 'rich', '5')] } }),
      'TOKEN_UNSPLITTABLE',
    );
  });
});

describe('evidence of a pull-up', () => {
  it('is kept with what the manual oracle says, which it cannot replace', async () => {
    const t = await staged();
    const { oracle } = await resolve(t, { evidence: { why: ['seen', 1], outcome: 'b' } });
    expect(oracle.evidence).toMatchObject({ why: ['seen', 1], outcome: 'a', source: 'manual' });
  });

  it('goes beside what an oracle finds by itself', async () => {
    const t = await staged();
    await refused(
      runAction(t.context, 'pull-up', { world: 'w', oracle: 'most-value', evidence: { why: 1 } }),
      'REPORT_MISSING',
    );
    await runAction(t.context, 'execute-in-all', { world: 'w', code: 'report value 1' });
    const { oracle } = await runAction(t.context, 'pull-up', {
      world: 'w',
      oracle: 'most-value',
      evidence: { why: 1, source: 'me' },
    });
    expect(oracle.evidence).toMatchObject({ why: 1, source: 'most-value', outcome: 'a' });
  });
});
