import type { PushDownInput } from '../../../model/api.js';
import { WorldError } from '../../../model/world-error.js';
import { type ActionCommand, actionCommand, option, WORLD_ARGUMENT } from '../action-command.js';
import { balancesTable, pullUpText, pushDownText, voidText } from '../format/verbs.js';
import { given } from '../given-fields.js';
import { objectOf, parseOutcome, parsePair, repeated } from '../parse-options.js';

/** Commands on verses and on what worlds own in them. */

interface PushDownOptions {
  outcome?: NonNullable<PushDownInput['outcomes']>;
  amount?: [string, string][];
  commonRandomNumbers?: boolean;
}

const pushDown = actionCommand({
  action: 'push-down',
  arguments: [WORLD_ARGUMENT],
  options: [
    option(
      '--outcome <name[:trit[:probability[:role]]]>',
      'an outcome; repeatable; role is nash or optimal (default: nash:-1:0.45 optimal:0:0.35 chaos:+1:0.20)',
      repeated(parseOutcome),
    ),
    option(
      '--amount <token=n>',
      'base units to split; repeatable (default: all there is)',
      repeated(parsePair('an amount')),
    ),
    option('--common-random-numbers', "verses keep the parent's random state, to be compared pairwise"),
  ],
  fields: {
    world: 'world',
    outcomes: '--outcome',
    amounts: '--amount',
    commonRandomNumbers: '--common-random-numbers',
  },
  progress: 'Starting verses',
  examples: [
    ['wr push-down', 'nash, optimal and chaos, from the current world, which now waits'],
    ['wr push-down market --outcome up:-1:0.6 --outcome down:+1:0.4', 'two outcomes of your own'],
    ['wr push-down market --amount USD=500', 'splits 500 USD and leaves the rest where it is'],
  ],
  input: ([world], options: PushDownOptions) =>
    given({
      world,
      outcomes: options.outcome,
      amounts: options.amount && objectOf('token', options.amount),
      commonRandomNumbers: options.commonRandomNumbers,
    }),
  show: (pushed, screen) => screen.out(pushDownText(screen.paint, pushed)),
});

interface PullUpOptions {
  oracle?: 'manual' | 'least-cost' | 'most-value';
  outcome?: string;
}

const pullUp = actionCommand({
  action: 'pull-up',
  arguments: [WORLD_ARGUMENT],
  options: [
    option('--oracle <source>', 'who decides (default: manual)').choices([
      'manual',
      'least-cost',
      'most-value',
    ]),
    option('--outcome <name>', 'what the manual oracle says (default: optimal)'),
  ],
  fields: { world: 'world', oracle: '--oracle', outcome: '--outcome' },
  progress: 'Resolving',
  examples: [
    ['wr pull-up', 'optimal wins; the current world becomes it, the others collapse'],
    ['wr pull-up market --outcome nash', 'another winner'],
    ['wr pull-up market --oracle least-cost', 'whoever reported the least cost'],
  ],
  input: ([world], options: PullUpOptions) =>
    given({ world, oracle: options.oracle, outcome: options.outcome }),
  show: (resolved, screen) => screen.out(pullUpText(screen.paint, resolved)),
});

const voidPushDown = actionCommand({
  action: 'void',
  arguments: [WORLD_ARGUMENT],
  fields: { world: 'world' },
  progress: 'Voiding',
  examples: [['wr void market', 'as if no verse had won; what they hold pays back by probability']],
  input: ([world]) => given({ world }),
  show: (voided, screen) => screen.out(voidText(screen.paint, voided)),
});

const deposit = actionCommand({
  action: 'deposit',
  group: 'ledger',
  arguments: [['<what...>', '[WORLD] TOKEN=AMOUNT, or [WORLD] TOKEN AMOUNT; a whole number of base units']],
  fields: { world: 'what', token: 'what', amount: 'what' },
  progress: 'Depositing',
  examples: [
    ['wr ledger deposit market USD=1000', "1000 base units of USD for the world's account"],
    ['wr ledger deposit USD=1000', 'to the current world'],
  ],
  input: (args) => depositOf(args),
  show: (balances, screen) => screen.out(balancesTable(screen.paint, balances)),
});

/** `[world] token=amount` or `[world] token amount`. @throws BAD_INPUT */
export function depositOf(args: readonly string[]): { token: string; amount: string; world?: string } {
  const last = args.at(-1) ?? '';
  const joined = last.includes('=');
  const [token, amount] = joined ? parsePair('a deposit')(last) : [args.at(-2), last];
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

export const VERSE_COMMANDS: readonly ActionCommand[] = [pushDown, pullUp, voidPushDown, deposit, balances];
