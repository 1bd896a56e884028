import type { z } from 'zod';
import { LogInput, QueryInput, QueryView, Rows, RowsInput } from '../model/api.js';
import { findWorld } from '../runtime/find-world.js';
import { type Action, defineAction } from './action.js';

const LIMIT_DEFAULT = 1000;
const QUERY_ROWS_DEFAULT = 10_000;
const QUERY_TIMEOUT_DEFAULT_MS = 30_000;

function rowsAction(
  name: string,
  summary: string,
  sql: string,
): Action<typeof RowsInput, z.ZodType<Rows, Rows>> {
  return defineAction({
    name,
    summary,
    effect: 'reads',
    input: RowsInput,
    output: Rows,
    run: (context, input) => context.parts.catalog.rows(sql, [input.limit ?? LIMIT_DEFAULT]),
  });
}

export const entities = rowsAction(
  'entities',
  'rows of world_runtime_entities, newest first',
  'SELECT * FROM world_runtime_entities ORDER BY created_at DESC, entity_id DESC LIMIT ?',
);

export const branches = rowsAction(
  'branches',
  'rows of world_branches, newest first',
  'SELECT * FROM world_branches ORDER BY branched_at DESC, branch_id DESC LIMIT ?',
);

export const resolutions = rowsAction(
  'resolutions',
  'rows of verse_resolutions with their exact WEV, newest first',
  `SELECT r.*, w.* EXCLUDE (resolution_id) FROM verse_resolutions r LEFT JOIN resolution_wev w USING (resolution_id)
   ORDER BY resolved_at DESC, resolution_id DESC LIMIT ?`,
);

export const metrics = rowsAction(
  'metrics',
  'rows of runtime_metrics: measured boot, snapshot and branch times and memory, newest first',
  'SELECT * FROM runtime_metrics ORDER BY measured_at DESC, metric_id DESC LIMIT ?',
);

export const log = defineAction({
  name: 'log',
  summary: "a world's executions, newest first",
  effect: 'reads',
  input: LogInput,
  output: Rows,
  async run(context, input) {
    const world = findWorld(context, input.world);
    return context.parts.catalog.rows(
      `SELECT executions.*, states.root FROM executions LEFT JOIN states ON states.state_id = executions.state_id
       WHERE executions.world_id = ? ORDER BY executed_at DESC, executions.execution_id DESC LIMIT ?`,
      [world.id, input.limit ?? LIMIT_DEFAULT],
    );
  },
});

export const query = defineAction({
  name: 'query',
  summary: 'run one SELECT over the catalog',
  effect: 'reads',
  input: QueryInput,
  output: QueryView,
  async run(context, input) {
    const result = await context.parts.catalog.query(input.sql, {
      rowsMax: input.rowsMax ?? QUERY_ROWS_DEFAULT,
      timeoutMs: input.timeoutMs ?? QUERY_TIMEOUT_DEFAULT_MS,
    });
    return {
      columns: [...result.columns],
      rows: result.rows.map((row) => [...row]),
      truncated: result.truncated,
    };
  },
});
