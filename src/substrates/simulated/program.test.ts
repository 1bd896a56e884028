import { expect, test } from 'vitest';
import { ProgramError, parseProgram, parseStatement } from './program.js';

test('a program is its lines, without blank ones and comments', () => {
  expect(parseProgram('set x 1\n\n  # note\n  get x  ')).toEqual([
    { op: 'set', name: 'x', value: 1n },
    { op: 'get', name: 'x' },
  ]);
});

test('whole numbers are numbers, everything else is text', () => {
  expect(parseStatement('set x -12')).toEqual({ op: 'set', name: 'x', value: -12n });
  expect(parseStatement('set x 1 2')).toEqual({ op: 'set', name: 'x', value: '1 2' });
  expect(parseStatement('set x 3/2')).toEqual({ op: 'set', name: 'x', value: '3/2' });
});

test('a report has a cost, a value or both', () => {
  expect(parseStatement('report cost 3/2')).toEqual({ op: 'report', cost: '3/2', value: undefined });
  expect(parseStatement('report value 7')).toEqual({ op: 'report', cost: undefined, value: '7' });
  expect(parseStatement('report cost 1 value 2')).toEqual({ op: 'report', cost: '1', value: '2' });
});

test.each([
  'report',
  'set x',
  'add x one',
  'sleep soon',
  'get',
  'random 3',
  'repeat 2',
  'on-branch nonsense',
])('"%s" does not compile', (line) => {
  expect(() => parseStatement(line)).toThrow(ProgramError);
});

test('an unknown statement is refused with the list of those there are', () => {
  expect(() => parseStatement('syntax error')).toThrow(
    /unknown statement "syntax error"; there are: set NAME VALUE/,
  );
  expect(() => parseStatement('constructor x')).toThrow(ProgramError);
});

test('statements nest in repeat and on-branch', () => {
  expect(parseStatement('repeat 2 add x 1')).toEqual({
    op: 'repeat',
    times: 2,
    statement: { op: 'add', name: 'x', amount: 1n },
  });
  expect(parseStatement('on-branch set x 1')).toMatchObject({ op: 'on-branch', line: 'set x 1' });
});
