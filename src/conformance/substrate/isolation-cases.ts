import type { Bench, World } from './bench.js';
import type { SubstrateCase } from './substrate-case.js';

/** Many machines of one state at once. */
const PARALLEL = 20;

/** One thing that siblings could share by mistake. */
interface Leak {
  readonly name: string;
  readonly setup: string;
  /** Changes it for one child. */
  readonly change: (child: string) => string;
  /** Answers what it is now. */
  readonly probe: string;
  readonly before: string;
  readonly after: (child: string) => string;
}

const PYTHON_LEAKS: readonly Leak[] = [
  {
    name: 'objects in memory',
    setup: 'shared = []',
    change: (child) => `shared.append('${child}')`,
    probe: 'shared',
    before: '[]',
    after: (child) => `['${child}']`,
  },
  {
    name: 'file contents',
    setup: "with open('shared.txt', 'w') as file:\n    _ = file.write('base')",
    change: (child) => `with open('shared.txt', 'a') as file:\n    _ = file.write(' ${child}')`,
    probe: "open('shared.txt').read()",
    before: "'base'",
    after: (child) => `'base ${child}'`,
  },
  {
    name: 'files made and removed',
    setup: "import os\nos.mkdir('room')\nopen('room/old', 'w').close()",
    change: (child) => `os.remove('room/old')\nopen('room/${child}', 'w').close()`,
    probe: "os.listdir('room')",
    before: "['old']",
    after: (child) => `['${child}']`,
  },
  {
    name: 'writes through a descriptor that was open before',
    setup: "log = open('log.txt', 'w+')\nlog.write('base')\nlog.flush()",
    change: (child) => `log.write(' ${child}')\nlog.flush()`,
    probe: "open('log.txt').read(), log.tell()",
    before: "('base', 4)",
    after: (child) => `('base ${child}', ${5 + child.length})`,
  },
  {
    name: 'os.environ',
    setup: "import os\nos.environ['OWNER'] = 'base'",
    change: (child) => `os.environ['OWNER'] = '${child}'`,
    probe: "os.environ['OWNER']",
    before: "'base'",
    after: (child) => `'${child}'`,
  },
  {
    name: 'the working directory',
    setup: "import os\nstart = os.getcwd()\nfor name in ('left', 'right'):\n    os.mkdir(name)",
    change: (child) => `os.chdir(os.path.join(start, '${child}'))`,
    probe: 'os.path.relpath(os.getcwd(), start)',
    before: "'.'",
    after: (child) => `'${child}'`,
  },
  {
    name: 'module state',
    setup: 'import decimal, sys\ndecimal.getcontext().prec = 9',
    change: (child) => `decimal.getcontext().prec = ${child.length}\nsys.modules['${child}'] = decimal`,
    probe: "decimal.getcontext().prec, [name for name in ('left', 'right') if name in sys.modules]",
    before: '(9, [])',
    after: (child) => `(${child.length}, ['${child}'])`,
  },
];

/** Both children change it, in turns, and then each looks; so do the parent and a child born afterwards. */
async function checkLeak(bench: Bench, leak: Leak): Promise<void> {
  const { expect } = bench;
  const parent = await bench.open();
  await parent.value(leak.setup);
  const state = await parent.snapshot();
  const left = await bench.branch(state);
  const right = await bench.branch(state);
  await left.run(leak.change('left'));
  expect(await right.value(leak.probe), 'right, before it changed anything').toBe(leak.before);
  await right.run(leak.change('right'));
  expect(await left.value(leak.probe), 'left').toBe(leak.after('left'));
  expect(await right.value(leak.probe), 'right').toBe(leak.after('right'));
  expect(await parent.value(leak.probe), 'the parent').toBe(leak.before);
  const late = await bench.branch(state);
  expect(await late.value(leak.probe), 'a child born after its siblings ran').toBe(leak.before);
}

function leaksOf(bench: Bench): readonly Leak[] {
  const { dialect } = bench;
  return [
    {
      name: 'variables',
      setup: dialect.set('shared', 0),
      change: (child) => dialect.set('shared', child.length),
      probe: dialect.get('shared'),
      before: '0',
      after: (child) => String(child.length),
    },
    {
      name: 'files',
      setup: dialect.writeFile('shared.txt', 'base'),
      change: (child) => dialect.writeFile('shared.txt', child),
      probe: dialect.readFile('shared.txt'),
      before: dialect.literal('base'),
      after: (child) => dialect.literal(child),
    },
  ];
}

async function countUp(bench: Bench, world: World, to: number): Promise<void> {
  for (let value = 1; value <= to; value += 1) await world.value(bench.dialect.set('x', value));
}

const STATES: readonly SubstrateCase[] = [
  {
    name: 'siblings, parent and late children see none of each other, whatever the language',
    needs: ['memory', 'disk'],
    async run(bench) {
      for (const leak of leaksOf(bench)) await checkLeak(bench, leak);
    },
  },
  {
    name: 'every state stays what it was while its world runs on',
    needs: ['memory'],
    async run(bench) {
      const { dialect, expect } = bench;
      const world = await bench.open();
      const states = [];
      for (let value = 0; value < 5; value += 1) {
        await world.value(dialect.set('x', value));
        states.push(await world.snapshot());
      }
      for (const value of [4, 0, 3, 1, 2, 0]) {
        const state = states[value];
        if (state === undefined) throw new Error('the case asks for a state it did not take');
        const past = await bench.restore(state, world.identity);
        expect(await past.value(dialect.get('x')), `state ${value}`).toBe(String(value));
        await past.value(dialect.set('x', 100));
        await past.close();
      }
    },
  },
  {
    name: `${PARALLEL} machines of one state run at once without meeting`,
    needs: ['memory'],
    async run(bench) {
      const { dialect, expect } = bench;
      const parent = await bench.open();
      await parent.value(dialect.set('base', 7));
      const state = await parent.snapshot();
      const values = await Promise.all(
        Array.from({ length: PARALLEL }, async (_, index) => {
          const child = await bench.branch(state);
          await child.value(dialect.set('own', index));
          const again = await bench.restore(await child.snapshot(), child.identity);
          return [await again.value(dialect.get('own')), await again.value(dialect.get('base'))];
        }),
      );
      expect(values).toEqual(Array.from({ length: PARALLEL }, (_, index) => [String(index), '7']));
    },
  },
  {
    name: 'discarding a state hurts neither its machines, nor its children, nor its parent',
    needs: ['memory'],
    async run(bench) {
      const { dialect, expect } = bench;
      const world = await bench.open();
      await world.value(dialect.set('x', 1));
      const older = await world.snapshot();
      await world.value(dialect.set('x', 2));
      const middle = await world.snapshot();
      const child = await bench.branch(middle);
      await child.value(dialect.set('y', 3));
      const younger = await child.snapshot();
      await bench.discard(middle);
      expect(await world.value(dialect.get('x')), 'its machine').toBe('2');
      expect(await child.value(dialect.get('x')), 'a machine restored from it').toBe('2');
      expect(await (await bench.branch(older)).value(dialect.get('x')), 'its parent state').toBe('1');
      const grandchild = await bench.branch(younger);
      expect(await grandchild.value(dialect.get('x')), 'its child state').toBe('2');
      expect(await grandchild.value(dialect.get('y')), 'its child state').toBe('3');
    },
  },
  {
    name: 'a discarded state cannot be restored',
    needs: [],
    async run(bench) {
      const world = await bench.open();
      await world.run(bench.dialect.set('x', 1));
      const state = await world.snapshot();
      await bench.discard(state);
      const attempt = bench.substrate.restore(state, bench.identity(), {});
      await bench.rejects(attempt, 'STATE_LOST', 'STATE_NOT_FOUND');
    },
  },
  {
    name: 'two snapshots with nothing between them are the same point',
    needs: ['memory'],
    async run(bench) {
      const { dialect, expect } = bench;
      const world = await bench.open();
      await countUp(bench, world, 3);
      const first = await world.snapshot();
      const second = await world.snapshot();
      for (const state of [first, second]) {
        expect(await (await bench.branch(state)).value(dialect.get('x')), state.key).toBe('3');
      }
    },
  },
];

/** States are values: nobody changes what another sees. */
export const ISOLATION_CASES: readonly SubstrateCase[] = [
  ...STATES,
  ...PYTHON_LEAKS.map(
    (leak): SubstrateCase => ({
      name: `siblings never share ${leak.name}`,
      needs: ['python', 'memory', 'disk'],
      run: (bench) => checkLeak(bench, leak),
    }),
  ),
];
