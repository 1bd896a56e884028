import { describe, expect, test } from 'vitest';
import type { DiffView, FileDifferenceView } from '../../../model/diff-api.js';
import { diffText } from './diff.js';
import { paintFor } from './paint.js';

const PLAIN = paintFor(false);
const SIDE = { worldId: 'wld_1', world: 'w', state: 'stt_1' };
const NOTHING: DiffView = {
  from: SIDE,
  to: SIDE,
  different: false,
  files: null,
  variables: null,
  pages: null,
};

function file(path: string, hunks: string, more: Partial<FileDifferenceView> = {}): FileDifferenceView {
  const entry = { path, kind: 'file' as const, sizeBytes: 1, mode: 0o644, mtimeMs: 0 };
  return {
    path,
    change: 'changed',
    before: entry,
    after: entry,
    content: 'text',
    linesAdded: 1,
    linesRemoved: 0,
    hunks,
    ...more,
  };
}

function ofFiles(...differences: FileDifferenceView[]): DiffView {
  return { ...NOTHING, different: true, files: { differences, more: false } };
}

function ofVariables(...differences: NonNullable<DiffView['variables']>['differences']): DiffView {
  const rest = { problem: null, compared: 9, unsure: [], askedNothing: false, omitted: 0 };
  return { ...NOTHING, variables: { differences, ...rest } };
}

describe('files', () => {
  const hostile = ofFiles(file('/a', '@@ -1 +1 @@\n-\u001b[2J\r\n+\u202etfel\tx\n'));

  test('alone are a patch, byte for byte', () => {
    expect(diffText(PLAIN, hostile, 'full')).toBe(
      'diff a/a b/a\n--- a/a\n+++ b/a\n@@ -1 +1 @@\n-\u001b[2J\r\n+\u202etfel\tx\n',
    );
  });

  test('cannot repaint a terminal', () => {
    const text = diffText(paintFor(false, 80), hostile, 'full');
    expect(text).toContain('\n-?[2J?\n+?tfel\tx\n');
  });

  test('have colours only where they are wanted', () => {
    expect(diffText(paintFor(true, 80), hostile, 'full')).toContain('\u001b[31m-?[2J?\u001b[39m\n');
    expect(diffText(paintFor(false, 80), hostile, 'full')).not.toContain('\u001b');
  });

  test('with odd names keep a patch readable', () => {
    expect(diffText(PLAIN, ofFiles(file('/a b', 'x\n')), 'full')).toContain('--- a/a b\t\n+++ b/a b\t\n');
    const text = diffText(PLAIN, ofFiles(file('/a\n--- b', 'x\n')), 'full');
    expect(text.split('\n')[1]).toBe('--- "a/a\\n--- b"\t');
    expect(diffText(PLAIN, ofFiles(file('/a\nb', 'x\n')), 'names')).toBe('"/a\\nb"\n');
  });

  test('that nothing differs in print nothing', () => {
    for (const form of ['full', 'stat', 'names'] as const) expect(diffText(PLAIN, ofFiles(), form)).toBe('');
  });
});

describe('variables', () => {
  test('that differ behind a long common beginning show where', () => {
    const side = (end: string) => ({ type: 'str', repr: `'${'x'.repeat(300)}${end}'`, cut: false });
    const one = { name: 's', change: 'changed' as const, before: side('a'), after: side('b') };
    const text = diffText(PLAIN, ofVariables(one), 'full');
    expect(text).toMatch(/^- s: str = …x{20}a'$/m);
    expect(text).toMatch(/^\+ s: str = …x{20}b'$/m);
  });

  test('that differ in what is not shown say so', () => {
    const side = { type: 'function', repr: 'def f()', cut: false };
    const one = { name: 'f', change: 'changed' as const, before: side, after: side };
    expect(diffText(PLAIN, ofVariables(one), 'full')).toContain(
      '~ f: function = def f() (differs in what is not shown)',
    );
  });
});

describe('counts', () => {
  test('of lines are in words that agree with them', () => {
    expect(diffText(PLAIN, ofFiles(file('/a', '')), 'stat')).toContain('1 line added, 0 lines removed');
  });

  test('of pages say when memory is the same', () => {
    const pages = { problem: null, differing: 0, total: 6769, pageBytes: 4096 };
    const memory = (differing: number) =>
      diffText(PLAIN, { ...NOTHING, pages: { ...pages, differing } }, 'full');
    expect(memory(0)).toContain('Memory: the same, 6769 pages of 4096 bytes');
    expect(memory(59)).toContain('Memory: 59 of 6769 pages of 4096 bytes differ (');
  });
});
