import type { GraphNode, GraphView } from '../../../model/graph-api.js';
import { shortText, timeText, tritSymbol } from './cells.js';
import { drawGraph } from './graph-layout.js';
import type { Paint } from './paint.js';

const SYMBOLS: Readonly<Record<GraphNode['kind'], string>> = {
  create: '○',
  execution: '●',
  files: '▤',
  snapshot: '◆',
  branch: '◇',
  'push-down': '▼',
  'pull-up': '▲',
  void: '△',
  rewind: '↩',
  idle: '◌',
};

/** The history as a picture: lines on the left, what happened on the right. */
export function graphText(paint: Paint, { nodes, edges, truncated }: GraphView): string {
  if (nodes.length === 0) return 'nothing has happened yet\n';
  const parents = new Map<string, string[]>();
  for (const { from, to } of edges) parents.set(from, [...(parents.get(from) ?? []), to]);
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const drawn = drawGraph(
    nodes.map(({ id, kind, ok }) => ({
      id,
      symbol: kind === 'execution' && ok === false ? '✗' : SYMBOLS[kind],
      parents: parents.get(id) ?? [],
    })),
  );
  const lines = drawn.map(({ node, text }) => {
    const shown = node === null ? undefined : byId.get(node);
    return shown ? `${text} ${nodeText(paint, shown)}\n` : `${text}\n`;
  });
  return lines.join('') + (truncated ? paint.dim('older ones are left out; see --limit\n') : '');
}

function nodeText(paint: Paint, node: GraphNode): string {
  const world = paint.trit(node.trit, `${tritSymbol(node.trit)} ${node.world}`);
  const head = node.head === null ? '' : ` ${paint.good(`(${node.head})`)}`;
  return `${paint.dim(timeText(node.at).slice(5))} ${world}${head} ${whatText(paint, node)}`;
}

function whatText(paint: Paint, { kind, text, result, ok, verse }: GraphNode): string {
  switch (kind) {
    case 'execution': {
      const said = result === null ? '' : ` → ${shortText(result, 24)}`;
      return `${shortText(text, 48)}${ok ? said : paint.bad(said)}`;
    }
    case 'create':
      return `begins, verse ${verse}`;
    case 'snapshot':
      return `snapshot ${text}`;
    case 'rewind':
      return `rewound to ${text}`;
    case 'branch':
    case 'push-down':
      return `${kind}: ${text}`;
    case 'pull-up':
      return `pull-up: ${paint.good(text)} won`;
    case 'files':
    case 'void':
    case 'idle':
      return text;
    default:
      return kind satisfies never;
  }
}
