import { GraphInput, GraphView } from '../model/graph-api.js';
import type { WorldId } from '../model/ids.js';
import { findWorld } from '../runtime/find-world.js';
import type { RuntimeContext } from '../runtime/runtime-context.js';
import type { World } from '../runtime/world-model.js';
import { defineAction } from './action.js';
import { type GraphWorld, type WorldEvent, worldGraph } from './world-graph.js';

const LIMIT_DEFAULT = 100;

export const graphAction = defineAction({
  name: 'graph',
  summary: 'the history of a world and its branches as a graph',
  effect: 'reads',
  input: GraphInput,
  output: GraphView,
  async run(context, input) {
    const limit = input.limit ?? LIMIT_DEFAULT;
    const worlds = input.all ? [...context.model.worlds.values()] : family(context, input.world);
    const rows = await readEvents(context, worlds, limit);
    // Of each kind one more than shown was asked for.
    const truncated = rows.some((kind) => kind.length > limit);
    const events = [...rows.flat(), ...snapshotEvents(context, worlds)];
    return worldGraph({
      worlds: worlds.map((world) => graphWorld(context, world)),
      events,
      truncated,
      limit,
    });
  },
});

function family(context: RuntimeContext, reference: string | undefined): World[] {
  const world = findWorld(context, reference);
  return [world, ...context.model.descendants(world)];
}

function graphWorld(context: RuntimeContext, world: World): GraphWorld {
  const { verse, trit } = context.model.identity(world, 0);
  const { id, name, status, head } = world;
  return {
    id,
    name,
    verse,
    trit,
    status,
    head,
    birthState: world.birth.state,
    createdAt: isoOf(world.createdAt),
  };
}

const OF_WORLDS = "IN (SELECT unnest(string_split(?, ',')))";

const QUERIES: readonly { sql: string; event: (row: Row) => WorldEvent }[] = [
  {
    sql: `SELECT * FROM executions WHERE world_id ${OF_WORLDS} ORDER BY executed_at DESC, execution_id DESC LIMIT ?`,
    event: (row) =>
      eventOf({
        id: text(row, 'execution_id'),
        kind: 'execution',
        worldId: text(row, 'world_id'),
        at: isoOf(text(row, 'executed_at')),
        text: text(row, 'code'),
        from: text(row, 'parent_state'),
        state: nullable(row, 'state_id'),
        ok: row['status'] === 'ok',
        result: nullable(row, 'failure_code') ?? nullable(row, 'error_type') ?? nullable(row, 'value'),
      }),
  },
  {
    sql: `SELECT * FROM states WHERE world_id ${OF_WORLDS} AND execution_id IS NULL AND parent_state IS NOT NULL
      ORDER BY created_at DESC, state_id DESC LIMIT ?`,
    event: (row) =>
      eventOf({
        id: text(row, 'state_id'),
        kind: 'files',
        worldId: text(row, 'world_id'),
        at: isoOf(text(row, 'created_at')),
        text: 'files from outside',
        from: text(row, 'parent_state'),
        state: text(row, 'state_id'),
      }),
  },
  {
    sql: `SELECT * FROM world_branches WHERE parent_entity_id ${OF_WORLDS} AND branch_type <> 'snapshot'
      ORDER BY branched_at DESC, branch_id DESC LIMIT ?`,
    event: (row) => {
      const childIds = Array.isArray(row['child_entity_ids']) ? row['child_entity_ids'].map(String) : [];
      return eventOf({
        id: text(row, 'branch_id'),
        kind: row['branch_type'] === 'push_down' ? 'push-down' : 'branch',
        worldId: text(row, 'parent_entity_id'),
        at: isoOf(text(row, 'branched_at')),
        text: `${childIds.length} worlds`,
        childIds,
      });
    },
  },
  {
    sql: `SELECT w.*, r.resolved_at FROM resolution_wev w JOIN verse_resolutions r USING (resolution_id)
      WHERE w.parent_id ${OF_WORLDS} ORDER BY r.resolved_at DESC, resolution_id DESC LIMIT ?`,
    event: (row) =>
      eventOf({
        id: text(row, 'resolution_id'),
        kind: 'pull-up',
        worldId: text(row, 'parent_id'),
        at: isoOf(text(row, 'resolved_at')),
        text: text(row, 'winner_outcome'),
        winnerId: text(row, 'winner_id'),
      }),
  },
  {
    sql: `SELECT * FROM conditions WHERE world_id ${OF_WORLDS} AND status = 'void'
      ORDER BY closed_at DESC, condition_id DESC LIMIT ?`,
    event: (row) =>
      eventOf({
        id: text(row, 'condition_id'),
        kind: 'void',
        worldId: text(row, 'world_id'),
        at: isoOf(text(row, 'closed_at')),
        text: 'the push-down was taken back',
      }),
  },
];

type Row = Readonly<Record<string, unknown>>;

async function readEvents(
  context: RuntimeContext,
  worlds: readonly World[],
  limit: number,
): Promise<WorldEvent[][]> {
  const ids = worlds.map(({ id }) => id).join(',');
  const lists: WorldEvent[][] = [];
  for (const { sql, event } of QUERIES) {
    const rows = await context.parts.catalog.rows(sql, [ids, limit + 1]);
    lists.push(rows.map(event).map((one) => withAdopted(context, one)));
  }
  return lists;
}

/** A pull-up makes the winner's last state the parent's. */
function withAdopted(context: RuntimeContext, event: WorldEvent): WorldEvent {
  if (event.winnerId === null) return event;
  const winner = context.model.worlds.get(event.winnerId as WorldId);
  return winner ? { ...event, state: winner.head } : event;
}

function snapshotEvents(context: RuntimeContext, worlds: readonly World[]): WorldEvent[] {
  const ids = new Set<string>(worlds.map(({ id }) => id));
  return [...context.model.snapshots.values()]
    .filter(({ worldId }) => ids.has(worldId))
    .map(({ id, name, worldId, takenAt }) =>
      eventOf({ id, kind: 'snapshot', worldId, at: isoOf(takenAt), text: name }),
    );
}

function eventOf(
  event: Pick<WorldEvent, 'id' | 'kind' | 'worldId' | 'at' | 'text'> & Partial<WorldEvent>,
): WorldEvent {
  return { from: null, state: null, ok: null, result: null, childIds: [], winnerId: null, ...event };
}

function text(row: Row, column: string): string {
  return String(row[column] ?? '');
}

function nullable(row: Row, column: string): string | null {
  const cell = row[column];
  return cell === null || cell === undefined ? null : String(cell);
}

/** Times of the catalog and of the journal in one form, so that they sort as text. */
function isoOf(time: string): string {
  return `${time.replace(' ', 'T').replace(/Z$/, '').padEnd(26, '0')}Z`;
}
