import { z } from 'zod';
import { TimeoutMs } from './api.js';
import { FileView } from './file-api.js';

/** Input and output of `diff`. */

export const DIFF_PARTS = ['files', 'variables', 'pages'] as const;
export type DiffPart = (typeof DIFF_PARTS)[number];
export const CONTEXT_LINES_MAX = 10_000;

/** WORLD, WORLD@STATE, @STATE, a state or a snapshot. */
const StateOrWorld = z.string().min(1).max(8192);

export const DiffInput = z.strictObject({
  from: StateOrWorld.optional().describe(
    'world, world@state, state or snapshot; default: the state in which the other world began',
  ),
  to: StateOrWorld.optional().describe('in the same terms; default: the current world'),
  parts: z.array(z.enum(DIFF_PARTS)).min(1).max(9).optional().describe('default: all'),
  content: z.boolean().optional().describe('false: which files differ, and nothing of what is in them'),
  contextLines: z
    .int()
    .min(0)
    .max(CONTEXT_LINES_MAX)
    .optional()
    .describe('unchanged lines around each change; default: 3'),
  timeoutMs: TimeoutMs.optional().describe('bound of reading the variables of one state; default: 10 s'),
});
export type DiffInput = z.input<typeof DiffInput>;

const Side = z.object({ worldId: z.string(), world: z.string(), state: z.string() });
const CHANGES = ['added', 'removed', 'changed'] as const;

export const FileDifferenceView = z.object({
  path: z.string(),
  change: z.enum(CHANGES),
  before: FileView.nullable(),
  after: FileView.nullable(),
  /**
   * `text`: there is a diff of it; `binary`: NUL bytes or no UTF-8; `large`: too much to be compared by lines; `unread`: not
   * asked for; `same`: only mode or link target differ; `none`: no regular file, or one became something else.
   */
  content: z.enum(['text', 'binary', 'large', 'unread', 'same', 'none']),
  linesAdded: z.int().nullable(),
  linesRemoved: z.int().nullable(),
  /** Hunks of a unified diff, without the lines that name the files. */
  hunks: z.string().nullable(),
});
export type FileDifferenceView = z.infer<typeof FileDifferenceView>;

const VariableView = z.object({
  type: z.string(),
  /**
   * Its repr without addresses; of functions and objects without one of their own, signature or attributes. Begins with `…`
   * when what both sides begin with is left out.
   */
  repr: z.string(),
  /** There is more of it. */
  cut: z.boolean(),
});
export type VariableView = z.infer<typeof VariableView>;

export const DiffView = z.object({
  from: Side,
  to: Side,
  /** Whether anything that was asked for differs; what could not be compared does not count. */
  different: z.boolean(),
  files: z
    .object({
      differences: z.array(FileDifferenceView),
      /** There are more than these. */
      more: z.boolean(),
    })
    .nullable(),
  variables: z
    .object({
      /** Why they could not be read; then there are none here. */
      problem: z.string().nullable(),
      differences: z.array(
        z.object({
          name: z.string(),
          change: z.enum(CHANGES),
          before: VariableView.nullable(),
          after: VariableView.nullable(),
        }),
      ),
      /** Variables of both states, by name. */
      compared: z.int(),
      /** Equal as far as can be seen, which is not all of them: large, or with state that Python does not show. */
      unsure: z.array(z.string()),
      /** Objects with a `repr` of the world's own making were not asked, since that did not end. */
      askedNothing: z.boolean(),
      /** Variables of which nothing is said, since there are too many. */
      omitted: z.int(),
    })
    .nullable(),
  /** Memory; files are not in it. */
  pages: z
    .object({
      /** Why they cannot be laid side by side. */
      problem: z.string().nullable(),
      differing: z.int().nullable(),
      /** Of the larger state. */
      total: z.int().nullable(),
      pageBytes: z.int(),
    })
    .nullable(),
});
export type DiffView = z.infer<typeof DiffView>;
