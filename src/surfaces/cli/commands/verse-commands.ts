import type { PushDownInput } from '../../../model/api.js';
import { type ActionCommand, actionCommand, option, WORLD_ARGUMENT } from '../action-command.js';
import { ANSWER_FIELDS, type AnswerOptions, answerOf, answerOptions } from '../answer-options.js';
import { pullUpText, pushDownText, voidText } from '../format/verbs.js';
import { given } from '../given-fields.js';
import { objectOf, parseDuration, parseOutcome, parsePair, repeated } from '../parse-options.js';
import { secondsOf } from './condition-commands.js';

/** Commands on verses. */

interface PushDownOptions {
  outcome?: NonNullable<PushDownInput['outcomes']>;
  amount?: [string, string][];
  commonRandomNumbers?: boolean;
  disputeWindow?: number;
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
    option(
      '--dispute-window <time>',
      'how long an answer can be disputed before it is final (default: 0)',
      parseDuration,
    ),
  ],
  fields: {
    world: 'world',
    outcomes: '--outcome',
    amounts: '--amount',
    commonRandomNumbers: '--common-random-numbers',
    disputeWindow: '--dispute-window',
  },
  progress: 'Starting verses',
  examples: [
    ['wr push-down', 'nash, optimal and chaos, from the current world, which now waits'],
    ['wr push-down market --outcome up:-1:0.6 --outcome down:+1:0.4', 'two outcomes of your own'],
    ['wr push-down market --amount USD=500', 'splits 500 USD and leaves the rest where it is'],
    [
      'wr push-down market --dispute-window 1h',
      'an answer is proposed (wr condition propose) an hour before it is final',
    ],
  ],
  input: ([world], options: PushDownOptions) =>
    given({
      world,
      outcomes: options.outcome,
      amounts: options.amount && objectOf('token', options.amount),
      commonRandomNumbers: options.commonRandomNumbers,
      disputeWindow: secondsOf(options.disputeWindow),
    }),
  show: (pushed, screen) => screen.out(pushDownText(screen.paint, pushed)),
});

const pullUp = actionCommand({
  action: 'pull-up',
  arguments: [WORLD_ARGUMENT],
  options: answerOptions('what is proposed, else optimal'),
  fields: { world: 'world', ...ANSWER_FIELDS, stakes: { absent: 'wr tournament moves them' } },
  progress: 'Resolving',
  examples: [
    ['wr pull-up', 'optimal wins; the current world becomes it, the others collapse'],
    ['wr pull-up market --outcome nash', 'another winner'],
    ['wr pull-up market --oracle least-cost', 'whoever reported the least cost'],
    ["wr pull-up market --command './judge.sh'", 'what a program of yours prints last'],
    ['wr pull-up market --python judge.py', 'what oracle(outcomes) in that file returns'],
  ],
  input: async ([world], options: AnswerOptions, ask) => ({
    ...given({ world }),
    ...(await answerOf(options, world, ask)),
  }),
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
