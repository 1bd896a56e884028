import { readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ROOT } from './source-files.js';

/**
 * A command through the daemon answers as fast as Node starts, and so must not load what only the daemon needs. What is
 * imported in a function is loaded when that runs; only imports at the top of a module count.
 */

/** Loading any of these takes longer than the whole command may. */
const HEAVY = /^(zod|ora|hono|@hono\/|@duckdb\/|pyodide|lmdb|lz4-napi|ulid)/;

/** Packages, and modules of ours, that are loaded with a module. */
function loadedWith(
  entry: string,
  read: (path: string) => string,
): { packages: Set<string>; modules: Set<string> } {
  const modules = new Set<string>();
  const packages = new Set<string>();
  const visit = (path: string): void => {
    if (modules.has(path)) return;
    modules.add(path);
    for (const target of importsOf(read(path))) {
      if (target.startsWith('.')) visit(normalize(join(dirname(path), target)).replace(/\.js$/, '.ts'));
      else packages.add(target);
    }
  };
  visit(entry);
  return { packages, modules };
}

/** Types are gone when the module is loaded, unless a value is imported beside them. */
function importsOf(source: string): string[] {
  return [
    ...source.matchAll(/^(?:import|export)(?! type\b)\s(?:[^;'"]*?\sfrom\s)?['"]([^'"]+)['"]/gm),
  ].flatMap(([, target]) => (target === undefined ? [] : [target]));
}

function readSource(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

/** Commands that many people wait for many times. */
const LIGHT = [
  'src/surfaces/cli/main.ts',
  'src/surfaces/cli/commands/world-commands.ts',
  'src/surfaces/cli/commands/execute-commands.ts',
  'src/surfaces/cli/commands/verse-commands.ts',
  'src/surfaces/cli/commands/catalog-commands.ts',
  'src/surfaces/cli/commands/daemon-commands.ts',
  'src/surfaces/cli/commands/contract-command.ts',
];

describe('what a command loads', () => {
  test.each(LIGHT)('%s needs no engine, database, schema or progress bar', (entry) => {
    const { packages, modules } = loadedWith(entry, readSource);
    expect([...packages].filter((name) => HEAVY.test(name))).toEqual([]);
    expect([...modules].filter((path) => /^src\/(actions|runtime|storage|substrates)\//.test(path))).toEqual(
      [],
    );
    expect(modules.size).toBeGreaterThan(5);
  });

  test('something heavy would be noticed, however deep', () => {
    const files: Record<string, string> = {
      'a.ts': "import type { T } from 'hono';\nimport {\n  b,\n  type C,\n} from './b.js';\n",
      'b.ts': "export { x } from './c.js';\nconst later = () => import('pyodide');\n",
      'c.ts': "import 'zod';\n",
    };
    const { packages } = loadedWith('a.ts', (path) => files[path] ?? '');
    expect([...packages]).toEqual(['zod']);
  });
});
