import type { WorldRuntime } from 'world-runtime';

/** Two roads to work: one always takes 1, the other as long as the share of drivers on it (Pigou, 1920). */
const COMMUTE = `
from fractions import Fraction
import world

def commute(strategy):
    """Average time when drivers choose for themselves, or a planner chooses for all of them."""
    shares = [Fraction(i, 100) for i in range(101)]
    average = lambda share: share * share + (1 - share)
    if strategy == 'selfish':
        return average(max(share for share in shares if share <= 1))  # never slower than the other road
    return min(average(share) for share in shares)
`;

/**
 * World extractable value: two strategies run in two verses of one world, the oracle names the optimum, and what
 * selfishness cost is measured while the verses are pulled up.
 */
export async function extractWev(
  runtime: WorldRuntime,
  seed: number,
): Promise<{ wev: string | null; winner: string }> {
  const world = await runtime.create({ seed });
  await world.execute(COMMUTE);
  const { verses } = await world.pushDown();
  await Promise.all([
    verses['nash']?.execute("strategy = 'selfish'; world.report(cost=commute(strategy))"),
    verses['optimal']?.execute("strategy = 'cooperative'; world.report(cost=commute(strategy))"),
  ]);
  const { wev, winner } = await world.pullUp({ oracle: 'manual', outcome: 'optimal' });
  return { wev: wev.wev, winner: winner.outcome };
}
