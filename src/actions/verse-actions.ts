import { parseAmount } from '../model/amount.js';
import { PullUpInput, PullUpView, PushDownInput, PushDownView, VoidView, WorldInput } from '../model/api.js';
import { findWorld } from '../runtime/find-world.js';
import { pullUp } from '../runtime/pull-up.js';
import { pushDown } from '../runtime/push-down.js';
import { lookUpWorld } from '../runtime/resolve-reference.js';
import type { RuntimeContext } from '../runtime/runtime-context.js';
import type { Stakes } from '../runtime/stakes.js';
import { voidPushDown } from '../runtime/void-push-down.js';
import { defineAction, given, waitOf } from './action.js';
import { pushDownView } from './views.js';

export const pushDownAction = defineAction({
  name: 'push-down',
  summary: 'open a condition and branch one verse per outcome',
  effect: 'changes',
  input: PushDownInput,
  output: PushDownView,
  async run(context, input, call) {
    const parent = findWorld(context, input.world);
    const amounts =
      input.amounts &&
      Object.fromEntries(Object.entries(input.amounts).map(([token, text]) => [token, parseAmount(text)]));
    const request = {
      ...given('outcomes', input.outcomes),
      ...given('amounts', amounts),
      ...given('commonRandomNumbers', input.commonRandomNumbers),
      ...given('disputeWindow', input.disputeWindow),
    };
    return pushDownView(context, await pushDown(context, parent, request, waitOf(call)));
  },
});

export const pullUpAction = defineAction({
  name: 'pull-up',
  summary: 'resolve a push-down: an oracle picks the verse the parent becomes',
  effect: 'destroys',
  input: PullUpInput,
  output: PullUpView,
  async run(context, input, call) {
    const parent = findWorld(context, input.world);
    const { world: _parent, oracle, stakes, ...answer } = input;
    const request = {
      ...answer,
      ...given('oracle', oracle),
      ...given('stakes', stakes && stakesOf(context, stakes)),
    };
    const record = await pullUp(context, parent, request, waitOf(call));
    const { outcomes } = context.model.condition(record.conditionId);
    return {
      resolutionId: record.resolutionId,
      conditionId: record.conditionId,
      parentId: record.parentId,
      winner: { outcome: record.winnerOutcome, worldId: record.winnerId },
      collapsed: outcomes.map(({ name }) => name).filter((name) => name !== record.winnerOutcome),
      collapsedWorldIds: record.collapsed,
      oracle: { source: record.oracle.source, evidence: record.oracle.evidence },
      wev: record.wev,
      state: record.state,
      pullUpTimeMs: record.pullUpTimeMs,
    };
  },
});

function stakesOf(context: RuntimeContext, { token, of }: NonNullable<PullUpInput['stakes']>): Stakes {
  return {
    token,
    of: of.map(({ outcome, world, amount }) => ({
      outcome,
      world: lookUpWorld(context.model, world),
      amount: parseAmount(amount),
    })),
  };
}

export const voidAction = defineAction({
  name: 'void',
  summary: 'take a push-down back: no outcome wins, balances return by probability',
  effect: 'destroys',
  input: WorldInput,
  output: VoidView,
  async run(context, input, call) {
    const record = await voidPushDown(context, findWorld(context, input.world), waitOf(call));
    const { conditionId, parentId, collapsed } = record;
    return { conditionId, parentId, collapsedWorldIds: collapsed };
  },
});
