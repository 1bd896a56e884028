import { BudgetInput, BudgetView } from '../model/budget-api.js';
import { COMPUTE_PER_SECOND, COMPUTE_TOKEN } from '../multiverse/index.js';
import { computeLeft, payerOf } from '../runtime/compute-budget.js';
import { findWorld } from '../runtime/find-world.js';
import { deposit } from '../runtime/move-money.js';
import { defineAction, waitOf } from './action.js';

export const budgetAction = defineAction({
  name: 'budget',
  summary: 'what a world, and all that branches from it, may still run; adds to it',
  effect: 'changes',
  input: BudgetInput,
  output: BudgetView,
  async run(context, input, call) {
    const world = findWorld(context, input.world);
    if (input.addMs !== undefined) {
      const amount = `${(BigInt(input.addMs) * COMPUTE_PER_SECOND) / 1000n}`;
      await deposit(context, world, { token: COMPUTE_TOKEN, amount }, waitOf(call));
    }
    const payer = payerOf(context.model, world);
    const left = payer && computeLeft(context.model, payer);
    return {
      worldId: world.id,
      world: world.name,
      payer: payer?.name ?? null,
      left: left?.toString() ?? null,
      leftSeconds: left === null ? null : Number(left) / Number(COMPUTE_PER_SECOND),
    };
  },
});
