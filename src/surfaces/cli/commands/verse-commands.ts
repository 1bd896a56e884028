import type { PushDownInput } from '../../../model/api.js';
import { type ActionCommand, actionCommand, option, WORLD_ARGUMENT } from '../action-command.js';
import { pullUpText, pushDownText, voidText } from '../format/verbs.js';
import { given } from '../given-fields.js';
import { objectOf, parseOutcome, parsePair, repeated } from '../parse-options.js';

/** Commands on verses. */

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
  fields: {
    world: 'world',
    oracle: '--oracle',
    outcome: '--outcome',
    evidence: { absent: 'for programs that decide, such as wr tournament' },
    stakes: { absent: 'wr tournament moves them' },
  },
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

export const VERSE_COMMANDS: readonly ActionCommand[] = [pushDown, pullUp, voidPushDown];
