import { Rational } from '../../../model/rational.js';
import { checkRouting, type RoutingCosts, type RoutingNetwork } from './check-routing.js';
import type { DemoReport } from './demo-report.js';

const { div, mul, sub, sum, toText, ONE } = Rational;

/**
 * Compares a finished demo with numbers computed in this process, by another method than its verses used. Answers
 * what was expected and one sentence for each difference.
 */
export function checkReport(report: Omit<DemoReport, 'check'>, network: RoutingNetwork): DemoReport['check'] {
  const costs = checkRouting(network);
  const expected = expectedOf(costs, report);
  const found = foundIn(report);
  const problems = Object.entries(expected).flatMap(([what, value]) =>
    found[what] === value ? [] : [`${what} should be ${value} but is ${found[what] ?? 'missing'}`],
  );
  return { expected, problems };
}

function expectedOf(costs: RoutingCosts, report: Omit<DemoReport, 'check'>): Record<string, string> {
  const { nash, optimal, chaos } = costs;
  const byName = new Map(Object.entries({ nash, optimal, chaos }));
  const expectedCost = sum(
    report.verses.map(({ name, probability }) =>
      mul(Rational.parse(probability), byName.get(name) ?? Rational.ZERO),
    ),
  );
  const cost = toText(optimal);
  return {
    'cost of nash': toText(nash),
    'cost of optimal': cost,
    'cost of chaos': toText(chaos),
    ...(optimal.num === 0n ? {} : { wev: toText(sub(div(nash, optimal), ONE)) }),
    'wev value': toText(sub(nash, optimal)),
    'expected wev': toText(sub(expectedCost, optimal)),
    'gf3 sum': '0',
    winner: winnerOf(costs),
    'what the parent now is': `('${STRATEGY_OF[winnerOf(costs)] ?? ''}', '${cost}')`,
    'balances after': JSON.stringify(report.balances.before),
  };
}

/** The variable `strategy` that each verse sets. */
const STRATEGY_OF: Readonly<Record<string, string>> = {
  nash: 'selfish',
  optimal: 'cooperative',
  chaos: 'random',
};

/** Least cost; ties go to the first. */
function winnerOf({ nash, optimal }: RoutingCosts): string {
  return Rational.cmp(nash, optimal) <= 0 ? 'nash' : 'optimal';
}

function foundIn(report: Omit<DemoReport, 'check'>): Record<string, string | null> {
  const costs = report.verses.map(({ name, cost }) => [`cost of ${name}`, cost] as const);
  return {
    ...Object.fromEntries(costs),
    wev: report.wev.wev,
    'wev value': report.wev.wevValue,
    'expected wev': report.wev.wevExpected,
    'gf3 sum': String(report.gf3Sum),
    winner: report.winner,
    'what the parent now is': report.parentNow.value,
    'balances after': JSON.stringify(report.balances.after),
  };
}
