import type { BalanceView, PullUpInput, WorldView } from '../model/api.js';
import type { TournamentInput } from '../model/contest-api.js';
import { WorldError } from '../model/world-error.js';
import type { Caller } from './caller.js';

/** Who stakes what in a tournament. */
export interface Staking {
  /** As the resolution wants them. */
  readonly stakes: NonNullable<PullUpInput['stakes']>;
  moneyOf(
    agent: string,
    end: { won: boolean; settled: boolean },
  ): { account: string; stake: string; payout: string };
}

/**
 * Finds the accounts and sees that they have what they stake, before anything is started; the ledger itself makes sure of it
 * when the stakes move. Null when nothing is staked.
 *
 * @throws BAD_INPUT for a stake without a token, WORLD_NOT_FOUND, FORBIDDEN for an account in another verse, INSUFFICIENT_BALANCE
 */
export async function stakingOf(
  caller: Caller,
  input: TournamentInput,
  world: WorldView,
): Promise<Staking | null> {
  const { stake = '0', token } = input;
  const each = BigInt(stake);
  if (each === 0n) return null;
  if (token === undefined)
    throw new WorldError('BAD_INPUT', `What is a stake of ${stake}? Name the token: --token USD`);
  const accounts = new Map<string, WorldView>();
  for (const { name, account = name } of input.agents) {
    const found = await accountOf(caller, name, account);
    requireSameVerse(found, world);
    accounts.set(name, found);
  }
  for (const one of new Set([...accounts.values()].map(({ id }) => id))) {
    const times = [...accounts.values()].filter(({ id }) => id === one);
    const [holder] = times;
    if (holder) await requireBalance(caller, holder, { token, amount: each * BigInt(times.length) });
  }
  const pot = each * BigInt(input.agents.length);
  return {
    stakes: {
      token,
      of: [...accounts].map(([outcome, { id }]) => ({ outcome, world: id, amount: stake })),
    },
    moneyOf: (agent, { won, settled }) => ({
      account: accounts.get(agent)?.name ?? '',
      stake: settled ? stake : '0',
      payout: won && settled ? `${pot}` : '0',
    }),
  };
}

async function accountOf(caller: Caller, agent: string, account: string): Promise<WorldView> {
  try {
    return await caller.show(account);
  } catch (thrown) {
    if (!(thrown instanceof WorldError) || thrown.code !== 'WORLD_NOT_FOUND') throw thrown;
    throw new WorldError(
      'WORLD_NOT_FOUND',
      `Agent ${agent} has no account: there is no world ${account}. Make it and give it money (wr create ${account}; wr ledger ` +
        `deposit ${account} TOKEN=AMOUNT), or name another: --account ${agent}=WORLD`,
      { cause: thrown, details: { agent, account } },
    );
  }
}

function requireSameVerse(account: WorldView, world: WorldView): void {
  if (account.verseId === world.verseId && account.id !== world.id) return;
  const why =
    account.id === world.id
      ? 'it is the world of the tournament itself'
      : `it is not in the verse of ${world.name}`;
  throw new WorldError('FORBIDDEN', `World ${account.name} cannot stake in this tournament: ${why}.`, {
    details: { account: account.id, world: world.id },
  });
}

async function requireBalance(
  caller: Caller,
  account: WorldView,
  { token, amount }: { token: string; amount: bigint },
): Promise<void> {
  const balances = await caller.balances(account.id);
  const own = balances.find((one: BalanceView) => one.verseId === account.verseId && one.token === token);
  const has = BigInt(own?.amount ?? '0');
  if (has >= amount) return;
  throw new WorldError(
    'INSUFFICIENT_BALANCE',
    `World ${account.name} has ${has} ${token} and would stake ${amount}. Give it more: wr ledger deposit ${account.name} ${token}=${amount - has}`,
    { details: { world: account.id, token, has: `${has}`, stake: `${amount}` } },
  );
}
