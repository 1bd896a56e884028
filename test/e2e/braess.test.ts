import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Rational } from '../../src/model/rational.js';
import { streamAt } from '../../src/model/split-mix.js';
import { checkRouting, type RoutingNetwork } from '../../src/surfaces/cli/demo/check-routing.js';
import { BRAESS_FOLDER, braess, copyWithNetwork, PIGOU } from './braess-networks.js';
import { makeFolder, playDemoIn, reportOf } from './play-in-folder.js';

const { add, div, mul, of, parse, sub, toNumber, toText } = Rational;

let folder: string;
beforeEach(() => {
  folder = makeFolder();
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/**
 * Braess with latency `slope * z + constant` on the link, worked out by hand: z drivers use the link. It is used
 * until (3 + z) / 2 = 1 + z + constant + slope * z, and the planner never uses it.
 */
function byHand(slope: string, constant: string): { nash: string; optimal: string; chaos: string } {
  const [d, c] = [parse(slope), parse(constant)];
  const z = div(sub(of(1n), mul(of(2n), c)), add(of(1n), mul(of(2n), d)));
  return {
    nash: toText(div(add(of(3n), z), of(2n))),
    optimal: '3/2',
    chaos: toText(Rational.sum([of(14n, 9n), div(c, of(3n)), div(d, of(9n))])),
  };
}

const LINKS = [
  ['0', '0'],
  ['0', '1/4'],
  ['0', '0.1'],
  ['1/2', '0'],
  ['3', '2/5'],
] as const;

describe('the independent check', () => {
  test.each(LINKS)('gives what can be worked out by hand for a link of %s x + %s', (slope, constant) => {
    expect(costTexts(braess(slope, constant))).toEqual(byHand(slope, constant));
  });

  test('knows the famous numbers', () => {
    expect(costTexts(braess('0', '0'))).toEqual({ nash: '2', optimal: '3/2', chaos: '14/9' });
    expect(costTexts(PIGOU)).toEqual({ nash: '1', optimal: '3/4', chaos: '3/4' });
  });

  test('agrees with trying every flow on a grid', () => {
    for (const [slope, constant] of LINKS) {
      const costs = checkRouting(braess(slope, constant));
      const grid = leastOnGrid(Number(toNumber(parse(slope))), toNumber(parse(constant)));
      expect(toNumber(costs.optimal)).toBeCloseTo(grid.optimal, 2);
      expect(toNumber(costs.nash)).toBeCloseTo(grid.nash, 2);
    }
  });

  test('says when the target cannot be reached', () => {
    const roads: RoutingNetwork['roads'] = [['s', 'a', '1', '0']];
    expect(() => checkRouting({ source: 's', target: 't', roads })).toThrow(/has 0 paths/);
  });
});

function costTexts(network: RoutingNetwork): Record<string, string> {
  const { nash, optimal, chaos } = checkRouting(network);
  return { nash: toText(nash), optimal: toText(optimal), chaos: toText(chaos) };
}

/** Total cost at the least total cost and at the least Beckmann potential, over flows in 400ths. */
function leastOnGrid(slope: number, constant: number): { nash: number; optimal: number } {
  const steps = 400;
  let optimal = Number.POSITIVE_INFINITY;
  let [potential, nash] = [Number.POSITIVE_INFINITY, 0];
  for (let i = 0; i <= steps; i += 1) {
    for (let j = 0; i + j <= steps; j += 1) {
      const [upper, lower, link] = [i / steps, j / steps, (steps - i - j) / steps];
      const [sa, bt] = [upper + link, lower + link];
      const cost = sa * sa + bt * bt + upper + lower + link * (slope * link + constant);
      const beckmann = (sa * sa + bt * bt + slope * link * link) / 2 + upper + lower + constant * link;
      optimal = Math.min(optimal, cost);
      if (beckmann < potential) [potential, nash] = [beckmann, cost];
    }
  }
  return { nash, optimal };
}

const hasPython = spawnSync('python3', ['--version']).status === 0;
if (!hasPython && process.env['REQUIRE_PYTHON3'] === '1')
  throw new Error('python3 is required but not there');
const why = hasPython ? '' : ' (skipped: there is no python3 on this system)';

describe.skipIf(!hasPython)(`the example under plain python3${why}`, () => {
  const python = (args: string[], input?: string): string =>
    execFileSync('python3', ['-B', ...args], {
      cwd: folder,
      encoding: 'utf8',
      stdio: ['pipe', 'pipe', 'inherit'],
      ...(input === undefined ? {} : { input }),
    });

  test.each([
    ['selfish.py', '2'],
    ['optimal.py', '3/2'],
    ['random_routing.py', '14/9'],
  ])('%s reports %s', (file, cost) => {
    copyWithNetwork(folder, braess('0', '0'));
    expect(python([file])).toContain(`report: cost=${cost} `);
  });

  test('finds what the check finds on random networks', () => {
    copyWithNetwork(folder, braess('0', '0'));
    const seed = BigInt(process.env['BRAESS_SEED'] ?? Date.now());
    const networks = Array.from({ length: 150 }, (_, index) => randomNetwork(streamAt(seed, index))).filter(
      (network) => network !== null,
    );
    expect(networks.length, `seed ${seed}`).toBeGreaterThan(50);
    const found = JSON.parse(python(['-c', SOLVE_ALL], JSON.stringify(networks))) as unknown;
    expect(found, `seed ${seed}`).toEqual(networks.map(costTexts));
  });

  test('refuses a latency that falls with traffic', () => {
    copyWithNetwork(folder, braess('-1', '0'));
    expect(spawnSync('python3', ['-B', 'selfish.py'], { cwd: folder }).stderr.toString()).toContain(
      'the latency of a -> b must not fall',
    );
  });
});

const SOLVE_ALL = `
import json, sys, network as n
from fractions import Fraction
found = []
for one in json.load(sys.stdin):
    n.NETWORK = [n.road(*road) for road in one["roads"]]
    n.PATHS = n.find_paths(n.NETWORK, one["source"], one["target"])
    nash, optimal = n.settle(n.latency), n.settle(n.marginal_cost)
    n.require_settled(nash, n.latency)
    n.require_settled(optimal, n.marginal_cost)
    chaos = [Fraction(1, len(n.PATHS))] * len(n.PATHS)
    costs = {"nash": nash, "optimal": optimal, "chaos": chaos}
    found.append({name: str(n.total_cost(flow)) for name, flow in costs.items()})
print(json.dumps(found))
`;

/** Up to four nodes between s and t, up to two roads from each node to a later one; null where t is cut off. */
function randomNetwork(seed: bigint): RoutingNetwork | null {
  let drawn = 0n;
  const pick = <T>(choices: readonly T[]): T => {
    drawn += 1n;
    return choices[Number(streamAt(seed, drawn) % BigInt(choices.length))] as T;
  };
  const nodes = ['s', ...['a', 'b', 'c', 'd'].slice(0, pick([0, 1, 2, 2, 3])), 't'];
  const roads: RoutingNetwork['roads'] = [];
  nodes.forEach((tail, from) => {
    for (const head of nodes.slice(from + 1)) {
      for (let twin = pick([0, 1, 1, 2]); twin > 0; twin -= 1) {
        roads.push([tail, head, pick(['0', '0', '1', '1', '2', '1/2']), pick(['0', '0', '1', '1/3', '2'])]);
      }
    }
  });
  try {
    const network: RoutingNetwork = { source: 's', target: 't', roads };
    checkRouting(network);
    return network;
  } catch {
    return null;
  }
}

describe('the example in worlds', () => {
  // One for all: the engine's startup snapshot is made once.
  let dataDir: string;
  beforeAll(() => {
    dataDir = makeFolder();
  });
  afterAll(() => rmSync(dataDir, { recursive: true, force: true }));

  test.each([
    ['a slower link', braess('0', '1/4'), { nash: '7/4', optimal: '3/2', chaos: '59/36' }, '1/6'],
    ['a link that jams', braess('1/2', '0'), { nash: '7/4', optimal: '3/2', chaos: '29/18' }, '1/6'],
    ["Pigou's network", PIGOU, { nash: '1', optimal: '3/4', chaos: '3/4' }, '1/3'],
  ])(
    'with %s the verses find other costs and the runtime another WEV',
    async (_, network, costs, wev) => {
      copyWithNetwork(folder, network);
      const played = await playDemoIn(dataDir, { json: true, programs: folder });
      const report = reportOf(played);
      expect(played.err).toBe('');
      expect(Object.fromEntries(report.verses.map(({ name, cost }) => [name, cost]))).toEqual(costs);
      expect(report.wev.wev).toBe(wev);
      expect(played.exitCode).toBe(0);
    },
    120_000,
  );

  test('a verse that reports a wrong cost is noticed', async () => {
    copyWithNetwork(folder, braess('0', '0'));
    const file = join(folder, 'selfish.py');
    const source = readFileSync(file, 'utf8');
    writeFileSync(file, source.replace('world.report(cost=str(cost))', 'world.report(cost="5/2")'));
    const played = await playDemoIn(dataDir, { json: true, programs: folder });
    expect(played.exitCode).toBe(1);
    expect(played.err).toContain('cost of nash should be 2 but is 5/2');
    expect(played.err).toContain('wev should be 1/3 but is 2/3');
  }, 120_000);

  test('no program of the example contains an answer', () => {
    for (const name of ['network', 'selfish', 'optimal', 'random_routing']) {
      expect(readFileSync(join(BRAESS_FOLDER, `${name}.py`), 'utf8')).not.toMatch(
        /3, ?2\)|14, ?9|14\/9|"3\/2"/,
      );
    }
  });
});
