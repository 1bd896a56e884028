import type { QueryView, Rows } from '../../../model/api.js';
import {
  type ActionCommand,
  type ActionCommandSpec,
  actionCommand,
  option,
  runnerOf,
  WORLD_ARGUMENT,
} from '../action-command.js';
import {
  cellText,
  exactOrReason,
  NOTHING,
  numberText,
  rootText,
  shortText,
  timeText,
} from '../format/cells.js';
import type { Paint } from '../format/paint.js';
import { rowsTable, table } from '../format/table.js';
import { given } from '../given-fields.js';
import { parseDuration, parseWhole } from '../parse-options.js';
import { readCode } from '../read-code.js';

/** Commands that read the catalog. */

const LIMIT = option('--limit <n>', 'rows at most, the newest first (default: 1000)', parseWhole('--limit'));

type RowsActionName = 'entities' | 'branches' | 'resolutions' | 'metrics';

function rowsCommand(
  action: RowsActionName,
  example: string,
  draw: (paint: Paint, rows: Rows) => string = rowsTable,
): ActionCommand {
  return actionCommand({
    action,
    options: [LIMIT],
    fields: { limit: '--limit' },
    progress: 'Reading',
    examples: [
      [`wr ${action}`, example],
      [`wr ${action} --limit 10 --json`, 'the last ten, for a program'],
    ],
    input: (_, options: { limit?: number }) => given({ limit: options.limit }),
    show: (rows, screen) => screen.out(draw(screen.paint, rows)),
  });
}

const GRAPH_LIMIT = option('--limit <n>', 'nodes at most, the newest (default: 100)', parseWhole('--limit'));

const graphSpec: ActionCommandSpec<'graph', { limit?: number; all?: boolean }> = {
  action: 'graph',
  arguments: [WORLD_ARGUMENT],
  options: [option('-a, --all', 'all worlds, not only one and what was branched from it'), GRAPH_LIMIT],
  fields: { world: 'world', all: '--all', limit: '--limit' },
  progress: 'Reading',
  examples: [
    ['wr graph market', 'executions, snapshots, branches, push-downs, pull-ups and rewinds; newest first'],
    ['wr log --graph', 'the same, of the current world'],
    ['wr graph --all --json', 'nodes and edges, for a program'],
  ],
  input: ([world], options) => given({ world, all: options.all, limit: options.limit }),
  async show(view, screen) {
    const { graphText } = await import('../format/graph.js');
    screen.out(graphText(screen.paint, view));
  },
};

const log = actionCommand({
  action: 'log',
  arguments: [WORLD_ARGUMENT],
  options: [
    LIMIT,
    option('--graph', 'as a graph, with everything that was branched from it'),
    option('-a, --all', 'with --graph: all worlds'),
  ],
  fields: { world: 'world', limit: '--limit' },
  progress: 'Reading',
  examples: [
    ['wr log market --limit 5', 'its last five executions'],
    ['wr log market --graph', 'the history of its branches as a picture'],
  ],
  instead: ({ graph }: { limit?: number; graph?: boolean }) => (graph ? runnerOf(graphSpec) : null),
  input: ([world], options: { limit?: number; graph?: boolean }) => given({ world, limit: options.limit }),
  show: (rows, screen) => screen.out(logTable(screen.paint, rows)),
});

function logTable(paint: Paint, rows: Rows): string {
  if (rows.length === 0) return 'no executions\n';
  const columns = [
    { title: 'EXECUTED (UTC)' },
    { title: 'STATUS' },
    { title: 'CODE' },
    { title: 'RESULT' },
    { title: 'TIME (ms)', right: true },
    { title: 'STATE AFTER' },
    { title: 'ROOT' },
  ];
  return table(
    paint,
    columns,
    rows.map((row) => [
      timeText(textOf(row['executed_at']) ?? ''),
      textOf(row['status']) ?? NOTHING,
      shortText(textOf(row['code']) ?? '', 48),
      shortText(
        textOf(row['value']) ?? textOf(row['failure_code']) ?? textOf(row['error_type']) ?? NOTHING,
        32,
      ),
      numberOf(row['time_ms']),
      textOf(row['state_id']) ?? NOTHING,
      rootText(textOf(row['root'])),
    ]),
  );
}

function resolutionsTable(paint: Paint, rows: Rows): string {
  if (rows.length === 0) return 'no rows\n';
  const columns = [
    { title: 'RESOLVED (UTC)' },
    { title: 'WINNER' },
    { title: 'ORACLE' },
    { title: 'WEV' },
    { title: 'PRICE OF ANARCHY' },
    { title: 'PULL-UP (ms)', right: true },
    { title: 'ID' },
  ];
  return table(
    paint,
    columns,
    rows.map((row) => [
      timeText(textOf(row['resolved_at']) ?? ''),
      textOf(row['winner_outcome']) ?? textOf(row['winning_verse']) ?? NOTHING,
      textOf(row['oracle_source']) ?? NOTHING,
      exactOrReason(textOf(row['wev']), textOf(row['wev_reason'])),
      exactOrReason(textOf(row['poa']), null),
      numberOf(row['pull_up_time_ms']),
      textOf(row['resolution_id']) ?? NOTHING,
    ]),
  );
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

function numberOf(value: unknown): string {
  return typeof value === 'number' ? numberText(value) : NOTHING;
}

const query = actionCommand({
  action: 'query',
  arguments: [['<sql>', 'one SELECT; - reads it from stdin']],
  options: [
    option('--rows-max <n>', 'rows at most (default: 10000)', parseWhole('--rows-max')),
    option('--timeout <time>', 'bound of the query (default: 30s)', parseDuration),
  ],
  fields: { sql: 'sql', rowsMax: '--rows-max', timeoutMs: '--timeout' },
  progress: 'Querying',
  examples: [
    ["wr query 'SELECT name, status FROM worlds'", 'any SELECT over the catalog'],
    ['wr query "SELECT table_name FROM information_schema.tables"', 'what there is to ask'],
  ],
  async input([sql = ''], options: { rowsMax?: number; timeout?: number }) {
    return {
      sql: sql === '-' ? await readCode('-') : sql,
      ...given({ rowsMax: options.rowsMax, timeoutMs: options.timeout }),
    };
  },
  show(result, screen) {
    screen.out(queryTable(screen.paint, result));
    if (result.truncated) screen.err(`More rows than ${result.rows.length} were found; see --rows-max.\n`);
  },
});

function queryTable(paint: Paint, { columns, rows }: QueryView): string {
  const isNumber = (index: number): boolean => rows.some((row) => typeof row[index] === 'number');
  return table(
    paint,
    columns.map((title, index) => ({ title, right: isNumber(index) })),
    rows.map((row) => columns.map((title, index) => cellText(title, row[index]))),
  );
}

export const CATALOG_COMMANDS: readonly ActionCommand[] = [
  rowsCommand('entities', 'every world, as a row'),
  rowsCommand('branches', 'every branch with its children and the sum of their trits'),
  rowsCommand('resolutions', 'every pull-up, with WEV or the reason why there is none', resolutionsTable),
  rowsCommand('metrics', 'measured boot, snapshot and branch times (ms) and memory (MB)'),
  log,
  actionCommand(graphSpec),
  query,
];
