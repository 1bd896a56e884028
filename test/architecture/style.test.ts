import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ERROR_CODES } from '../../src/model/world-error.js';
import { filesBelow, ROOT, sourceFiles } from './source-files.js';

const LINES_MAX = 400;

function read(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

function lineCount(text: string): number {
  return text.trimEnd().split('\n').length;
}

/** `push-down.ts`, `push-down.test.ts`; Python modules take underscores because Python does. */
function isWellNamed(path: string): boolean {
  const name = basename(path);
  if (name.endsWith('.py')) return /^_{0,2}[a-z][a-z0-9]*(_[a-z0-9]+)*_{0,2}\.py$/.test(name);
  return /^[a-z][a-z0-9]*(-[a-z0-9]+)*(\.(test|d))?\.ts$/.test(name);
}

/** Console output outside the command line, written as `console.` anywhere but in a comment. */
function usesConsole(source: string): boolean {
  return /^(?!\s*(\*|\/\/)).*\bconsole\./m.test(source);
}

/** Paths that exist on one machine only. */
function machinePaths(source: string): string[] {
  return source.match(/\/(work|tmp\/bash_jobs)\/\S*/g) ?? [];
}

function isText(path: string): boolean {
  return /\.(ts|mts|cts|js|mjs|cjs|json|md|py|c|sh|sql|sol|yml|yaml|html|css)$/.test(path);
}

const guestFiles = filesBelow('guest', (path) => path.endsWith('.py'));
const ours = [...sourceFiles(), ...guestFiles];

describe('sources', () => {
  test('are there to be looked at', () => {
    expect(ours.length).toBeGreaterThan(50);
    expect(guestFiles.length).toBeGreaterThan(0);
  });

  test('are named in kebab-case', () => {
    expect(ours.filter((path) => !isWellNamed(path))).toEqual([]);
  });

  test(`have at most ${LINES_MAX} lines`, () => {
    const long = ours.filter((path) => !path.endsWith('.test.ts') && lineCount(read(path)) > LINES_MAX);
    expect(long.map((path) => `${path}: ${lineCount(read(path))}`)).toEqual([]);
  });

  test('write to the console in the command line only', () => {
    const quiet = sourceFiles().filter((path) => !/^src\/surfaces\/cli\/|\.test\.ts$/.test(path));
    expect(quiet.filter((path) => usesConsole(read(path)))).toEqual([]);
  });

  test('and documents name no path of one machine', () => {
    const folders = ['src', 'guest', 'bin', 'docs', 'test', 'examples', 'bench', '.ci'];
    const texts = folders.flatMap((folder) => filesBelow(folder, isText));
    const exempt = 'test/architecture/style.test.ts';
    const found = texts
      .filter((path) => path !== exempt)
      .flatMap((path) => machinePaths(read(path)).map((match) => `${path}: ${match}`));
    expect(texts.length).toBeGreaterThan(ours.length);
    expect(found).toEqual([]);
  });

  test('that break these rules are noticed', () => {
    expect(
      ['src/pushDown.ts', 'src/push_down.ts', 'src/PushDown.ts', 'guest/pushDown.py'].filter(isWellNamed),
    ).toEqual([]);
    expect(
      ['a/push-down.ts', 'a/push-down.test.ts', 'a/web.d.ts', 'g/__init__.py'].filter(isWellNamed).length,
    ).toBe(4);
    expect(lineCount('line\n'.repeat(LINES_MAX + 1))).toBe(LINES_MAX + 1);
    expect(usesConsole('  console.log(1);')).toBe(true);
    expect(usesConsole(' * console.log is not used')).toBe(false);
    // Put together, so that this file holds none itself.
    const ofBuild = ['', 'work', 'main', 'x'].join('/');
    expect(machinePaths(`open('${ofBuild}')`)).toEqual([`${ofBuild}')`]);
    expect(machinePaths('network/home and framework/x')).toEqual([]);
  });
});

describe('error codes', () => {
  const codes = Object.entries(ERROR_CODES);
  /** Heading -> text below it. */
  const documented = new Map(
    read('docs/errors.md')
      .split(/^## /m)
      .slice(1)
      .map((section): [string, string] => {
        const [heading = '', ...text] = section.split('\n');
        return [heading.trim(), text.join('\n')];
      }),
  );

  test('have a heading each in docs/errors.md, and nothing else has', () => {
    expect(new Set(documented.keys())).toEqual(new Set(codes.map(([code]) => code)));
  });

  test.each(codes)('%s is documented as %s', (code, kind) => {
    expect(documented.get(code)?.trim()).toMatch(new RegExp(`^Kind: ${kind}\\. [\\s\\S]{20,}`));
  });

  const testTexts = [
    ...filesBelow('src', (path) => path.endsWith('.test.ts') || path.startsWith('src/conformance/')),
    ...filesBelow('test', (path) => path.endsWith('.ts') && !path.startsWith('test/architecture/')),
  ].map(read);

  test.each(codes)('%s is provoked by a test', (code) => {
    const pattern = new RegExp(`['"\`]${code}['"\`]`);
    expect(testTexts.some((text) => pattern.test(text))).toBe(true);
  });
});
