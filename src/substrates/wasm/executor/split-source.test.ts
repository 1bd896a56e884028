import { expect, test } from 'vitest';
import { splitSource } from './split-source.js';

test('plain statements are known without asking Python', () => {
  const sources = [
    '',
    '# only a comment',
    'x = 1',
    'x += 1\n',
    'a.b["c"] = 2',
    'x: int = 3',
    'def f():\n    return 1',
    '@cached\ndef f():\n    return 1',
    'for i in range(3):\n    i',
    'x = [\n  1,\n]',
    's = """\n1 + 1\n"""',
    'import os',
  ];
  for (const source of sources) expect(splitSource(source), source).toEqual({ kind: 'statements' });
});

test('what may be an expression is split off', () => {
  const cases: readonly (readonly [source: string, head: string, tail: string])[] = [
    ['1 + 1', '', '1 + 1'],
    ['x = 1\nx', 'x = 1\n', 'x'],
    ['x = 1\nx  # now\n\n# end', 'x = 1\n', 'x  # now\n\n# end'],
    ['f(\n  1,\n)', '', 'f(\n  1,\n)'],
    ['a = 1; a', '', 'a = 1; a'],
    ['x == 1', '', 'x == 1'],
    ['if a:\n    b\nc', 'if a:\n    b\n', 'c'],
    ['"""\nx = 1\n"""', '', '"""\nx = 1\n"""'],
    ['f(x=1)', '', 'f(x=1)'],
  ];
  for (const [source, head, tail] of cases) {
    expect(splitSource(source), source).toEqual({ kind: 'split', head, tail });
  }
});

test('what the scanner does not follow is left to Python', () => {
  for (const source of ['x = f"{a["b"]}"', "x = 'open", 'x = (1,', 'x = 1\r\ny = 2']) {
    expect(splitSource(source).kind, source).toBe('split');
  }
});
