import type { Option } from 'commander';
import type { PullUpInput } from '../../model/api.js';
import type { ConditionView } from '../../model/condition-api.js';
import { WorldError } from '../../model/world-error.js';
import { type Asking, option } from './action-command.js';
import { given } from './given-fields.js';
import { readCode } from './read-code.js';

/** The options by which a command is told, or told to find out, which outcome it is. */
export interface AnswerOptions {
  oracle?: 'manual' | 'least-cost' | 'most-value' | 'command' | 'python';
  outcome?: string;
  command?: string;
  python?: string;
  note?: string;
}

export const answerOptions = (outcomeDefault: string): Option[] => [
  option('--oracle <source>', 'who decides (default: manual, or what the other options say)').choices([
    'manual',
    'least-cost',
    'most-value',
    'command',
    'python',
  ]),
  option('--outcome <name>', `what the manual oracle says (default: ${outcomeDefault})`),
  option(
    '--command <line>',
    'a shell command decides: it gets the outcomes and their reports as JSON and prints the name of one',
  ),
  option('--python <file>', 'a function oracle(outcomes) decides, in a world of its own'),
  option('--note <text>', 'why; it is kept with the answer'),
];

/** Which option sets which field of an answer. */
export const ANSWER_FIELDS = {
  oracle: '--oracle',
  outcome: '--outcome',
  evidence: '--note',
  code: '--python',
} as const;

type Answer = Pick<PullUpInput, 'oracle' | 'outcome' | 'evidence' | 'code'>;

/** What the options say, after running their command, if they have one. @throws BAD_INPUT, ORACLE_FAILED, INTERRUPTED */
export async function answerOf(
  options: AnswerOptions,
  condition: string | undefined,
  ask: Asking,
): Promise<Answer> {
  const { command, python, outcome, note } = options;
  const oracle = oracleOf(options);
  const evidence = note === undefined ? {} : { note };
  if (oracle === 'command' && command !== undefined) {
    const question = await ask.action('condition-show', given({ condition }));
    const { runOracleCommand } = await import('./oracle-command.js');
    const found = await runOracleCommand(command, namesAndReports(question), ask.signal);
    return { oracle, outcome: found.outcome, evidence: { ...evidence, ...found.evidence } };
  }
  const code = python === undefined ? undefined : await readCode(python);
  return given({ oracle, outcome, code, evidence: note === undefined ? undefined : evidence });
}

/** The source that the options name or imply. @throws BAD_INPUT when they disagree */
function oracleOf({ oracle, command, python, outcome }: AnswerOptions): AnswerOptions['oracle'] {
  const implied = [
    ...(command === undefined ? [] : (['command'] as const)),
    ...(python === undefined ? [] : (['python'] as const)),
  ];
  const [source = oracle, second] = implied;
  if (second !== undefined || (oracle !== undefined && source !== oracle)) {
    throw new WorldError(
      'BAD_INPUT',
      'Only one can decide: --oracle, --command and --python contradict each other.',
    );
  }
  if (source === 'command' && command === undefined)
    throw new WorldError('BAD_INPUT', 'The oracle command needs one: --command "LINE".');
  if (source === 'python' && python === undefined)
    throw new WorldError('BAD_INPUT', 'The oracle python needs a file: --python FILE.');
  if (implied.length > 0 && outcome !== undefined)
    throw new WorldError('BAD_INPUT', `The oracle ${source} finds the outcome itself: leave --outcome out.`);
  return source;
}

function namesAndReports({ conditionId, outcomes }: ConditionView) {
  return {
    condition: conditionId,
    outcomes: outcomes.map(({ name, probability, cost, value }) => ({ name, probability, cost, value })),
  };
}
