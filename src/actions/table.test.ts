import { describe, expect, it } from 'vitest';
import { armedFaults } from '../../test/support/armed-faults.js';
import { openTestRuntime, type TestRuntime } from '../../test/support/test-runtime.js';
import { refused } from '../../test/support/verbs.js';
import { ERROR_CODES, type ErrorCode } from '../model/world-error.js';
import type { Action, Call } from './action.js';
import {
  ACTIONS,
  type ActionInput,
  type ActionName,
  type ActionOutput,
  isActionName,
  runAction,
} from './table.js';

const NAMES = Object.keys(ACTIONS) as ActionName[];

/** Calls an action as a surface does, and holds its output against its schema. */
async function call<N extends ActionName>(
  t: TestRuntime,
  name: N,
  input?: ActionInput<N>,
  more: Call = {},
): Promise<ActionOutput<N>> {
  const output = await runAction(t.context, name, input, more);
  const { output: schema }: Action = ACTIONS[name];
  expect(schema.parse(output), `the output of ${name}`).toEqual(output);
  // What goes over a wire comes back the same.
  expect(JSON.parse(JSON.stringify(output)), `the output of ${name} as JSON`).toEqual(output);
  return output;
}

describe('the action table', () => {
  it('names every action as its key, says what it does and to what effect', () => {
    for (const name of NAMES) {
      expect(ACTIONS[name].name).toBe(name);
      expect(ACTIONS[name].summary).toMatch(/^\S.{9,}/);
      expect(['reads', 'changes', 'destroys']).toContain(ACTIONS[name].effect);
    }
    // What a model is told of it over MCP is all that it knows: each kind of change is named.
    for (const kind of ['write', 'remove', 'rename', 'copy', 'director'])
      expect(ACTIONS['edit-files'].summary).toContain(kind);
    expect([isActionName('create'), isActionName('constructor'), isActionName('nope')]).toEqual([
      true,
      false,
      false,
    ]);
  });

  it('has outputs that are what their schemas say, in one story that calls every action', async () => {
    const t = await openTestRuntime();
    const called = new Set<string>();
    const act = <N extends ActionName>(name: N, input?: ActionInput<N>): Promise<ActionOutput<N>> => {
      called.add(name);
      return call(t, name, input);
    };
    const created = await act('create', { name: 'w', seed: '0xff', limits: { timeoutMs: 99 }, trit: 1 });
    expect(created).toMatchObject({ seed: '255', trit: 1, status: 'running', limits: { timeoutMs: 99 } });
    expect(await act('deposit', { token: 'GOLD', amount: '10' })).toMatchObject([
      { amount: '10', verse: 'root' },
    ]);
    expect(await act('execute', { code: 'set x 1\nreport cost 3\nprint hi\nget x' })).toMatchObject({
      value: '1',
      effects: [{ kind: 'report', cost: '3' }],
    });
    expect(await act('execute', { code: 'no statement' })).toMatchObject({ ok: false });
    expect(await act('show')).toMatchObject({ report: { cost: '3', value: null }, executions: 2 });
    expect(await act('snapshot')).toMatchObject({ name: 'snapshot-1' });
    expect(await act('rename', { snapshot: 'snapshot-1', name: 'first' })).toMatchObject({
      before: 'snapshot-1',
    });
    await act('rename', { snapshot: 'first', name: 'snapshot-1' });
    expect(await act('snapshots')).toMatchObject([{ name: 'snapshot-1', world: 'w', worlds: 0 }]);
    await act('snapshot', { name: 'second' });
    expect(await act('remove-snapshots', { snapshots: ['second', 'second'] })).toMatchObject([
      { name: 'second' },
    ]);
    expect((await act('tag', { set: { stage: 'two' } })).metadata).toEqual({ stage: 'two' });
    expect(await act('list', { tags: [{ key: 'stage', value: 'two' }] })).toHaveLength(1);
    expect(await act('list', { tags: [{ key: 'stage', value: 'one' }] })).toHaveLength(0);
    // The simulated guest is not Python: what a check finds is shown in test/e2e/bisect.test.ts.
    await expect(act('bisect', { check: 'x < 2' })).rejects.toThrow(/does not compile/);
    expect(await act('verify')).toMatchObject({
      world: 'w',
      executions: 1,
      stretches: [{ startedFrom: 'boot', executions: [{ number: 1, world: 'w', rootRecorded: false }] }],
    });
    expect(await act('replay', { to: 1, name: 'past' })).toMatchObject({
      world: { name: 'past', parentId: null, executions: 0 },
      source: 'w',
      number: 1,
      executionId: expect.stringMatching(/^exe_/),
      ranAgain: 0,
    });
    await act('delete', { world: 'past' });
    // So is what it says of its variables: test/e2e/diff.test.ts.
    const lines = t.disk.lines.length;
    expect(await act('diff', { contextLines: 0 })).toMatchObject({
      from: { world: 'w' },
      to: { world: 'w' },
      different: true,
      files: { differences: [], more: false },
      variables: { problem: expect.stringMatching(/could not be read/) },
      pages: { differing: 1, total: 1 },
    });
    expect(await act('diff', { from: 'snapshot-1', to: 'w', parts: ['files'] })).toMatchObject({
      different: false,
      variables: null,
      pages: null,
    });
    expect(t.disk.lines, 'nothing is recorded').toHaveLength(lines);
    expect(await act('probe', { code: 'set x 9\nget x' })).toMatchObject({ value: '9', ok: true });
    expect((await act('branch')).children.map(({ name }) => name)).toEqual(['w/1', 'w/2', 'w/3']);
    expect((await act('execute-in-all', { code: 'get x' })).map(({ execution }) => execution?.value)).toEqual(
      ['1', '1', '1'],
    );
    expect(await act('rewind', { world: 'w/1' })).toMatchObject({ from: expect.stringMatching(/^stt_/) });
    const pushed = await act('push-down', { world: 'w', amounts: { GOLD: '4' } });
    expect(pushed.outcomes.map(({ name, trit }) => [name, trit])).toEqual([
      ['nash', -1],
      ['optimal', 0],
      ['chaos', 1],
    ]);
    await act('execute-in-all', {
      codes: { nash: 'report cost 2', optimal: 'report cost 3/2' },
      code: 'hang',
    });
    expect(await act('balances', { world: 'w' })).toHaveLength(4);
    expect(await act('pull-up')).toMatchObject({
      winner: { outcome: 'optimal' },
      collapsed: ['nash', 'chaos'],
      wev: { wev: '1/3', losingBalances: { GOLD: '8' } },
    });
    expect(await act('balances')).toMatchObject([{ verse: 'root', amount: '10' }]);
    await act('push-down', { outcomes: [{ name: 'a', role: 'nash' }, { name: 'b' }] });
    expect((await act('void')).collapsedWorldIds).toHaveLength(2);
    // Its agents are Python: src/runtime/walk.test.ts walks without it, test/e2e/walk.test.ts with it.
    await expect(act('walk', { steps: 1, seed: 1069 })).rejects.toThrow(/variable walk/);
    expect(await act('best-of', { world: 'w', tries: 2, code: 'set x 5\nreport value 7' })).toMatchObject({
      winner: 'try-1',
      tries: [
        { score: '7', status: 'won' },
        { score: '7', status: 'lost' },
      ],
    });
    // A judge speaks Python: what it may say is shown in src/contests/tournament.test.ts.
    const agents = ['w/1', 'w/2'].map((name) => ({ name, code: 'now' }));
    await expect(act('tournament', { world: 'w', agents, judge: '1' })).rejects.toThrow(/The judge failed/);
    expect((await act('list')).map(({ name }) => name)).toEqual(['w', 'w/1', 'w/2', 'w/3']);
    expect(await act('list', { all: true })).toHaveLength(15);
    expect(await act('delete', { world: 'w/2' })).toMatchObject({ name: 'w/2' });
    expect((await act('show')).name).toBe('w');
    await act('create', { snapshot: 'snapshot-1', metadata: { verse: 'nash', trit: '-1' } });
    const { upload } = await act('upload-file', { parts: [{ kind: 'content', content: 'aGk=' }] });
    await act('edit-files', { edits: [{ kind: 'write', path: '/tmp/f', upload }] });
    expect(await act('list-files', { path: '/tmp' })).toMatchObject({
      entries: [{ path: '/tmp/f', sizeBytes: 2 }],
    });
    expect(await act('read-file', { path: '/tmp/f' })).toMatchObject({ content: 'aGk=', end: true });
    await act('log', { world: 'w', limit: 3 });
    expect(await act('graph', { world: 'w' })).toMatchObject({ nodes: expect.any(Array) });
    for (const name of ['entities', 'branches', 'resolutions', 'metrics'] as const)
      await act(name, { limit: 2 });
    expect(await act('query', { sql: 'SELECT 1 AS n' })).toMatchObject({ columns: ['n'], rows: [['1']] });
    expect(await act('status')).toMatchObject({ worlds: { running: expect.any(Number) } });
    expect(await act('gc', { dryRun: true })).toMatchObject({
      dryRun: true,
      statesForgotten: 1,
      worldsForgotten: 0,
      bytesFreed: null,
    });
    expect(await act('gc')).toMatchObject({ dryRun: false, statesForgotten: 1 });
    expect(await act('du')).toMatchObject({ pages: { garbageManifests: 0 }, top: expect.any(Array) });
    expect(await act('archive')).toMatchObject({ moved: [], checkpointSeq: t.journal.lastSeq });
    const image = await act('image-create', { name: 'tools', preamble: 'x = 1' });
    expect(image).toMatchObject({
      name: 'tools',
      parts: [],
      preamble: { sizeBytes: 5 },
      worlds: 0,
      warnings: [],
    });
    const { hash, baseDigest } = image;
    expect(await act('create', { name: 'tooled', image: 'tools' })).toMatchObject({
      image: 'tools',
      baseDigest,
    });
    expect(await act('image-list')).toMatchObject([{ name: 'tools', hash, worlds: 1, snapshots: 0 }]);
    expect(await act('image-show', { name: 'tools' })).toMatchObject({ hash, worlds: 1 });
    await act('delete', { world: 'tooled' });
    expect(await act('image-remove', { name: 'tools' })).toEqual({ name: 'tools', hash });
    await act('create', { name: 'bank' });
    const { triads, catsharp } = await act('triads');
    expect(triads.map(({ gf3Sum, balanced }) => [gf3Sum, balanced])).toEqual(Array(5).fill([0, true]));
    expect([catsharp.trit, triads[0]?.members[2]?.trit]).toEqual([0, 1]);
    await act('create', { name: 'payer' });
    await act('deposit', { world: 'payer', token: 'SILVER', amount: '20' });
    expect(await act('transfer', { world: 'payer', to: 'bank', token: 'SILVER', amount: '5' })).toMatchObject(
      [{ amount: '15' }],
    );
    expect(await act('withdraw', { world: 'bank', token: 'SILVER', amount: '5' })).toEqual([]);
    expect(await act('ledger-value', { world: 'payer' })).toMatchObject({ world: 'payer', conditions: [] });
    expect(await act('ledger-verify')).toMatchObject({
      tokens: expect.arrayContaining([{ token: 'SILVER', escrow: '15' }]),
    });
    await act('ledger-history', { world: 'payer' });
    await act('create', { name: 'metered' });
    expect(await act('budget', { world: 'metered' })).toMatchObject({
      payer: null,
      left: null,
      leftSeconds: null,
    });
    expect(await act('budget', { world: 'metered', addMs: 1500 })).toMatchObject({
      payer: 'metered',
      left: '1500000',
      leftSeconds: 1.5,
    });
    await act('deposit', { world: 'bank', token: 'GOLD', amount: '500' });
    const asked = await act('condition-open', { world: 'bank', outcomes: [{ name: 'yes' }, { name: 'no' }] });
    expect(await act('split', { world: 'bank', condition: 'bank', token: 'GOLD', amount: '5' })).toHaveLength(
      3,
    );
    expect(await act('merge', { world: 'bank', condition: 'bank', token: 'GOLD', amount: '2' })).toHaveLength(
      3,
    );
    const proposed = await act('condition-propose', { condition: 'bank', outcome: 'yes' });
    expect(proposed).toMatchObject({ state: 'proposed', proposal: { outcome: 'yes', source: 'manual' } });
    expect(await act('condition-show', { condition: 'bank' })).toEqual(proposed);
    // Its window is of no length, so it is over.
    await refused(call(t, 'condition-dispute', { condition: 'bank' }), 'DISPUTE_WINDOW_OVER');
    expect(await act('condition-finalise', { condition: 'bank' })).toMatchObject({ settled: 'resolved' });
    expect(await act('balances', { world: 'bank' })).toMatchObject([{ amount: '500' }]);
    const more = await act('condition-open', {
      world: 'bank',
      outcomes: [{ name: 'a' }, { name: 'b' }],
      disputeWindow: 60,
    });
    await act('condition-propose', { condition: more.conditionId, outcome: 'a' });
    expect(await act('condition-dispute', { condition: more.conditionId, as: 'bank' })).toMatchObject({
      state: 'disputed',
    });
    expect(await act('condition-void', { condition: more.conditionId })).toMatchObject({ settled: 'void' });
    expect((await act('condition-list', { all: true })).slice(-2)).toMatchObject([
      { conditionId: asked.conditionId, state: 'final' },
      { conditionId: more.conditionId, state: 'final' },
    ]);
    await act('create', { name: 'm' });
    await act('push-down', { world: 'm' });
    const opened = await act('market-open', { world: 'm', funder: 'bank', token: 'GOLD', liquidity: '100' });
    expect(opened).toMatchObject({ subsidy: '110', outcomes: [{ price: '333333333333333334' }, {}, {}] });
    const quoted = await act('market-quote', { world: 'm', side: 'buy', outcome: 'optimal', shares: '50' });
    // 100 ln((e^0.5 + 2) / 3) = 19.56...
    expect(quoted).toMatchObject({ market: opened, trade: { amount: '20' } });
    const what = { world: 'm', trader: 'bank', outcome: 'optimal', shares: '50' };
    expect(await act('market-buy', { ...what, limit: '20' })).toEqual(quoted.trade);
    await refused(runAction(t.context, 'market-buy', { ...what, limit: '20' }), 'PRICE_MOVED');
    await refused(runAction(t.context, 'market-buy', { ...what, trader: 'm/optimal' }), 'FORBIDDEN');
    await refused(runAction(t.context, 'market-buy', { ...what, outcome: 'none' }), 'BAD_INPUT');
    await refused(runAction(t.context, 'market-quote', { world: 'm', side: 'buy' }), 'BAD_INPUT');
    const { conditionId } = opened;
    await refused(runAction(t.context, 'market-quote', { world: 'm', condition: conditionId }), 'BAD_INPUT');
    await refused(runAction(t.context, 'market-close', { condition: conditionId }), 'CONTRADICTION');
    expect(await act('market-sell', { ...what, shares: '10' })).toMatchObject({ side: 'sell', amount: '4' });
    expect(await act('balances', { world: 'bank' })).toMatchObject([{ amount: '374' }, { amount: '40' }]);
    await act('pull-up', { world: 'm' });
    // 374 and 40 that won; the maker had 110 + 20 - 4 - 40.
    expect(await act('market-close', { condition: conditionId })).toMatchObject({ amount: '86' });
    expect(await act('market-close', { condition: conditionId })).toMatchObject({ amount: '0' });
    expect(await act('balances', { world: 'bank' })).toMatchObject([{ verse: 'root', amount: '500' }]);
    expect([...called].sort((a, b) => a.localeCompare(b))).toEqual(NAMES.sort((a, b) => a.localeCompare(b)));
  });

  it('leaves the parent current after branch, push-down and pull-up, and after deleting another', async () => {
    const t = await openTestRuntime();
    const { id } = await call(t, 'create', { name: 'w' });
    await call(t, 'create', { name: 'other' });
    await call(t, 'branch', { world: 'w' });
    await call(t, 'push-down');
    await call(t, 'pull-up');
    await call(t, 'delete', { world: 'other' });
    expect((await call(t, 'show')).id).toBe(id);
  });
});

describe('input that is wrong', () => {
  it.each<[ActionName, unknown, RegExp]>([
    ['create', { name: 'bad name' }, /create: name: letters/],
    ['create', { nmae: 'w' }, /nmae/],
    ['create', { seed: -1 }, /seed/],
    ['create', { seed: '18446744073709551616' }, /seed.*64 bits/],
    ['create', { trit: 2 }, /trit/],
    ['create', { metadata: { trit: 'up' } }, /metadata\.trit/],
    ['create', { limits: { timeoutMs: 0 } }, /timeoutMs/],
    ['create', { limits: { memoryBytes: 1 } }, /memoryBytes/],
    ['execute', {}, /code/],
    ['execute', { code: 7 }, /code/],
    ['execute', { code: '\ud800' }, /code: .*surrogate/],
    ['execute', { code: 'now', timeoutMs: 0 }, /timeoutMs/],
    ['execute-in-all', { worlds: 'w' }, /worlds/],
    ['snapshot', { name: '' }, /name/],
    ['branch', { count: 0 }, /count/],
    ['branch', { children: [{ name: 'a', trit: 5 }] }, /children\.0\.trit/],
    ['push-down', { outcomes: [{ name: 'a' }] }, /outcomes/],
    ['push-down', { outcomes: [{ name: 'a', role: 'boss' }, { name: 'b' }] }, /outcomes\.0\.role/],
    ['pull-up', { oracle: 'delphi' }, /oracle/],
    ['rewind', { steps: 0 }, /steps/],
    ['list', { all: 'yes' }, /all/],
    ['delete', {}, /world/],
    ['log', { limit: 0 }, /limit/],
    ['deposit', { token: '1', amount: '1' }, /token/],
    ['deposit', { token: 'GOLD', amount: '-1' }, /amount/],
    ['balances', { verse: 'x' }, /verse/],
    ['metrics', { limit: 1.5 }, /limit/],
    ['query', { sql: '' }, /sql/],
    ['show', 'w', /show/],
  ])('%s %j is refused with the field', async (name, input, message) => {
    const t = await openTestRuntime();
    if (name !== 'create') await call(t, 'create', { name: 'w' });
    const before = t.catalog.entries.length;
    await refused(runAction(t.context, name, input), 'BAD_INPUT', message);
    expect(t.catalog.entries).toHaveLength(before);
  });

  it.each<[ActionName, unknown, ErrorCode]>([
    ['create', { substrate: 'vax' }, 'UNSUPPORTED'],
    ['create', { snapshot: 'none' }, 'SNAPSHOT_NOT_FOUND'],
    ['remove-snapshots', { snapshots: ['none'] }, 'SNAPSHOT_NOT_FOUND'],
    ['remove-snapshots', { snapshots: [] }, 'BAD_INPUT'],
    ['create', { name: 'w' }, 'NAME_TAKEN'],
    ['execute', { world: 'none', code: 'now' }, 'WORLD_NOT_FOUND'],
    ['execute', { world: 'wld_0000000000000', code: 'now' }, 'AMBIGUOUS_ID'],
    ['execute', { code: 'now', expectHead: 'stt_none' }, 'STATE_NOT_FOUND'],
    ['execute-in-all', { code: 'now' }, 'BAD_INPUT'],
    ['execute-in-all', { worlds: ['none'], code: 'now' }, 'WORLD_NOT_FOUND'],
    ['push-down', { amounts: { GOLD: '1e3' } }, 'BAD_AMOUNT'],
    ['push-down', { amounts: { GOLD: '1' } }, 'INSUFFICIENT_BALANCE'],
    ['push-down', { amounts: { 'no token!': '1' } }, 'BAD_INPUT'],
    ['pull-up', {}, 'NO_PUSH_DOWN'],
    ['void', {}, 'NO_PUSH_DOWN'],
    ['rewind', { to: 'none' }, 'STATE_NOT_FOUND'],
    ['deposit', { token: 'GOLD', amount: '0' }, 'BAD_AMOUNT'],
    ['deposit', { token: 'GOLD', amount: '007' }, 'BAD_AMOUNT'],
    ['delete', { world: 'none' }, 'WORLD_NOT_FOUND'],
    ['log', { world: 'none' }, 'WORLD_NOT_FOUND'],
    ['show', { world: 'none' }, 'WORLD_NOT_FOUND'],
  ])('%s %j gives %s', async (name, input, code) => {
    const t = await openTestRuntime();
    await call(t, 'create', { name: 'v' });
    await call(t, 'create', { name: 'w' });
    await refused(runAction(t.context, name, input), code);
    expect(Object.keys(ERROR_CODES)).toContain(code);
  });

  it('without any world says how to make one', async () => {
    const t = await openTestRuntime();
    for (const name of NAMES) {
      if (!['execute', 'show', 'branch', 'push-down', 'pull-up', 'void', 'snapshot', 'rewind'].includes(name))
        continue;
      const input = name === 'execute' ? { code: 'now' } : {};
      await refused(runAction(t.context, name, input), 'NO_CURRENT_WORLD', /wr create/);
    }
  });
});

describe('an interrupted action', () => {
  it.each<[ActionName, object]>([
    ['create', { name: 'new' }],
    ['create', { snapshot: 's' }],
    ['execute', { code: 'hang' }],
    ['snapshot', {}],
    ['branch', {}],
    ['push-down', {}],
    ['pull-up', {}],
    ['void', {}],
    ['rewind', {}],
    ['delete', { world: 'w' }],
    ['deposit', { token: 'GOLD', amount: '1' }],
  ])('%s %j is INTERRUPTED, before it starts as in the middle, and nothing changes', async (name, input) => {
    const faults = armedFaults();
    const t = await openTestRuntime({ faults });
    await call(t, 'create', { name: 'w' });
    await call(t, 'snapshot', { name: 's' });
    await call(t, 'execute', { code: 'set x 1' });
    const before = t.catalog.entries.length;
    await refused(runAction(t.context, name, input, { signal: AbortSignal.abort() }), 'INTERRUPTED');
    for (const operation of ['boot', 'restore', 'persist', 'recall', 'measure'] as const) {
      faults.always(operation, { kind: 'delay', ms: 50 });
    }
    // Something else holds the world, so that every verb has to wait for it at least.
    const busy = runAction(t.context, 'execute', { code: 'sleep 20' });
    const stop = new AbortController();
    const attempt = runAction(t.context, name, input, { signal: stop.signal });
    setImmediate(() => stop.abort());
    await refused(attempt, 'INTERRUPTED');
    await busy;
    const made = t.catalog.entries.slice(before).filter(({ record }) => record.op !== 'execution.failed');
    expect(made.map(({ record }) => record.op)).toEqual(['world.executed']);
    expect(t.context.model.worlds.size).toBe(1);
  });

  it('over many worlds reports its progress until then', async () => {
    const t = await openTestRuntime();
    await call(t, 'create', { name: 'w' });
    await call(t, 'push-down');
    const stop = new AbortController();
    const steps: unknown[] = [];
    const onProgress = (step: { done: number; what: string; part?: { state: string } }): void => {
      if (step.part?.state === 'running') return;
      steps.push([step.done, step.what]);
      stop.abort();
    };
    const codes = { nash: 'now', optimal: 'sleep 9', chaos: 'hang' };
    const items = await call(t, 'execute-in-all', { codes }, { signal: stop.signal, onProgress });
    expect(items.map(({ failure }) => failure?.code ?? null)).toEqual([null, 'INTERRUPTED', 'INTERRUPTED']);
    expect(steps[0]).toEqual([1, 'w/nash']);
    expect(steps).toHaveLength(3);
  });
});

it('anything unforeseen is INTERNAL, with what happened', async () => {
  const t = await openTestRuntime();
  const parts = {
    ...t.context.parts,
    catalog: { ...t.catalog, rows: () => Promise.reject(new Error('disk on fire')) },
  };
  Object.assign(t.context, { parts });
  await refused(runAction(t.context, 'metrics', {}), 'INTERNAL', /disk on fire.*report it/);
});

it('balances of the root verse are called root even if the first world in it calls itself otherwise', async () => {
  const t = await openTestRuntime();
  await call(t, 'create', { name: 'w', metadata: { verse: 'nash' } });
  expect(await call(t, 'deposit', { token: 'GOLD', amount: '1' })).toMatchObject([{ verse: 'root' }]);
});
