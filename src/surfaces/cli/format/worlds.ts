import type { WorldView } from '../../../model/api.js';
import { exactText, NOTHING, shortText, timeText, tritSymbol, tritText } from './cells.js';
import type { Paint } from './paint.js';
import { fields, table } from './table.js';

type WorldStatus = WorldView['status'];

function statusText(paint: Paint, status: WorldStatus): string {
  switch (status) {
    case 'running':
      return paint.good(status);
    case 'snapshotted':
      return paint.warn(status);
    case 'stopped':
    case 'collapsed':
    case 'deleted':
      return paint.dim(status);
  }
}

/** `stage=two, owner=ann`, control characters made visible. */
export function tagsText(metadata: Readonly<Record<string, string>>): string {
  return Object.entries(metadata)
    .map(([key, value]) => `${key}=${shortText(value)}`)
    .join(', ');
}

export function worldsTable(paint: Paint, worlds: readonly WorldView[]): string {
  if (worlds.length === 0) return 'no worlds; make one: wr create\n';
  const tagged = worlds.some(({ metadata }) => Object.keys(metadata).length > 0);
  const columns = [
    { title: 'NAME' },
    { title: 'STATUS' },
    { title: 'VERSE' },
    { title: 'TRIT' },
    { title: 'PROBABILITY', right: true },
    { title: 'EXECUTIONS', right: true },
    { title: 'CREATED (UTC)' },
    ...(tagged ? [{ title: 'TAGS' }] : []),
    { title: 'ID' },
  ];
  const rows = worlds.map((world) => [
    world.name,
    statusText(paint, world.status),
    world.verse,
    paint.trit(world.trit, tritText(world.trit)),
    world.probability,
    String(world.executions),
    timeText(world.createdAt),
    ...(tagged ? [tagsText(world.metadata) || NOTHING] : []),
    world.id,
  ]);
  return table(paint, columns, rows);
}

interface Branch {
  readonly world: WorldView;
  /** What stands before the world's own lines, and before those of its children. */
  readonly lead: string;
  readonly below: string;
}

/** Worlds under their parents. A world whose parent is not shown stands at the left. */
export function worldTree(paint: Paint, worlds: readonly WorldView[]): string {
  if (worlds.length === 0) return 'no worlds; make one: wr create\n';
  const shown = new Set(worlds.map(({ id }) => id));
  const childrenOf = new Map<string | null, WorldView[]>();
  for (const world of worlds) {
    const parent = world.parentId !== null && shown.has(world.parentId) ? world.parentId : null;
    childrenOf.set(parent, [...(childrenOf.get(parent) ?? []), world]);
  }
  const lines: string[] = [];
  // A stack of our own: chains of branches have no bound, nested calls have one.
  const stack: Branch[] = (childrenOf.get(null) ?? [])
    .map((world) => ({ world, lead: '', below: '' }))
    .reverse();
  for (let branch = stack.pop(); branch; branch = stack.pop()) {
    const { world, lead, below } = branch;
    lines.push(`${paint.dim(lead)}${worldLine(paint, world)}\n`);
    const children = childrenOf.get(world.id) ?? [];
    for (const [index, child] of [...children.entries()].reverse()) {
      const last = index === children.length - 1;
      stack.push({
        world: child,
        lead: `${below}${last ? '└─ ' : '├─ '}`,
        below: `${below}${last ? '   ' : '│  '}`,
      });
    }
  }
  return lines.join('');
}

function worldLine(paint: Paint, world: WorldView): string {
  const symbol = paint.trit(world.trit, tritSymbol(world.trit));
  const parts = [
    `${symbol} ${world.name}`,
    `verse ${world.verse}`,
    `p ${world.probability}`,
    statusText(paint, world.status),
  ];
  return parts.join('  ');
}

export function worldCard(paint: Paint, world: WorldView): string {
  const limits = Object.entries(world.limits).map(([key, value]) => `${key} ${value}`);
  return fields(paint, [
    ['world', `${world.name} (${world.id})`],
    ['status', statusText(paint, world.status)],
    ['verse', `${world.verse} (${world.verseId})`],
    ['trit', paint.trit(world.trit, tritText(world.trit))],
    ['probability', world.probability],
    ['substrate', world.substrate],
    ['image', world.image],
    ['tenant', world.tenant],
    ['head', world.head],
    ['executions', String(world.executions)],
    ['parent', world.parentId],
    ['snapshot', world.snapshotId],
    ['children', world.childIds.length > 0 ? world.childIds.join(', ') : null],
    ['push-down', world.openCondition],
    ['report', world.report && reportText(world.report)],
    ['seed', world.seed],
    ['account', world.account],
    ['limits', limits.join(', ')],
    ['tags', tagsText(world.metadata) || null],
    ['created', timeText(world.createdAt)],
  ]);
}

function reportText(report: NonNullable<WorldView['report']>): string {
  const text = (value: string | null): string => (value === null ? NOTHING : exactText(value));
  return `cost ${text(report.cost)}, value ${text(report.value)}`;
}
