import type { Bench, World } from './bench.js';
import { identityFacts, parseIdentityFacts } from './dialect.js';
import type { SubstrateCase } from './substrate-case.js';

async function facts(world: World, code: string): Promise<(string | number)[]> {
  return parseIdentityFacts((await world.run(code)).stdout);
}

/** One fresh value of every source of randomness, by source. */
async function drawAll(bench: Bench, world: World): Promise<Map<string, string | null>> {
  const drawn = new Map<string, string | null>();
  for (const [source, code] of Object.entries(bench.dialect.entropy))
    drawn.set(source, await world.value(code));
  return drawn;
}

async function drawStreams(bench: Bench, world: World): Promise<(string | null)[]> {
  const drawn: (string | null)[] = [];
  for (const stream of bench.dialect.streams) {
    const code = bench.dialect.entropy[stream];
    if (code === undefined) throw new Error(`the dialect has no entropy source ${stream}`);
    drawn.push(await world.value(code), await world.value(code));
  }
  return drawn;
}

const IDENTITY: readonly SubstrateCase[] = [
  {
    name: 'a world knows who it is',
    needs: [],
    async run(bench) {
      const world = await bench.open();
      bench.expect(await facts(world, bench.dialect.whoAmI)).toEqual(identityFacts(world.identity));
    },
  },
  {
    name: 'after a branch each child has its own id, verse, trit, probability and seed',
    needs: [],
    async run(bench) {
      const { dialect, expect } = bench;
      const parent = await bench.open();
      await parent.run(dialect.whoAmI);
      const state = await parent.snapshot();
      const children = [
        await bench.branch(state, { verse: 'nash', trit: -1, probability: '0.45' }),
        await bench.branch(state, { verse: 'optimal', trit: 0, probability: '0.35' }),
        await bench.branch(state, { verse: 'chaos', trit: 1, probability: '0.2' }),
      ];
      for (const world of [...children, parent]) {
        expect(await facts(world, dialect.whoAmI), world.identity.verse).toEqual(
          identityFacts(world.identity),
        );
      }
    },
  },
  {
    name: 'a reopened world keeps who it is',
    needs: [],
    async run(bench) {
      const world = await bench.open();
      const child = await bench.branch(await world.snapshot(), {
        verse: 'nash',
        trit: -1,
        probability: '0.5',
      });
      await child.run(bench.dialect.whoAmI);
      const again = await bench.restore(await child.snapshot(), child.identity);
      bench.expect(await facts(again, bench.dialect.whoAmI)).toEqual(identityFacts(child.identity));
    },
  },
  {
    name: 'on_branch hooks run once for each new identity and not on reopening',
    needs: ['memory'],
    async run(bench) {
      const { dialect, expect } = bench;
      const parent = await bench.open();
      await parent.value(dialect.countIdentities('identities'));
      expect(await parent.value(dialect.get('identities')), 'at first').toBe('0');
      const child = await bench.branch(await parent.snapshot());
      expect(await child.value(dialect.get('identities')), 'in a child').toBe('1');
      expect(await child.value(dialect.get('identities')), 'in a child, later').toBe('1');
      const reopened = await bench.restore(await child.snapshot(), child.identity);
      expect(await reopened.value(dialect.get('identities')), 'reopened').toBe('1');
      const grandchild = await bench.branch(await reopened.snapshot());
      expect(await grandchild.value(dialect.get('identities')), 'in a grandchild').toBe('2');
      const adopted = await bench.restore(await grandchild.snapshot(), { ...parent.identity, generation: 1 });
      expect(await adopted.value(dialect.get('identities')), 'adopted by the parent').toBe('3');
    },
  },
];

const RANDOMNESS: readonly SubstrateCase[] = [
  {
    name: 'siblings and their parent draw different random values from every source',
    needs: [],
    async run(bench) {
      const parent = await bench.open();
      await drawAll(bench, parent);
      const state = await parent.snapshot();
      const family = [
        parent,
        await bench.branch(state),
        await bench.branch(state),
        await bench.branch(state),
      ];
      const draws = await Promise.all(family.map((world) => drawAll(bench, world)));
      for (const source of Object.keys(bench.dialect.entropy)) {
        const values = draws.map((drawn) => drawn.get(source));
        bench.expect(new Set(values).size, `${source} gave ${values.join(', ')}`).toBe(family.length);
      }
    },
  },
  {
    name: 'a world that adopts a state under a new generation draws anew',
    needs: ['memory'],
    async run(bench) {
      const world = await bench.open();
      const state = await world.snapshot();
      const adopted = await bench.restore(state, { ...world.identity, generation: 1, seed: 99n });
      const [before, after] = [await drawStreams(bench, world), await drawStreams(bench, adopted)];
      bench.expect(new Set([...before, ...after]).size, 'distinct values').toBe(before.length + after.length);
    },
  },
  {
    name: 'the random stream of a world is the SplitMix64 stream of its seed',
    needs: [],
    async run(bench) {
      const parent = await bench.open();
      await parent.value(bench.dialect.worldRandom);
      const child = await bench.branch(await parent.snapshot(), { seed: STREAM_SEED });
      for (let index = 0; index <= 9; index += 1) {
        const drawn = await child.value(bench.dialect.worldRandom);
        const expected = STREAM_NUMBERS.get(index);
        if (expected !== undefined) bench.expect(drawn, `number ${index}`).toBe(expected.toString());
      }
    },
  },
  {
    name: 'random streams survive a snapshot, and reopening continues them',
    needs: ['memory'],
    async run(bench) {
      const world = await bench.open();
      const first = await drawStreams(bench, world);
      const state = await world.snapshot();
      const next = await drawStreams(bench, world);
      const reopened = await bench.restore(state, world.identity);
      bench.expect(await drawStreams(bench, reopened), 'the continued streams').toEqual(next);
      bench.expect(next, 'the streams move on').not.toEqual(first);
    },
  },
  {
    name: 'with common random numbers children share the stream of their parent',
    needs: ['memory'],
    async run(bench) {
      const parent = await bench.open();
      await drawStreams(bench, parent);
      const state = await parent.snapshot();
      const expected = await drawStreams(bench, parent);
      for (const verse of ['nash', 'optimal']) {
        const child = await bench.branch(state, { verse, commonRandomNumbers: true });
        bench.expect(await drawStreams(bench, child), `stream of ${verse}`).toEqual(expected);
      }
    },
  },
];

/** Published numbers of one stream: its seed, and what stands at three places of it, counted from 0. */
const STREAM_SEED = 0x598f318e2b9e884n;
const STREAM_NUMBERS: ReadonlyMap<number, bigint> = new Map([
  [0, 0xf061ebbc2ca74d78n],
  [5, 0xb5222cb8ae6e1886n],
  [9, 0xd726fcf3f1d357d5n],
]);

const REPLAY: readonly SubstrateCase[] = [
  {
    name: 'the same state, identity and clock give equal results',
    needs: ['replay'],
    async run(bench) {
      const { dialect, expect } = bench;
      const parent = await bench.open();
      await parent.value(dialect.set('x', 1));
      const state = await parent.snapshot();
      const identity = bench.identity({ verse: 'nash', trit: -1 });
      const codes = [...Object.values(dialect.entropy), dialect.now, dialect.whoAmI, dialect.fail('no')];
      const histories: unknown[] = [];
      for (let attempt = 0; attempt < 2; attempt += 1) {
        const world = await bench.restore(state, identity);
        const history: unknown[] = [];
        let clockNs = 1_800_000_000_000_000_000n;
        for (const code of codes) {
          clockNs += 1_000_000n;
          const { runMs: _, ...result } = await world.run(code, { clockNs });
          history.push(result);
        }
        histories.push(history);
        await world.close();
      }
      expect(histories[1], 'the second history').toEqual(histories[0]);
    },
  },
  {
    name: 'a replay gives equal addresses, hashes, times and entropy',
    needs: ['replay', 'python'],
    async run(bench) {
      const parent = await bench.open();
      const state = await parent.snapshot();
      const identity = bench.identity();
      const code = [
        'import os, time, random, tempfile, threading',
        'trash = [object() for _ in range(100)]',
        "places = (id(trash[50]), repr(object()), hash('text'), list({'a', 'b', 'c'}))",
        'times = (time.time_ns(), time.monotonic(), time.perf_counter_ns())',
        'chances = (os.urandom(8), random.random(), tempfile.mktemp())',
        'places, times, chances, os.getpid(), threading.get_ident()',
      ].join('\n');
      const values: (string | null)[] = [];
      for (let attempt = 0; attempt < 2; attempt += 1) {
        const world = await bench.restore(state, identity);
        values.push(await world.value(code, { clockNs: 1_800_000_000_000_000_000n }));
        await world.close();
      }
      bench.expect(values[1], 'the second answer').toBe(values[0]);
    },
  },
  {
    name: 'every source of randomness continues when a world is reopened',
    needs: ['replay'],
    async run(bench) {
      const world = await bench.open();
      await drawAll(bench, world);
      const state = await world.snapshot();
      const clockNs = 1_800_000_000_000_000_000n;
      const reopened = await bench.restore(state, world.identity);
      for (const [source, code] of Object.entries(bench.dialect.entropy)) {
        const [kept, replayed] = [
          await world.value(code, { clockNs }),
          await reopened.value(code, { clockNs }),
        ];
        bench.expect(replayed, source).toBe(kept);
      }
    },
  },
];

/** Who a world is and what it draws: the fork-safety contract. */
export const IDENTITY_CASES: readonly SubstrateCase[] = [...IDENTITY, ...RANDOMNESS, ...REPLAY];
