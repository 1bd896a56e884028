import { afterAll, beforeAll, expect, test } from 'vitest';
import { WorldId } from '../../../model/ids.js';
import { MIB } from '../../../model/limits.js';
import type { BranchIdentity } from '../../../ports/substrate.js';
import { compiledBench } from './testing/compiled-bench.js';
import type { Startup, TestExecutor, TestSlab, TestState } from './testing/executor-bench.js';

let startup: Startup;
let slab: TestSlab;
let guest: TestExecutor;
let base: TestState;

beforeAll(async () => {
  const bench = await compiledBench();
  startup = await bench.makeStartup();
  slab = new bench.TestSlab();
  guest = await bench.TestExecutor.boot(startup, slab);
  base = guest.state;
}, 120_000);

afterAll(() => guest?.close());

const identity = (change: Partial<BranchIdentity> = {}): BranchIdentity => ({
  worldId: WorldId.parse('wld_01ARZ3NDEKTSV4RRFFQ69G5FAV'),
  generation: 0,
  verse: 'nash',
  trit: -1,
  probability: '0.45',
  seed: 0x598f_318e_2b9e_884n,
  commonRandomNumbers: false,
  ...change,
});

async function fresh(): Promise<void> {
  await guest.load(base);
}

test('an execution answers the repr of its trailing expression', async () => {
  await fresh();
  const examples: readonly (readonly [code: string, value: string | null])[] = [
    ['1 + 1', '2'],
    ['x = 3', null],
    ['x', '3'],
    ['None', null],
    ['y = 4\ny * 2', '8'],
    ['y; y + 1', '5'],
    ['for i in range(2):\n    i', null],
    ['', null],
    ['# nothing', null],
    ['[1,\n 2]', '[1, 2]'],
    ['"""a\nx = 1"""', "'a\\nx = 1'"],
    ["'😀 ☃'", "'😀 ☃'"],
    ["'\\ud800'", "'\\ud800'"],
    ['type("R", (), {"__repr__": lambda s: "\\ud800 é"})()', '\\ud800 é'],
    ['import asyncio\nawait asyncio.sleep(1, "woke")', "'woke'"],
    ['f"{x}" f"{[y for y in (1, 2)]}"', "'3[1, 2]'"],
    ['lambda: 0, 1\n(x\n)', '3'],
    ['if x:\n    z = 1\nelse:\n    z = 2\nz', '1'],
  ];
  for (const [code, value] of examples) expect(await guest.value(code), code).toBe(value);
});

test('code that does not compile runs nothing, and says where', async () => {
  await fresh();
  await guest.value('x = 1');
  for (const code of ['x = 2\nx = (', 'x = 2\n  y = 3', 'x = 2\n1 +', 'x = 2\nreturn 5', 'x = 2\n\0']) {
    const { outcome } = await guest.execute(code);
    expect([outcome.ok, outcome.changed, outcome.value], code).toEqual([false, false, null]);
    expect(outcome.error?.type, code).toMatch(/^(SyntaxError|IndentationError)$/);
    expect(outcome.error?.traceback, code).not.toContain('_world_harness');
  }
  expect(await guest.value('x')).toBe('1');
});

test('a traceback shows the lines of this and of earlier executions, and no frames of ours', async () => {
  await fresh();
  await guest.value('def divide(a, b):\n    return a / b');
  const { outcome } = await guest.execute('z = 1\ndivide(1, 0)');
  expect(outcome.error?.type).toBe('ZeroDivisionError');
  expect(outcome.error?.traceback).toBe(
    [
      'Traceback (most recent call last):',
      '  File "<execution>", line 2, in <module>',
      '    divide(1, 0)',
      '    ~~~~~~^^^^^^',
      '  File "<execution 1>", line 2, in divide',
      '    return a / b',
      '           ~~^~~',
      'ZeroDivisionError: division by zero',
      '',
    ].join('\n'),
  );
  expect(await guest.value('z'), 'an exception keeps what ran before it').toBe('1');
});

test('every exception is an answer, whatever its class does', async () => {
  await fresh();
  const examples: readonly (readonly [code: string, type: string])[] = [
    ['raise SystemExit(3)', 'SystemExit'],
    ['exit()', 'SystemExit'],
    ['import os\nos._exit(1)', 'SystemExit'],
    ['raise KeyboardInterrupt', 'KeyboardInterrupt'],
    ['def down(): down()\ndown()', 'RecursionError'],
    ['class E(Exception):\n    def __str__(self): raise ValueError\nraise E', 'E'],
    ['class R:\n    def __repr__(self): 1 / 0\nR()', 'ZeroDivisionError'],
    ['raise ExceptionGroup("g", [ValueError(1)])', 'ExceptionGroup'],
    ['import world\nworld.report(cost=1)\n1 / 0', 'ZeroDivisionError'],
    ['await __import__("asyncio").wait_for(__import__("asyncio").Event().wait(), 1)', 'TimeoutError'],
  ];
  for (const [code, type] of examples) {
    const { outcome } = await guest.execute(code);
    expect([outcome.ok, outcome.changed, outcome.error?.type, outcome.effects], code).toEqual([
      false,
      true,
      type,
      [],
    ]);
    expect(outcome.error?.traceback, code).not.toContain('_world_harness');
  }
});

test('output streams while code runs, is decoded, and is cut at its limit', async () => {
  await fresh();
  const ran = await guest.execute('import sys\nprint("é", end="")\nprint("err\\ud800", file=sys.stderr)');
  expect([ran.stdout, ran.stderr]).toEqual(['é', 'err\\ud800\n']);
  const cut = await guest.execute('print("x" * 200)\nprint("e", file=sys.stderr)', { outputBytes: 100 });
  expect([cut.stdout.length, cut.outcome.stdoutTruncated, cut.outcome.stderrTruncated]).toEqual([
    100,
    true,
    false,
  ]);
  const split = await guest.execute(
    'import os\n_ = os.write(1, "é".encode()[:1])\n_ = os.write(1, "é".encode()[1:])',
  );
  expect(split.stdout).toBe('é');
  expect(await guest.value('sys.stdin.read()')).toBe("''");
  expect((await guest.execute('input()')).outcome.error?.type).toBe('EOFError');
});

test('memory beyond the limit is a MemoryError, also in a worker whose memory has grown before', async () => {
  await fresh();
  expect(await guest.value('big = bytearray(200 << 20)\nlen(big)')).toBe(String(200 * MIB));
  await fresh();
  const small = { memoryBytes: 64 * MIB };
  const { outcome } = await guest.execute('big = bytearray(100 << 20)', small);
  expect(outcome.error?.type).toBe('MemoryError');
  expect(await guest.value('big = bytearray(10 << 20)\nlen(big)', small)).toBe(String(10 * MIB));
});

test('sleeping and timers move the clock of the guest, not ours', async () => {
  await fresh();
  const started = performance.now();
  const code = [
    'import asyncio, time',
    'async def worker(queue, out):',
    '    while (item := await queue.get()) is not None:',
    '        await asyncio.sleep(item)',
    '        out.append(item)',
    'async def main():',
    '    queue, out = asyncio.Queue(), []',
    '    async with asyncio.timeout(10_000):',
    '        task = asyncio.create_task(worker(queue, out))',
    '        for item in (100, 200, None): await queue.put(item)',
    '        await asyncio.gather(task, asyncio.sleep(1000))',
    '    return out',
    'before = time.time()',
    'result = asyncio.run(main())',
    'time.sleep(3600)',
    'result, int(time.time() - before)',
  ].join('\n');
  expect(await guest.value(code)).toBe('([100, 200], 4600)');
  expect(performance.now() - started).toBeLessThan(5_000);
  const stuck = await guest.execute('asyncio.run(asyncio.Event().wait())');
  expect(stuck.outcome.error?.message).toContain('deadlock');
  expect((await guest.execute('time.sleep(-1)')).outcome.error?.type).toBe('ValueError');
});

test('a world knows who it is, and draws from its own streams', async () => {
  await fresh();
  const hook =
    'import world\nfrom world import report\ncalls = []\n@world.on_branch\ndef _(): calls.append(world.verse)';
  await guest.value(`${hook}\n@world.on_branch\ndef bad(): 1 / 0`);
  const first = await guest.execute('calls, world.id, world.trit, str(world.probability)', {
    rekey: identity(),
  });
  expect(first.outcome.value).toBe("(['nash'], 'wld_01ARZ3NDEKTSV4RRFFQ69G5FAV', -1, '9/20')");
  expect(first.stderr).toContain('on_branch hook bad raised ZeroDivisionError');
  expect(await guest.value('[hex(world.random.u64()) for _ in range(10)][::5], hex(world.seed)')).toBe(
    "(['0xf061ebbc2ca74d78', '0xb5222cb8ae6e1886'], '0x598f318e2b9e884')",
  );
  const draw =
    'import os, random, uuid\n(random.random(), os.urandom(4), uuid.uuid4(), world.random.random())';
  const parent = guest.state;
  const values = new Set<string | null>();
  for (const seed of [1n, 2n, 2n]) {
    await guest.load(parent);
    values.add(await guest.value(draw, { rekey: identity({ seed }) }));
  }
  expect(values.size, 'one value a seed').toBe(2);
  const common = new Set<string | null>();
  for (const seed of [1n, 2n]) {
    await guest.load(parent);
    common.add(await guest.value(draw, { rekey: identity({ seed, commonRandomNumbers: true }) }));
  }
  expect(common.size, 'common random numbers').toBe(1);
});

test('reports and transfers are exact', async () => {
  await fresh();
  const code = [
    'import world',
    'from decimal import Decimal',
    'from fractions import Fraction',
    'for cost in (3, Fraction(3, 2), Decimal("0.1"), "0.45", 0.5, 0.1, "4/3"): world.report(cost=cost)',
    'world.report(value=-2)',
    'world.transfer("ada", "GOLD", 3)',
    'world.balance("GOLD"), world.balance("SILVER"), world.tokens()',
  ].join('\n');
  const { outcome } = await guest.execute(code, { balances: { GOLD: '5' } });
  expect(outcome.error).toBe(null);
  expect(outcome.value).toBe("(2, 0, ['GOLD'])");
  const costs = outcome.effects.flatMap((effect) =>
    effect.kind === 'report' ? [effect.cost ?? effect.value] : [],
  );
  expect(costs).toEqual([
    '3',
    '3/2',
    '1/10',
    '9/20',
    '1/2',
    '3602879701896397/36028797018963968',
    '4/3',
    '-2',
  ]);
  const refused: readonly (readonly [code: string, type: string])[] = [
    ['world.report(cost=-1)', 'ValueError'],
    ['world.report(cost=float("nan"))', 'ValueError'],
    ['world.report(cost=Decimal("inf"))', 'ValueError'],
    ['world.report(cost="much")', 'ValueError'],
    ['world.report(cost=None)', 'ValueError'],
    ['world.transfer("ada", "GOLD", 6)', 'InsufficientBalance'],
    ['world.transfer("ada", "GOLD", 0)', 'ValueError'],
    ['world.transfer("ada", "GOLD", 1.5)', 'TypeError'],
  ];
  for (const [line, type] of refused) {
    const ran = await guest.execute(line, { balances: { GOLD: '5' } });
    expect(ran.outcome.error?.type, line).toBe(type);
  }
});

test('nothing leads out: what CPython can report is an error, the rest is not there', async () => {
  await fresh();
  const errors: readonly (readonly [code: string, type: string])[] = [
    ['import js', 'ModuleNotFoundError'],
    ['import pyodide_js', 'ModuleNotFoundError'],
    ['from pyodide.code import run_js', 'ModuleNotFoundError'],
    ['import ctypes', 'ModuleNotFoundError'],
    ['import socket\nsocket.socket()', 'PermissionError'],
    ['socket.getaddrinfo("example.org", 80)', 'gaierror'],
    ['import subprocess\nsubprocess.run(["id"])', 'OSError'],
    ['import threading\nthreading.Thread(target=print).start()', 'RuntimeError'],
    ['open("/etc/passwd")', 'FileNotFoundError'],
    ['import os\nos.fork()', 'OSError'],
    ['os.execv("/bin/sh", ["sh"])', 'OSError'],
  ];
  for (const [code, type] of errors) {
    expect((await guest.execute(code)).outcome.error?.type, code).toBe(type);
  }
  expect(await guest.value('os.system("id")')).toBe('-1');
  const values = 'sorted(os.environ), os.getcwd(), os.listdir("/")';
  expect(await guest.value(values)).toContain("'/home/world', ['tmp', 'home', 'dev', 'proc', 'lib']");
});

test('an interrupted execution never commits, even when the guest swallows the interrupt', async () => {
  await fresh();
  await guest.value('x = 1');
  for (const code of [
    'x = 2\nwhile True: pass',
    'x = 2\ntry:\n    while True: pass\nexcept KeyboardInterrupt: pass',
  ]) {
    setTimeout(() => Atomics.store(guest.interrupt, 0, 2), 100);
    const { outcome } = await guest.run(code);
    expect(outcome.kind).toBe('interrupted');
    await guest.rollback();
    expect(await guest.value('x')).toBe('1');
  }
});

test('x = 1 changes few pages', async () => {
  await fresh();
  await guest.run('x = 1');
  const first = await guest.commit();
  await guest.run('x = 2');
  const second = await guest.commit();
  process.stdout.write(
    `pages changed by x = 1: ${first} in a fresh world, ${second} in the next execution\n`,
  );
  expect(first).toBeLessThanOrEqual(30);
  expect(second).toBeLessThanOrEqual(30);
});

test('a fatal execution is told as such: the engine is not asked again', async () => {
  const { TestExecutor } = await compiledBench();
  const doomed = await TestExecutor.boot(startup, slab, base);
  const { outcome } = await doomed.run('import os\nos.abort()');
  expect(outcome).toMatchObject({ kind: 'fatal' });
  await doomed.close();
});

test('deep recursion ends in a Python exception or in an answer, cold and warm', async () => {
  const { TestExecutor } = await compiledBench();
  const deep = await TestExecutor.boot(startup, slab, base);
  const nested = 'nest = None\nfor _ in range(200_000): nest = [nest]\n';
  const codes = [
    'def down(n): return down(n + 1)\ndown(0)',
    'class Loop:\n    def __repr__(self): return repr(self)\nrepr(Loop())',
    'import sys\nsys.setrecursionlimit(10**9)\nclass Sum:\n    def __add__(self, other): return self + other\nSum() + 1',
    `${nested}other = None\nfor _ in range(200_000): other = [other]\nnest == other`,
    'nest = None\nfor _ in range(20_000): nest = [nest]\nlen(repr(nest))',
    `${nested}import json\njson.dumps(nest)`,
    `${nested}import pickle\npickle.dumps(nest)`,
    'import json\njson.loads("[" * 200_000)',
    'compile("(" * 100_000 + ")" * 100_000, "", "eval")',
    'compile("-" * 300_000 + "1", "", "eval")',
    'import re\nre.compile("(" * 5_000 + ")" * 5_000)',
  ];
  for (const round of ['cold', 'warm']) {
    for (const code of codes) {
      const { outcome } = await deep.run(code);
      expect(outcome.kind, `${round}: ${code}`).toBe('done');
      await deep.rollback();
    }
  }
  expect(await deep.value('1 + 1')).toBe('2');
  await deep.close();
}, 120_000);

test('memory that is full to the last byte leaves a world that can be rolled back', async () => {
  await fresh();
  const fill =
    'hold = []\nsize = 1 << 20\nwhile size:\n    try:\n        while True: hold.append(bytes(size))\n    except MemoryError: size >>= 1\nx = 1 / 0';
  const { outcome } = await guest.run(fill, { memoryBytes: 64 * MIB });
  expect(outcome.kind).toBe('done');
  await guest.rollback();
  expect(await guest.value('1 + 1')).toBe('2');
});
