/**
 * Draws a graph of history as `git log --graph` does: one line a node, newest first, lines between them. Pure.
 */

export interface DrawnNode {
  readonly id: string;
  /** One character. */
  readonly symbol: string;
  /** What it came from, the main line first. Those that are not drawn below it are left out. */
  readonly parents: readonly string[];
}

export interface GraphLine {
  /** The node on this line; null for a line that only connects. */
  readonly node: string | null;
  /** Lines and the symbol, without spaces at the end. */
  readonly text: string;
}

/** Lines side by side at most: a wider picture says nothing. Further ones are drawn into the last. */
const LANES_MAX = 40;

/** @param nodes newest first: what a node came from stands below it */
export function drawGraph(nodes: readonly DrawnNode[]): GraphLine[] {
  const drawn = new Set(nodes.map(({ id }) => id));
  const lines: GraphLine[] = [];
  /** For each column the node that its line leads down to. */
  let lanes: (string | null)[] = [];
  for (const { id, symbol, parents } of nodes) {
    const known = parents.filter((parent) => drawn.has(parent));
    const incoming = columnsOf(lanes, id);
    const column = incoming[0] ?? freeColumn(lanes, 0);
    if (incoming.length > 1) {
      lines.push({ node: null, text: connect(lanes, column, incoming.slice(1), '┴', '╯') });
    }
    for (const other of incoming) lanes[other] = null;
    lines.push({ node: id, text: nodeLine(lanes, column, symbol) });
    const [first = null, ...others] = known;
    lanes[column] = first;
    const added: number[] = [];
    for (const parent of others) {
      const free = freeColumn(lanes, column + 1);
      lanes[free] = parent;
      added.push(free);
    }
    if (added.length > 0) {
      const before = lanes.map((lane, index) => (added.includes(index) ? null : lane));
      lines.push({ node: null, text: connect(before, column, added, '┬', '╮') });
    }
    lanes = trimmed(lanes);
  }
  return lines;
}

function columnsOf(lanes: readonly (string | null)[], id: string): number[] {
  return lanes.flatMap((lane, index) => (lane === id ? [index] : []));
}

function freeColumn(lanes: readonly (string | null)[], from: number): number {
  for (let column = from; column < Math.min(lanes.length, LANES_MAX); column += 1) {
    if (lanes[column] === null || lanes[column] === undefined) return column;
  }
  return Math.max(from, lanes.length);
}

function nodeLine(lanes: readonly (string | null)[], column: number, symbol: string): string {
  const width = Math.max(lanes.length, column + 1);
  const cells = Array.from({ length: width }, (_, index) =>
    index === column ? symbol : lanes[index] ? '│' : ' ',
  );
  return cells.join(' ').trimEnd();
}

/** A line that joins `column` with columns to its right. */
function connect(
  lanes: readonly (string | null)[],
  column: number,
  others: readonly number[],
  between: string,
  end: string,
): string {
  const last = Math.max(...others);
  const width = Math.max(lanes.length, last + 1);
  let text = '';
  for (let index = 0; index < width; index += 1) {
    const crossed = index > column && index < last;
    if (index === column) text += '├';
    else if (index === last) text += end;
    else if (others.includes(index)) text += between;
    else if (lanes[index]) text += crossed ? '┼' : '│';
    else text += crossed ? '─' : ' ';
    text += index >= column && index < last ? '─' : ' ';
  }
  return text.trimEnd();
}

function trimmed(lanes: readonly (string | null)[]): (string | null)[] {
  const end = lanes.findLastIndex((lane) => lane !== null && lane !== undefined);
  return lanes.slice(0, end + 1);
}
