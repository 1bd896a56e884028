import type { Bench, World } from './bench.js';
import { PYTHON_SURVIVORS, type Survivor } from './python-survivors.js';
import type { SubstrateCase } from './substrate-case.js';

async function prepare(bench: Bench, survivor: Survivor): Promise<World> {
  const world = await bench.open();
  for (const step of survivor.setup) {
    if (typeof step === 'string') await world.value(step);
    else await world.raises(step.code, step.raises);
  }
  return world;
}

type Journey = (bench: Bench, world: World) => Promise<World>;

/** The original is gone when the state is used: nothing may lean on it. */
async function reopened(bench: Bench, world: World): Promise<World> {
  const state = await world.snapshot();
  await world.close();
  return bench.restore(state, world.identity);
}

async function branched(bench: Bench, world: World): Promise<World> {
  return bench.branch(await world.snapshot(), { verse: 'nash', trit: -1 });
}

async function branchedDeep(bench: Bench, world: World): Promise<World> {
  let present = world;
  for (let depth = 1; depth <= bench.depth; depth += 1) {
    const state = await present.snapshot();
    await present.close();
    present = await bench.branch(state, { verse: `level ${depth}` });
    await present.value(bench.dialect.set('depth', depth));
  }
  bench.expect(await present.value(bench.dialect.get('depth')), 'depth').toBe(String(bench.depth));
  return present;
}

async function stored(bench: Bench, world: World): Promise<World> {
  const state = await world.snapshot();
  const durable = await bench.substrate.persist(state, {});
  await world.close();
  await bench.discard(state);
  const elsewhere = await bench.elsewhere();
  const recalled = await elsewhere.substrate.recall(structuredClone(durable), {});
  return elsewhere.restore(recalled, world.identity);
}

const JOURNEYS: readonly (readonly [name: string, journey: Journey])[] = [
  ['a snapshot', reopened],
  ['a branch', branched],
  ['a long line of branches', branchedDeep],
  ['storage, recalled by another instance', stored],
];

/** Everything in `PYTHON_SURVIVORS` makes every journey. */
export const SURVIVAL_CASES: readonly SubstrateCase[] = PYTHON_SURVIVORS.flatMap((survivor) =>
  JOURNEYS.map(
    ([journeyName, journey]): SubstrateCase => ({
      name: `${survivor.name}: survive ${journeyName}`,
      needs: ['python', 'memory', 'disk'],
      async run(bench) {
        const arrived = await journey(bench, await prepare(bench, survivor));
        bench.expect(await arrived.value(survivor.probe), survivor.name).toBe(survivor.expected);
      },
    }),
  ),
);

/** The same journeys for what every substrate keeps, in any language. */
export const STATE_CASES: readonly SubstrateCase[] = JOURNEYS.map(
  ([journeyName, journey]): SubstrateCase => ({
    name: `variables and files survive ${journeyName}`,
    needs: ['memory', 'disk'],
    async run(bench) {
      const { dialect, expect } = bench;
      const world = await bench.open();
      await world.value(dialect.set('treasure', 41));
      await world.value(dialect.writeFile('note.txt', 'hidden'));
      const arrived = await journey(bench, world);
      expect(await arrived.value(dialect.get('treasure')), 'the variable').toBe('41');
      expect(await arrived.value(dialect.readFile('note.txt')), 'the file').toBe(dialect.literal('hidden'));
    },
  }),
);
