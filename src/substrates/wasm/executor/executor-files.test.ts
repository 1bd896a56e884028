import { afterAll, beforeAll, expect, test } from 'vitest';
import { MIB } from '../../../model/limits.js';
import { compiledBench } from './testing/compiled-bench.js';
import type { Startup, TestExecutor, TestSlab, TestState } from './testing/executor-bench.js';

let startup: Startup;
let slab: TestSlab;
/** Two executors of one slab; what one captures, the other must continue. */
let one: TestExecutor;
let two: TestExecutor;
let base: TestState;

beforeAll(async () => {
  const bench = await compiledBench();
  startup = await bench.makeStartup();
  slab = new bench.TestSlab();
  one = await bench.TestExecutor.boot(startup, slab);
  base = one.state;
  two = await bench.TestExecutor.boot(startup, slab, base);
}, 120_000);

afterAll(() => Promise.all([one?.close(), two?.close()]));

async function moveTo(to: TestExecutor, from: TestExecutor): Promise<void> {
  await to.load(from.state);
}

/** Everything that the guest can see of its files. */
const LOOK = [
  'import os, stat',
  'def look():',
  '    seen = []',
  '    for folder, folders, files in os.walk("/"):',
  '        if folder.startswith("/proc"): continue',
  '        for name in folders + files:',
  '            path = os.path.join(folder, name)',
  '            s = os.lstat(path)',
  '            text = open(path, "rb").read() if stat.S_ISREG(s.st_mode) and not path.startswith("/lib") else None',
  '            link = os.readlink(path) if stat.S_ISLNK(s.st_mode) else None',
  '            seen.append((path, s.st_ino, s.st_mode, s.st_size, s.st_mtime_ns, s.st_atime_ns, text, link))',
  '    return seen, os.getcwd(), sorted(os.listdir("/proc/self/fd"))',
].join('\n');

test('the file tree goes from executor to executor as it was', async () => {
  await one.load(base);
  await one.value(LOOK);
  await one.value(
    [
      'os.makedirs("a/b/c"); os.symlink("a/b", "link"); os.chmod("a", 0o700)',
      'for name in ("10", "9", "z", "__proto__", "naïve ☃"): open(name, "w").write(name * 3000)',
      'os.utime("z", ns=(1_000_000, 2_000_000)); os.rename("9", "a/b/nine"); os.remove("10")',
      'os.mkdir("/elsewhere"); open("/elsewhere/x", "w").write("x"); open("/lib/marker", "w").write("m")',
      'os.rmdir("a/b/c"); os.chdir("a"); os.umask(0o077)',
      'open("/dev/shm/s", "wb").write(bytes(10_000))',
    ].join('\n'),
  );
  const seen = await one.value('look()');
  expect(seen).toContain('__proto__');
  await moveTo(two, one);
  expect(await two.value('look()')).toBe(seen);
  expect(await two.value('os.umask(0), sorted(os.listdir("/home/world"))')).toContain('63');
});

test('nothing of one world is left in another, in no folder', async () => {
  await one.load(base);
  const clean = await one.value(`${LOOK}\nlook()`);
  const dirt = [
    'import os',
    'for folder in ("/", "/tmp", "/lib", "/lib/python3.14", "/dev", "/dev/shm", "/home", "/proc", "/proc/self"):',
    '    open(folder + "/secret", "w").write("s")',
    'os.mkdir("/tmp/d"); os.chdir("/tmp/d"); os.rename("/home/world", "/home/moved"); os.remove("/dev/null")',
    'kept = open("/tmp/d/held", "w+"); os.dup2(kept.fileno(), 40); os.remove("/tmp/d/held")',
    'open("/lib/python3.14/site-packages/world.py", "a").write("# changed")',
  ].join('\n');
  for (const executor of [one, two]) {
    await executor.load(base);
    await executor.value(dirt);
    await executor.load(base);
    expect(await executor.value(`${LOOK}\nlook()`)).toBe(clean);
  }
});

test('open files keep position, flags and sharing; deleted ones live on; pipes end with their execution', async () => {
  await one.load(base);
  await one.value(
    [
      'import os',
      'f = open("f", "w+"); f.write("0123456789"); f.flush(); f.seek(3)',
      'fd = f.fileno(); twin = os.dup(fd); own = os.open("f", os.O_RDWR | os.O_APPEND)',
      'gone = open("gone", "w+b", buffering=0); gone.write(b"still here"); os.remove("gone")',
      'scan = os.scandir("/"); next(scan)',
      'r, w = os.pipe(); os.write(w, b"x")',
      'unflushed = open("u", "w"); unflushed.write("later")',
    ].join('\n'),
  );
  const parent = one.state;
  for (const executor of [one, two]) {
    await executor.load(parent);
    expect(
      await executor.value('os.read(twin, 2), os.lseek(fd, 0, 1), os.write(own, b"!"), os.pread(fd, 20, 0)'),
    ).toBe("(b'34', 5, 1, b'0123456789!')");
    expect(await executor.value('gone.seek(0), gone.read(), os.path.exists("gone")')).toBe(
      "(0, b'still here', False)",
    );
    expect(await executor.value('len(list(scan)) > 2')).toBe('True');
    expect((await executor.execute('os.read(r, 1)')).outcome.error?.type).toBe('OSError');
    expect(await executor.value('unflushed.close(); open("u").read()')).toBe("'later'");
    expect(
      await executor.value('import fcntl\nos.dup(0), fcntl.fcntl(own, fcntl.F_GETFL) & os.O_APPEND != 0'),
    ).toMatch(/^\(\d+, True\)$/);
  }
});

test('a rollback takes file changes back, page by page', async () => {
  await one.load(base);
  await one.value(`${LOOK}\nopen("big", "wb").write(bytes(range(256)) * 200)\nopen("small", "w").write("s")`);
  const before = await one.value('look()');
  const changes = [
    'f = open("big", "r+b"); f.seek(5000); f.write(b"x" * 5000)',
    'os.truncate("big", 10)',
    'open("big", "ab").write(b"more")',
    'open("big", "wb").close()',
    'os.remove("big"); os.rename("small", "big")',
    'os.truncate("big", 100_000); os.truncate("big", 7); open("big", "r+b").write(b"zzzzzzzzzz")',
    'os.remove("small"); os.mkdir("small"); open("small/in", "w").write("in")',
    'os.chmod("big", 0o400); os.utime("big", (1, 1)); os.chdir("/")',
  ];
  for (const change of changes) {
    await one.run(change);
    await one.rollback();
    expect(await one.value('look()'), change).toBe(before);
  }
});

test('unchanged pages of a changed file keep their slots', async () => {
  await one.load(base);
  await one.value('open("big", "wb").write(bytes(range(1, 256)) * 4000)');
  const pagesOf = () => one.state.files.nodes.find((node) => node.path === '/home/world/big')?.pages ?? [];
  const before = pagesOf();
  await one.value('f = open("big", "r+b"); f.seek(500_000); f.write(b"xyz"); f.close()');
  const after = pagesOf();
  expect(before.length).toBe(250);
  expect(after.filter((id, page) => id !== before[page]).length).toBe(1);
  const tree = one.state.files;
  await one.value('open("big", "rb").read(10)');
  expect(one.state.files, 'reading sends no tree').toBe(tree);
});

test('files beyond the limits are ENOSPC, and deleting makes room', async () => {
  await one.load(base);
  const fill = 'f = open("big", "wb", buffering=0)\nfor _ in range(64): f.write(bytes(1 << 20))';
  const full = await one.execute(fill, { fileBytes: 16 * MIB });
  expect(full.outcome.error?.message).toContain('No space left');
  expect(
    (await one.execute('import os; os.truncate("big", 1 << 40)', { fileBytes: 16 * MIB })).outcome.ok,
  ).toBe(false);
  await one.value('f.close(); os.remove("big")', { fileBytes: 16 * MIB });
  await one.value('open("small", "wb").write(bytes(1 << 20))', { fileBytes: 16 * MIB });
  const many = await one.execute('for i in range(200): open(f"f{i}", "w").close()', { files: 100 });
  expect(many.outcome.error?.message).toContain('No space left');
});

test('sqlite and mmap work on files, in memory and across executors', async () => {
  await one.load(base);
  await one.value(
    [
      'import sqlite3, mmap',
      'db = sqlite3.connect("data.db"); db.execute("create table t(a, b)")',
      'db.executemany("insert into t values(?, ?)", ((i, str(i)) for i in range(1000))); db.commit()',
      'mem = sqlite3.connect(":memory:"); mem.execute("create table m(a)"); mem.execute("insert into m values(7)")',
      'open("mapped", "wb").write(bytes(8192)); file = open("mapped", "r+b"); view = mmap.mmap(file.fileno(), 0)',
      'view[5000:5003] = b"abc"',
    ].join('\n'),
  );
  await moveTo(two, one);
  expect(
    await two.value(
      'db.execute("select sum(a), count(*) from t").fetchone(), mem.execute("select a from m").fetchall()',
    ),
  ).toBe('((499500, 1000), [(7,)])');
  await two.value('db.execute("delete from t where a >= 10"); db.commit(); view.flush()');
  expect(await two.value('open("mapped", "rb").read()[5000:5003], bytes(view[5000:5003])')).toBe(
    "(b'abc', b'abc')",
  );
  await moveTo(one, two);
  expect(await one.value('sqlite3.connect("data.db").execute("select count(*) from t").fetchone()')).toBe(
    '(10,)',
  );
});

test('an answer that was not read is gone with its execution, for this world and for the next', async () => {
  await one.load(base);
  const look = "import os\nfd2 = os.open('/dev/world', os.O_RDWR)\nos.read(fd2, 1000)";
  const ask = `import os\nfd = os.open('/dev/world', os.O_RDWR)\nbody = b'{"op":"keepsake"}'
os.write(fd, len(body).to_bytes(4, 'little') + body)`;
  expect(await one.value(`${ask}\nlen(os.read(fd, 1000)) > 10`), 'within the execution').toBe('True');
  await one.execute(ask);
  expect(await one.value(look), 'the same world').toBe("b''");
  await one.execute(ask);
  await one.load(base);
  expect(await one.value(look), 'another world').toBe("b''");
});

test('names, links and paths have the bounds of every other way in; the terminals of the engine are no way out', async () => {
  await one.load(base);
  const failing = [
    ["os.mkdir('x' * 256)", 37],
    ["os.symlink('x' * 70000, 'l')", 37],
    ["os.mkdir(b'\\xed\\xa0\\x80')", 25],
    ["os.symlink(b'\\xed\\xa0\\x80', b'l')", 25],
    ["for _ in range(40):\n    os.mkdir('d' * 250)\n    os.chdir('d' * 250)", 37],
    [
      "os.chdir('/tmp')\nos.makedirs('/'.join(['d' * 200] * 10))\nos.makedirs('/'.join(['e' * 200] * 12))\nos.rename('d' * 200, '/'.join(['e' * 200] * 12 + ['d']))",
      37,
    ],
    ["os.read(os.open('/dev/tty', os.O_RDWR), 9)", 60],
    ["os.write(os.open('/dev/tty1', os.O_WRONLY), b'half a line')", 60],
  ] as const;
  for (const [code, errno] of failing) {
    const value = `import os\ndef attempt():\n    ${code.replaceAll('\n', '\n    ')}\ntry:\n    attempt()\n    r = 0\nexcept OSError as e:\n    r = e.errno\nr`;
    expect(await one.value(value), code).toBe(String(errno));
  }
  expect(
    await one.value(
      "os.mkdir('/tmp/' + 'x' * 255)\nos.symlink('y' * 4096, '/tmp/l')\nlen(os.readlink('/tmp/l'))",
    ),
  ).toBe('4096');
  expect(await one.value("[os.close(os.open('/dev/tty', 0)), os.open('/dev/tty', 0) > 2]"), 'left open').toBe(
    '[None, True]',
  );
  await one.load(base);
  expect(await one.value('1 + 1')).toBe('2');
});

test('a pipe that nobody reads is full at 64 KiB', async () => {
  await one.load(base);
  const code = `import os
r, w = os.pipe()
n = [os.write(w, bytes(1 << 20)), os.write(w, b'')]
try:
    os.write(w, b'x')
except BlockingIOError:
    n.append('full')
n += [len(os.read(r, 100)), os.write(w, b'x' * 500)]
n`;
  expect(await one.value(code)).toBe("[65536, 0, 'full', 100, 100]");
});

test('descriptors end at their limit, however the guest asks for one, and no state keeps a far one', async () => {
  await one.load(base);
  const openFiles = 40;
  const ways = [
    'os.dup(1)',
    'os.pipe()',
    'fcntl.fcntl(1, fcntl.F_DUPFD, 10)',
    "os.open('/tmp', os.O_RDONLY)",
    'os.dup2(1, 100 + n)',
  ];
  for (const way of ways) {
    const code = `import os, fcntl
n = 0
try:
    while n < 3000:
        got = ${way}
        n += 1
except OSError as e:
    r = e.errno, n >= 15
r`;
    expect(await one.value(code, { openFiles }), way).toBe('(33, True)');
    expect(await one.value('n', { openFiles }), 'goes on').toMatch(/^\d+$/);
    await one.load(base);
  }
  const far = `import os, fcntl
def errno(call):
    try: return call()
    except OSError as e: return e.errno
[errno(lambda: fcntl.fcntl(1, fcntl.F_DUPFD, n)) for n in (4096, 2**31 - 1)] + [errno(lambda: os.dup2(1, 2**31 - 1))]`;
  expect(await one.value(far)).toBe('[28, 28, 8]');
});

test('a state with more descriptors than the limit allows is loaded all the same', async () => {
  await one.load(base);
  await one.value('import os\nkept = [os.dup(1) for _ in range(50)]\n0');
  const many = one.state;
  await two.load(base);
  await two.value('1', { openFiles: 10 });
  await two.load(many);
  expect(await two.value('len([os.fstat(fd) for fd in kept])', { openFiles: 10 })).toBe('50');
});
