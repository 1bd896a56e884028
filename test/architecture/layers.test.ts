import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { describe, expect, test } from 'vitest';
import { impurities } from './core-purity.js';
import { ROOT, sourceFiles } from './source-files.js';

interface Violation {
  readonly rule: string;
  readonly from: string;
  readonly to: string;
}

interface Cruise {
  readonly modules: readonly string[];
  readonly violations: readonly Violation[];
}

interface CruiseOutput {
  readonly modules: readonly { readonly source: string }[];
  readonly summary: {
    readonly violations: readonly {
      readonly rule: { readonly name: string };
      readonly from: string;
      readonly to: string;
    }[];
  };
}

const CONFIG = '.dependency-cruiser.cjs';
const DEPCRUISE = join(ROOT, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs');

/** Runs the rules over `src` of a tree, as `npx depcruise src` in it would. */
function cruise(tree: string): Cruise {
  const { stdout, stderr } = spawnSync(
    process.execPath,
    [DEPCRUISE, 'src', '--config', CONFIG, '--output-type', 'json'],
    { cwd: tree, encoding: 'utf8', maxBuffer: 256 * 1024 * 1024 },
  );
  if (!stdout.startsWith('{')) throw new Error(`dependency-cruiser did not run: ${stderr}${stdout}`);
  const output = JSON.parse(stdout) as CruiseOutput;
  return {
    modules: output.modules.map((module) => module.source),
    violations: output.summary.violations.map(({ rule, from, to }) => ({ rule: rule.name, from, to })),
  };
}

/** Makes a tree in which each file imports what it is said to, runs the rules over it, and removes it. */
function cruiseTree(files: Readonly<Record<string, readonly string[]>>): Cruise {
  const tree = mkdtempSync(join(tmpdir(), 'world-runtime-layers-'));
  try {
    for (const name of [CONFIG, 'tsconfig.json']) copyFileSync(join(ROOT, name), join(tree, name));
    writeFileSync(join(tree, 'package.json'), '{ "type": "module" }');
    for (const [file, imports] of Object.entries(files)) {
      mkdirSync(dirname(join(tree, file)), { recursive: true });
      writeFileSync(
        join(tree, file),
        imports.map((target) => `import '${specifier(file, target)}';\n`).join(''),
      );
    }
    return cruise(tree);
  } finally {
    rmSync(tree, { recursive: true });
  }
}

/** How `file` names `target`, another file of the tree or a package. */
function specifier(file: string, target: string): string {
  if (!target.includes('/') || !target.endsWith('.ts')) return target;
  const path = relative(dirname(file), target).replace(/\.ts$/, '.js');
  return path.startsWith('.') ? path : `./${path}`;
}

/** One import that must not be, and the rules that must say so. */
const PLANTED: readonly (readonly [from: string, to: string, ...rules: string[]])[] = [
  ['src/model/a.ts', 'src/ports/target.ts', 'layer-model'],
  ['src/multiverse/a.ts', 'src/ports/target.ts', 'layer-multiverse'],
  ['src/ports/a.ts', 'src/runtime/target.ts', 'layer-ports'],
  ['src/runtime/a.ts', 'src/actions/target.ts', 'layer-runtime'],
  ['src/runtime/b.ts', 'src/storage/target.ts', 'layer-runtime', 'only-compose-names-implementations'],
  ['src/runtime/c.ts', 'node:fs', 'core-does-no-io'],
  ['src/runtime/d.ts', 'node:timers/promises', 'core-does-no-io'],
  ['src/multiverse/b.ts', 'node:child_process', 'core-does-no-io'],
  ['src/multiverse/c.ts', 'net', 'core-does-no-io'],
  ['src/substrates/wasm/a.ts', 'src/runtime/target.ts', 'layer-substrates'],
  ['src/substrates/wasm/b.ts', 'src/substrates/simulated/target.ts', 'substrates-are-strangers'],
  ['src/storage/a.ts', 'src/runtime/target.ts', 'layer-storage'],
  ['src/system/a.ts', 'src/runtime/target.ts', 'layer-system'],
  ['src/contests/a.ts', 'src/actions/target.ts', 'layer-contests'],
  ['src/actions/a.ts', 'src/surfaces/target.ts', 'layer-actions'],
  ['src/actions/b.ts', 'src/system/target.ts', 'layer-actions', 'only-compose-names-implementations'],
  ['src/surfaces/a.ts', 'src/runtime/target.ts', 'layer-surfaces'],
  ['src/surfaces/b.ts', 'src/compose.ts', 'layer-surfaces'],
  ['src/surfaces/client/a.ts', 'src/actions/target.ts', 'client-knows-the-model-only'],
  ['src/conformance/a.ts', 'src/runtime/target.ts', 'layer-conformance'],
  ['src/conformance/b.ts', 'node:test', 'conformance-has-no-runner'],
  ['src/index.ts', 'src/runtime/target.ts', 'entry-imports-compose-and-client'],
  ['src/actions/c.ts', 'src/utils/target.ts', 'known-layer', 'layer-actions'],
  ['src/storage/b.ts', 'src/storage/c.test.ts', 'no-import-of-tests'],
  ['src/storage/d.ts', 'test/target.ts', 'source-imports-no-test-folder'],
  ['src/storage/e.ts', 'src/storage/f.ts', 'no-cycles'],
  // The way back; a cycle is told once.
  ['src/storage/f.ts', 'src/storage/e.ts'],
  ['src/storage/g.ts', 'src/storage/missing.ts', 'no-unresolvable'],
];
const ABSENT = 'src/storage/missing.ts';

/** Imports that the table allows. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  'src/model/a.ts': [],
  'src/multiverse/a.ts': ['src/model/a.ts', 'node:crypto', 'node:assert/strict'],
  'src/ports/a.ts': ['src/model/a.ts', 'src/multiverse/a.ts'],
  'src/runtime/a.ts': ['src/ports/a.ts', 'src/multiverse/a.ts', 'src/model/a.ts'],
  'src/runtime/a.test.ts': ['src/runtime/a.ts', 'src/substrates/simulated/a.ts', 'node:fs', 'node:test'],
  'src/substrates/simulated/a.ts': ['src/ports/a.ts', 'src/model/a.ts', 'node:fs'],
  'src/substrates/wasm/a.ts': ['src/substrates/wasm/b.ts'],
  'src/substrates/wasm/b.ts': [],
  'src/storage/a.ts': ['src/ports/a.ts', 'src/multiverse/a.ts'],
  'src/system/a.ts': ['src/ports/a.ts', 'node:timers/promises'],
  'src/contests/a.ts': ['src/model/a.ts'],
  'src/actions/a.ts': ['src/runtime/a.ts', 'src/ports/a.ts', 'src/contests/a.ts'],
  'src/surfaces/cli/a.ts': ['src/actions/a.ts', 'src/surfaces/client/a.ts', 'src/model/a.ts'],
  'src/surfaces/client/a.ts': ['src/model/a.ts', 'src/contests/a.ts'],
  'src/conformance/a.ts': ['src/ports/a.ts', 'src/model/a.ts'],
  'src/compose.ts': ['src/runtime/a.ts', 'src/storage/a.ts', 'src/substrates/wasm/a.ts', 'src/system/a.ts'],
  'src/index.ts': ['src/compose.ts', 'src/surfaces/client/a.ts', 'src/model/a.ts'],
};

function rules(): readonly { readonly name: string; readonly to: { readonly pathNot?: string } }[] {
  return (createRequire(import.meta.url)(join(ROOT, CONFIG)) as { forbidden: [] }).forbidden;
}

function describeViolations(violations: readonly Violation[]): Set<string> {
  return new Set(violations.map(({ rule, from }) => `${rule}: ${from}`));
}

describe('layers', () => {
  test('no module imports what its layer may not, and every source was looked at', () => {
    const { modules, violations } = cruise(ROOT);
    const seen = modules.filter((source) => source.startsWith('src/') && source.endsWith('.ts'));
    expect(new Set(seen), 'modules that the rules saw').toEqual(new Set(sourceFiles()));
    expect(seen.length, 'modules that the rules saw').toBe(sourceFiles().length);
    expect(violations.map(({ rule, from, to }) => `${rule}: ${from} -> ${to}`)).toEqual([]);
  });

  test('a violation of each rule is noticed', () => {
    const files: Record<string, string[]> = {};
    for (const [from, to] of PLANTED) {
      files[from] = [...(files[from] ?? []), to];
      if (to.endsWith('.ts') && to !== ABSENT) files[to] ??= [];
    }
    const { violations } = cruiseTree(files);
    const expected = PLANTED.flatMap(([from, , ...rules]) => rules.map((rule) => `${rule}: ${from}`));
    expect(describeViolations(violations)).toEqual(new Set(expected));
  });

  test('every source belongs to a layer', () => {
    const known = rules().find((rule) => rule.name === 'known-layer')?.to.pathNot ?? 'no such rule';
    expect(sourceFiles().filter((path) => !new RegExp(known).test(path))).toEqual([]);
  });

  test('every rule has its planted violation', () => {
    const proven = new Set(PLANTED.flatMap(([, , ...rules]) => rules));
    expect(
      rules()
        .map((rule) => rule.name)
        .filter((name) => !proven.has(name)),
    ).toEqual([]);
  });

  test('what the table allows is no violation', () => {
    const { modules, violations } = cruiseTree(ALLOWED);
    expect(violations).toEqual([]);
    expect(modules).toEqual(expect.arrayContaining(Object.keys(ALLOWED)));
  });
});

describe('the core', () => {
  const core = sourceFiles().filter(
    (path) => /^src\/(runtime|multiverse)\//.test(path) && !path.endsWith('.test.ts'),
  );

  test('is there', () => {
    expect(core.length).toBeGreaterThan(20);
  });

  test.each(core)('%s has no clock, chance or timer of its own', (path) => {
    expect(impurities(readFileSync(join(ROOT, path), 'utf8'))).toEqual([]);
  });

  test.each([
    ['const t = Date.now();', 'Date.now'],
    ['const t = new Date();', 'new Date()'],
    ['const r = Math.random();', 'Math.random'],
    ['const t = performance.now();', 'performance'],
    ['const t = process.hrtime.bigint();', 'process.h'],
    ['setTimeout(resolve, 5);', 'setTimeout'],
    ['const id = randomUUID();', 'randomUUID'],
    ['const s = AbortSignal.timeout(5);', 'AbortSignal.timeout'],
  ])('"%s" is noticed', (source, found) => {
    expect(impurities(source)).toContain(found);
  });

  test('what only comments speak of is not', () => {
    expect(impurities('/** never Date.now() */\nconst x = 1; // not Math.random()\nnew Date(ms);')).toEqual(
      [],
    );
  });
});
