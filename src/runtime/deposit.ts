import { WorldError } from '../model/world-error.js';
import { type LedgerOp, ROOT_VERSE_ID, SYSTEM_ACCOUNT } from '../multiverse/index.js';
import type { Wait } from '../ports/substrate.js';
import { requireRunning } from './find-world.js';
import type { RuntimeContext } from './runtime-context.js';
import type { World } from './world-model.js';

/**
 * Puts base units of a token under escrow and credits them to the world's account, in the root verse.
 *
 * @throws BAD_AMOUNT, VERSE_COLLAPSED, WORLD_FROZEN, FORBIDDEN for a world that is not in the root verse
 */
export async function deposit(
  context: RuntimeContext,
  world: World,
  what: { token: string; amount: string },
  wait: Wait,
): Promise<void> {
  await context.locks.hold(
    [world.id],
    async () => {
      context.requireOpen();
      requireRunning(world);
      if (world.verseId !== ROOT_VERSE_ID) {
        throw new WorldError(
          'FORBIDDEN',
          `World ${world.name} is in a verse of a push-down. Deposit into a world of the root verse before you push it down.`,
          { details: { world: world.id, verse: world.verseId } },
        );
      }
      const op: LedgerOp = {
        kind: 'deposit',
        by: SYSTEM_ACCOUNT,
        owner: world.birth.account,
        verse: world.verseId,
        token: what.token,
        amount: what.amount,
      };
      context.model.ledger.check(op);
      await context.commit({ op: 'ledger.applied', at: context.at(), ledger: [op] });
    },
    wait.signal,
  );
}
