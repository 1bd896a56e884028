import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compiledBench } from './testing/compiled-bench.js';
import type { TestExecutor, TestState } from './testing/executor-bench.js';

/** Worlds take turns on an executor. One leaves a secret in every place there is; the next must find none of it. */
const MARK = 'wr-leftover-mark';
const SECRET = Buffer.from(MARK);
/** Python that makes it without containing it. */
const MADE = `bytes(c ^ 1 for c in bytes.fromhex("${Buffer.from(SECRET.map((byte) => byte ^ 1)).toString('hex')}"))`;

let on: TestExecutor;
let base: TestState;
let other: TestState;

beforeAll(async () => {
  const bench = await compiledBench();
  on = await bench.TestExecutor.boot(await bench.makeStartup(), new bench.TestSlab());
  base = on.state;
  await on.value('mine = list(range(5000))');
  other = on.state;
}, 120_000);
afterAll(() => on.close());

const PLACES: readonly (readonly [place: string, code: string])[] = [
  ['a variable', `kept = ${MADE}`],
  ['many objects', `kept = [${MADE} + str(i).encode() for i in range(5000)]`],
  ['objects that were freed', `kept = [${MADE} + str(i).encode() for i in range(5000)]\nkept = None`],
  ['a large block', `kept = ${MADE} * 1_000_000`],
  ['a large block that was freed', `kept = ${MADE} * 1_000_000\ndel kept`],
  ['text of other widths', `kept = [${MADE}.decode(), ${MADE}.decode() + chr(0x1f600)]`],
  ['a file', `open("kept", "wb").write(${MADE} * 5000)\nopen("kept", "rb").read()`],
  ['a file that was removed', `import os\nopen("kept", "wb").write(${MADE} * 5000)\nos.remove("kept")`],
  [
    'a database',
    `import sqlite3\nd = sqlite3.connect(":memory:")\nd.execute("create table t(x)")\nd.execute("insert into t values (?)", (${MADE}.decode(),))`,
  ],
  ['frames', `def deep(n, s):\n  return s if n == 0 else deep(n - 1, s)\ndeep(500, ${MADE})`],
  ['an exception', `raise ValueError(${MADE}.decode())`],
  ['the output', `print(${MADE}.decode() * 100)`],
  ['a suspended generator', `def one(s):\n  yield s\n  yield s\ng = one(${MADE})\nnext(g)`],
  ['the code itself', `"${MARK}"`],
];

async function expectNothingOf(executor: TestExecutor): Promise<void> {
  expect(await executor.find(SECRET)).toBe(0);
  expect(await executor.value('len(mine)')).toBe('5000');
  expect(await executor.find(SECRET)).toBe(0);
}

describe.each(PLACES)('a secret in %s', (_, code) => {
  test('is gone when another world is loaded, and is back with its own', async () => {
    await on.load(base);
    await on.execute(code);
    const owner = on.state;
    const found = await on.find(SECRET);
    expect(found, 'the search finds it while it is there').toBeGreaterThan(0);
    await on.load(other);
    await expectNothingOf(on);
    await on.load(owner);
    expect(await on.value('1')).toBe('1');
  });

  test('is gone when the execution that made it is rolled back', async () => {
    await on.load(other);
    await on.run(code);
    expect(await on.find(SECRET)).toBeGreaterThan(0);
    await on.rollback();
    await expectNothingOf(on);
  });
});

describe('a secret on the C stack', () => {
  /** The C function behind `readlink` has the target in a buffer of its frame; deep in the stack, so that nothing overwrites it. */
  const ON_STACK = `import os
os.symlink(${MADE}, b"link")
def deep(n): return os.readlink("link") if n == 0 else list(map(deep, [n - 1]))[0]
deep(40)`;

  test('lies below the pointer, where no state holds it, and is cleared', async () => {
    await on.load(base);
    await on.execute(ON_STACK);
    expect(await on.find(SECRET, 'stack')).toBeGreaterThan(0);
    await on.load(other);
    expect(await on.find(SECRET, 'stack')).toBe(0);
    await expectNothingOf(on);
  });

  test('would be found if it were not cleared', async () => {
    await on.load(base);
    await on.execute(ON_STACK);
    await on.load(other, 'stack');
    expect(await on.find(SECRET, 'stack')).toBeGreaterThan(0);
    expect(await on.find(SECRET)).toBeGreaterThan(0);
    await on.load(base);
  });
});

test('what was above the heap of a smaller world would be found if it were not cleared', async () => {
  await on.load(base);
  await on.execute(`kept = ${MADE} * 1_000_000`);
  await on.load(other, 'heap');
  expect(await on.find(SECRET, 'heap')).toBeGreaterThan(1000);
  await on.load(base);
  await on.execute(`kept = ${MADE} * 1_000_000`);
  await on.load(other);
  await expectNothingOf(on);
});
