import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { usableAddon } from '../../src/substrates/wasm/executor/testing/written-pages.js';

const ROOT = resolve(import.meta.dirname, '../..');

/** What may be in the package, by first path segment; everything else is clutter. */
const EXPECTED_TOP = [
  'CHANGELOG.md',
  'LICENSE',
  'README.md',
  'bench',
  'bin',
  'contracts',
  'dist',
  'docs',
  'examples',
  'guest',
  'native',
  'package.json',
];

describe('the packed package', () => {
  let folder: string;
  let files: string[];

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'wr-package-'));
    const packed = JSON.parse(
      run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], ROOT),
    ) as { filename: string; files: { path: string }[] }[];
    files = packed[0]?.files.map(({ path }) => path) ?? [];
    const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz')) ?? '';
    writeFileSync(join(folder, 'package.json'), '{ "name": "someone", "private": true, "type": "module" }');
    run('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', join(folder, tarball)], folder);
  }, 240_000);

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('holds what it needs and nothing else', () => {
    expect(new Set(files.map((path) => path.split('/')[0]))).toEqual(new Set(EXPECTED_TOP));
    expect(files).toContain('dist/index.js');
    expect(files).toContain('dist/index.d.ts');
    expect(files).toContain('guest/python/world.py');
    expect(files).toContain('contracts/Multiverse.json');
    const clutter = files.filter((path) =>
      /\.test\.|tsbuildinfo|\/testing\/|\/golden\/|__pycache__|\.map$/.test(path),
    );
    expect(clutter).toEqual([]);
  });

  test('runs Python in a world from the command line', () => {
    const env = { ...process.env, WORLD_DATA_DIR: join(folder, 'data') };
    const wr = join(folder, 'node_modules/.bin/wr');
    run(wr, ['create', '--name', 'first'], folder, env);
    expect(run(wr, ['exec', 'first', 'x = 6'], folder, env)).toBe('');
    expect(run(wr, ['exec', 'first', 'x * 7'], folder, env)).toBe('42\n');
  }, 120_000);

  test('is usable as a library', () => {
    const program = `
      import { WorldRuntime } from 'world-runtime';
      import { substrateSuite } from 'world-runtime/conformance';
      const runtime = await WorldRuntime.open({ dataDir: './library-data' });
    `;
    writeFileSync(
      join(folder, 'use.mjs'),
      `${program}
      const world = await runtime.create();
      const { value } = await world.execute('sum(range(10))');
      await runtime.close();
      console.log(value, typeof substrateSuite);`,
    );
    expect(run(process.execPath, ['use.mjs'], folder)).toBe('45 function\n');
  }, 120_000);

  test('works without its native parts, says so, and makes them again as it says', () => {
    // Without the launcher there is no second wall.
    const env = {
      ...process.env,
      WORLD_DATA_DIR: join(folder, 'data'),
      WORLD_ALLOW_WEAK_ISOLATION: '1',
    };
    const wr = join(folder, 'node_modules/.bin/wr');
    const built = join(folder, 'node_modules/world-runtime/native/build');
    const changedPages = () => {
      const { checks } = JSON.parse(run(wr, ['doctor', '--json'], folder, env)) as {
        checks: { name: string; status: string; message: string }[];
      };
      return checks.find(({ name }) => name === 'changed pages');
    };
    const best = usableAddon() === null ? 'warn' : 'ok';
    expect(changedPages()).toMatchObject({ status: best });
    rmSync(built, { recursive: true, force: true });
    expect(changedPages()).toMatchObject({
      status: 'warn',
      message: expect.stringContaining('npm rebuild world-runtime'),
    });
    expect(run(wr, ['exec', 'first', 'x * 8'], folder, env)).toBe('48\n');
    run('npm', ['rebuild', 'world-runtime'], folder);
    expect(changedPages()).toMatchObject({ status: best });
  }, 120_000);
});

function run(command: string, args: string[], cwd: string, env: NodeJS.ProcessEnv = process.env): string {
  return execFileSync(command, args, { cwd, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}
