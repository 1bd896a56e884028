import type { StateRef } from '../../ports/substrate.js';
import { edit, write } from './file-cases.js';
import type { SubstrateCase } from './substrate-case.js';

/** In what two states differ. */
export const COMPARISON_CASES: readonly SubstrateCase[] = [
  {
    name: 'in which files two states differ is told, whoever changed them and however',
    needs: ['disk'],
    async run(bench) {
      const { dialect, expect, substrate } = bench;
      const world = await bench.open();
      const whole = 'pages'.repeat(2000);
      await world.value(dialect.writeFile('/tmp/same', whole));
      await world.value(dialect.writeFile('/tmp/changed', whole));
      await world.value(dialect.writeFile('/tmp/gone', 'x'));
      const first = await world.snapshot();
      await world.value(dialect.writeFile('/tmp/same', whole));
      await world.value(dialect.writeFile('/tmp/changed', `${whole.slice(0, -1)}!`));
      const second = await edit(bench, await world.snapshot(), [
        { kind: 'remove', path: '/tmp/gone', recursive: false },
        write('/tmp/new/file', 'yy'),
      ]);
      const differences = async (before: StateRef | null, after: StateRef, more: { after?: string } = {}) => {
        const found = await substrate.compareFiles(before, after, { limit: 100, ...more }, {});
        expect(found.more).toBe(false);
        return found.differences.map(({ path, before: was, after: is, content }) => {
          const side = (entry: typeof was) => (entry ? `${entry.kind} ${entry.sizeBytes}` : 'nothing');
          return `${path}: ${side(was)} -> ${side(is)}${content ? ', content' : ''}`;
        });
      };
      const expected = [
        '/tmp/changed: file 10000 -> file 10000, content',
        '/tmp/gone: file 1 -> nothing',
        '/tmp/new: nothing -> directory 0',
        '/tmp/new/file: nothing -> file 2',
      ];
      expect(await differences(first, second)).toEqual(expected);
      expect(await differences(first, second, { after: '/tmp/gone' })).toEqual(expected.slice(2));
      const part = await substrate.compareFiles(first, second, { limit: 1 }, {});
      expect([part.differences.length, part.more]).toEqual([1, true]);
      expect(await differences(first, first)).toEqual([]);
      expect(await differences(second, first), 'the other way').toContain('/tmp/gone: nothing -> file 1');
      const own = await differences(null, first);
      expect(
        own.filter((line) => line.startsWith('/tmp/')),
        'its own, and not what the base has',
      ).toEqual([
        '/tmp/changed: nothing -> file 10000',
        '/tmp/gone: nothing -> file 1',
        '/tmp/same: nothing -> file 10000',
      ]);
    },
  },
  {
    name: 'how much memory differs is told',
    needs: ['memory'],
    starts: ['booted'],
    async run(bench) {
      const { dialect, expect, substrate } = bench;
      const world = await bench.open();
      await world.value(dialect.set('x', 1));
      const first = await world.snapshot();
      const same = await substrate.compare(first, first, {});
      expect(same.pagesDiffering).toBe(0);
      await world.value(dialect.set('x', 2));
      const other = await substrate.compare(first, await world.snapshot(), {});
      expect(other.pagesDiffering).toBeGreaterThanOrEqual(1);
      expect(other.pagesTotal).toBeGreaterThanOrEqual(other.pagesDiffering);
    },
  },
];
