import { basename } from 'node:path';
import type { TournamentInput } from '../../../model/contest-api.js';
import { WorldError } from '../../../model/world-error.js';
import { bestOfThrough } from '../../client/best-of-through.js';
import { type ActionCommand, actionCommand, option } from '../action-command.js';
import { bestOfText, tournamentText } from '../format/contests.js';
import { given } from '../given-fields.js';
import { objectOf, parseCount, parseDuration, parsePair, repeated } from '../parse-options.js';
import { readCode } from '../read-code.js';
import { scoreByCommand } from '../score-command.js';

/** Commands that let programs compete in verses of one world. */

const WORLD = option('--world <world>', 'id, name or prefix of the id (default: the current world)');
const BUDGET = option(
  '--budget <time>',
  'run time that each may use up; one that does fails with BUDGET_EXHAUSTED. All together draw on `wr budget`',
  parseDuration,
);
/** Bound of a score command when nothing else is said. */
const SCORE_TIMEOUT_MS = 60_000;

interface BestOfOptions {
  world?: string;
  file?: string;
  score?: string;
  scoreFile?: string;
  budget?: number;
  timeout?: number;
}

const bestOf = actionCommand({
  action: 'best-of',
  arguments: [
    ['<n>', 'how many tries, 2 to 256'],
    ['[code]', 'Python code; - reads it from stdin'],
  ],
  options: [
    option('-f, --file <path>', 'read the code from a file; - is stdin'),
    WORLD,
    option(
      '--score <how>',
      'python: what a try reports as value or ends in (the default); python:EXPRESSION, looked at in each try; or a command of ' +
        'this machine, run for each try, that gets it as JSON on stdin and prints one number',
    ),
    option('--score-file <path>', 'Python file that is looked at in each try and ends in the score'),
    BUDGET,
    option(
      '--timeout <time>',
      "bound of one execution (default: the world's limit) and of one score command (default: 60s)",
      parseDuration,
    ),
  ],
  fields: {
    world: '--world',
    tries: 'n',
    code: 'code',
    score: '--score',
    budgetMs: '--budget',
    timeoutMs: '--timeout',
  },
  progress: 'Trying',
  examples: [
    ["wr best-of 8 -f try.py --world w --score 'python:-loss'", 'the try with the least loss stays'],
    [
      "wr best-of 4 'import world; guess = world.random.random()' --score 'python:guess'",
      'in the current world',
    ],
    ["wr best-of 3 -f try.py --score './judge.sh' --budget 10s", 'a command decides; a try has ten seconds'],
  ],
  async input(args: readonly string[], options: BestOfOptions) {
    const { world, budget: budgetMs, timeout: timeoutMs } = options;
    const [tries = '', code] = args;
    return {
      tries: parseCount('the number of tries')(tries),
      code: await codeOf(code, options.file),
      ...given({ world, score: await pythonScore(options), budgetMs, timeoutMs }),
    };
  },
  perform({ transport, input, options, call }) {
    const command = scoreCommandOf(options);
    if (command === null) return null;
    const how = {
      command,
      timeoutMs: options.timeout ?? SCORE_TIMEOUT_MS,
      env: process.env,
      signal: call.signal,
    };
    return bestOfThrough(transport, { ...input, score: (tried) => scoreByCommand(tried, how) }, call);
  },
  show: (view, screen) => screen.out(bestOfText(screen.paint, view)),
  exitCode: ({ winner }) => (winner === null ? 1 : 0),
});

/** @throws BAD_INPUT when there is no code, or two */
async function codeOf(code: string | undefined, file: string | undefined): Promise<string> {
  if ((code === undefined) === (file === undefined)) {
    throw new WorldError('BAD_INPUT', 'Give the program once: as an argument, as -f FILE, or - for stdin.');
  }
  if (file !== undefined) return readCode(file);
  return code === '-' ? readCode('-') : (code ?? '');
}

const PYTHON_SCORE = /^python(?::([\s\S]*))?$/;

/** @throws BAD_INPUT for two scores, or an empty one */
async function pythonScore({ score, scoreFile }: BestOfOptions): Promise<string | undefined> {
  if (scoreFile !== undefined) {
    if (score === undefined) return readCode(scoreFile);
    throw new WorldError('BAD_INPUT', 'Give one score: --score or --score-file.');
  }
  if (score?.trim() === '' || score === 'python:') {
    throw new WorldError('BAD_INPUT', 'The score is empty: --score python:EXPRESSION, or a command.');
  }
  return PYTHON_SCORE.exec(score ?? '')?.[1];
}

/** The command of this machine that scores, or null when Python does. */
function scoreCommandOf({ score }: BestOfOptions): string | null {
  return score === undefined || PYTHON_SCORE.test(score) ? null : score;
}

interface TournamentOptions {
  world?: string;
  judge: string;
  stake?: string;
  token?: string;
  account?: [string, string][];
  budget?: number;
  timeout?: number;
}

const tournament = actionCommand({
  action: 'tournament',
  arguments: [['<agents...>', 'Python files; NAME=FILE names an agent otherwise than its file']],
  options: [
    option(
      '--judge <path>',
      'Python file that sees `results` and ends in scores by name, or a name',
    ).makeOptionMandatory(),
    WORLD,
    option('--stake <n>', 'base units that each agent stakes; the winner gets all (default: 0)'),
    option('--token <token>', 'what they stake'),
    option(
      '--account <agent=world>',
      "world whose account stakes for an agent; repeatable (default: the world of the agent's name)",
      repeated(parsePair('an account')),
    ),
    BUDGET,
    option('--timeout <time>', "bound of one execution (default: the world's limit)", parseDuration),
  ],
  fields: {
    world: '--world',
    agents: 'agents',
    judge: '--judge',
    stake: '--stake',
    token: '--token',
    budgetMs: '--budget',
    timeoutMs: '--timeout',
  },
  progress: 'Playing',
  examples: [
    [
      'wr tournament a.py b.py --world game --judge judge.py',
      'the world becomes what the better one made of it',
    ],
    [
      'wr tournament a.py b.py --judge judge.py --stake 100 --token USD',
      'worlds a and b pay 100 each, one gets 200',
    ],
    ['wr tournament old=v1/bot.py new=v2/bot.py --judge judge.py', 'two files of one name'],
  ],
  async input(args: readonly string[], options: TournamentOptions) {
    const { world, stake, token, budget: budgetMs, timeout: timeoutMs } = options;
    const accounts = objectOf('the account of', options.account ?? []);
    const agents: TournamentInput['agents'] = [];
    for (const arg of args) agents.push(await agentOf(arg, accounts));
    requireKnown(Object.keys(accounts), agents);
    return {
      agents,
      judge: await readCode(options.judge),
      ...given({ world, stake, token, budgetMs, timeoutMs }),
    };
  },
  show: (view, screen) => screen.out(tournamentText(screen.paint, view)),
  exitCode: ({ winner }) => (winner === null ? 1 : 0),
});

async function agentOf(
  arg: string,
  accounts: Readonly<Record<string, string>>,
): Promise<TournamentInput['agents'][number]> {
  const [, named, path = arg] = /^([A-Za-z0-9][A-Za-z0-9._-]*)=(.+)$/s.exec(arg) ?? [];
  const name = named ?? basename(path).replace(/\.py$/, '');
  const account = Object.hasOwn(accounts, name) ? accounts[name] : undefined;
  return { name, code: await readCode(path), ...given({ account }) };
}

/** @throws BAD_INPUT */
function requireKnown(names: readonly string[], agents: TournamentInput['agents']): void {
  const unknown = names.find((name) => !agents.some((agent) => agent.name === name));
  if (unknown === undefined) return;
  const known = agents.map(({ name }) => name).join(', ');
  throw new WorldError(
    'BAD_INPUT',
    `--account: there is no agent ${JSON.stringify(unknown)}. The agents are: ${known}.`,
  );
}

export const CONTEST_COMMANDS: readonly ActionCommand[] = [bestOf, tournament];
