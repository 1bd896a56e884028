import { WorldError } from '../model/world-error.js';
import {
  COMPUTE_PER_SECOND,
  COMPUTE_TOKEN,
  type ComputeUse,
  computePrice,
  type LedgerOp,
  ROOT_VERSE_ID,
  SYSTEM_ACCOUNT,
} from '../multiverse/index.js';
import type { RuntimeContext } from './runtime-context.js';
import type { World, WorldModel } from './world-model.js';

/**
 * Who pays for a world's executions: the nearest of itself and the worlds it comes from that was ever given COMPUTE. Verses and
 * branches draw on what their parent has, also those that collapse later: what they ran is used up. Null when nobody pays.
 */
export function payerOf(model: WorldModel, world: World): World | null {
  for (let one: World | undefined = world; one; ) {
    if (model.metered.has(one.birth.account)) return accountHolder(model, one);
    one = one.birth.parentId === null ? undefined : model.worlds.get(one.birth.parentId);
  }
  return null;
}

/** A push-down's worlds act for their parent's account; its holder is the world the account is named after. */
function accountHolder(model: WorldModel, world: World): World {
  const { parentId, account } = world.birth;
  const parent = parentId === null ? undefined : model.worlds.get(parentId);
  return parent?.birth.account === account ? accountHolder(model, parent) : world;
}

/** Base units that the account has left. */
export function computeLeft(model: WorldModel, payer: World): bigint {
  return model.ledger.balance(ROOT_VERSE_ID, payer.birth.account, COMPUTE_TOKEN);
}

/**
 * How long an execution may take, by what its payer has left; the limit as it is when nobody pays.
 *
 * @throws BUDGET_EXHAUSTED when nothing is left
 */
export function affordableMs(context: RuntimeContext, world: World, timeoutMs: number): number {
  const payer = payerOf(context.model, world);
  if (payer === null) return timeoutMs;
  const left = computeLeft(context.model, payer);
  if (left === 0n) throw exhausted(world, payer);
  const leftMs = Number((left * 1000n + COMPUTE_PER_SECOND - 1n) / COMPUTE_PER_SECOND);
  return Math.min(timeoutMs, leftMs);
}

/** Takes the price of what was used from whoever pays, as far as there is something. */
export function chargeFor(context: RuntimeContext, world: World, use: ComputeUse): LedgerOp[] {
  const payer = payerOf(context.model, world);
  if (payer === null) return [];
  const left = computeLeft(context.model, payer);
  if (left === 0n) return [];
  let amount = computePrice(use);
  // What exceeds it was run all the same: nobody knows the price before.
  if (amount > left) amount = left;
  return [
    {
      kind: 'withdraw',
      by: SYSTEM_ACCOUNT,
      owner: payer.birth.account,
      verse: ROOT_VERSE_ID,
      token: COMPUTE_TOKEN,
      amount: `${amount}`,
    },
  ];
}

/** The budget ended before the code did. */
export function exhausted(world: World, payer: World): WorldError {
  const who = payer === world ? `World ${world.name}` : `World ${payer.name}, on which ${world.name} draws,`;
  return new WorldError(
    'BUDGET_EXHAUSTED',
    `${who} has no ${COMPUTE_TOKEN} left. Give it more: wr budget ${payer.name} --add 60s`,
    { details: { world: world.id, payer: payer.id } },
  );
}

/** The execution used up what it alone was given. */
export function usedUp(world: World, budgetMs: number): WorldError {
  return new WorldError(
    'BUDGET_EXHAUSTED',
    `The execution in world ${world.name} used up its budget of ${budgetMs} ms and was rolled back. Give it more, or do less.`,
    { details: { world: world.id, budgetMs } },
  );
}
