import { describe, expect, test } from 'vitest';
import { BlockReader, isComplete } from './python-input.js';

describe('a piece of Python is complete', () => {
  test.each([
    'x = 1',
    '',
    '# only a comment',
    'print("(")',
    "s = ')' + '['",
    '"""one\ntwo"""',
    'f(1,\n  2)',
    'x = 1 + \\\n  2',
    'if x:\n  y\n',
    'def f():\n  return {\n 1: 2}\n',
    '@cache\ndef f():\n  pass\n',
    'for i in range(3): print(i)\n',
    "x = 'it\\'s'",
    'x = "# no comment"',
    'print("unterminated',
    'x = )',
    'd = {"a": 1}',
    'x[1:2]',
    'iffy = 1',
    "r'\\\\'",
    '"""a\\""" """',
    'x = 1  # (',
  ])('%j', (text) => expect(isComplete(text)).toBe(true));
});

describe('a piece of Python goes on', () => {
  test.each([
    'f(',
    'x = [1,',
    'd = {"a":',
    '"""one',
    '\'\'\'\n"""\n',
    'x = 1 + \\',
    'x = 1 + \\\n',
    'if x:',
    'if x:\n  y',
    'if x: # why\n  y',
    'def f(a,\n  b):',
    '@cache',
    '@cache\n',
    '@cache\ndef f():\n  pass',
    'class A:\n\tdef f(self):\n\t\treturn 1',
    'async def f():',
    'match x:\n  case 1:\n    y',
    'try:\n  x\nexcept E:\n  y',
    "s = 'one \\",
    'with a as b: c',
    'f("""\n)',
  ])('%j', (text) => expect(isComplete(text)).toBe(false));
});

function blocksOf(program: string): string[] {
  const reader = new BlockReader();
  const blocks: string[] = [];
  for (const line of program.split('\n')) {
    const block = reader.push(line);
    if (block !== null) blocks.push(block);
    const ready = reader.ready();
    if (ready !== null) blocks.push(ready);
  }
  const rest = reader.end();
  return rest === null ? blocks : [...blocks, rest];
}

const PROGRAM = `import math

def area(r):
    """Of a
circle."""

    return math.pi * r ** 2

@dec
class A:
    x = 1

    y = [1,
2]
try:
    area(1)
except ValueError:
    pass
# between
else:
    x = 2
area(2)
z = (1 +
  2)
if z: print(z)
z`;

describe('a program that is piped in', () => {
  test('is cut where statements end, empty lines within blocks or not', () => {
    const blocks = blocksOf(PROGRAM).filter((block) => block.trim() !== '');
    expect(blocks.map((block) => block.split('\n')[0])).toEqual([
      'import math',
      'def area(r):',
      '@dec',
      'try:',
      'area(2)',
      'z = (1 +',
      'if z: print(z)',
      'z',
    ]);
  });

  test('loses no line, adds none, and keeps their order, wherever strings and brackets end', () => {
    let seed = 20261123;
    const random = (below: number): number => {
      seed = (seed * 1103515245 + 12345) % 2147483648;
      return Math.floor((seed / 2147483648) * below);
    };
    const pieces = [
      'x = 1',
      'if x:',
      '  y',
      '',
      '"""',
      "'a'",
      '(',
      ')',
      '@d',
      '# c',
      'else:',
      'z \\',
      '\ttab',
      'def f():',
    ];
    for (let round = 0; round < 2000; round += 1) {
      const lines = Array.from({ length: 1 + random(12) }, () => pieces[random(pieces.length)] ?? '');
      expect(blocksOf(lines.join('\n')).join('\n'), `round ${round} of seed 20261123`).toBe(lines.join('\n'));
    }
  });

  test('every piece that is not the last is complete by itself', () => {
    for (const block of blocksOf(PROGRAM).slice(0, -1)) expect(isComplete(`${block}\n`), block).toBe(true);
  });
});
