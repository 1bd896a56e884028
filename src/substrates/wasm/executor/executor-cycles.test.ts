import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { mix64 } from './guest-inputs.js';
import { compiledBench } from './testing/compiled-bench.js';
import type { Startup, TestExecutor, TestSlab, TestState } from './testing/executor-bench.js';
import { naiveRoot } from './testing/naive-root.js';
import { usableAddon } from './testing/written-pages.js';

let startup: Startup;
let slab: TestSlab;
let executors: readonly TestExecutor[];
let base: TestState;
let pageBytes: (slab: TestSlab, id: number) => Uint8Array;

beforeAll(async () => {
  const bench = await compiledBench();
  pageBytes = bench.pageBytes;
  startup = await bench.makeStartup();
  slab = new bench.TestSlab();
  const first = await bench.TestExecutor.boot(startup, slab);
  base = first.state;
  // They find changed pages in different ways, where the kernel can list them.
  executors = [first, await bench.TestExecutor.boot(startup, slab, base, false)];
}, 120_000);

afterAll(() => Promise.all(executors.map((executor) => executor.close())));

function executor(index: number): TestExecutor {
  const found = executors[index % executors.length];
  if (found === undefined) throw new Error('no executor');
  return found;
}

test('one executor compares what the kernel says was written, the other everything', () => {
  expect(executors.map(({ tracksWrites }) => tracksWrites)).toEqual([usableAddon() !== null, false]);
});

test('the base state is the same in every executor and every process', async () => {
  expect(executor(0).digest).toBe(executor(1).digest);
  expect(executor(0).digest).toMatch(/^[0-9a-f]{64}$/);
  const bench = new URL('../../../../dist/substrates/wasm/executor/', import.meta.url).href;
  const script = `
    const { compileEngine, makeStartupSnapshot } = await import('${bench}startup-snapshot.js');
    const { decodeStartup } = await import('${bench}startup-format.js');
    const { module } = await compileEngine();
    const { createHash } = await import('node:crypto');
    const bytes = await makeStartupSnapshot(module);
    console.log(decodeStartup(bytes).baseDigest, createHash('sha256').update(bytes).digest('hex'));
  `;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], {
    env: { TZ: 'Asia/Tokyo', LANG: 'de_DE.UTF-8', PATH: process.env['PATH'] },
    cwd: '/',
  });
  const { createHash } = await import('node:crypto');
  expect(stdout.trim()).toBe(
    `${executor(0).digest} ${createHash('sha256').update(startup.bytes).digest('hex')}`,
  );
}, 120_000);

/** A snippet, what it does to the model, and the files it changes. `%` is a number. */
const KINDS: readonly (readonly [kind: string, code: string])[] = [
  ['plain', 'pass'],
  ['dict', 'D[%] = [str(i) for i in range(% * 10)]'],
  ['file', 'F.write("%,"); F.flush(); log += "%,"'],
  ['class', 'exec("class K%:\\n z = %")'],
  ['memory', 'big = bytearray(% * 20_000)'],
  ['exception', 'try: {}["a"]\nexcept KeyError: pass'],
  ['import', 'import decimal, csv, json; json.dumps(list(range(%)))'],
  ['asyncio', 'import asyncio\nasync def m(): await asyncio.sleep(0.01)\nasyncio.run(m())'],
  ['sqlite', 'import sqlite3\nsqlite3.connect(":memory:").execute("select %").fetchone()'],
  ['collect', 'import gc; gc.collect()'],
  ['new file', 'open(f"n{%}", "w").write("n" * 5000); names.add("n%")'],
  ['removal', 'for n in sorted(names)[:1]: os.remove(n); names.discard(n)'],
  ['generator', 'g2 = (i for i in range(%)); next(g2, None)'],
];

interface Model {
  readonly state: TestState;
  readonly list: readonly number[];
  readonly next: number;
}

test('300 random loads, runs, commits and rollbacks over two executors keep every world apart', async () => {
  const seed = BigInt(process.env['CYCLES_SEED'] ?? '20261');
  process.stdout.write(`cycles seed ${seed} (CYCLES_SEED reruns one)\n`);
  let draws = 0n;
  const pick = (below: number) => Number(mix64(seed + draws++ * 0x9e37_79b9_7f4a_7c15n) % BigInt(below));
  await executor(0).load(base);
  await executor(0).value(
    'import os\nL, D, names, log, squares = [], {}, set(), "", (i * i for i in range(10**9))\nF = open("/tmp/h", "a+")',
  );
  const worlds: Model[] = [{ state: executor(0).state, list: [], next: 0 }];
  const kinds = new Map<string, number>();
  const ended = { committed: 0, rolledBack: 0, refused: 0 };
  for (let cycle = 0; cycle < 300; cycle++) {
    const on = executor(pick(2));
    const world = worlds[pick(worlds.length)];
    const [kind, code] = KINDS[pick(KINDS.length)] ?? ['', ''];
    if (world === undefined) throw new Error('no world');
    const number = pick(1000);
    kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
    await on.load(world.state);
    const check = `assert L == [${world.list.join(',')}], L\nassert names == {n for n in os.listdir() if n[0] == "n"}`;
    const run = `${check}\nL.append(${number})\n${code.replaceAll('%', String(number))}\nF.seek(0); q = F.read(); F.seek(0, 2)\nassert q == log, q\n(next(squares), len(L))`;
    const fate = pick(6);
    const { outcome } = await on.run(fate === 0 ? `${run}\n1 +` : run);
    const what = `cycle ${cycle}, ${kind}, ${number}`;
    if (outcome.kind !== 'done') throw new Error(`${what}: ${JSON.stringify(outcome)}`);
    if (fate === 0) {
      expect(outcome.changed, what).toBe(false);
      await on.rollback();
      ended.refused++;
    } else {
      expect(outcome.error?.traceback ?? null, what).toBe(null);
      expect(outcome.value, what).toBe(`(${world.next * world.next}, ${world.list.length + 1})`);
      if (fate === 1) {
        await on.rollback();
        expect(await on.value('len(L)'), `${what}, rolled back`).toBe(String(world.list.length));
        ended.rolledBack++;
      } else {
        await on.commit();
        if (cycle % 8 === 0) expect(on.root, what).toBe(naiveRoot(on.state, (id) => pageBytes(slab, id)));
        worlds.push({ state: on.state, list: [...world.list, number], next: world.next + 1 });
        ended.committed++;
      }
    }
  }
  process.stdout.write(`${JSON.stringify(Object.fromEntries(kinds))} ${JSON.stringify(ended)}\n`);
  expect(kinds.size).toBe(KINDS.length);
  expect(ended.committed).toBeGreaterThan(150);
  expect(ended.rolledBack).toBeGreaterThan(20);
  expect(ended.refused).toBeGreaterThan(20);
}, 120_000);

test('the same state, identity and code give the same bytes in both executors', async () => {
  const codes = [
    'import random, os, uuid, time, tempfile\nL = [random.random(), os.urandom(5), uuid.uuid4(), time.time(), hash("a")]\nL',
    'open("f", "w").write("x"); os.stat("f"), tempfile.mkstemp(), id(L), open("/dev/urandom", "rb", buffering=0).read(3)',
    'import threading\nthreading.get_ident(), {str(i) for i in range(50)}, object()',
    'def f(a, b=2): return a / 0\nf(1)',
    'del L\nimport gc; gc.collect()',
  ];
  const results: unknown[] = [];
  for (const [index, on] of executors.entries()) {
    // The other one has just been somewhere else.
    await on.load(base);
    await on.value(`junk = [bytearray(${index + 1} << 20), "${'x'.repeat(1000 * index)}"]`);
    await on.load(base);
    const answers: unknown[] = [];
    for (const code of codes) {
      const { outcome } = await on.execute(code);
      answers.push([outcome.value, outcome.error]);
    }
    const { createHash } = await import('node:crypto');
    const hash = createHash('sha256');
    for (const [page, id] of [...on.state.pages].sort(([a], [b]) => a - b)) {
      if (id !== 0) hash.update(`${page}:`).update(pageBytes(slab, id));
    }
    results.push([
      answers,
      hash.digest('hex'),
      { ...on.state.registers },
      on.state.files.nodes.map((n) => ({ ...n, pages: n.pages?.length })),
    ]);
  }
  expect(results[1]).toEqual(results[0]);
});

test('no byte of a world is left in the executor when another is loaded', async () => {
  const on = executor(0);
  await on.load(base);
  await on.value(
    'secret = "".join(chr(c ^ 1) for c in b"rdbsdu,l`sjds")\nmany = [secret + str(i) for i in range(1000)]',
  );
  await on.value(
    'open("s", "w").write(secret * 1000)\nimport json; json.loads(json.dumps(many))\ndef deep(n): return secret if n == 0 else deep(n - 1)\ndeep(400)',
  );
  const marker = Buffer.from('secret-marker');
  expect(await on.find(marker), 'the search finds it while it is there').toBeGreaterThan(100);
  await on.load(base);
  expect(await on.find(marker)).toBe(0);
  await on.value('x = 1');
  expect(await on.find(marker)).toBe(0);
});
