import { MIB } from '../../model/limits.js';
import type { Bench, World } from './bench.js';
import type { SubstrateCase } from './substrate-case.js';

const OUTPUT_BYTES = 10_000;
/** Room for the mark that says that output was cut. */
const MARK_BYTES = 200;

async function openWith(bench: Bench, value: number): Promise<World> {
  const world = await bench.open();
  await world.value(bench.dialect.set('x', value));
  return world;
}

/** The machine answers, its state is the one before, and so is the state it gives out. */
async function expectUsable(bench: Bench, world: World, value: number): Promise<void> {
  const { dialect, expect } = bench;
  expect(await world.value(dialect.get('x')), 'in the machine').toBe(String(value));
  await world.value(dialect.set('y', 5));
  const reopened = await bench.restore(await world.snapshot(), world.identity);
  expect(await reopened.value(dialect.get('x')), 'in the state').toBe(String(value));
  expect(await reopened.value(dialect.get('y')), 'what ran afterwards').toBe('5');
}

const STOPPED: readonly SubstrateCase[] = [
  {
    name: 'an execution that takes too long is stopped and rolled back',
    needs: ['memory', 'disk'],
    async run(bench) {
      const { dialect, expect } = bench;
      const world = await openWith(bench, 1);
      await world.value(dialect.writeFile('note.txt', 'before'));
      const code = dialect.join(dialect.set('x', 2), dialect.writeFile('note.txt', 'after'), dialect.hang);
      await bench.rejects(world.run(code, { limits: { timeoutMs: bench.timeoutMs } }), 'EXECUTION_TIMEOUT');
      await expectUsable(bench, world, 1);
      expect(await world.value(dialect.readFile('note.txt')), 'the file').toBe(dialect.literal('before'));
    },
  },
  {
    name: 'stopping the first execution after a branch leaves the child whole',
    needs: ['memory'],
    async run(bench) {
      const { dialect, expect } = bench;
      const parent = await openWith(bench, 1);
      const child = await bench.branch(await parent.snapshot(), { verse: 'nash' });
      const attempt = child.run(dialect.hang, { limits: { timeoutMs: bench.timeoutMs } });
      await bench.rejects(attempt, 'EXECUTION_TIMEOUT');
      expect((await child.run(dialect.whoAmI)).stdout, 'its identity').toContain('nash');
      await expectUsable(bench, child, 1);
    },
  },
  {
    name: 'effects of an execution that was stopped never come out',
    needs: [],
    async run(bench) {
      const { dialect, expect } = bench;
      const world = await bench.open();
      const code = dialect.join(dialect.report('1', '1'), dialect.hang);
      await bench.rejects(world.run(code, { limits: { timeoutMs: bench.timeoutMs } }), 'EXECUTION_TIMEOUT');
      expect((await world.run(dialect.print('next'))).effects).toEqual([]);
    },
  },
  {
    name: 'an abort signal interrupts and rolls back; output had arrived before',
    needs: ['memory'],
    async run(bench) {
      const { dialect } = bench;
      const world = await openWith(bench, 1);
      const controller = new AbortController();
      const code = dialect.join(dialect.set('x', 2), dialect.print('started'), dialect.hang);
      const sink = { write: () => controller.abort() };
      await bench.rejects(world.run(code, { signal: controller.signal, sink }), 'INTERRUPTED');
      await expectUsable(bench, world, 1);
    },
  },
  {
    name: 'a signal that was aborted before runs nothing',
    needs: ['memory'],
    async run(bench) {
      const { dialect } = bench;
      const world = await openWith(bench, 1);
      await bench.rejects(world.run(dialect.set('x', 2), { signal: AbortSignal.abort() }), 'INTERRUPTED');
      await expectUsable(bench, world, 1);
    },
  },
  {
    name: 'code that swallows KeyboardInterrupt for ever is stopped all the same',
    needs: ['python', 'memory'],
    async run(bench) {
      const world = await openWith(bench, 1);
      const code = [
        'x = 2',
        'while True:',
        '    try:',
        '        while True:',
        '            pass',
        '    except BaseException:',
        '        pass',
      ].join('\n');
      await bench.rejects(world.run(code, { limits: { timeoutMs: bench.timeoutMs } }), 'EXECUTION_TIMEOUT');
      await expectUsable(bench, world, 1);
    },
  },
  {
    name: 'code that swallows the interrupt and then ends does not commit',
    needs: ['python', 'memory'],
    async run(bench) {
      const world = await openWith(bench, 1);
      const code = 'try:\n    while True:\n        pass\nexcept KeyboardInterrupt:\n    x = 2';
      await bench.rejects(world.run(code, { limits: { timeoutMs: bench.timeoutMs } }), 'EXECUTION_TIMEOUT');
      await expectUsable(bench, world, 1);
    },
  },
];

/** Stands among the types of exceptions for code that may as well succeed. */
const NO_EXCEPTION = 'no exception';

/** Runs code that either raises one of `types` or fails as one of `codes`; then the world must be usable. */
async function expectContained(
  bench: Bench,
  world: World,
  code: string,
  allowed: { readonly types: readonly string[]; readonly codes: readonly string[] },
): Promise<void> {
  const attempt = world.run(code).then((result) => {
    const type = result.error?.type ?? NO_EXCEPTION;
    throw Object.assign(new Error(`raised ${type}`), { code: type });
  });
  await bench.rejects(attempt, ...allowed.types, ...allowed.codes);
  bench.expect(await world.value(bench.dialect.get('x')), `x after:\n${code}`).toBe('1');
}

const HOSTILE: readonly SubstrateCase[] = [
  {
    name: 'endless recursion is a RecursionError or an ENGINE_FAULT, and the world goes on',
    needs: ['python', 'memory'],
    async run(bench) {
      const world = await openWith(bench, 1);
      const allowed = { types: ['RecursionError', 'MemoryError'], codes: ['ENGINE_FAULT'] };
      const codes = [
        'def down(n):\n    return down(n + 1)\ndown(0)',
        'class Loop:\n    def __repr__(self):\n        return repr(self)\nrepr(Loop())',
        // Recursion inside the interpreter itself, which uses its native stack.
        'left = []\nleft.append(left)\nright = []\nright.append(right)\nleft == right',
      ];
      for (const code of codes) await expectContained(bench, world, code, allowed);
      await expectUsable(bench, world, 1);
    },
  },
  {
    name: 'very deep recursion works or fails as endless recursion does, and the world goes on',
    needs: ['python', 'memory'],
    async run(bench) {
      const world = await openWith(bench, 1);
      const allowed = {
        types: [NO_EXCEPTION, 'RecursionError', 'MemoryError', 'JSONDecodeError'],
        codes: ['ENGINE_FAULT'],
      };
      const nest = (name: string) => `${name} = []\nfor _ in range(200_000):\n    ${name} = [${name}]`;
      const codes = [
        `${nest('left')}\n${nest('right')}\nleft == right`,
        "import json\njson.loads('[' * 200_000)",
      ];
      for (const code of codes) await expectContained(bench, world, code, allowed);
      await expectUsable(bench, world, 1);
    },
  },
  {
    name: 'a memory bomb is a MemoryError or MEMORY_LIMIT, and the world goes on',
    needs: ['python', 'memory'],
    async run(bench) {
      const world = await bench.open({ memoryBytes: 128 * MIB });
      await world.value('x = 1');
      const allowed = { types: ['MemoryError'], codes: ['MEMORY_LIMIT'] };
      const codes = [
        `bomb = [bytearray(${4 * MIB}) for _ in range(1000)]`,
        `big = bytearray(${1024 * MIB})`,
        "text = 'x'\nfor _ in range(60):\n    text += text",
      ];
      for (const code of codes) await expectContained(bench, world, code, allowed);
      await world.value('bomb = big = text = None');
      await expectUsable(bench, world, 1);
    },
  },
  {
    name: 'os._exit and a crash of the interpreter stay inside their execution',
    needs: ['python', 'memory'],
    async run(bench) {
      const world = await openWith(bench, 1);
      const allowed = {
        types: [
          'SystemExit',
          'OSError',
          'PermissionError',
          'AttributeError',
          'NotImplementedError',
          'RuntimeError',
        ],
        codes: ['ENGINE_FAULT', 'EXECUTOR_LOST'],
      };
      for (const code of ['import os\nos._exit(0)', 'import os\nos.abort()']) {
        await expectContained(bench, world, code, allowed);
      }
      await expectUsable(bench, world, 1);
    },
  },
];

const FLOODS: readonly SubstrateCase[] = [
  {
    name: 'a flood of output is cut at the limit and marked, on its own stream only',
    needs: [],
    async run(bench) {
      const { dialect, expect } = bench;
      const world = await bench.open();
      const line = 'x'.repeat(99);
      const code = dialect.join(dialect.printError('short'), dialect.flood(line, 1000));
      const run = await world.run(code, { limits: { outputBytes: OUTPUT_BYTES } });
      expect(run.ok, 'ok').toBe(true);
      expect([run.stdoutTruncated, run.stderrTruncated], 'truncated').toEqual([true, false]);
      expect(run.stdout.length, 'bytes kept').toBeLessThanOrEqual(OUTPUT_BYTES + MARK_BYTES);
      expect(run.stdout, 'what was kept').toContain(`${line}\n`.repeat(OUTPUT_BYTES / 100 - 1));
      expect(run.stderr).toBe('short\n');
      const streamed = run.output.filter((chunk) => chunk.stream === 'stdout').map((chunk) => chunk.text);
      expect(streamed.join('').length, 'bytes streamed').toBeLessThanOrEqual(OUTPUT_BYTES + MARK_BYTES);
      const next = await world.run(dialect.print('next'));
      expect([next.stdout, next.stdoutTruncated], 'the next execution').toEqual(['next\n', false]);
    },
  },
  {
    name: 'output of exactly the limit is not cut',
    needs: [],
    async run(bench) {
      const world = await bench.open();
      const run = await world.run(bench.dialect.print('x'.repeat(99)), { limits: { outputBytes: 100 } });
      bench.expect([run.stdout.length, run.stdoutTruncated]).toEqual([100, false]);
    },
  },
  {
    name: 'files beyond the limit are an OSError, and the world goes on',
    needs: ['python', 'memory', 'disk'],
    async run(bench) {
      const world = await bench.open();
      await world.value('x = 1');
      const fill =
        "with open('big.bin', 'wb') as file:\n    for _ in range(64):\n        file.write(bytes(1 << 20))";
      const limits = { fileBytes: 16 * MIB };
      const full = await world.run(fill, { limits });
      bench.expect(full.error?.type, 'a big file').toBe('OSError');
      await world.value("import os\nos.remove('big.bin')", { limits });
      const many = "for number in range(1000):\n    open(f'file{number}', 'w').close()";
      const crowded = await world.run(many, { limits: { files: 500 } });
      bench.expect(crowded.error?.type, 'many files').toBe('OSError');
      await world.value(
        "for name in os.listdir('.'):\n    if name.startswith('file'):\n        os.remove(name)",
      );
      await expectUsable(bench, world, 1);
    },
  },
];

/** Limits hold, and exceeding one never costs the world. */
export const LIMIT_CASES: readonly SubstrateCase[] = [...STOPPED, ...HOSTILE, ...FLOODS];
