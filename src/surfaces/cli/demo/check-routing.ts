import { z } from 'zod';
import { Rational } from '../../../model/rational.js';
import { WorldError } from '../../../model/world-error.js';

const { add, sub, mul, div, cmp, sum, ZERO, ONE } = Rational;

/** A network as `network.py` has it: roads are `[tail, head, slope, constant]`, exact numbers as text. */
export const RoutingNetwork = z.strictObject({
  source: z.string(),
  target: z.string(),
  roads: z.array(z.tuple([z.string(), z.string(), z.string(), z.string()])).min(1),
});
export type RoutingNetwork = z.infer<typeof RoutingNetwork>;

/** Average driver's time under each way of choosing a path. */
export interface RoutingCosts {
  readonly nash: Rational;
  readonly optimal: Rational;
  readonly chaos: Rational;
}

interface Road {
  readonly tail: string;
  readonly head: string;
  readonly slope: Rational;
  readonly constant: Rational;
}
type Path = readonly Road[];
type Flow = readonly Rational[];

/** Every set of used paths is tried, so their number must stay small. */
const PATHS_MAX = 10;

/**
 * The costs that the verses of the demo must find, computed another way than they do: every set of used paths is
 * tried, and the one whose exact solution satisfies the condition of equilibrium is taken.
 *
 * @param drivers how many draw a path at random; infinitely many when null
 * @throws BAD_INPUT when the target cannot be reached or there are more than 10 paths.
 */
export function checkRouting(network: RoutingNetwork, drivers: number | null = null): RoutingCosts {
  const paths = pathsOf(network);
  if (paths.length === 0 || paths.length > PATHS_MAX) {
    throw new WorldError(
      'BAD_INPUT',
      `The network has ${paths.length} paths; the check needs 1 to ${PATHS_MAX}.`,
    );
  }
  const share = Rational.of(1n, BigInt(paths.length));
  return {
    nash: totalCost(paths, equilibrium(paths, ONE)),
    // The optimum is the equilibrium of drivers who pay what they cost everybody: twice the slope.
    optimal: totalCost(paths, equilibrium(paths, Rational.of(2n))),
    chaos: add(
      totalCost(
        paths,
        paths.map(() => share),
      ),
      drivers === null ? ZERO : mul(Rational.of(1n, BigInt(drivers)), spreadOf(paths)),
    ),
  };
}

/** What a single driver's chance adds: each road's slope times the variance of whether a driver takes it, q (1 - q). */
function spreadOf(paths: readonly Path[]): Rational {
  const count = BigInt(paths.length);
  const roads = [...new Set(paths.flat())];
  return sum(
    roads.map((road) => {
      const taking = BigInt(paths.filter((path) => path.includes(road)).length);
      return mul(road.slope, Rational.of(taking * (count - taking), count * count));
    }),
  );
}

function pathsOf(network: RoutingNetwork): Path[] {
  const roads = network.roads.map(([tail, head, slope, constant]): Road => {
    return { tail, head, slope: Rational.parse(slope), constant: Rational.parse(constant) };
  });
  const found: Path[] = [];
  const open: { node: string; path: Path }[] = [{ node: network.source, path: [] }];
  for (let one = open.pop(); one !== undefined; one = open.pop()) {
    const { node, path } = one;
    if (node === network.target) {
      found.push(path);
      continue;
    }
    const seen = new Set([network.source, ...path.map(({ head }) => head)]);
    for (const road of roads) {
      if (road.tail === node && !seen.has(road.head)) open.push({ node: road.head, path: [...path, road] });
    }
  }
  return found;
}

/** The flow at which no used path is dearer than another, when a road asks `weight * slope * traffic + constant`. */
function equilibrium(paths: readonly Path[], weight: Rational): Flow {
  for (let set = 1; set < 2 ** paths.length; set += 1) {
    const used = paths.filter((_, index) => (set >> index) & 1);
    const amounts = equalPrices(used, weight);
    if (amounts === null || amounts.some((amount) => cmp(amount, ZERO) < 0)) continue;
    const flow = paths.map((path) => amounts[used.indexOf(path)] ?? ZERO);
    const prices = paths.map((path) => priceOf(paths, flow, { path, weight }));
    const paid = prices.filter((_, index) => cmp(flow[index] ?? ZERO, ZERO) > 0);
    if (prices.every((price) => paid.every((other) => cmp(other, price) <= 0))) return flow;
  }
  throw new WorldError('INTERNAL', 'No set of paths is an equilibrium; affine networks always have one.');
}

/** Amounts on `used` that sum to one and make their prices equal, or null where that has no single answer. */
function equalPrices(used: readonly Path[], weight: Rational): Rational[] | null {
  const last = used[used.length - 1] ?? [];
  const rows = used
    .slice(0, -1)
    .map((path) => [
      ...used.map((other) => mul(weight, sub(sharedSlope(path, other), sharedSlope(last, other)))),
      sub(constantOf(last), constantOf(path)),
    ]);
  rows.push([...used.map(() => ONE), ONE]);
  return solve(rows);
}

function sharedSlope(path: Path, other: Path): Rational {
  return sum(path.filter((road) => other.includes(road)).map(({ slope }) => slope));
}

function constantOf(path: Path): Rational {
  return sum(path.map(({ constant }) => constant));
}

function trafficOn(road: Road, paths: readonly Path[], flow: Flow): Rational {
  return sum(flow.filter((_, index) => paths[index]?.includes(road)));
}

function priceOf(paths: readonly Path[], flow: Flow, of: { path: Path; weight: Rational }): Rational {
  return sum(
    of.path.map((road) => add(mul(of.weight, mul(road.slope, trafficOn(road, paths, flow))), road.constant)),
  );
}

function totalCost(paths: readonly Path[], flow: Flow): Rational {
  return sum(
    paths.map((path, index) => mul(flow[index] ?? ZERO, priceOf(paths, flow, { path, weight: ONE }))),
  );
}

/** Gauss and Jordan's elimination of `[...coefficients, right side]` rows; null when the system is singular. */
function solve(rows: readonly (readonly Rational[])[]): Rational[] | null {
  let table = rows.map((row) => [...row]);
  for (let column = 0; column < rows.length; column += 1) {
    const pivot = table.find((row, index) => index >= column && row[column]?.num !== 0n);
    if (pivot === undefined) return null;
    const head = pivot[column] ?? ONE;
    const scaled = pivot.map((value) => div(value, head));
    const others = table.filter((row) => row !== pivot);
    const cleared = others.map((row) => {
      const factor = row[column] ?? ZERO;
      return row.map((value, index) => sub(value, mul(factor, scaled[index] ?? ZERO)));
    });
    table = [...cleared.slice(0, column), scaled, ...cleared.slice(column)];
  }
  return table.map((row) => row[rows.length] ?? ZERO);
}
