import type { World, WorldRuntime } from 'world-runtime';

/** What the three agents can do; which one a world is, its trit says. */
const AGENTS = `
import json
import world

def generate_proposals(count=5):
    """Generator, +1: somewhere else in every verse and for every seed."""
    return [world.random.randrange(360) for _ in range(count)]

def coordinate_proposals(proposals):
    """Coordinator, 0: the hue that is closest to all others on the circle."""
    apart = lambda a, b: min((a - b) % 360, (b - a) % 360)
    return min(proposals, key=lambda hue: sum(apart(hue, other) for other in proposals))

def validate_proposals(chosen, proposals):
    """Validator, -1: the choice must be one of the proposals."""
    return chosen in proposals
`;

/** One step of a walk through hues by three agents, each in a verse of its own. */
export async function chromaticVerseWalk(
  runtime: WorldRuntime,
  seed: number,
): Promise<{ proposals: number[]; chosen: number; valid: boolean; trits: number[] }> {
  const world = await runtime.create({ seed });
  await world.execute(AGENTS);
  const { verses, record } = await world.pushDown();
  const { chaos, optimal, nash } = verses;

  const proposals = await ask<number[]>(chaos, 'generate_proposals()');
  const chosen = await ask<number>(optimal, `coordinate_proposals(${JSON.stringify(proposals)})`);
  const valid = await ask<boolean>(nash, `validate_proposals(${chosen}, ${JSON.stringify(proposals)})`);

  await world.pullUp({ outcome: 'chaos' });
  return { proposals, chosen, valid, trits: record.outcomes.map(({ trit }) => trit) };
}

/** The value of a call in a world, by way of JSON. */
async function ask<T>(world: World | undefined, call: string): Promise<T> {
  if (world === undefined) throw new Error(`there is no verse for ${call}`);
  const { ok, stdout, error } = await world.execute(`print(json.dumps(${call}))`);
  if (!ok) throw new Error(error?.traceback);
  return JSON.parse(stdout) as T;
}
