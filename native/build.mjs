/**
 * Compiles the native parts with the C compiler of this machine, at install. Without a compiler, or on a platform
 * for which they are not written, the install goes on: without `written-pages` the runtime is slower, and without `launcher`
 * and `probe` it has no second wall and refuses to run code unless it is told to (docs/security.md). `wr doctor` says so.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const HERE = import.meta.dirname;
const OUT = join(HERE, 'build');
const HERE_IS = [process.platform, `${process.platform}-${process.arch}`];
const COMMON = ['-O2', '-Wall', '-Wextra', '-std=gnu11'];

/** Programs that need no library, so that nothing has to be there for them. */
const FREESTANDING = [
  ...['-static', '-nostdlib', '-ffreestanding', '-fno-stack-protector', '-fno-pie', '-no-pie'],
  ...['-Wl,-z,noexecstack', '-Wl,--build-id=none'],
];

/** What is compiled: `made` in the folder `build`, from `source`, with these arguments besides the common ones. */
const PARTS = [
  {
    made: 'written-pages.node',
    source: 'written-pages.c',
    args: ['-shared', '-fPIC', '-fvisibility=hidden'],
    platforms: ['linux'],
  },
  {
    made: 'launcher',
    source: 'walls/launcher.c',
    args: FREESTANDING,
    platforms: ['linux-x64', 'linux-arm64'],
  },
  { made: 'probe', source: 'walls/probe.c', args: FREESTANDING, platforms: ['linux-x64', 'linux-arm64'] },
];

function compilers() {
  const named = process.env.CC;
  return named === undefined || named === '' ? ['cc', 'gcc', 'clang'] : [named];
}

/** The first compiler that answers, or null. */
function findCompiler() {
  return compilers().find((name) => spawnSync(name, ['--version'], { stdio: 'ignore' }).status === 0) ?? null;
}

/** Changes when anything does that the result depends on. */
function stampOf(part) {
  const hash = createHash('sha256').update(JSON.stringify([part, COMMON, process.platform, process.arch]));
  const folder = dirname(join(HERE, part.source));
  for (const name of readdirSync(folder).sort())
    if (/\.[ch]$/.test(name)) hash.update(readFileSync(join(folder, name)));
  return hash.digest('hex');
}

function isMade(part, stamp) {
  const path = join(OUT, `${part.made}.stamp`);
  return existsSync(join(OUT, part.made)) && existsSync(path) && readFileSync(path, 'utf8') === stamp;
}

/** @returns what went wrong, or null */
function compile(compiler, part, stamp) {
  const target = join(OUT, part.made);
  const partial = `${target}.${process.pid}`;
  const args = [...COMMON, ...part.args, '-o', partial, join(HERE, part.source)];
  const { status, stderr, error } = spawnSync(compiler, args, { encoding: 'utf8' });
  if (status !== 0) {
    rmSync(partial, { force: true });
    return error?.message ?? stderr.trim();
  }
  renameSync(partial, target);
  writeFileSync(`${target}.stamp`, stamp);
  return null;
}

function main() {
  const wanted = PARTS.filter(({ platforms }) => platforms.some((name) => HERE_IS.includes(name)))
    .map((part) => ({ part, stamp: stampOf(part) }))
    .filter(({ part, stamp }) => !isMade(part, stamp));
  if (wanted.length === 0) return;
  const compiler = findCompiler();
  if (compiler === null) {
    console.log(
      `native parts: not built, no C compiler (tried ${compilers().join(', ')}); without them worlds run slower and only with WORLD_ALLOW_WEAK_ISOLATION=1`,
    );
    return;
  }
  mkdirSync(OUT, { recursive: true });
  for (const { part, stamp } of wanted) {
    const fault = compile(compiler, part, stamp);
    console.log(
      fault === null ? `native parts: ${part.made}` : `native parts: ${part.made} was not built: ${fault}`,
    );
  }
}

try {
  main();
} catch (error) {
  // A folder that cannot be written must not fail the install.
  console.log(`native parts: not built: ${error.message}`);
}
