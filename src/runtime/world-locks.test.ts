import { describe, expect, it } from 'vitest';
import { gate } from '../../test/support/gate.js';
import { countingIds } from '../../test/support/test-runtime.js';
import { refused } from '../../test/support/verbs.js';
import { mapBounded } from './map-bounded.js';
import { WorldLocks } from './world-locks.js';

const QUEUE_LENGTH_MAX = 100;
const ids = countingIds();
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('locks', () => {
  it('give turns in the order in which they were asked for', async () => {
    const locks = new WorldLocks(() => QUEUE_LENGTH_MAX);
    const id = ids.next('world');
    const order: number[] = [];
    const jobs = [30, 0, 10].map((_, n) =>
      locks.hold([id], async () => {
        await turn();
        order.push(n);
      }),
    );
    await Promise.all(jobs);
    expect(order).toEqual([0, 1, 2]);
  });

  it('are let go when the work fails, and name an id twice only once', async () => {
    const locks = new WorldLocks(() => QUEUE_LENGTH_MAX);
    const id = ids.next('world');
    await expect(locks.hold([id, id], () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await locks.hold([id], async () => 'free')).toBe('free');
  });

  it('a waiter that aborts leaves the queue, gives back what it held and overtakes nobody', async () => {
    const locks = new WorldLocks(() => QUEUE_LENGTH_MAX);
    const [a, b] = [ids.next('world'), ids.next('world')];
    const door = gate();
    const holder = locks.hold([b], () => door.passed);
    const stop = new AbortController();
    const waiter = locks.hold([a, b], async () => 'never', stop.signal);
    const after = locks.hold([a], async () => 'a');
    let done = false;
    const last = locks.hold([b], async () => {
      done = true;
    });
    await turn();
    stop.abort();
    await refused(waiter, 'INTERRUPTED');
    expect(await after).toBe('a');
    expect(done).toBe(false);
    door.open();
    await Promise.all([holder, last]);
    await locks.idle();
    await refused(
      locks.hold([a], async () => 'never', stop.signal),
      'INTERRUPTED',
    );
  });

  it('refuse more than so many waiters, and take new ones once the queue is shorter', async () => {
    const locks = new WorldLocks(() => QUEUE_LENGTH_MAX);
    const id = ids.next('world');
    const door = gate();
    const first = locks.hold([id], () => door.passed);
    const others = Array.from({ length: QUEUE_LENGTH_MAX - 1 }, () => locks.hold([id], async () => {}));
    await refused(
      locks.hold([id], async () => {}),
      'QUEUE_FULL',
      /Wait for some to finish/,
    );
    door.open();
    await Promise.all([first, ...others]);
    await locks.hold([id], async () => {});
  });

  it('are idle only when nobody holds or waits', async () => {
    const locks = new WorldLocks(() => QUEUE_LENGTH_MAX);
    const id = ids.next('world');
    const done: string[] = [];
    const first = locks.hold([id], async () => {
      await turn();
      void locks.hold([id], async () => {
        await turn();
        done.push('second');
      });
      done.push('first');
    });
    await locks.idle();
    expect(done).toEqual(['first', 'second']);
    await first;
  });
});

describe('bounded map', () => {
  it('works on at most so many at a time and answers in order', async () => {
    let running = 0;
    let most = 0;
    const results = await mapBounded([1, 2, 3, 4, 5], 2, async (n) => {
      running += 1;
      most = Math.max(most, running);
      await turn();
      running -= 1;
      return n * 2;
    });
    expect([results, most]).toEqual([[2, 4, 6, 8, 10], 2]);
  });

  it('starts nothing more after a failure and throws it when nothing runs any more', async () => {
    const ended: number[] = [];
    const work = async (n: number): Promise<void> => {
      if (n === 2) throw new Error('two');
      await turn();
      ended.push(n);
    };
    await expect(mapBounded([1, 2, 3, 4], 2, work)).rejects.toThrow('two');
    expect(ended).toEqual([1]);
  });
});
