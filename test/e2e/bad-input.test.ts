import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type World, WorldRuntime } from '../../src/index.js';
import { MIB } from '../../src/model/limits.js';

/** What bad input gets, through the public API on real Python; and that the world is what it was, and works on. */
let folder: string;
let runtime: WorldRuntime;
let world: World;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'wr-bad-'));
  runtime = await WorldRuntime.open({ dataDir: folder });
  world = await runtime.create({ name: 'bad', limits: { memoryBytes: 96 * MIB, outputBytes: 1000 } });
  await world.execute('x = 1');
}, 120_000);
afterAll(async () => {
  await runtime.close();
  rmSync(folder, { recursive: true, force: true });
});

const stillThere = async (): Promise<void> => {
  expect((await world.execute('x')).value).toBe('1');
};
const headOf = async (): Promise<string> => (await world.show()).head;

const RAISING: readonly [what: string, code: string, type: string][] = [
  ['an exception', '1 / 0', 'ZeroDivisionError'],
  ['SystemExit', 'raise SystemExit(3)', 'SystemExit'],
  ['endless recursion', 'def f(): return f()\nf()', 'RecursionError'],
  ['a memory bomb', 'y = bytearray(400 * 2**20)', 'MemoryError'],
];

describe('code that raises is an answer, and the world keeps what it did before', () => {
  test.each(RAISING)('%s', async (_, code, type) => {
    const { ok, error, effects } = await world.execute(`import world\nworld.report(cost=1)\nx = 1\n${code}`);
    expect({ ok, type: error?.type, effects }).toEqual({ ok: false, type, effects: [] });
    await stillThere();
  });
});

test('a syntax error changes nothing', async () => {
  const before = await headOf();
  expect(await world.execute('x = 2\nx = (')).toMatchObject({ ok: false, error: { type: 'SyntaxError' } });
  expect(await headOf()).toBe(before);
});

test('a flood of output is cut and marked', async () => {
  const flood = await world.execute('for _ in range(10_000): print("spam")');
  expect(flood.stdoutTruncated).toBe(true);
  expect(flood.stdout.length).toBeLessThan(1200);
  await stillThere();
});

describe('what cannot end is ended, and rolled back', () => {
  test.each([
    ['an infinite loop', 'x = 2\nwhile True: pass'],
    [
      'one that swallows KeyboardInterrupt',
      'x = 2\nwhile True:\n  try:\n    while True: pass\n  except BaseException: pass',
    ],
  ])('%s', async (_, code) => {
    const before = await headOf();
    await expect(world.execute(code, { timeoutMs: 300 })).rejects.toMatchObject({
      code: 'EXECUTION_TIMEOUT',
    });
    expect(await headOf()).toBe(before);
    await stillThere();
  });

  test('a caller who gives up', async () => {
    const code = 'x = 2\nwhile True: pass';
    await expect(world.execute(code, { signal: AbortSignal.timeout(200) })).rejects.toMatchObject({
      code: 'INTERRUPTED',
    });
    await stillThere();
  });
});

describe('requests that cannot be met name their code', () => {
  test.each<[string, (w: World) => Promise<unknown>, string]>([
    ['an unknown world', () => runtime.world('nobody'), 'WORLD_NOT_FOUND'],
    ['an unknown snapshot', () => runtime.create({ snapshotId: 'nothing' }), 'SNAPSHOT_NOT_FOUND'],
    ['code with a lone surrogate', (w) => w.execute('"\ud800"'), 'BAD_INPUT'],
    ['another head', (w) => w.execute('1', { expectHead: 'stt_nothing' }), 'STATE_NOT_FOUND'],
    [
      'trits that do not balance',
      (w) => w.branch({ children: [{ name: 'a', trit: 1 }] }),
      'TRITS_UNBALANCED',
    ],
    [
      'probabilities that do not add up',
      (w) =>
        w.pushDown({
          outcomes: [
            { name: 'a', probability: '0.5' },
            { name: 'b', probability: '0.4' },
          ],
        }),
      'PROBABILITIES_UNBALANCED',
    ],
    ['nothing to pull up', (w) => w.pullUp(), 'NO_PUSH_DOWN'],
    ['nowhere to rewind to', (w) => w.rewind({ steps: 1000 }), 'STATE_NOT_FOUND'],
    ['a limit out of range', () => runtime.create({ limits: { memoryBytes: 1 } }), 'BAD_INPUT'],
  ])('%s', async (_, ask, code) => {
    await expect(ask(world)).rejects.toMatchObject({ name: 'WorldError', code });
    await stillThere();
  });

  test('a frozen, a collapsed and a deleted world', async () => {
    const parent = await runtime.create();
    const { verses } = await parent.pushDown();
    await expect(parent.execute('1')).rejects.toMatchObject({ code: 'WORLD_FROZEN' });
    await parent.pullUp({ outcome: 'nash' });
    await expect(verses['chaos']?.execute('1')).rejects.toMatchObject({ code: 'WORLD_COLLAPSED' });
    await parent.delete();
    await expect(parent.execute('1')).rejects.toMatchObject({ code: 'WORLD_DELETED' });
  });
});

test('a killed executor host costs time, not state', async () => {
  const before = await headOf();
  const hosts = childrenOf(process.pid).filter(({ command }) => command.includes('host/main.js'));
  expect(hosts).toHaveLength(1);
  process.kill(hosts[0]!.pid, 'SIGKILL');
  await stillThere();
  expect(await headOf()).not.toBe(before);
}, 60_000);

/** From /proc, as `ps` is not everywhere. */
function childrenOf(parent: number): { pid: number; command: string }[] {
  return readdirSync('/proc').flatMap((name) => {
    try {
      const parentOf = /^PPid:\t(\d+)$/m.exec(readFileSync(`/proc/${name}/status`, 'utf8'))?.[1];
      if (Number(parentOf) !== parent) return [];
      return [{ pid: Number(name), command: readFileSync(`/proc/${name}/cmdline`, 'utf8') }];
    } catch {
      return [];
    }
  });
}
