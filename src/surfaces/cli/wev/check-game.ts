import { Rational } from '../../../model/rational.js';
import { checkRouting, type RoutingNetwork } from '../demo/check-routing.js';
import { checkPower } from './check-power.js';
import type { Game } from './games.js';
import type { WevReport } from './wev-report.js';

const { cmp, div, mul, parse, sub, sum, toNumber, toText, ONE, ZERO } = Rational;

/** How far a double may be from what the verses enclosed. */
const TOLERANCE = 1e-12;

/** Compares what a game's verses found with numbers computed in this process, by other methods. */
export function checkGame(
  game: Game,
  report: Omit<WevReport, 'check'>,
  network: RoutingNetwork | null,
): WevReport['check'] {
  const { expected, problems } = network ? expectRouting(game, report, network) : expectPower(game, report);
  const found: Record<string, string | null> = {
    ...Object.fromEntries(report.verses.map(({ name, cost }) => [`cost of ${name}`, cost])),
    ...measuresIn(report),
    'gf3 sum': `${report.gf3Sum}`,
    winner: report.winner,
  };
  const wanted = { ...expected, ...measuresOf(report), 'gf3 sum': '0', winner: 'optimal' };
  const differing = Object.entries(wanted).filter(([what, value]) => found[what] !== value);
  return {
    expected: wanted,
    problems: [
      ...problems,
      ...differing.map(([what, value]) => `${what} should be ${value} but is ${found[what] ?? 'missing'}`),
    ],
  };
}

type Unchecked = Omit<WevReport, 'check'>;
interface Expectation {
  readonly expected: Record<string, string>;
  readonly problems: readonly string[];
}

function expectRouting(game: Game, _report: Unchecked, network: RoutingNetwork): Expectation {
  const { nash, optimal, chaos } = checkRouting(network, game.drivers);
  const costs = { nash, optimal, chaos };
  return {
    expected: Object.fromEntries(
      Object.entries(costs).map(([name, cost]) => [`cost of ${name}`, toText(cost)]),
    ),
    problems: [],
  };
}

function expectPower({ exponent, drivers }: Game, { bounds }: Unchecked): Expectation {
  const { nash, optimal, chaos } = checkPower(exponent ?? 1, drivers ?? 1);
  const expected = { 'cost of nash': toText(nash), 'cost of chaos': toText(chaos) };
  if (bounds === null) return { expected, problems: ['the optimum was not enclosed'] };
  const [lower, upper] = [parse(bounds.optimum.lower), parse(bounds.optimum.upper)];
  const enclosed =
    cmp(lower, upper) <= 0 &&
    toNumber(lower) <= optimal + TOLERANCE &&
    toNumber(upper) >= optimal - TOLERANCE;
  const narrow = toNumber(sub(upper, lower)) <= TOLERANCE;
  return {
    expected: { ...expected, 'cost of optimal': bounds.optimum.upper },
    problems: [
      ...(enclosed
        ? []
        : [`the optimum should be ${optimal} but is said to be between ${lower} and ${upper}`]),
      ...(narrow ? [] : [`the optimum is enclosed no closer than ${toNumber(sub(upper, lower))}`]),
    ],
  };
}

/** The measures, out of the costs. */
function measuresOf({ verses }: Unchecked): Record<string, string> {
  const cost = (name: string): Rational => parse(verses.find((one) => one.name === name)?.cost ?? '0');
  const [nash, optimal] = [cost('nash'), cost('optimal')];
  if (optimal.num === 0n) return {};
  const mean = sum(verses.map(({ name, probability }) => mul(parse(probability), cost(name))));
  const regret = sum(
    verses.map(({ name }) => (cmp(cost(name), optimal) > 0 ? sub(cost(name), optimal) : ZERO)),
  );
  return {
    'price of anarchy': toText(div(nash, optimal)),
    wev: toText(sub(div(nash, optimal), ONE)),
    'wev value': toText(sub(nash, optimal)),
    'expected wev': toText(sub(mean, optimal)),
    regret: toText(regret),
    extractable: toText(sub(ONE, div(optimal, nash))),
  };
}

function measuresIn({ wev }: Unchecked): Record<string, string | null> {
  return {
    'price of anarchy': wev.poa,
    wev: wev.wev,
    'wev value': wev.wevValue,
    'expected wev': wev.wevExpected,
    regret: wev.regret,
    extractable: wev.pctExtractable,
  };
}
