import type { DiffPart } from '../../../model/diff-api.js';
import { WorldError } from '../../../model/world-error.js';
import { type ActionCommand, actionCommand, option } from '../action-command.js';
import { type DiffForm, diffText } from '../format/diff.js';
import { parseDuration, parseWhole } from '../parse-options.js';
import { given } from './world-commands.js';

interface DiffOptions {
  files?: boolean;
  variables?: boolean;
  pages?: boolean;
  stat?: boolean;
  nameOnly?: boolean;
  unified?: number;
  exitCode?: boolean;
  timeout?: number;
}

const PLACE = 'WORLD, WORLD@STATE, or a state or snapshot by id or name';

const diff = actionCommand({
  action: 'diff',
  arguments: [
    ['[from]', `${PLACE}; left out: the state in which the other world began`],
    ['[to]', 'in the same terms; left out: the current world. One argument alone is this one'],
  ],
  options: [
    option(
      '--files',
      'files: as a unified diff, which patch -p1 and git apply read when nothing else is asked for',
    ),
    option('--variables', 'top-level variables, by name, type and repr'),
    option('--pages', 'how many pages of memory differ'),
    option('-U, --unified <n>', 'unchanged lines around each change (default: 3)', parseWhole('--unified')),
    option('--stat', 'counts instead of contents'),
    option('--name-only', 'only the paths of the files; with --variables, the names of the variables'),
    option('--exit-code', 'exit code 1 when they differ, 0 when not (default: 0 in both cases)'),
    option('--timeout <time>', 'bound of reading the variables of one state (default: 10s)', parseDuration),
  ],
  fields: {
    from: 'from',
    to: 'to',
    parts: '--files',
    content: '--name-only',
    contextLines: '--unified',
    timeoutMs: '--timeout',
  },
  progress: 'Comparing',
  examples: [
    ['wr diff market', 'what happened in a world since it began'],
    ['wr diff pre-event market', 'since a snapshot'],
    ['wr diff nash optimal --variables', 'in which variables two verses differ'],
    ['wr diff market@pre-event market --files | patch -p1', 'the changes of its files, made here'],
    ['wr diff nash optimal --stat --exit-code', 'counts, and 1 if there are any'],
  ],
  input([first, second], options: DiffOptions) {
    if (options.stat && options.nameOnly) {
      throw new WorldError('BAD_INPUT', 'Give --stat or --name-only, not both.');
    }
    const [from, to] = second === undefined ? [undefined, first] : [first, second];
    return given({
      from,
      to,
      parts: partsOf(options),
      content: options.nameOnly ? false : undefined,
      contextLines: options.unified,
      timeoutMs: options.timeout,
    });
  },
  show: (view, screen, options) => screen.out(diffText(screen.paint, view, formOf(options))),
  exitCode: ({ different }, { exitCode = false }) => (exitCode && different ? 1 : 0),
});

export const DIFF_COMMANDS: readonly ActionCommand[] = [diff];

/** Undefined: all. Names are those of files, unless it is said otherwise. */
function partsOf({ files, variables, pages, nameOnly }: DiffOptions): DiffPart[] | undefined {
  const chosen = Object.entries({ files, variables, pages }).flatMap(([part, is]) => (is ? [part] : []));
  if (chosen.length > 0) return chosen as DiffPart[];
  return nameOnly ? ['files'] : undefined;
}

function formOf({ stat = false, nameOnly = false }: DiffOptions): DiffForm {
  return nameOnly ? 'names' : stat ? 'stat' : 'full';
}
