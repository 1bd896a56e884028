import { describe, expect, it } from 'vitest';
import { type CallerHow, callerOf, SIMULATED } from '../../test/support/contest-caller.js';
import { openTestRuntime, type TestRuntime } from '../../test/support/test-runtime.js';
import { named, newWorld, refused, variable } from '../../test/support/verbs.js';
import { runAction } from '../actions/table.js';
import type { TournamentInput, TournamentView } from '../model/contest-api.js';
import { DUST_ACCOUNT, ROOT_VERSE_ID } from '../multiverse/index.js';
import { tournament } from './tournament.js';

const AGENTS = ['a', 'b', 'c'];
/** So that a third of the pot is no whole number of it. */
const STAKE = 101n;
const SCORES = (scores: Record<string, string | null>): string =>
  `set answer ${JSON.stringify({ is: 'scores', scores: Object.entries(scores) })}\nget answer`;

async function arena(): Promise<TestRuntime> {
  const t = await openTestRuntime();
  await newWorld(t, 'game');
  for (const name of AGENTS) {
    await newWorld(t, name);
    await runAction(t.context, 'deposit', { world: name, token: 'USD', amount: '150' });
  }
  await runAction(t.context, 'deposit', { world: 'game', token: 'USD', amount: '7' });
  return t;
}

function play(
  t: TestRuntime,
  input: Partial<TournamentInput> = {},
  how: CallerHow = {},
): Promise<TournamentView> {
  return tournament(
    callerOf(t, how),
    {
      world: 'game',
      agents: AGENTS.map((name) => ({ name, code: `set maker ${name}\nreport cost 1\nget maker` })),
      judge: SCORES({ a: '1/3', b: '2', c: '-1' }),
      stake: `${STAKE}`,
      token: 'USD',
      ...input,
    },
    { language: SIMULATED },
  );
}

function money({ context }: TestRuntime): Record<string, bigint> {
  const { ledger, worlds } = context.model;
  const names = [...worlds.values()].filter(({ birth }) => birth.parentId === null);
  const rows = names.map(
    ({ name, birth }) => [name, ledger.balance(ROOT_VERSE_ID, birth.account, 'USD')] as const,
  );
  return { ...Object.fromEntries(rows), dust: ledger.balance(ROOT_VERSE_ID, DUST_ACCOUNT, 'USD') };
}

const BEFORE = { game: 7n, a: 150n, b: 150n, c: 150n, dust: 0n };

/** Everybody has what they had, and only the worlds of before run. */
function expectNothingHappened(t: TestRuntime): void {
  expect(money(t)).toEqual(BEFORE);
  expect(named(t, 'game')).toMatchObject({ status: 'running', openCondition: null, executions: 0 });
  const running = [...t.context.model.worlds.values()].filter(({ status }) => status === 'running');
  expect(new Set(running.map(({ name }) => name))).toEqual(new Set(['a', 'b', 'c', 'game']));
  expect(t.context.model.ledger.escrow('USD')).toBe(457n);
}

describe('a tournament', () => {
  it('pays the whole pot to the winner, through the verses, in one record', async () => {
    const t = await arena();
    const view = await play(t);
    expect(view.winner).toBe('b');
    expect(
      view.agents.map(({ name, score, stake, payout, status }) => [name, score, stake, payout, status]),
    ).toEqual([
      ['a', '1/3', '101', '0', 'lost'],
      ['b', '2', '101', '303', 'won'],
      ['c', '-1', '101', '0', 'lost'],
    ]);
    expect(view.agents.reduce((sum, { trit }) => sum + trit, 0)).toBe(0);
    expect(money(t)).toEqual({ game: 7n, a: 49n, b: 352n, c: 49n, dust: 0n });
    expect(await variable(t, named(t, 'game'), 'maker')).toBe("'b'");
    expect(view.resolution).toMatchObject({
      winner: { outcome: 'b' },
      wev: { losingBalances: { USD: '606' } },
      oracle: { source: 'manual', evidence: { decidedBy: 'judge', scores: { a: '1/3', b: '2', c: '-1' } } },
    });
    const record = t.catalog.entries.map((entry) => entry.record).find(({ op }) => op === 'world.pulled-up');
    const kinds = record?.op === 'world.pulled-up' ? record.ledger.map(({ kind }) => kind) : [];
    expect(kinds).toEqual([
      ...Array(3).fill('transfer'),
      'split',
      ...Array(3).fill('transfer'),
      'resolve',
      'merge',
    ]);
    await runAction(t.context, 'ledger-verify', {});
    // The judge is gone, and the world of the tournament is the current one.
    expect((await runAction(t.context, 'show', {})).name).toBe('game');
    expect(named(t, 'game/judge').status).toBe('deleted');
  });

  it('comes out the same after a crash behind the resolution', async () => {
    const t = await arena();
    await play(t);
    const again = await t.crash();
    expect(money(again)).toEqual({ game: 7n, a: 49n, b: 352n, c: 49n, dust: 0n });
  });

  it('shows the judge what every agent answered, printed and reported, and nothing else of them', async () => {
    const t = await arena();
    await play(t, {
      agents: [
        { name: 'a', code: 'print hello\nreport cost 3/2 value 4\nset secret 1\nget secret' },
        { name: 'b', code: 'fail out of ideas' },
      ],
      judge: `on-branch now\n${SCORES({ a: '1' })}`,
    });
    const seen = t.catalog.entries.flatMap(({ record }) =>
      record.op === 'world.executed' && record.worldId === named(t, 'game/judge').id ? [record.code] : [],
    );
    expect(seen).toHaveLength(1);
    const [, json = ''] = /^set results (.*)$/m.exec(seen[0] ?? '') ?? [];
    expect(JSON.parse(json)).toEqual([
      { name: 'a', ok: true, error: null, value: '1', stdout: 'hello\n', cost: '3/2', reported: '4' },
      {
        name: 'b',
        ok: false,
        error: 'SimulatedError: out of ideas',
        value: null,
        stdout: '',
        cost: null,
        reported: null,
      },
    ]);
    expect(named(t, 'game/judge').birth.parentId).toBe(named(t, 'game').id);
  });

  it('lets a judge name the winner, and ties go to the first', async () => {
    const t = await arena();
    const chosen = await play(t, { judge: 'set answer c\nget answer' });
    expect([chosen.winner, chosen.agents[2]?.payout, chosen.agents[2]?.score]).toEqual(['c', '303', null]);
    const tie = await play(t, { judge: SCORES({ c: '5', b: '5' }), stake: '10' });
    expect(tie.winner).toBe('b');
  });

  it('without a stake moves nothing', async () => {
    const t = await arena();
    const view = await play(t, {
      stake: '0',
      agents: [1, 2].map((n) => ({ name: `n${n}`, code: 'now' })),
      judge: 'set x n2\nget x',
    });
    expect(view).toMatchObject({ winner: 'n2', token: null });
    expect(view.agents[0]).toMatchObject({ account: null, stake: '0', payout: '0' });
    expect(money(t)).toEqual(BEFORE);
  });

  it('an agent that fails cannot win, and loses its stake', async () => {
    const t = await arena();
    const agents = [
      { name: 'a', code: 'fail' },
      { name: 'b', code: 'now' },
      { name: 'c', code: 'sleep 80' },
    ];
    const view = await play(t, { agents, judge: SCORES({ a: '9', b: '1', c: '8' }), budgetMs: 30 });
    expect(view.agents.map(({ status, failure }) => [status, failure?.code])).toEqual([
      ['failed', 'SimulatedError'],
      ['won', undefined],
      ['failed', 'BUDGET_EXHAUSTED'],
    ]);
    expect(money(t)).toMatchObject({ a: 49n, b: 352n, c: 49n });
  });

  it('one account may stake for several agents, as far as it reaches', async () => {
    const t = await arena();
    const agents = ['a', 'b'].map((name) => ({ name, code: 'now', account: 'c' }));
    const view = await play(t, { agents, judge: SCORES({ a: '1', b: '2' }), stake: '75' });
    expect(view.agents.map(({ account, payout }) => [account, payout])).toEqual([
      ['c', '0'],
      ['c', '150'],
    ]);
    expect(money(t)).toEqual(BEFORE);
    await refused(
      play(t, { agents, stake: '76' }),
      'INSUFFICIENT_BALANCE',
      /c has 150 USD and would stake 152/,
    );
    expectNothingHappenedBut(t);
  });

  function expectNothingHappenedBut(t: TestRuntime): void {
    expect(money(t)).toEqual(BEFORE);
    expect(named(t, 'game').openCondition).toBeNull();
  }
});

describe('a tournament that comes to no end gives everybody what they had', () => {
  it.each<[string, Partial<TournamentInput>, Parameters<typeof refused>[1], RegExp]>([
    [
      'two agents of one name',
      {
        agents: [
          { name: 'a', code: 'now' },
          { name: 'a', code: 'now' },
        ],
      },
      'BAD_INPUT',
      /NAME=FILE/,
    ],
    ['a stake beyond a balance', { stake: '151' }, 'INSUFFICIENT_BALANCE', /a has 150 USD/],
    ['a stake of what nobody has', { token: 'GOLD' }, 'INSUFFICIENT_BALANCE', /a has 0 GOLD/],
    ['a stake without a token', { token: undefined }, 'BAD_INPUT', /--token/],
    [
      'an agent without an account',
      {
        agents: [
          { name: 'a', code: 'now' },
          { name: 'z', code: 'now' },
        ],
      },
      'WORLD_NOT_FOUND',
      /--account z=WORLD/,
    ],
    [
      'an account that is the world itself',
      {
        agents: [
          { name: 'a', code: 'now' },
          { name: 'b', code: 'now', account: 'game' },
        ],
      },
      'FORBIDDEN',
      /tournament itself/,
    ],
    [
      'a judge that raises',
      { judge: 'fail no idea' },
      'BAD_INPUT',
      /The judge failed: SimulatedError: no idea/,
    ],
    ['a judge without end', { judge: 'hang', timeoutMs: 30 }, 'BAD_INPUT', /EXECUTION_TIMEOUT/],
    ['a judge that says nothing', { judge: 'set x 1' }, 'BAD_INPUT', /decides nothing.*a, b, c/],
    ['a judge that says a number', { judge: 'now' }, 'BAD_INPUT', /decides nothing/],
    ['a judge that names a stranger', { judge: 'set x zoe\nget x' }, 'BAD_INPUT', /"zoe"/],
    ['scores of a stranger', { judge: SCORES({ a: '1', zoe: '2' }) }, 'BAD_INPUT', /"zoe"/],
    ['scores of nobody', { judge: SCORES({}) }, 'BAD_INPUT', /without a score/],
    ['scores that are no numbers', { judge: SCORES({ a: 'much' }) }, 'BAD_NUMBER', /not a number/],
    [
      'a judge that picks who failed',
      {
        agents: AGENTS.map((name) => ({ name, code: name === 'b' ? 'fail' : 'now' })),
        judge: 'set x b\nget x',
      },
      'BAD_INPUT',
      /b, which failed/,
    ],
  ])('%s', async (_what, input, code, message) => {
    const t = await arena();
    await refused(play(t, input), code, message);
    expectNothingHappened(t);
  });

  it('every agent failed', async () => {
    const t = await arena();
    const view = await play(t, { agents: AGENTS.map((name) => ({ name, code: 'fail' })) });
    expect(view).toMatchObject({ winner: null, resolution: null });
    expect(view.agents[0]).toMatchObject({ stake: '0', payout: '0' });
    expectNothingHappened(t);
  });

  it.each(['show', 'branch', 'push-down', 'execute-in-all', 'pull-up'])(
    'it was interrupted at %s',
    async (at) => {
      const t = await arena();
      const stop = new AbortController();
      const before = (action: string): void => {
        if (action === at) stop.abort();
      };
      await refused(play(t, {}, { signal: stop.signal, before }), 'INTERRUPTED');
      expectNothingHappened(t);
    },
  );

  it('a stake was spent while it played', async () => {
    const t = await arena();
    let calls = 0;
    const how = {
      before: (action: string) => {
        if (action === 'pull-up') calls += 1;
      },
    };
    const spending = { name: 'b', code: 'sleep 5' };
    const playing = play(
      t,
      { agents: [{ name: 'a', code: 'sleep 5' }, spending], judge: SCORES({ a: '1' }) },
      how,
    );
    await new Promise((resolve) => setImmediate(resolve));
    await runAction(t.context, 'withdraw', { world: 'b', token: 'USD', amount: '100' });
    await refused(playing, 'INSUFFICIENT_BALANCE');
    expect(calls).toBe(1);
    expect(money(t)).toEqual({ ...BEFORE, b: 50n });
    expect(named(t, 'game')).toMatchObject({ status: 'running', openCondition: null });
  });
});
