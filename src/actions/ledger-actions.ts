import { z } from 'zod';
import { BalancesInput, BalanceView, DepositInput, Rows } from '../model/api.js';
import {
  LedgerHistoryInput,
  LedgerValueInput,
  LedgerValueView,
  LedgerVerifyView,
  TransferInput,
  WithdrawInput,
} from '../model/ledger-api.js';
import { Rational } from '../model/rational.js';
import { WorldError } from '../model/world-error.js';
import { conditionsOf, ROOT_VERSE_ID, valueByOutcome } from '../multiverse/index.js';
import { findWorld } from '../runtime/find-world.js';
import { deposit, transfer, withdraw } from '../runtime/move-money.js';
import { findQuestion, lookUpWorld } from '../runtime/resolve-reference.js';
import type { RuntimeContext } from '../runtime/runtime-context.js';
import { verifyLedger } from '../runtime/verify-ledger.js';
import type { World } from '../runtime/world-model.js';
import { defineAction, given, waitOf } from './action.js';

const HISTORY_DEFAULT = 100;

export const depositAction = defineAction({
  name: 'deposit',
  summary: "credit a world's account with units of a token",
  effect: 'changes',
  input: DepositInput,
  output: z.array(BalanceView),
  async run(context, { world: named, ...money }, call) {
    const world = findWorld(context, named);
    await deposit(context, world, money, waitOf(call));
    return balancesOf(context, world.birth.account);
  },
});

export const withdrawAction = defineAction({
  name: 'withdraw',
  summary: "take units of a token out of a world's account",
  effect: 'changes',
  input: WithdrawInput,
  output: z.array(BalanceView),
  async run(context, { world: named, ...money }, call) {
    const world = findWorld(context, named);
    await withdraw(context, world, money, waitOf(call));
    return balancesOf(context, world.birth.account);
  },
});

export const transferAction = defineAction({
  name: 'transfer',
  summary: "move units of a token from a world's account to another, inside one verse",
  effect: 'changes',
  input: TransferInput,
  output: z.array(BalanceView),
  async run(context, { world: named, to, ...money }, call) {
    const world = findWorld(context, named);
    await transfer(context, world, { ...money, to: worldOrAccount(context, to) }, waitOf(call));
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

export const ledgerHistory = defineAction({
  name: 'ledger-history',
  summary: 'operations of the ledger, newest first',
  effect: 'reads',
  input: LedgerHistoryInput,
  output: Rows,
  async run(context, input) {
    const limit = input.limit ?? HISTORY_DEFAULT;
    const columns = 'seq, position, kind, account, op_json, recorded_at';
    const order = 'ORDER BY seq DESC, position DESC LIMIT ?';
    if (input.world === undefined) {
      return context.parts.catalog.rows(`SELECT ${columns} FROM ledger_entries ${order}`, [limit]);
    }
    const { account } = findWorld(context, input.world).birth;
    const part = [
      'account',
      ...['owner', 'from', 'to'].map((field) => `json_extract_string(op_json, '$.${field}')`),
    ];
    return context.parts.catalog.rows(
      `SELECT ${columns} FROM ledger_entries WHERE ${part.map((field) => `${field} = ?`).join(' OR ')} ${order}`,
      [...part.map(() => account), limit],
    );
  },
});

export const ledgerValue = defineAction({
  name: 'ledger-value',
  summary: "what a world's account has in each outcome of the conditions that decide about it",
  effect: 'reads',
  input: LedgerValueInput,
  output: LedgerValueView,
  async run(context, input) {
    const { name, birth } = findWorld(context, input.world);
    const { ledger } = context.model;
    const conditions =
      input.condition === undefined
        ? conditionsOf(ledger, birth.account)
        : [findQuestion(context.model, input.condition).id];
    return {
      world: name,
      account: birth.account,
      conditions: conditions.map((id) => {
        const { condition, outcomes, expected } = valueByOutcome(ledger, birth.account, id);
        return {
          conditionId: condition,
          outcomes: outcomes.map(({ outcome, probability, tokens }) => ({
            outcome,
            probability: Rational.toText(probability),
            tokens: texts(tokens),
          })),
          expected: texts(expected),
        };
      }),
    };
  },
});

export const ledgerVerify = defineAction({
  name: 'ledger-verify',
  summary: 'compute the whole ledger again from the journal and name the first entry that is wrong',
  effect: 'reads',
  input: z.strictObject({}),
  output: LedgerVerifyView,
  async run(context, _input, call) {
    const { entries, operations, ledger } = await verifyLedger(context, waitOf(call));
    return {
      entries,
      operations,
      conditions: ledger.conditions().length,
      verses: ledger.verses().length,
      tokens: ledger.tokens().map((token) => ({ token, escrow: `${ledger.escrow(token)}` })),
    };
  },
});

/** Live balances, of one account or of all. */
export function balancesOf(context: RuntimeContext, owner: string | undefined): BalanceView[] {
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

function worldOrAccount(context: RuntimeContext, text: string): World | string {
  try {
    return lookUpWorld(context.model, text);
  } catch (thrown) {
    if (thrown instanceof WorldError && thrown.code === 'WORLD_NOT_FOUND') return text;
    throw thrown;
  }
}

function texts(values: ReadonlyMap<string, Rational>): Record<string, string> {
  return Object.fromEntries([...values].map(([token, value]) => [token, Rational.toText(value)]));
}
