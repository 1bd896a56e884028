import { z } from 'zod';
import { WorldReference } from './api.js';
import { Trit } from './trit.js';

/** Input and output of `graph`. */

export const GRAPH_NODES_MAX = 10_000;

export const GraphInput = z.strictObject({
  world: WorldReference.optional().describe('this world and everything that was branched from it'),
  all: z.boolean().optional().describe('all worlds'),
  limit: z.int().min(1).max(GRAPH_NODES_MAX).optional().describe('nodes at most, the newest; default: 100'),
});
export type GraphInput = z.input<typeof GraphInput>;

export const GRAPH_NODE_KINDS = [
  'create',
  'execution',
  'files',
  'snapshot',
  'branch',
  'push-down',
  'pull-up',
  'void',
  'rewind',
  'idle',
] as const;

export const GraphNode = z.object({
  /** Unique in the graph: the id of what it shows where that has one. */
  id: z.string(),
  /** `idle`: several worlds of one branch in which nothing happened. */
  kind: z.enum(GRAPH_NODE_KINDS),
  worldId: z.string(),
  world: z.string(),
  verse: z.string(),
  trit: Trit,
  /** ISO 8601 in UTC. Of a rewind, which has no row of its own, that of what came after it. */
  at: z.string(),
  state: z.string().nullable(),
  /** Of an execution. */
  ok: z.boolean().nullable(),
  /** Code, name, outcome, ...: what there is to say in a line. */
  text: z.string(),
  /** Value or error of an execution. */
  result: z.string().nullable(),
  /** The world is here now; with its status. */
  head: z.string().nullable(),
});
export type GraphNode = z.infer<typeof GraphNode>;

export const GraphView = z.object({
  /** Newest first; what a node came from is after it. */
  nodes: z.array(GraphNode),
  /** From a node to what it came from; of a pull-up the parent's line is first. */
  edges: z.array(z.object({ from: z.string(), to: z.string() })),
  /** Older nodes were left out. */
  truncated: z.boolean(),
});
export type GraphView = z.infer<typeof GraphView>;
