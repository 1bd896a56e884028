import { z } from 'zod';
import { parseAmount } from '../model/amount.js';
import {
  BalancesInput,
  BalanceView,
  DepositInput,
  PullUpInput,
  PullUpView,
  PushDownInput,
  PushDownView,
  VoidView,
  WorldInput,
} from '../model/api.js';
import { ROOT_VERSE_ID } from '../multiverse/index.js';
import { deposit } from '../runtime/deposit.js';
import { findWorld } from '../runtime/find-world.js';
import { pullUp } from '../runtime/pull-up.js';
import { pushDown } from '../runtime/push-down.js';
import type { RuntimeContext } from '../runtime/runtime-context.js';
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
    const request = { oracle: input.oracle ?? 'manual', ...given('outcome', input.outcome) };
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

export const depositAction = defineAction({
  name: 'deposit',
  summary: "credit a world's account with units of a token",
  effect: 'changes',
  input: DepositInput,
  output: z.array(BalanceView),
  async run(context, input, call) {
    const world = findWorld(context, input.world);
    await deposit(context, world, { token: input.token, amount: input.amount }, waitOf(call));
    return balancesOf(context, world.birth.account);
  },
});

export const balances = defineAction({
  name: 'balances',
  summary: 'list live balances, of one world or of all',
  effect: 'reads',
  input: BalancesInput,
  output: z.array(BalanceView),
  async run(context, input) {
    const account = input.world === undefined ? undefined : findWorld(context, input.world).birth.account;
    return balancesOf(context, account);
  },
});

function balancesOf(context: RuntimeContext, owner: string | undefined): BalanceView[] {
  // The root verse has one name, whatever label the first world in it was given.
  const names = new Map<string, string>([[ROOT_VERSE_ID, 'root']]);
  for (const world of context.model.worlds.values()) {
    if (!names.has(world.verseId)) names.set(world.verseId, context.model.identity(world).verse);
  }
  return context.model.ledger
    .balances(given('owner', owner))
    .map(({ verse, owner: account, token, amount }) => ({
      verseId: verse,
      verse: names.get(verse) ?? verse,
      owner: account,
      token,
      amount: amount.toString(),
    }));
}
