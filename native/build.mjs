/**
 * Compiles the native parts with the C compiler of this machine, at install. They are optional: without a compiler, or
 * on a platform for which they are not written, the runtime does the same without them, more slowly, and `wr doctor` says so.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const HERE = import.meta.dirname;
const OUT = join(HERE, 'build');
const COMMON = ['-O2', '-Wall', '-Wextra', '-std=gnu11'];

/** What is compiled: `made` in the folder `build`, from `source`, with these arguments besides the common ones. */
const PARTS = [
  {
    made: 'written-pages.node',
    source: 'written-pages.c',
    args: ['-shared', '-fPIC', '-fvisibility=hidden'],
    platforms: ['linux'],
  },
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
  for (const name of readdirSync(HERE).sort())
    if (/\.[ch]$/.test(name)) hash.update(readFileSync(join(HERE, name)));
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
  const wanted = PARTS.filter(({ platforms }) => platforms.includes(process.platform))
    .map((part) => ({ part, stamp: stampOf(part) }))
    .filter(({ part, stamp }) => !isMade(part, stamp));
  if (wanted.length === 0) return;
  const compiler = findCompiler();
  if (compiler === null) {
    console.log(
      `native parts: not built, no C compiler (tried ${compilers().join(', ')}); the runtime works without them`,
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
