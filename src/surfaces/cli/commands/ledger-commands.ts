import { WorldError } from '../../../model/world-error.js';
import { type ActionCommand, actionCommand, option, WORLD_ARGUMENT } from '../action-command.js';
import { ledgerHistoryTable, ledgerValueText, ledgerVerifyText } from '../format/ledger.js';
import { balancesTable } from '../format/verbs.js';
import { given } from '../given-fields.js';
import { parsePair, parseWhole } from '../parse-options.js';

/** Commands on what accounts own, in which verse. */

const MONEY = [
  '<what...>',
  '[WORLD] TOKEN=AMOUNT, or [WORLD] TOKEN AMOUNT; a whole number of base units',
] as const;

const deposit = actionCommand({
  action: 'deposit',
  group: 'ledger',
  arguments: [MONEY],
  fields: { world: 'what', token: 'what', amount: 'what' },
  progress: 'Depositing',
  examples: [
    ['wr ledger deposit market USD=1000', "1000 base units of USD for the world's account"],
    ['wr ledger deposit USD=1000', 'to the current world'],
  ],
  input: (args) => moneyOf(args),
  show: (balances, screen) => screen.out(balancesTable(screen.paint, balances)),
});

/** `[world] token=amount` or `[world] token amount`. @throws BAD_INPUT */
export function moneyOf(args: readonly string[]): { token: string; amount: string; world?: string } {
  const last = args.at(-1) ?? '';
  const joined = last.includes('=');
  const [token, amount] = joined ? parsePair('an amount')(last) : [args.at(-2), last];
  const worlds = args.slice(0, joined ? -1 : -2);
  if (token === undefined || worlds.length > 1) {
    throw new WorldError(
      'BAD_INPUT',
      `Expected [WORLD] TOKEN=AMOUNT. Got ${JSON.stringify(args.join(' '))}.`,
    );
  }
  return { token, amount, ...given({ world: worlds[0] }) };
}

const balances = actionCommand({
  action: 'balances',
  group: 'ledger',
  arguments: [['[world]', 'only the account of this world; left out: all accounts']],
  fields: { world: 'world' },
  progress: 'Reading',
  examples: [
    ['wr ledger balances', 'who has what in which verse'],
    ['wr ledger balances market', 'one account'],
  ],
  input: ([world]) => given({ world }),
  show: (rows, screen) => screen.out(balancesTable(screen.paint, rows)),
});

const withdraw = actionCommand({
  action: 'withdraw',
  group: 'ledger',
  arguments: [MONEY],
  fields: { world: 'what', token: 'what', amount: 'what' },
  progress: 'Withdrawing',
  examples: [['wr ledger withdraw market USD=200', "out of the world's account, and out of escrow"]],
  input: (args) => moneyOf(args),
  show: (rows, screen) => screen.out(balancesTable(screen.paint, rows)),
});

const transfer = actionCommand({
  action: 'transfer',
  group: 'ledger',
  arguments: [MONEY],
  options: [
    option('--to <account>', 'a world of the same verse, or the name of an account').makeOptionMandatory(),
  ],
  fields: { world: 'what', token: 'what', amount: 'what', to: '--to' },
  progress: 'Moving',
  examples: [
    ['wr ledger transfer market USD=200 --to bank', "from one world's account to another's, in their verse"],
    ['wr ledger transfer market/nash USD=5 --to alice', 'inside the verse nash: it is gone unless nash wins'],
  ],
  input: (args, { to }: { to: string }) => ({ ...moneyOf(args), to }),
  show: (rows, screen) => screen.out(balancesTable(screen.paint, rows)),
});

const CONDITION_OPTION = () =>
  option('--condition <condition>', 'its id, or the world that opened it (default: the world)');

interface PartOptions {
  condition?: string;
}

/** Which question: what the option says, else that of the world. */
function partOf(args: readonly string[], { condition }: PartOptions) {
  const money = moneyOf(args);
  return { ...money, ...given({ condition: condition ?? money.world }) };
}

const split = actionCommand({
  action: 'split',
  group: 'ledger',
  arguments: [MONEY],
  options: [CONDITION_OPTION()],
  fields: { world: 'what', token: 'what', amount: 'what', condition: '--condition' },
  progress: 'Splitting',
  examples: [
    ['wr ledger split bank USD=100', "100 USD become 100 in every outcome of bank's question"],
    ['wr ledger split alice USD=100 --condition market', 'of the question that market opened'],
  ],
  input: (args, options: PartOptions) => partOf(args, options),
  show: (rows, screen) => screen.out(balancesTable(screen.paint, rows)),
});

const merge = actionCommand({
  action: 'merge',
  group: 'ledger',
  arguments: [MONEY],
  options: [CONDITION_OPTION()],
  fields: { world: 'what', token: 'what', amount: 'what', condition: '--condition' },
  progress: 'Merging',
  examples: [
    ['wr ledger merge bank USD=100', '100 in every outcome become 100 USD again'],
    [
      'wr ledger merge alice USD=100 --condition cnd_01JD',
      'of an answered question: out of the outcome that won',
    ],
  ],
  input: (args, options: PartOptions) => partOf(args, options),
  show: (rows, screen) => screen.out(balancesTable(screen.paint, rows)),
});

const history = actionCommand({
  action: 'ledger-history',
  name: 'history',
  group: 'ledger',
  arguments: [['[world]', 'only what its account has part in; left out: everything']],
  options: [option('--limit <n>', 'at most so many, the newest (default: 100)').argParser(parseWhole(''))],
  fields: { world: 'world', limit: '--limit' },
  progress: 'Reading',
  examples: [['wr ledger history market', "what happened to a world's account"]],
  input: ([world], { limit }: { limit?: number }) => given({ world, limit }),
  show: (rows, screen) => screen.out(ledgerHistoryTable(screen.paint, rows)),
});

const value = actionCommand({
  action: 'ledger-value',
  name: 'value',
  group: 'ledger',
  arguments: [WORLD_ARGUMENT],
  options: [
    option('--by-outcome', 'of every open condition that decides about it; the default'),
    option('--condition <id>', 'of this condition'),
  ],
  fields: { world: 'world', condition: '--condition' },
  progress: 'Adding up',
  examples: [
    ['wr ledger value market --by-outcome', 'what its account has if it comes out so, as a table and bars'],
  ],
  input: ([world], { condition }: { condition?: string }) => given({ world, condition }),
  show: (view, screen) => screen.out(ledgerValueText(screen.paint, view)),
});

const verify = actionCommand({
  action: 'ledger-verify',
  name: 'verify',
  group: 'ledger',
  fields: {},
  progress: 'Computing the ledger again',
  examples: [
    [
      'wr ledger verify',
      'every operation of the journal, and what everybody has against what is under escrow',
    ],
  ],
  input: () => ({}),
  show: (view, screen) => screen.out(ledgerVerifyText(screen.paint, view)),
});

export const LEDGER_COMMANDS: readonly ActionCommand[] = [
  balances,
  deposit,
  withdraw,
  transfer,
  split,
  merge,
  history,
  value,
  verify,
];
