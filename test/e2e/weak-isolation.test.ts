import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

/** The package as it is installed on a machine without a C compiler: everything but the native parts. */
const ROOT = resolve(import.meta.dirname, '../..');
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'wr-uncompiled-'));
  mkdirSync(join(folder, 'native'));
  for (const name of ['bin', 'dist', 'guest', 'examples', 'package.json']) {
    cpSync(join(ROOT, name), join(folder, name), { recursive: true });
  }
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function wr(args: readonly string[], variables: Readonly<Record<string, string>> = {}) {
  const { WORLD_ALLOW_WEAK_ISOLATION: _, ...rest } = process.env;
  const env = { ...rest, NO_COLOR: '1', TMPDIR: folder, ...variables };
  const given = [join(folder, 'bin/wr.js'), ...args];
  const { status, stdout, stderr } = spawnSync(process.execPath, given, {
    env,
    cwd: folder,
    encoding: 'utf8',
  });
  return { code: status, out: stdout, err: stderr };
}

const data = () => ['--data-dir', join(folder, 'data')];

test('no code runs, and the refusal says what is missing and how to get it', () => {
  const { code, err } = wr(['create', '--name', 'first', ...data()]);
  const refused = code === 0 ? wr(['exec', 'first', '6 * 7', ...data()]) : { code, err };
  expect(refused.code).toBe(6);
  expect(refused.err).toMatch(/ISOLATION_MISSING/);
  expect(refused.err).toMatch(/C compiler.*WORLD_ALLOW_WEAK_ISOLATION=1/s);
});

test('code runs once that is allowed, by variable or by file', () => {
  const allowed = { WORLD_ALLOW_WEAK_ISOLATION: '1' };
  wr(['create', '--name', 'second', ...data()], allowed);
  expect(wr(['exec', 'second', '6 * 7', ...data()], allowed)).toMatchObject({ code: 0, out: '42\n' });
  expect(wr(['exec', 'second', '6 * 7', ...data()], { WORLD_ALLOW_WEAK_ISOLATION: '0' }).code).toBe(6);
  expect(wr(['config', '--json', ...data()], allowed).out).toContain('allowWeakIsolation');
}, 120_000);

test('doctor has a line for each part, and says that the engine is not started', () => {
  const { code, out } = wr(['doctor', ...data()]);
  expect(code).toBe(1);
  expect(out).toMatch(/fail +engine +.*ISOLATION_MISSING/);
  expect(out).toMatch(/ok +isolation +wasm: wasm import allowlist: stands/);
  for (const part of ['seccomp', 'landlock', 'namespaces \\(bubblewrap\\)']) {
    expect(out).toMatch(new RegExp(`warn +isolation +wasm: kernel: ${part}: does not stand; .*compile`));
  }
});

test('the demo warns and goes on', () => {
  const { code, out, err } = wr(['demo', '--json']);
  expect(err).toMatch(/^warning: no kernel-enforced wall stands behind wasm worlds here: .*\n$/);
  expect(code).toBe(0);
  expect(JSON.parse(out)).toMatchObject({ wev: { wev: '1/3' } });
}, 120_000);
