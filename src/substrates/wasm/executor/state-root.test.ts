import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { streamAt } from '../../../model/split-mix.js';
import { PAGE_BYTES } from '../../../ports/page-store.js';
import { PageTree } from './page-tree.js';
import { compiledBench } from './testing/compiled-bench.js';
import type { TestExecutor, TestSlab, TestState } from './testing/executor-bench.js';
import { naivePagesRoot, naiveRoot } from './testing/naive-root.js';

test('the tree over pages has the root of its pages after any changes, in any order, however much room there was', () => {
  const seed = BigInt(process.env['PAGE_TREE_SEED'] ?? '20263');
  process.stdout.write(`page tree seed ${seed} (PAGE_TREE_SEED reruns one)\n`);
  let drawn = 0;
  const pick = (below: number) => Number(streamAt(seed, drawn++) % BigInt(below));
  const [tree, other] = [new PageTree(), new PageTree()];
  const pages: Uint8Array[] = [];
  const seen = { roots: 0, cleared: 0, zeroed: 0, grown: 0 };
  for (let step = 0; step < 300; step++) {
    for (let left = pick(8); left > 0; left--) {
      const page = pick(pick(10) === 0 ? 400 : 150);
      while (pages.length <= page) {
        pages.push(new Uint8Array(PAGE_BYTES));
        seen.grown++;
      }
      const kind = pick(5);
      pages[page] = new Uint8Array(PAGE_BYTES);
      if (kind > 1) pages[page][pick(PAGE_BYTES)] = 1 + pick(255);
      if (kind === 0) {
        tree.clear(page);
        seen.cleared++;
      } else {
        tree.forget(page);
        if (kind === 1) seen.zeroed++;
      }
    }
    if (pick(3) !== 0) continue;
    const expected = naivePagesRoot(pages);
    expect(
      tree.root((page) => pages[page]!),
      `seed ${seed}, step ${step}`,
    ).toEqual(expected);
    // One that never saw anything else.
    for (const page of pages.keys()) other.forget(page);
    expect(other.root((page) => pages[page]!)).toEqual(expected);
    seen.roots++;
  }
  process.stdout.write(`${JSON.stringify(seen)}\n`);
  for (const count of [seen.cleared, seen.zeroed, seen.grown, seen.roots]) expect(count).toBeGreaterThan(50);
});

test('a tree reads only pages that it does not know', () => {
  const tree = new PageTree();
  const read: number[] = [];
  const content = (page: number) => {
    read.push(page);
    return new Uint8Array(PAGE_BYTES).fill(page + 1);
  };
  for (const page of [0, 1, 70]) tree.forget(page);
  tree.root(content);
  tree.forget(70);
  tree.clear(1);
  tree.root(content);
  tree.root(content);
  expect(read).toEqual([0, 1, 70, 70]);
});

describe('the root of a guest', () => {
  let slab: TestSlab;
  let bytesOf: (id: number) => Uint8Array;
  let base: TestState;
  let one: TestExecutor;
  let two: TestExecutor;

  beforeAll(async () => {
    const bench = await compiledBench();
    const startup = await bench.makeStartup();
    slab = new bench.TestSlab();
    bytesOf = (id) => bench.pageBytes(slab, id);
    one = await bench.TestExecutor.boot(startup, slab);
    base = one.state;
    two = await bench.TestExecutor.boot(startup, slab, base, false);
  }, 120_000);
  afterAll(() => Promise.all([one, two].map((each) => each?.close())));

  const PREPARE = "import os\nx, y = 1, 'a'\nf = open('/tmp/f', 'w+b')\n_ = f.write(b'z' * 9000)\nf.flush()";
  /** What differs in one thing from `pass`. */
  const CHANGES: Readonly<Record<string, string>> = {
    'a variable': 'x = 2',
    'a byte of a file': "f.seek(4000); f.write(b'y'); f.flush(); f.seek(9000)",
    'a longer file': "f.write(b'z'); f.flush()",
    'a shorter file': 'f.truncate(8000)',
    'a mode': "os.chmod('/tmp/f', 0o600)",
    'a time': "os.utime('/tmp/f', ns=(1, 1))",
    'a position': 'f.seek(1)',
    'a name': "os.rename('/tmp/f', '/tmp/g')",
    'a link': "os.symlink('f', '/tmp/l')",
    'a descriptor': 'd = os.dup(f.fileno())',
    'a working directory': "os.chdir('/tmp')",
    'a mask': 'os.umask(0o77)',
    'a drawn number': 'os.urandom(1)',
    'a look at the clock': 'import time; time.time()',
    nothing: 'pass',
  };

  test('is that of what is stored, differs with any difference, and is the same in another executor', async () => {
    await one.load(base);
    await one.value(PREPARE);
    const prepared = one.state;
    const roots = new Map<string, string>();
    for (const [what, code] of Object.entries(CHANGES)) {
      await one.load(prepared);
      await one.value(code);
      expect(one.root, what).toBe(naiveRoot(one.state, bytesOf));
      roots.set(what, one.root ?? '');
    }
    expect(new Set(roots.values()).size, JSON.stringify([...roots])).toBe(roots.size);
    // The other one has been elsewhere, compares in another way, and takes them in another order.
    await two.load(base);
    await two.value('junk = bytearray(3 << 20)\nopen("/tmp/f", "w").write("junk")');
    for (const [what, code] of Object.entries(CHANGES).reverse()) {
      await two.load(prepared);
      await two.run('x = 3; open("/tmp/f", "w").write("other")');
      await two.rollback();
      await two.value(code);
      expect(two.root, what).toBe(roots.get(what));
    }
  });

  test('forgets what the heap no longer reaches', async () => {
    await one.load(base);
    await one.value('big = bytearray(b"q" * (8 << 20))');
    await one.value('del big');
    expect(one.root).toBe(naiveRoot(one.state, bytesOf));
    await one.load(base);
    await one.value('pass');
    const small = one.root;
    expect(small).toBe(naiveRoot(one.state, bytesOf));
    await two.load(base);
    await two.value('pass');
    expect(two.root).toBe(small);
  });
});
