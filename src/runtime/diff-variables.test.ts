import { describe, expect, test } from 'vitest';
import { openTestRuntime } from '../../test/support/test-runtime.js';
import { newWorld } from '../../test/support/verbs.js';
import { diffVariables, parseAnswer } from './diff-variables.js';
import { ANSWER_MARK, FIELD_END, RECORD_END, TEXT_CHARS_MAX } from './variables-probe.js';

const HASH = '0123456789abcdef'.repeat(2);

function answer(total: unknown, told: unknown, ...records: string[][]): string {
  const all = [[ANSWER_MARK, total, told], ...records];
  return all.map((fields) => fields.join(FIELD_END)).join(RECORD_END);
}

describe('the answer of a world about its variables', () => {
  test('is taken when it is well-formed', () => {
    const parsed = parseAnswer(answer(3, 2, ['a', 'int', '1', HASH, ''], ['b', 'str', 'long', HASH, 'cu']));
    expect(parsed?.omitted).toBe(1);
    expect(parsed?.byName.get('b')).toEqual({
      type: 'str',
      repr: 'long',
      hash: HASH,
      cut: true,
      whole: false,
    });
  });

  test.each([
    ['nothing', ''],
    ['something else', "{'a': 1}"],
    ['a number that is none', answer('x', 0)],
    ['a negative number', answer(-1, 0)],
    ['fewer than it says', answer(2, 2, ['a', 'int', '1', HASH, ''])],
    ['more than there are', answer(0, 1, ['a', 'int', '1', HASH, ''])],
    ['a name twice', answer(2, 2, ['a', 'int', '1', HASH, ''], ['a', 'int', '2', HASH, ''])],
    ['no name', answer(1, 1, ['', 'int', '1', HASH, ''])],
    ['a long name', answer(1, 1, ['a'.repeat(201), 'int', '1', HASH, ''])],
    ['a long type', answer(1, 1, ['a', 't'.repeat(201), '1', HASH, ''])],
    ['a long text', answer(1, 1, ['a', 'int', 'x'.repeat(6 * TEXT_CHARS_MAX + 1), HASH, ''])],
    ['a hash that is none', answer(1, 1, ['a', 'int', '1', 'xyz', ''])],
    ['letters of its own', answer(1, 1, ['a', 'int', '1', HASH, 'x'])],
    ['a field too many', answer(1, 1, ['a', 'int', '1', HASH, '', ''])],
    ['a field too few', answer(1, 1, ['a', 'int', '1', HASH])],
  ])('is refused when it is %s', (_, text) => {
    expect(parseAnswer(text)).toBeNull();
  });

  test('is missing for a guest that is not Python, which is told and is no error', async () => {
    const runtime = await openTestRuntime();
    const world = await newWorld(runtime, 'w');
    const found = await diffVariables(runtime.context, { before: world.head, after: world.head }, {});
    expect(found).toMatchObject({
      problem: expect.stringMatching(/of w at stt_.* could not be read/),
      differences: [],
    });
    await runtime.close();
  });
});
