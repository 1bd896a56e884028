import { afterAll, beforeAll, expect, test } from 'vitest';
import { sideModule } from '../testing/side-module.js';
import { compiledBench } from './testing/compiled-bench.js';
import type { Startup, TestExecutor, TestSlab } from './testing/executor-bench.js';

const SITE = '/lib/python3.14/site-packages';
const LIBRARY = `${SITE}/probe.cpython-314-wasm32-emscripten.so`;
const PREAMBLE = `
import thing
table = thing.build(2000)
def look(key):
    return table[key]
def fail():
    raise ValueError("from the preamble")
`;
const THING = `
def build(size):
    return {i: str(i) * 3 for i in range(size)}
`;

let bench: Awaited<ReturnType<typeof compiledBench>>;
let startup: Startup;
let slab: TestSlab;
const executors: TestExecutor[] = [];

beforeAll(async () => {
  bench = await compiledBench();
  startup = await bench.makeStartup({
    files: [
      { path: `${SITE}/thing.py`, bytes: Buffer.from(THING) },
      { path: LIBRARY, bytes: sideModule() },
    ],
    libraries: [LIBRARY],
    preamble: PREAMBLE,
  });
  slab = new bench.TestSlab();
  executors.push(await bench.TestExecutor.boot(startup, slab));
  executors.push(await bench.TestExecutor.boot(startup, slab, executors[0]!.state));
}, 120_000);

afterAll(async () => {
  for (const executor of executors) await executor.close();
});

test('what the preamble made is there in every executor', async () => {
  for (const executor of executors) {
    expect(await executor.value('look(7)')).toBe("'777'");
    expect((await executor.execute('fail()')).outcome.error?.traceback).toContain(
      'File "<preamble>", line 7, in fail\n    raise ValueError("from the preamble")',
    );
    expect(await executor.value('import sys; "thing" in sys.modules')).toBe('True');
  }
});

test('a native library works, and its state moves between executors byte for byte', async () => {
  const [a, b] = [executors[0]!, executors[1]!];
  const base = a.state;
  expect(await a.value('import probe; probe.triple(14)')).toBe('42');
  expect(await a.value('probe.count(5)')).toBe('5');
  const middle = a.state;
  expect(await a.value('probe.count(7)')).toBe('12');
  await b.load(middle);
  expect(await b.value('probe.count(7), probe.triple(2)')).toBe('(12, 6)');
  await a.load(base);
  await b.load(base);
  for (const executor of [a, b]) {
    expect(await executor.value('import probe; probe.count(1)')).toBe('1');
  }
  const bytesOf = (executor: TestExecutor): Map<number, string> =>
    new Map(
      [...executor.state.pages].map(([page, id]) => [
        page,
        id === 0 ? '' : Buffer.from(bench.pageBytes(slab, id)).toString('base64'),
      ]),
    );
  expect(bytesOf(a)).toEqual(bytesOf(b));
});

test('no other library can be loaded once the base is locked', async () => {
  const executor = executors[0]!;
  const copy = `open("/home/world/other.so", "wb").write(open("${LIBRARY}", "rb").read())`;
  await executor.value(copy);
  const attempt = `
import importlib.machinery, importlib.util
loader = importlib.machinery.ExtensionFileLoader("other", "/home/world/other.so")
spec = importlib.util.spec_from_loader("other", loader)
importlib.util.module_from_spec(spec)`;
  const { outcome } = await executor.execute(attempt);
  expect(outcome.error?.type).toBe('ImportError');
  expect(await executor.value('1 + 1')).toBe('2');
});

test('faults of an image are told as such', async () => {
  const make = (preamble: string) => bench.makeStartup({ files: [], libraries: [], preamble });
  await expect(make('print("half way")\n1 / 0')).rejects.toThrow(
    /the preamble failed.*ZeroDivisionError.*half way/s,
  );
  await expect(make('def (')).rejects.toThrow(/the preamble failed.*SyntaxError/s);
  const broken = { path: LIBRARY, bytes: Buffer.from('not wasm at all') };
  await expect(bench.makeStartup({ files: [broken], libraries: [LIBRARY], preamble: null })).rejects.toThrow(
    /the library .*probe.* does not load/,
  );
}, 120_000);
