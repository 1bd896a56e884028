import type { GraphNode, GraphView } from '../model/graph-api.js';
import type { Trit } from '../model/trit.js';

/** Something that happened to a world, as the catalog tells it. */
export interface WorldEvent {
  readonly id: string;
  readonly kind: Exclude<GraphNode['kind'], 'create' | 'rewind' | 'idle'>;
  readonly worldId: string;
  readonly at: string;
  readonly text: string;
  /** The state it began at, where that is known. */
  readonly from: string | null;
  /** The state it made. */
  readonly state: string | null;
  readonly ok: boolean | null;
  readonly result: string | null;
  /** Worlds that it started. */
  readonly childIds: readonly string[];
  /** The world that was pulled up into this one. */
  readonly winnerId: string | null;
}

export interface GraphWorld {
  readonly id: string;
  readonly name: string;
  readonly verse: string;
  readonly trit: Trit;
  readonly status: string;
  readonly birthState: string;
  readonly head: string;
  readonly createdAt: string;
}

export interface GraphSource {
  readonly worlds: readonly GraphWorld[];
  /** In any order. */
  readonly events: readonly WorldEvent[];
  /** Events before the first of these were left out. */
  readonly truncated: boolean;
  readonly limit: number;
}

/** Idle worlds of one branch that are shown one by one; more are one node. */
const IDLE_MAX = 4;

interface Placed {
  readonly node: GraphNode;
  readonly parents: string[];
  readonly depth: number;
}

/**
 * The history of some worlds as a graph: a node for each thing that happened, an edge to what it came from. A rewind has no
 * row in the catalog; it shows in that the next execution began elsewhere than where the one before ended.
 */
export function worldGraph({ worlds, events, truncated, limit }: GraphSource): GraphView {
  const builder = new GraphBuilder(events, truncated);
  // Parents first: a world is born at a branch of one that is older.
  const byAge = [...worlds].sort((a, b) => compare(a.createdAt, b.createdAt) || compare(a.id, b.id));
  for (const world of byAge) builder.addBirth(world);
  builder.addEvents(byAge);
  builder.addHeads(byAge);
  return builder.view(limit, truncated);
}

class GraphBuilder {
  readonly #placed = new Map<string, Placed>();
  readonly #eventsOf = new Map<string, WorldEvent[]>();
  readonly #startedBy = new Map<string, string>();
  readonly #waiting = new Map<string, string>();
  /** Last node and state of each world; no state: it is not known what came before. */
  readonly #tips = new Map<string, { node: string | null; state: string | null }>();
  /** Node that made each state. */
  readonly #madeBy = new Map<string, string>();
  readonly #worlds = new Map<string, GraphWorld>();
  readonly #truncated: boolean;
  #rewinds = 0;

  constructor(events: readonly WorldEvent[], truncated: boolean) {
    this.#truncated = truncated;
    for (const event of events) {
      const others = this.#eventsOf.get(event.worldId);
      if (others) others.push(event);
      else this.#eventsOf.set(event.worldId, [event]);
      for (const child of event.childIds) this.#startedBy.set(child, event.id);
    }
  }

  addBirth(world: GraphWorld): void {
    this.#worlds.set(world.id, world);
    const branch = this.#startedBy.get(world.id);
    if (branch !== undefined) this.#waiting.set(world.id, branch);
  }

  /** Everything in the order of time, births included, so that what a node comes from is there before it. */
  addEvents(worlds: readonly GraphWorld[]): void {
    const steps = worlds.flatMap((world) => [
      { at: world.createdAt, order: 1, run: () => this.#birth(world) },
      ...(this.#eventsOf.get(world.id) ?? []).map((event) => ({
        at: event.at,
        // A branch is recorded at the time at which its worlds are born.
        order: event.childIds.length > 0 ? 0 : 2,
        run: () => this.#event(world, event),
      })),
    ]);
    steps.sort((a, b) => compare(a.at, b.at) || a.order - b.order);
    const idle = this.#idleWorlds(worlds);
    for (const { run } of steps) run();
    for (const [branch, group] of idle) this.#idle(branch, group);
  }

  addHeads(worlds: readonly GraphWorld[]): void {
    for (const world of worlds) {
      const tip = this.#tips.get(world.id);
      if (!tip) continue;
      if (tip.state !== null && tip.state !== world.head)
        this.#rewind(world, world.head, this.#timeOf(tip.node));
      const node = this.#tips.get(world.id)?.node;
      const placed = node ? this.#placed.get(node) : undefined;
      if (placed && placed.node.worldId === world.id) placed.node.head = world.status;
    }
  }

  view(limit: number, truncated: boolean): GraphView {
    const sorted = [...this.#placed.values()].sort(
      (a, b) => compare(b.node.at, a.node.at) || b.depth - a.depth,
    );
    const shown = sorted.slice(0, limit);
    const ids = new Set(shown.map(({ node }) => node.id));
    return {
      nodes: shown.map(({ node }) => node),
      edges: shown.flatMap(({ node, parents }) =>
        parents.filter((to) => ids.has(to)).map((to) => ({ from: node.id, to })),
      ),
      truncated: truncated || sorted.length > limit,
    };
  }

  /** Worlds in which nothing happened, by branch, where there are many. */
  #idleWorlds(worlds: readonly GraphWorld[]): Map<string, GraphWorld[]> {
    const groups = new Map<string, GraphWorld[]>();
    for (const world of worlds) {
      const branch = this.#waiting.get(world.id);
      if (branch === undefined || this.#eventsOf.has(world.id)) continue;
      const group = groups.get(branch);
      if (group) group.push(world);
      else groups.set(branch, [world]);
    }
    for (const [branch, group] of groups) if (group.length <= IDLE_MAX) groups.delete(branch);
    for (const group of groups.values())
      for (const { id } of group) this.#tips.set(id, { node: null, state: null });
    return groups;
  }

  #idle(branch: string, group: readonly GraphWorld[]): void {
    const [first] = group;
    if (!first) return;
    const text = `${group.length} worlds in which nothing ran: ${first.name} to ${group.at(-1)?.name}`;
    this.#place(
      first,
      { id: `${branch}+idle`, kind: 'idle', at: first.createdAt, text, state: first.birthState },
      [branch],
    );
  }

  #birth(world: GraphWorld): void {
    if (this.#tips.has(world.id)) return;
    const branch = this.#waiting.get(world.id);
    const what = { id: world.id, kind: 'create', at: world.createdAt, text: world.name } as const;
    this.#place(world, { ...what, state: world.birthState }, branch === undefined ? [] : [branch]);
    // Between its birth and the first event that is known there may be others.
    this.#tips.set(world.id, { node: world.id, state: this.#truncated ? null : world.birthState });
    if (branch === undefined && !this.#madeBy.has(world.birthState))
      this.#madeBy.set(world.birthState, world.id);
  }

  #event(world: GraphWorld, event: WorldEvent): void {
    const tip = this.#tips.get(world.id);
    if (event.from !== null && tip && tip.state !== null && tip.state !== event.from) {
      this.#rewind(world, event.from, event.at);
    }
    const before = this.#tips.get(world.id)?.node;
    const winner = event.winnerId === null ? null : this.#tips.get(event.winnerId)?.node;
    const parents = [before, winner].filter((id) => id !== null && id !== undefined);
    this.#place(world, event, parents);
    const state = event.state ?? event.from ?? tip?.state ?? null;
    this.#tips.set(world.id, { node: event.id, state });
    if (event.state !== null) this.#madeBy.set(event.state, event.id);
  }

  #rewind(world: GraphWorld, to: string, at: string): void {
    const target = this.#madeBy.get(to);
    const from = target ?? this.#tips.get(world.id)?.node;
    this.#rewinds += 1;
    const id = `rewind-${this.#rewinds}`;
    this.#place(world, { id, kind: 'rewind', at, text: to, state: to }, from ? [from] : []);
    this.#tips.set(world.id, { node: id, state: to });
  }

  #place(
    world: GraphWorld,
    what: Pick<GraphNode, 'id' | 'kind' | 'at' | 'text' | 'state'> &
      Partial<Pick<GraphNode, 'ok' | 'result'>>,
    parents: readonly string[],
  ): void {
    const { id, kind, at, text, state, ok = null, result = null } = what;
    const { id: worldId, name, verse, trit } = world;
    const node = { id, kind, worldId, world: name, verse, trit, at, state, ok, text, result, head: null };
    const depth = 1 + Math.max(-1, ...parents.map((parent) => this.#placed.get(parent)?.depth ?? 0));
    this.#placed.set(id, { node, parents: [...parents], depth });
  }

  #timeOf(node: string | null): string {
    return (node && this.#placed.get(node)?.node.at) || '';
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
