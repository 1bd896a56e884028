import { expect, it } from 'vitest';
import { openTestRuntime, type TestRuntime } from '../../test/support/test-runtime.js';
import { balanceOf, newWorld, refused, run, triad, variable } from '../../test/support/verbs.js';
import { oracleStateOf } from '../multiverse/index.js';
import { deposit } from './move-money.js';
import { pullUp } from './pull-up.js';
import { pushDown } from './push-down.js';
import {
  disputeAnswer,
  finaliseAnswer,
  openQuestion,
  proposeAnswer,
  splitOrMerge,
  voidQuestion,
} from './questions.js';
import { findQuestion } from './resolve-reference.js';
import { voidPushDown } from './void-push-down.js';
import type { World } from './world-model.js';

const WINDOW_S = 60;

function pass(t: TestRuntime, seconds: number): Promise<void> {
  return t.context.parts.clock.sleep(seconds * 1000);
}

async function disputable() {
  const t = await openTestRuntime();
  const parent = await newWorld(t, 'w');
  const record = await pushDown(t.context, parent, { disputeWindow: WINDOW_S }, {});
  const verses = record.outcomes.map(({ worldId }) => t.context.model.world(worldId));
  for (const [index, world] of verses.entries())
    await run(t, world, `report cost ${index + 1}\nset x ${index}`);
  return { t, parent, id: record.conditionId };
}

it('a push-down with a window is pulled up only to what was proposed, undisputed, and in time', async () => {
  const { t, parent, id } = await disputable();
  const ask = (source: 'manual' | 'least-cost', outcome?: string) =>
    proposeAnswer(t.context, id, { oracle: source, outcome }, {});
  await refused(pullUp(t.context, parent, { outcome: 'nash' }, {}), 'NO_PROPOSAL', /nothing is proposed/);
  await refused(finaliseAnswer(t.context, id, {}), 'NO_PROPOSAL');
  await refused(disputeAnswer(t.context, id, {}, {}), 'NO_PROPOSAL');
  await refused(ask('manual', 'nobody'), 'BAD_INPUT', /nash, optimal, chaos/);
  const proposed = await ask('least-cost');
  expect(oracleStateOf(proposed)).toBe('proposed');
  expect(proposed.proposal).toMatchObject({ outcomeIndex: 0, source: 'least-cost' });
  expect(proposed.proposal?.evidence).toMatchObject({
    reports: [{ cost: '1' }, { cost: '2' }, { cost: '3' }],
  });
  // The same again is no news; another answer is.
  expect(await ask('manual', 'nash')).toEqual(proposed);
  await refused(ask('manual', 'chaos'), 'PROPOSAL_STANDS', /nash is proposed/);
  await refused(voidPushDown(t.context, parent, {}), 'PROPOSAL_STANDS');
  await refused(pullUp(t.context, parent, { outcome: 'chaos' }, {}), 'PROPOSAL_STANDS');
  await refused(pullUp(t.context, parent, {}, {}), 'DISPUTE_WINDOW_OPEN', /until 2026-/);
  const disputed = await disputeAnswer(t.context, id, { by: parent, evidence: { why: 'a typo' } }, {});
  expect([oracleStateOf(disputed), disputed.disputes, disputed.proposal]).toEqual(['disputed', 1, null]);
  await refused(pullUp(t.context, parent, {}, {}), 'NO_PROPOSAL', /was disputed/);
  await ask('manual', 'chaos');
  await pass(t, WINDOW_S + 1);
  await refused(disputeAnswer(t.context, id, {}, {}), 'DISPUTE_WINDOW_OVER');
  const { question, pulledUp } = await finaliseAnswer(t.context, id, {});
  expect(pulledUp).toMatchObject({ winnerOutcome: 'chaos', oracle: { source: 'manual' } });
  expect(oracleStateOf(question)).toBe('final');
  expect(await variable(t, parent, 'x')).toBe('2');
  await refused(ask('manual', 'chaos'), 'ALREADY_RESOLVED');
  await t.close();
});

it('a proposal outlives the process, and its window goes on meanwhile', async () => {
  const { t, parent, id } = await disputable();
  await proposeAnswer(
    t.context,
    id,
    { oracle: 'manual', outcome: 'optimal', evidence: { seen: 'here' } },
    {},
  );
  t.abandon();
  const after = await t.reopen();
  expect(after.context.model.ledger.digest()).toBe(t.context.model.ledger.digest());
  const { proposal } = findQuestion(after.context.model, 'w');
  expect(proposal).toMatchObject({ outcomeIndex: 1, evidence: { seen: 'here' } });
  await pass(after, WINDOW_S + 1);
  const world = after.context.model.world(parent.id);
  const record = await pullUp(after.context, world, {}, {});
  expect(record).toMatchObject({ winnerOutcome: 'optimal', oracle: { evidence: { seen: 'here' } } });
  await after.close();
});

it('questions without worlds: balances split by them, and what won merges back by itself', async () => {
  const t = await openTestRuntime();
  const [bank, alice] = [await newWorld(t, 'bank'), await newWorld(t, 'alice')];
  for (const world of [bank, alice]) await deposit(t.context, world, { token: 'GOLD', amount: '100' }, {});
  const outcomes = [
    { name: 'rain', probability: '0.3' },
    { name: 'dry', probability: '0.7' },
  ];
  await refused(
    openQuestion(t.context, bank, { outcomes: [{ name: 'a', probability: '1' }, { name: 'b' }] }, {}),
    'BAD_INPUT',
  );
  const { id } = await openQuestion(t.context, bank, { outcomes }, {});
  expect(findQuestion(t.context.model, 'bank').id).toBe(id);
  const part = (kind: 'split' | 'merge', world: World, amount: string) =>
    splitOrMerge(t.context, kind, world, { condition: id, token: 'GOLD', amount }, {});
  await part('split', bank, '60');
  await part('split', alice, '40');
  await part('merge', alice, '10');
  await refused(part('split', alice, '71'), 'INSUFFICIENT_BALANCE');
  await refused(finaliseAnswer(t.context, id, {}), 'NO_PROPOSAL');
  await proposeAnswer(t.context, id, { oracle: 'manual', outcome: 'dry' }, {});
  const { question, pulledUp } = await finaliseAnswer(t.context, id, {});
  expect([oracleStateOf(question), pulledUp]).toEqual(['final', null]);
  expect([balanceOf(t, bank), balanceOf(t, alice)]).toEqual([100n, 100n]);
  await refused(part('split', bank, '1'), 'VERSE_COLLAPSED');
  await refused(voidQuestion(t.context, id, {}), 'ALREADY_RESOLVED');
  await refused(
    Promise.resolve().then(() => findQuestion(t.context.model, 'bank')),
    'CONDITION_NOT_FOUND',
    /no open question/,
  );
  const second = await openQuestion(t.context, bank, { outcomes }, {});
  const third = await openQuestion(t.context, bank, { outcomes }, {});
  await refused(
    Promise.resolve().then(() => findQuestion(t.context.model, 'bank')),
    'AMBIGUOUS_ID',
  );
  for (const { id: open } of [second, third])
    expect((await voidQuestion(t.context, open, {})).status.kind).toBe('void');
  await t.close();
});

it('finalising and voiding a push-down by its condition does what pull-up and void do', async () => {
  const t = await openTestRuntime();
  const parent = await newWorld(t, 'w');
  const first = (await triad(t, parent)).record.conditionId;
  await proposeAnswer(t.context, first, { oracle: 'manual', outcome: 'nash' }, {});
  expect((await finaliseAnswer(t.context, first, {})).pulledUp).toMatchObject({ parentId: parent.id });
  expect(parent.status).toBe('running');
  const second = (await triad(t, parent)).record.conditionId;
  expect((await voidQuestion(t.context, second, {})).status.kind).toBe('void');
  expect([parent.status, parent.openCondition]).toEqual(['running', null]);
  await t.close();
});

it('a Python oracle that fails answers nothing, and code goes with no other oracle', async () => {
  const t = await openTestRuntime();
  const parent = await newWorld(t, 'w');
  const { record } = await triad(t, parent);
  const ask = (request: Parameters<typeof proposeAnswer>[2]) =>
    proposeAnswer(t.context, record.conditionId, request, {});
  // Simulated guests know no Python: whatever it is, it raises.
  await refused(ask({ oracle: 'python', code: 'def oracle(outcomes): ...' }), 'ORACLE_FAILED', /raised/);
  await refused(ask({ oracle: 'python' }), 'BAD_INPUT');
  await refused(ask({ oracle: 'manual', outcome: 'nash', code: 'x' }), 'BAD_INPUT');
  expect(findQuestion(t.context.model, 'w').proposal).toBeNull();
  expect(t.context.model.worlds.size).toBe(4);
  await t.close();
});
