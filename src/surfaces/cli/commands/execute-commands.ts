import type { ExecuteInAllItem } from '../../../model/api.js';
import { WorldError } from '../../../model/world-error.js';
import {
  type ActionCommand,
  type ActionCommandSpec,
  actionCommand,
  option,
  runnerOf,
  type Screen,
  WORLD_ARGUMENT,
} from '../action-command.js';
import { executionNotes } from '../format/execution-notes.js';
import { given } from '../given-fields.js';
import { objectOf, parseDuration, parsePair, repeated } from '../parse-options.js';
import { readCode } from '../read-code.js';

/** Commands that run code in worlds. */

const FILE = option('-f, --file <path>', 'read the code from a file; - is stdin');
const TIMEOUT = option(
  '--timeout <time>',
  "bound of one execution (default: the world's limit)",
  parseDuration,
);
const CSV = option('--csv', 'with several worlds: the results as CSV');
const CODE_ARGUMENT = ['[code]', 'Python code; - reads it from stdin'] as const;

interface InAllOptions {
  file?: string;
  program?: [string, string][];
  code?: [string, string][];
  in?: string[];
  timeout?: number;
  budget?: number;
  csv?: boolean;
}

const inAllSpec = {
  action: 'execute-in-all',
  name: 'exec-all',
  aliases: ['exec-in-all'],
  arguments: [
    [WORLD_ARGUMENT[0], `parent whose children shall run it: ${WORLD_ARGUMENT[1]}`],
    ['[code]', 'Python code for all of them; - reads it from stdin'],
  ],
  options: [
    FILE,
    option(
      '--program <verse=path>',
      'a program of its own for a verse; repeatable',
      repeated(parsePair('a program')),
    ),
    option('--code <verse=code>', 'the same, with the code itself; repeatable', repeated(parsePair('code'))),
    option('--in <world>', 'run it in this world, whoever its parent is; repeatable', repeated(String)),
    CSV,
    TIMEOUT,
    option(
      '--budget <time>',
      'run time that each may use up; beyond it: BUDGET_EXHAUSTED (default: none)',
      parseDuration,
    ),
  ],
  fields: {
    world: 'world',
    worlds: '--in',
    code: 'code',
    codes: '--program',
    timeoutMs: '--timeout',
    budgetMs: '--budget',
  },
  progress: 'Running',
  examples: [
    ["wr exec-all market 'world.report(cost=run())'", 'the same in all verses, in parallel'],
    ['wr exec-all --program nash=a.py --program optimal=b.py --program chaos=c.py', 'a program for each'],
    ["wr exec-all --in market/1 --in market/2 'x'", 'in these worlds'],
  ],
  async input(args: readonly string[], options: InAllOptions) {
    const codes = await codesOf(options);
    const { world, code } =
      codes && options.file === undefined && args.length < 2
        ? { world: args[0], code: undefined }
        : await programOf(args, options.file);
    const { in: worlds, timeout: timeoutMs, budget: budgetMs } = options;
    return given({ world, worlds, code, codes, timeoutMs, budgetMs });
  },
  async show(items: readonly ExecuteInAllItem[], screen: Screen, options: InAllOptions) {
    // Loaded here: a single execution, the most frequent command, draws no table.
    const { executionsCsv, executionsNotes, executionsText } = await import('../format/executions.js');
    screen.out(options.csv ? executionsCsv(items) : executionsText(screen.paint, items));
    screen.err(executionsNotes(items));
  },
  exitCode: (items: readonly ExecuteInAllItem[]) => (items.every(({ execution }) => execution?.ok) ? 0 : 1),
} satisfies ActionCommandSpec<'execute-in-all', InAllOptions>;

const executeInAll = actionCommand<'execute-in-all', InAllOptions>(inAllSpec);

interface ExecuteOptions {
  file?: string;
  timeout?: number;
  expectHead?: string;
  each?: boolean;
  csv?: boolean;
}

const execute = actionCommand({
  action: 'execute',
  name: 'exec',
  arguments: [WORLD_ARGUMENT, CODE_ARGUMENT],
  options: [
    FILE,
    option('--each', 'run it in every child of the world, in parallel; one row for each'),
    CSV,
    TIMEOUT,
    option('--expect-head <state>', 'fail with HEAD_MOVED unless the head of the world is this state'),
  ],
  fields: { world: 'world', code: 'code', timeoutMs: '--timeout', expectHead: '--expect-head' },
  progress: 'Running',
  examples: [
    ["wr exec market 'x = 6 * 7; x'", 'prints 42; the world keeps x'],
    ["wr exec 'x'", 'a single argument is code for the current world'],
    ['wr exec market -f model.py', 'a file'],
    ['generate | wr exec market -', 'stdin'],
    ["wr exec market --each 'run(); x'", 'in all its verses; exit code 1 when one of them raised'],
    ["wr exec market --each 'x' --csv > x.csv", 'the results for a spreadsheet'],
    ["wr exec -- '-1'", 'code that begins with a dash'],
  ],
  streams: true,
  instead: ({ each }: ExecuteOptions) => (each ? runnerOf(inAllSpec) : null),
  async input(args, options: ExecuteOptions) {
    if (options.csv)
      throw new WorldError('BAD_INPUT', '--csv is for results of several worlds: use it with --each.');
    const { world, code } = await programOf(args, options.file);
    return { code, ...given({ world, timeoutMs: options.timeout, expectHead: options.expectHead }) };
  },
  show(execution, screen) {
    if (execution.value !== null) screen.out(`${screen.midLine ? '\n' : ''}${execution.value}\n`);
    screen.err(executionNotes(execution));
  },
  exitCode: ({ ok }) => (ok ? 0 : 1),
});

const probe = actionCommand({
  action: 'probe',
  arguments: [WORLD_ARGUMENT, CODE_ARGUMENT],
  options: [FILE, TIMEOUT, option('--state <state>', 'at this state or snapshot (default: the head)')],
  fields: { world: 'world', code: 'code', state: '--state', timeoutMs: '--timeout' },
  progress: 'Running',
  examples: [
    ["wr probe market 'len(stock)'", 'looks, and changes nothing: no execution, no record'],
    ["wr probe --state pre-event 'stock'", 'what it was like then'],
  ],
  streams: true,
  async input(args, options: { file?: string; timeout?: number; state?: string }) {
    const { world, code } = await programOf(args, options.file);
    return { code, ...given({ world, state: options.state, timeoutMs: options.timeout }) };
  },
  show(probed, screen) {
    if (probed.value !== null) screen.out(`${screen.midLine ? '\n' : ''}${probed.value}\n`);
    screen.err(executionNotes(probed));
  },
  exitCode: ({ ok }) => (ok ? 0 : 1),
});

export const EXECUTE_COMMANDS: readonly ActionCommand[] = [execute, executeInAll, probe];

/**
 * Code and world of `[world] [code]`: a single argument is the code, or, when a file has the code, the world.
 *
 * @throws BAD_INPUT when there is no code, or two.
 */
export async function programOf(
  args: readonly string[],
  file: string | undefined,
): Promise<{ world: string | undefined; code: string }> {
  if (file !== undefined) {
    const [world, ...more] = args;
    if (more.length === 0) return { world, code: await readCode(file) };
    throw new WorldError('BAD_INPUT', `The code is given twice: as an argument and as the file ${file}.`);
  }
  const code = args.at(-1);
  if (code === undefined) {
    throw new WorldError(
      'BAD_INPUT',
      'There is no code: give it as an argument, as -f FILE, or - for stdin.',
    );
  }
  return { world: args.length > 1 ? args[0] : undefined, code: code === '-' ? await readCode('-') : code };
}

async function codesOf({
  program = [],
  code = [],
}: InAllOptions): Promise<Record<string, string> | undefined> {
  if (program.length + code.length === 0) return undefined;
  const read: [string, string][] = [];
  for (const [verse, path] of program) read.push([verse, await readCode(path)]);
  return objectOf('verse', [...read, ...code]);
}
