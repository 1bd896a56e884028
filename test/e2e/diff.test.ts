import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFailed, test } from 'vitest';
import { WorldRuntime } from '../../src/index.js';
import type { DiffView } from '../../src/model/diff-api.js';
import type { RuntimeClient, World } from '../../src/surfaces/client/runtime-client.js';
import { wr } from './cli-process.js';
import { startDaemon, stopDaemon } from './daemon-process.js';

const folder = mkdtempSync(join(tmpdir(), 'wr-diff-test-'));
const dataDir = join(folder, 'data');
let runtime: RuntimeClient;

beforeAll(async () => {
  runtime = await WorldRuntime.open({ dataDir, workers: 2 });
});

afterAll(async () => {
  await runtime?.close();
  rmSync(folder, { recursive: true, force: true });
});

async function ran(world: World, code: string): Promise<string> {
  const { ok, error, state } = await world.execute(code);
  if (!ok) throw new Error(error?.traceback);
  return state;
}

/** The variables that differ after `second`, as `name: before -> after`. */
async function changedVariables(first: string, second: string): Promise<string[]> {
  const world = await runtime.create();
  const before = await ran(world, first);
  await ran(world, second);
  return texts(await world.diff(before, { parts: ['variables'] }));
}

function texts({ variables }: DiffView): string[] {
  expect(variables?.problem).toBeNull();
  const text = (side: { type: string; repr: string } | null) =>
    side ? `${side.type} ${side.repr}` : 'nothing';
  return (variables?.differences ?? []).map(
    ({ name, before, after }) => `${name}: ${text(before)} -> ${text(after)}`,
  );
}

const hasPatch = spawnSync('patch', ['--version']).status === 0;
if (!hasPatch && process.env['REQUIRE_PATCH'] === '1')
  throw new Error('REQUIRE_PATCH=1, and there is no patch');

const FILES_BEFORE = `
import os
os.makedirs('lib/inner')
for name, text in {
    'changed.txt': 'one\\ntwo\\nthree', 'gone.txt': 'bye\\n', 'same.txt': 'same\\n', 'größe 大.txt': 'alt\\n', 'lib/inner/x': 'x\\n',
}.items():
    with open(name, 'w') as file: file.write(text)
with open('picture', 'wb') as file: file.write(bytes(range(256)))
os.symlink('same.txt', 'link')
os.chmod('same.txt', 0o600)
`;
const FILES_AFTER = `
with open('changed.txt', 'w') as file: file.write('one\\n2\\nthree\\n')
os.remove('gone.txt'); os.remove('link'); os.symlink('changed.txt', 'link')
with open('größe 大.txt', 'w') as file: file.write('neu\\n')
with open('picture', 'r+b') as file: file.write(b'\\1')
with open('same.txt', 'w') as file: file.write('same\\n')
os.chmod('same.txt', 0o755)
os.mkdir('empty'); os.makedirs('new/deep')
with open('new/deep/file', 'w') as file: file.write('n\\n')
with open('large', 'w') as file: file.write('x\\n' * 1_000_000)
with open('nothing', 'w') as file: pass
os.remove('lib/inner/x'); os.rmdir('lib/inner'); os.rmdir('lib')
with open('lib', 'w') as file: file.write('now a file\\n')
`;

describe('files', () => {
  let view: DiffView;
  beforeAll(async () => {
    const world = await runtime.create({ name: 'files' });
    await ran(world, FILES_BEFORE);
    await world.snapshot('files-before');
    await ran(world, FILES_AFTER);
    view = await runtime.diff('files-before', 'files', { parts: ['files'] });
  });

  test('that came, went or changed are told, and nothing of the base', () => {
    const short = view.files?.differences.map(({ path, change, content }) => `${change} ${path} ${content}`);
    expect(short).toEqual([
      'changed /home/world/changed.txt text',
      'added /home/world/empty none',
      'removed /home/world/gone.txt text',
      'changed /home/world/größe 大.txt text',
      'added /home/world/large large',
      'changed /home/world/lib none',
      'removed /home/world/lib/inner/x text',
      'changed /home/world/link same',
      'added /home/world/new/deep/file text',
      'added /home/world/nothing text',
      'changed /home/world/picture binary',
      'changed /home/world/same.txt same',
    ]);
    expect(view.different).toBe(true);
    expect(view.files?.more).toBe(false);
  });

  test('have hunks that say when a last line has no end', () => {
    expect(view.files?.differences[0]).toMatchObject({
      linesAdded: 2,
      linesRemoved: 2,
      hunks: '@@ -1,3 +1,3 @@\n one\n-two\n-three\n\\ No newline at end of file\n+2\n+three\n',
    });
  });

  test('of two worlds that ran the same are the same, though they have them from different executions', async () => {
    const [a, b] = [await runtime.create({ name: 'twin-a' }), await runtime.create({ name: 'twin-b' })];
    for (const world of [a, b]) await ran(world, "open('f', 'w').write('y' * 100_000) and None");
    const found = await runtime.diff('twin-a', 'twin-b', { parts: ['files'] });
    expect(found).toMatchObject({ different: false, files: { differences: [] } });
    await ran(b, "open('f', 'r+').write('Y') and None");
    expect((await runtime.diff('twin-a', 'twin-b', { parts: ['files'] })).files?.differences).toHaveLength(1);
  });
});

describe('variables', () => {
  test('are compared by name, type and repr', async () => {
    const found = await changedVariables(
      "n = 1; same = [1, {'a': (2,)}, {3}]; gone = None; text = 'a'; d = {'x': 1}; _own = 1",
      "n = 1.0; del gone; text += 'b'; d['x'] = 2; new = frozenset('zyx'); _own = 2; same = [1, {'a': (2,)}, {3}]",
    );
    expect(found).toEqual([
      '_own: int 1 -> int 2',
      "d: dict {'x': 1} -> dict {'x': 2}",
      'gone: NoneType None -> nothing',
      'n: int 1 -> float 1.0',
      "new: nothing -> frozenset frozenset({'x', 'y', 'z'})",
      "text: str 'a' -> str 'ab'",
    ]);
  });

  test('are no worse for names that hide those of Python', async () => {
    const first = 'list = repr = type = len = str = dict = sorted = eval = 1; builtins = sys = 2; x = 1';
    expect(await changedVariables(first, 'x = 2')).toEqual(['x: int 1 -> int 2']);
  });

  test('that are functions or classes differ when their code does, and not when it moved', async () => {
    const first =
      'def f(a, *, b=2): return a + b\ndef g(): return 1\nclass C:\n    def go(self): return 1\nclass D:\n    def go(self): return 1\n' +
      'def make():\n    n = 0\n    def step():\n        nonlocal n; n += 1; return n\n    return step\nstep = make(); still = make()';
    const second =
      '\n\n\ndef f(a, *, b=2): return a - b\ndef g():\n    return 1\nclass C:\n    def go(self): return 2\nclass D:\n    def go(self): return 1\nstep()';
    expect(await changedVariables(first, second)).toEqual([
      'C: type <class C> -> type <class C>',
      'f: function def f(a, *, b=2) -> function def f(a, *, b=2)',
      'step: function def step() -> function def step()',
    ]);
  });

  test('that are objects without a repr of their own are compared by their attributes, never by their address', async () => {
    const first =
      'class P: pass\nclass S: __slots__ = ("u", "v")\np, q, s = P(), P(), S()\np.x = 1; q.x = 1; s.u = 1; o = object()\n' +
      'g = (i for i in [1]); p.me = p';
    const second =
      'spam = [bytes(1000) for _ in range(99)]; del spam\nq2 = q; q = P(); q.x = 1; del q2\no = object(); p.x = 2; s.u = 3';
    expect(await changedVariables(first, second)).toEqual([
      'p: P <P me=... x=1> -> P <P me=... x=2>',
      's: S <S u=1> -> S <S u=3>',
    ]);
  });

  test('that are large differ also where their text is cut', async () => {
    const first =
      "import array\nbig = list(range(2_000_000)); s = 'x' * 1_000_000; a = array.array('i', range(100_000))";
    const world = await runtime.create();
    const before = await ran(world, first);
    await ran(world, "big[1_500_000] = 0; s = s[:-1] + 'y'; a[50_000] = 0");
    const { variables } = await world.diff(before, { parts: ['variables'] });
    expect(variables?.differences.map(({ name }) => name)).toEqual(['a', 'big', 's']);
    for (const { before: was } of variables?.differences ?? []) {
      expect(was?.cut).toBe(true);
      expect(was?.repr.length).toBeLessThanOrEqual(1000);
    }
  });

  test('that are large show where they differ', async () => {
    const first = 'd = {f"key{n}": {"n": n} for n in range(3000)}; e = list(range(5000))';
    const found = await changedVariables(first, "d['key2000']['n'] = -1; e[4000] = 'x'");
    expect(found[0]).toMatch(/^d: dict ….*'key2000': \{'n': 2000\}, .* -> dict ….*'key2000': \{'n': -1\}, /);
    expect(found[1]).toMatch(/^e: list ….* 3999, 4000, .* -> list ….* 3999, 'x', /);
  });

  test('whose state does not show are told to be equal only as far as can be seen', async () => {
    const world = await runtime.create();
    const before = await ran(world, 'g = (i for i in [1, 2]); it = iter([1, 2]); x = 1');
    await ran(world, 'next(g); next(it)');
    const { variables } = await world.diff(before, { parts: ['variables'] });
    expect(variables).toMatchObject({
      differences: [],
      unsure: ['g', 'it'],
      compared: 3,
      askedNothing: false,
    });
  });
});

const HOSTILE = `
class Raises:
    def __repr__(self): raise SystemExit(3)
class Loops:
    def __repr__(self):
        while True: pass
class Prints:
    def __repr__(self):
        print('noise ' * 100_000)
        return 'said'
class Giant:
    def __repr__(self): return 'G' * 20_000_000
class Mutates:
    def __repr__(self):
        globals()['x'] = 'spoilt'; globals().clear()
        return 'mutated'
class NoText:
    def __repr__(self): return 5
class Escapes:
    def __repr__(self): return '\\x1b[31mred\\x1e\\x1f\\ud800'
class Meta(type):
    def __hash__(self): raise SystemExit
    def __eq__(self, other): raise SystemExit
    def __getattribute__(self, name): raise SystemExit
class Strange(metaclass=Meta):
    pass
class Dict(dict):
    __class__ = property(lambda self: 1 / 0)
a, b, c, d, e, f, g = Raises(), Loops(), Prints(), Giant(), Mutates(), NoText(), Escapes()
h, i = Strange(), Dict()
nest = []
for _ in range(100_000): nest = [nest]
globals()[5] = 'no name'; globals()['no identifier'] = 1
huge = 7 ** 100_000
`;

describe('a hostile world', () => {
  test('is described as far as it lets itself be, in bounded time and size', async () => {
    const world = await runtime.create({ name: 'hostile' });
    const before = await ran(world, 'x = 1');
    await ran(world, `x = 2\n${HOSTILE}`);
    const view = await world.diff(before);
    const found = texts(view);
    expect(found).toContain('x: int 1 -> int 2');
    expect(found).toContain('a: nothing -> Raises <Raises: repr raises SystemExit>');
    expect(found).toContain('b: nothing -> Loops <Loops: repr takes too long>');
    expect(found).toContain('c: nothing -> Prints said');
    expect(found).toContain('e: nothing -> Mutates mutated');
    expect(found).toContain('f: nothing -> NoText <NoText: repr raises TypeError>');
    expect(found).toContain('g: nothing -> Escapes ?[31mred??\\ud800');
    expect(found).toContain('h: nothing -> Strange <Strange>');
    expect(found.find((line) => line.startsWith('nest:'))).toMatch(/\[\[\[\.\.\.\]\]\]/);
    expect(found.some((line) => line.includes('identifier'))).toBe(false);
    expect(JSON.stringify(view).length).toBeLessThan(100_000);
    expect((await world.execute('x')).value, 'and nothing of it stays').toBe('2');
    expect(texts(await world.diff('hostile')), 'it is equal to itself').toEqual([]);
  });

  test('is read without asking its objects when one of them never ends', async () => {
    const world = await runtime.create();
    const before = await ran(world, 'x = 1');
    await ran(
      world,
      'class Hangs:\n    def __repr__(self): return str(sum(range(10 ** 15)))\nh = Hangs(); x = 2',
    );
    const view = await world.diff(before, { parts: ['variables'], timeoutMs: 2000 });
    expect(view.variables?.askedNothing).toBe(true);
    expect(texts(view)).toEqual([
      'Hangs: nothing -> type <class Hangs>',
      'h: nothing -> Hangs <Hangs: its repr was not asked>',
      'x: int 1 -> int 2',
    ]);
  });

  test('that cannot answer at all is a note, and the rest is compared', async () => {
    const world = await runtime.create();
    const before = await ran(world, 'x = 1');
    await ran(world, "open('f', 'w').close()\nimport builtins; builtins.sorted = None");
    const view = await world.diff(before);
    expect(view.variables).toMatchObject({ differences: [], problem: expect.stringMatching(/TypeError/) });
    expect(view.files?.differences).toMatchObject([{ path: '/home/world/f', change: 'added' }]);
    await ran(world, 'builtins.repr = lambda value: "world-variables-1"');
    expect((await world.diff(before)).variables?.problem).toMatch(/could not be read/);
  });
});

describe('states are named', () => {
  test('as worlds, verses, states and snapshots, of worlds that ended too; and nothing is changed by it', async () => {
    const world = await runtime.create({ name: 'market' });
    await ran(world, 'x = 0');
    const first = (await world.snapshot('pre-event')).state;
    await ran(world, 'x = 1');
    const [child] = await world.branch({ count: 1 });
    await ran(child!, 'x = 5');
    const { verses } = await world.pushDown();
    await ran(verses['nash']!, "x = 'nash'; open('n', 'w').close()");
    await ran(verses['optimal']!, "x = 'optimal'");
    const facts = async () => [
      await runtime.list({ all: true }),
      await runtime.snapshots(),
      await runtime.query('SELECT count(*) FROM executions'),
    ];
    const before = await facts();
    const x = async (from: string, to: string) =>
      texts(await runtime.diff(from, to, { parts: ['variables'] }));
    expect(await x('nash', 'market/optimal')).toEqual(["x: str 'nash' -> str 'optimal'"]);
    expect(await x('market', 'market/1')).toEqual(['x: int 1 -> int 5']);
    expect(await x('pre-event', 'market')).toEqual(['x: int 0 -> int 1']);
    expect(await x('market@pre-event', first)).toEqual([]);
    expect(await x(first, '@pre-event')).toEqual([]);
    expect(
      texts(await verses['nash']!.diff(undefined, { parts: ['variables'] })),
      'since the push-down',
    ).toEqual(["x: int 1 -> str 'nash'"]);
    expect(await facts(), 'nothing is changed by it').toEqual(before);
    await world.pullUp({ outcome: 'optimal' });
    expect(await x(verses['nash']!.id, 'market'), 'one collapsed, the other frozen no more').toEqual([
      "x: str 'nash' -> str 'optimal'",
    ]);
    await child!.delete();
    expect(await x(child!.id, 'pre-event')).toEqual(['x: int 5 -> int 0']);
    const whole = await runtime.diff(verses['nash']!.id, 'market');
    expect(whole.pages).toMatchObject({ problem: null, pageBytes: 4096 });
    expect(whole.pages?.differing).toBeGreaterThan(0);
    expect(whole.pages?.total).toBeGreaterThan(whole.pages?.differing ?? 0);
    for (const reference of ['nobody', 'market@nothing', 'stt_ZZZZ'] as const) {
      await expect(runtime.diff(reference, 'market')).rejects.toMatchObject({
        code: expect.stringMatching(/_NOT_FOUND$/),
      });
    }
  });

  test('on different images: files and variables are compared, memory is not', async () => {
    await runtime.images.create('warm', {
      preamble: "limit = 5\nopen('/home/world/of-the-image', 'w').write('i')",
    });
    const [plain, warm] = [
      await runtime.create({ name: 'plain' }),
      await runtime.create({ name: 'warm', image: 'warm' }),
    ];
    await ran(plain, "open('same', 'w').write('s'); open('other', 'w').write('a\\n'); x = 1");
    await ran(warm, "open('same', 'w').write('s'); open('other', 'w').write('b\\n'); x = 1");
    for (const world of [plain, warm]) await ran(world, "open('mode', 'w').write('m') and None");
    await ran(warm, "__import__('os').chmod('mode', 0o700)");
    const view = await runtime.diff('plain', 'warm');
    expect(texts(view)).toEqual(['limit: nothing -> int 5']);
    expect(view.files?.differences.map(({ path, change }) => `${change} ${path}`)).toEqual([
      'changed /home/world/mode',
      'changed /home/world/other',
    ]);
    expect(view.pages).toMatchObject({
      differing: null,
      problem: expect.stringMatching(/different base images/),
    });
  });
});

describe('wr diff', () => {
  test('prints, counts, names, and exits as it is asked, embedded and through the daemon', async () => {
    await runtime.close();
    const say = (...args: string[]) => wr(dataDir, 'diff', ...args);
    const embedded = await say('files-before', 'files', '--json');
    const patch = await say('files-before', 'files', '--files');
    expect(patch.out).toContain(
      '--- a/home/world/changed.txt\n+++ b/home/world/changed.txt\n@@ -1,3 +1,3 @@\n one\n-two\n',
    );
    expect(patch.out).toContain(
      'Binary files a/home/world/picture and b/home/world/picture differ (256 bytes to 256 bytes)',
    );
    expect(patch.out).toContain('old mode 0600\nnew mode 0755\n');
    expect(patch.out).toContain('-> same.txt\n+-> changed.txt\n');
    expect(patch.out).toContain('directory became file');
    expect(patch.out).not.toContain('\u001b');
    expect(await say('files', '--exit-code', '--variables')).toMatchObject({
      code: 1,
      out: expect.stringContaining('+ file'),
    });
    const daemon = await startDaemon(dataDir);
    onTestFailed(() => daemon.kill());
    const through = await say('files-before', 'files', '--json');
    expect(JSON.parse(through.out)).toEqual(JSON.parse(embedded.out));
    expect(await say('files-before', 'files', '--files')).toEqual(patch);
    expect((await say('files-before', 'files', '--name-only')).out.split('\n').slice(0, 2)).toEqual([
      '/home/world/changed.txt',
      '/home/world/empty',
    ]);
    const stat = (await say('files-before', 'files', '--stat')).out;
    expect(stat).toMatch(/changed\.txt +\| 4 \+\+--/);
    expect(stat).toMatch(/picture +\| binary 256 -> 256 bytes/);
    expect(stat).toMatch(/12 files differ, 4 lines added, 5 lines removed/);
    expect(stat).toMatch(/Memory: \d+ of \d+ pages of 4096 bytes differ/);
    expect(await say('files', 'files', '--exit-code')).toMatchObject({ code: 0 });
    expect(await say('files-before', 'files', '--files', '--exit-code')).toMatchObject({ code: 1 });
    expect(await say('files-before', 'files', '--files')).toMatchObject({ code: 0 });
    expect(await say('nobody', 'files')).toMatchObject({
      code: 3,
      err: expect.stringContaining('no world, state or snapshot'),
    });
    expect((await say('files', '--stat', '--name-only')).err).toMatch(/BAD_INPUT/);
    expect((await say('files', 'files', '-U', 'x')).code).toBe(2);
    await stopDaemon(dataDir);
    runtime = await WorldRuntime.open({ dataDir, workers: 2 });
  });

  test.skipIf(!hasPatch)(
    `makes a patch that patch(1) takes${hasPatch ? '' : ' (skipped: there is no patch here)'}`,
    async () => {
      const target = mkdtempSync(join(folder, 'patched-'));
      await runtime.close();
      const tool = (args: string[], input = '') => execFileSync('patch', args, { cwd: target, input });
      const whole = (await wr(dataDir, 'diff', 'files@files-before', '--files')).out;
      tool(['-p1', '--quiet'], whole);
      expect(readFileSync(join(target, 'home/world/changed.txt'), 'utf8')).toBe('one\ntwo\nthree');
      tool(
        ['-p1', '--quiet'],
        (await wr(dataDir, 'diff', 'files-before', 'files', '--files', '-U', '1')).out,
      );
      expect(readFileSync(join(target, 'home/world/changed.txt'), 'utf8')).toBe('one\n2\nthree\n');
      expect(readFileSync(join(target, 'home/world/größe 大.txt'), 'utf8')).toBe('neu\n');
      expect(existsSync(join(target, 'home/world/gone.txt'))).toBe(false);
      runtime = await WorldRuntime.open({ dataDir, workers: 2 });
    },
  );
});
