import { WorldError } from '../model/world-error.js';
import { AccountId, type LedgerOp, ROOT_VERSE_ID, SYSTEM_ACCOUNT } from '../multiverse/index.js';
import type { Wait } from '../ports/substrate.js';
import { requireRunning } from './find-world.js';
import type { RuntimeContext } from './runtime-context.js';
import type { World } from './world-model.js';

/** An amount of a token, in base units as decimal text. */
export interface Money {
  readonly token: string;
  readonly amount: string;
}

/**
 * Puts base units of a token under escrow and credits them to the world's account, in the root verse.
 *
 * @throws BAD_AMOUNT, VERSE_COLLAPSED, WORLD_FROZEN, FORBIDDEN for a world that is not in the root verse
 */
export function deposit(context: RuntimeContext, world: World, money: Money, wait: Wait): Promise<void> {
  return move(context, world, wait, () => {
    requireRoot(world, 'Deposit into a world of the root verse before you push it down.');
    return {
      kind: 'deposit',
      by: SYSTEM_ACCOUNT,
      owner: world.birth.account,
      verse: ROOT_VERSE_ID,
      ...money,
    };
  });
}

/**
 * The reverse of a deposit.
 *
 * @throws BAD_AMOUNT, INSUFFICIENT_BALANCE, BALANCE_ENCUMBERED, WORLD_FROZEN, FORBIDDEN for a world that is not in the root verse
 */
export function withdraw(context: RuntimeContext, world: World, money: Money, wait: Wait): Promise<void> {
  return move(context, world, wait, () => {
    requireRoot(world, 'Withdraw after it was resolved.');
    return {
      kind: 'withdraw',
      by: SYSTEM_ACCOUNT,
      owner: world.birth.account,
      verse: ROOT_VERSE_ID,
      ...money,
    };
  });
}

/**
 * Moves an amount from a world's account to another, in the verse in which the world is.
 *
 * @throws BAD_AMOUNT, BAD_INPUT for what is no account, INSUFFICIENT_BALANCE, BALANCE_ENCUMBERED, WORLD_FROZEN, and FORBIDDEN for a world
 *   of another verse, which could never see it
 */
export function transfer(
  context: RuntimeContext,
  world: World,
  what: Money & { readonly to: World | string },
  wait: Wait,
): Promise<void> {
  const { to, ...money } = what;
  return move(context, world, wait, () => ({
    kind: 'transfer',
    by: SYSTEM_ACCOUNT,
    from: world.birth.account,
    to: typeof to === 'string' ? accountOf(to) : accountIn(world, to),
    verse: world.verseId,
    ...money,
  }));
}

async function move(context: RuntimeContext, world: World, wait: Wait, plan: () => LedgerOp): Promise<void> {
  await context.locks.hold(
    [world.id],
    async () => {
      context.requireOpen();
      requireRunning(world);
      const op = plan();
      context.model.ledger.check(op);
      await context.commit({ op: 'ledger.applied', at: context.at(), ledger: [op] });
    },
    wait.signal,
  );
}

function requireRoot(world: World, advice: string): void {
  if (world.verseId === ROOT_VERSE_ID) return;
  throw new WorldError('FORBIDDEN', `World ${world.name} is in a verse of a push-down. ${advice}`, {
    details: { world: world.id, verse: world.verseId },
  });
}

function accountIn(from: World, to: World): string {
  if (to.verseId === from.verseId) return to.birth.account;
  throw new WorldError(
    'FORBIDDEN',
    `World ${to.name} is not in the verse of ${from.name}: what is moved inside one verse is never seen in another.`,
    { details: { world: from.id, verse: from.verseId, to: to.id, toVerse: to.verseId } },
  );
}

function accountOf(name: string): string {
  const parsed = AccountId.safeParse(name);
  if (parsed.success && !name.startsWith('@')) return name;
  throw new WorldError(
    'BAD_INPUT',
    `${JSON.stringify(name)} is neither a world nor the name of an account: 1 to 128 letters, digits and ._:/-`,
  );
}
