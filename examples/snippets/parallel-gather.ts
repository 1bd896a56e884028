import type { WorldRuntime } from 'world-runtime';

/** A small market that grows as its participants behave. */
const UNIVERSE = `
import random

data = {'price': 100.0, 'day': 0}

def evolve(days=250):
    pull = {'selfish': 0.9, 'cooperative': 1.1, 'random': random.choice([0.8, 1.2])}[strategy]
    for _ in range(days):
        data['price'] *= 1 + (pull - 1) / days + random.gauss(0, 0.01)
        data['day'] += 1
    return round(data['price'], 2)
`;

/** One snapshot, three sandboxes made from it, three strategies at the same time. */
export async function parallelGather(
  runtime: WorldRuntime,
  seed: number,
): Promise<{ strategy: string; price: number }[]> {
  // Create the base world.
  const world = await runtime.create({ seed });
  await world.execute(UNIVERSE);

  // Snapshot at the decision point.
  const { id: snapshotId } = await world.snapshot();

  // Branch into parallel verses.
  const nash = await runtime.create({ snapshotId, metadata: { verse: 'nash' }, trit: -1 });
  const optimal = await runtime.create({ snapshotId, metadata: { verse: 'optimal' }, trit: 0 });
  const chaos = await runtime.create({ snapshotId, metadata: { verse: 'chaos' }, trit: 1 });

  // Execute in parallel; the trits sum to 0.
  const strategies = ['selfish', 'cooperative', 'random'];
  const results = await Promise.all(
    [nash, optimal, chaos].map((verse, i) => verse.execute(`strategy = '${strategies[i]}'; evolve()`)),
  );
  return results.map(({ value }, i) => ({ strategy: strategies[i] ?? '', price: Number(value) }));
}
