import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { sideBySide } from './side-by-side.js';

const items = Array.from({ length: 20 }, (_, n) => n);

test('does all, so many at a time', async () => {
  const done: number[] = [];
  let [now, most] = [0, 0];
  await sideBySide(items, 3, async (item, index) => {
    expect(item).toBe(index);
    now += 1;
    most = Math.max(most, now);
    await turn();
    now -= 1;
    done.push(item);
  });
  expect(done.sort((a, b) => a - b)).toEqual(items);
  expect(most).toBe(3);
  await sideBySide([], 3, () => expect.fail('there is nothing to do'));
});

test('after a failure begins nothing more, waits for what was begun, and throws the first', async () => {
  const [begun, ended]: [number[], number[]] = [[], []];
  const work = async (item: number): Promise<void> => {
    begun.push(item);
    for (let turns = 0; turns <= 5 - item; turns += 1) await turn();
    ended.push(item);
    if (item >= 1) throw new Error(`failed ${item}`);
  };
  await expect(sideBySide(items, 3, work)).rejects.toThrow('failed 2');
  expect(begun).toEqual([0, 1, 2]);
  expect(ended, 'the second to fail was waited for').toEqual([2, 1, 0]);
});
