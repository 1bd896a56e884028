import { type ActionCommand, actionCommand, option, WORLD_ARGUMENT } from '../action-command.js';
import { ANSWER_FIELDS, type AnswerOptions, answerOf, answerOptions } from '../answer-options.js';
import { conditionsTable, conditionText } from '../format/conditions.js';
import { given } from '../given-fields.js';
import { parseDuration, parseWeighted, repeated } from '../parse-options.js';

/** Commands on questions and their answers: `wr condition`. */

const CONDITION = [
  '[condition]',
  'id or prefix of it, or the world that opened it; left out: the current world',
] as const;

const open = actionCommand({
  action: 'condition-open',
  name: 'open',
  group: 'condition',
  arguments: [WORLD_ARGUMENT],
  options: [
    option(
      '--outcome <name[:probability]>',
      'an outcome; at least two (default probability: all alike)',
      repeated(parseWeighted),
    ).makeOptionMandatory(),
    option('--dispute-window <time>', 'how long an answer can be disputed (default: 0)', parseDuration),
  ],
  fields: { world: 'world', outcomes: '--outcome', disputeWindow: '--dispute-window' },
  progress: 'Opening',
  examples: [
    [
      'wr condition open bank --outcome rain:0.3 --outcome dry:0.7 --dispute-window 1h',
      "a question in bank's verse; accounts split by it",
    ],
  ],
  input: (
    [world],
    { outcome, disputeWindow }: { outcome: { name: string; probability?: string }[]; disputeWindow?: number },
  ) => ({ outcomes: outcome, ...given({ world, disputeWindow: secondsOf(disputeWindow) }) }),
  show: (view, screen) => screen.out(conditionText(screen.paint, view)),
});

const list = actionCommand({
  action: 'condition-list',
  name: 'list',
  aliases: ['ls'],
  group: 'condition',
  options: [option('--all', 'also those that are settled')],
  fields: { all: '--all' },
  progress: 'Reading',
  examples: [['wr condition list', 'open questions, and what is proposed for them']],
  input: (_args, { all }: { all?: boolean }) => given({ all }),
  show: (views, screen) => screen.out(conditionsTable(screen.paint, views)),
});

const show = actionCommand({
  action: 'condition-show',
  name: 'show',
  group: 'condition',
  arguments: [CONDITION],
  fields: { condition: 'condition' },
  progress: 'Reading',
  examples: [['wr condition show market', 'outcomes, what their worlds reported, and what is proposed']],
  input: ([condition]) => given({ condition }),
  show: (view, screen) => screen.out(conditionText(screen.paint, view)),
});

const propose = actionCommand({
  action: 'condition-propose',
  name: 'propose',
  group: 'condition',
  arguments: [CONDITION],
  options: answerOptions('none'),
  fields: { condition: 'condition', ...ANSWER_FIELDS },
  progress: 'Proposing',
  examples: [
    [
      'wr condition propose market --outcome optimal --note "seen on the exchange"',
      'stands until it is disputed',
    ],
    ['wr condition propose market --oracle least-cost', 'whoever reported the least cost'],
    ["wr condition propose market --command './ask-the-news.sh'", 'what a program of yours says'],
    ['wr condition propose market --python oracle.py', 'what oracle(outcomes) in that file returns'],
  ],
  input: async ([condition], options: AnswerOptions, ask) => ({
    ...given({ condition }),
    ...(await answerOf(options, condition, ask)),
  }),
  show: (view, screen) => screen.out(conditionText(screen.paint, view)),
});

const dispute = actionCommand({
  action: 'condition-dispute',
  name: 'dispute',
  group: 'condition',
  arguments: [CONDITION],
  options: [
    option('--as <world>', 'the world whose account disputes'),
    option('--note <text>', 'why; it is kept in the journal'),
  ],
  fields: { condition: 'condition', as: '--as', evidence: '--note' },
  progress: 'Disputing',
  examples: [
    ['wr condition dispute market --as alice --note "the exchange corrected it"', 'while the window is open'],
  ],
  input: ([condition], { as, note }: { as?: string; note?: string }) =>
    given({ condition, as, evidence: note === undefined ? undefined : { note } }),
  show: (view, screen) => screen.out(conditionText(screen.paint, view)),
});

const finalise = actionCommand({
  action: 'condition-finalise',
  name: 'finalise',
  group: 'condition',
  arguments: [CONDITION],
  fields: { condition: 'condition' },
  progress: 'Resolving',
  examples: [['wr condition finalise market', 'what is proposed becomes final; a push-down is pulled up']],
  input: ([condition]) => given({ condition }),
  show: (view, screen) => screen.out(conditionText(screen.paint, view)),
});

const voidIt = actionCommand({
  action: 'condition-void',
  name: 'void',
  group: 'condition',
  arguments: [CONDITION],
  fields: { condition: 'condition' },
  progress: 'Voiding',
  examples: [['wr condition void cnd_01JD', 'no outcome won; what they hold pays back by probability']],
  input: ([condition]) => given({ condition }),
  show: (view, screen) => screen.out(conditionText(screen.paint, view)),
});

/** The ledger counts seconds. */
export function secondsOf(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : Math.ceil(ms / 1000);
}

export const CONDITION_COMMANDS: readonly ActionCommand[] = [
  open,
  list,
  show,
  propose,
  dispute,
  finalise,
  voidIt,
];
