import type { SubstrateCase } from './substrate-case.js';

/** What is written outlives its instance, and nothing else is mistaken for it. */
export const DURABILITY_CASES: readonly SubstrateCase[] = [
  {
    name: 'two instances start from the same base',
    needs: [],
    starts: ['booted'],
    async run(bench) {
      const here = await bench.substrate.baseDigest({});
      const there = await (await bench.other()).baseDigest({});
      bench.expect(there).toBe(here);
      bench.expect(here).toMatch(/./);
    },
  },
  {
    name: 'a durable state is plain JSON and survives the discarding of the live one',
    needs: ['memory'],
    async run(bench) {
      const { dialect, expect, substrate } = bench;
      const world = await bench.open();
      await world.value(dialect.set('x', 6));
      const state = await world.snapshot();
      const durable = await substrate.persist(state, {});
      expect(JSON.parse(JSON.stringify(durable)), 'through JSON').toEqual(durable);
      expect(durable.substrate).toBe(substrate.name);
      await bench.discard(state);
      const recalled = await substrate.recall(durable, {});
      expect(await (await bench.branch(recalled)).value(dialect.get('x'))).toBe('6');
    },
  },
  {
    name: 'a line of persisted states is recalled elsewhere, each as it was',
    needs: ['memory'],
    async run(bench) {
      const { dialect, expect, substrate } = bench;
      const world = await bench.open();
      const durables = [];
      for (let value = 0; value < 4; value += 1) {
        await world.value(dialect.set('x', value));
        durables.push(await substrate.persist(await world.snapshot(), {}));
      }
      const elsewhere = await bench.elsewhere();
      for (const [value, durable] of [...durables.entries()].reverse()) {
        const recalled = await elsewhere.substrate.recall(durable, {});
        const child = await elsewhere.branch(recalled);
        expect(await child.value(dialect.get('x')), `state ${value}`).toBe(String(value));
      }
    },
  },
  {
    name: 'a recalled world keeps its identity, its streams and its clock',
    needs: ['memory'],
    async run(bench) {
      const { dialect, expect, substrate } = bench;
      const stream = dialect.entropy[dialect.streams[0] ?? ''] ?? '';
      const clockNs = 1_900_000_000_000_000_000n;
      const parent = await bench.open();
      const world = await bench.branch(await parent.snapshot(), { verse: 'chaos', trit: 1 });
      await world.value(stream);
      const before = BigInt((await world.value(dialect.now, { clockNs })) ?? '0');
      const durable = await substrate.persist(await world.snapshot(), {});
      const expected = await world.value(stream);
      const elsewhere = await bench.elsewhere();
      const again = await elsewhere.restore(await elsewhere.substrate.recall(durable, {}), world.identity);
      expect(await again.value(stream), 'the stream continues').toBe(expected);
      expect((await again.run(dialect.whoAmI)).stdout, 'the identity').toContain('chaos');
      const after = BigInt((await again.value(dialect.now)) ?? '0');
      expect(after, 'the clock').toBeGreaterThanOrEqual(before);
    },
  },
  {
    name: 'a state of unknown content is refused, not guessed',
    needs: [],
    starts: ['booted'],
    async run(bench) {
      const { substrate } = bench;
      const attempt = substrate.recall({ substrate: substrate.name, data: {} }, {});
      await bench.rejects(attempt, 'STATE_LOST', 'PAGE_CORRUPT', 'IMAGE_MISMATCH', 'BAD_INPUT');
      const world = await bench.open();
      bench.expect(await world.value(bench.dialect.balance('GOLD')), 'the substrate goes on').toBe('0');
    },
  },
  {
    name: 'machines and states are measured',
    needs: [],
    async run(bench) {
      const world = await bench.open();
      await world.run(bench.dialect.set('x', 1));
      const { memoryBytes, ownBytes } = await world.machine.measure();
      bench.expect(memoryBytes, 'memoryBytes').toBeGreaterThanOrEqual(1);
      bench.expect(ownBytes, 'ownBytes').toBeGreaterThanOrEqual(0);
    },
  },
];
