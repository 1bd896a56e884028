import { expect, test } from 'vitest';
import { createVirtualClock } from './virtual-clock.js';

test('sleepers wake in the order of their hours, and time is theirs', async () => {
  const clock = createVirtualClock(1000n);
  const woken: [number, number][] = [];
  const sleep = async (ms: number) => {
    await clock.sleep(ms);
    woken.push([ms, clock.monotonicMs()]);
  };
  await Promise.all([sleep(500), sleep(10), sleep(3_600_000), sleep(10.5)]);
  expect(woken).toEqual([
    [10, 10],
    [10.5, 10.5],
    [500, 500],
    [3_600_000, 3_600_000],
  ]);
  expect(clock.nowNs()).toBe(1000n + 3_600_000_000_000n);
});

test('what a sleeper starts on waking counts from its hour', async () => {
  const clock = createVirtualClock();
  const order: string[] = [];
  const twice = async () => {
    await clock.sleep(10);
    await clock.sleep(10);
    order.push('10 + 10');
  };
  const once = async () => {
    await clock.sleep(25);
    order.push('25');
  };
  await Promise.all([once(), twice()]);
  expect(order).toEqual(['10 + 10', '25']);
  expect(clock.monotonicMs()).toBe(25);
});

test('an abort wakes with its reason, before or during sleep, and takes no time', async () => {
  const clock = createVirtualClock();
  await expect(clock.sleep(10, AbortSignal.abort('early'))).rejects.toBe('early');
  const controller = new AbortController();
  const sleeping = clock.sleep(1000, controller.signal);
  controller.abort('late');
  await expect(sleeping).rejects.toBe('late');
  await clock.sleep(1);
  expect(clock.monotonicMs()).toBe(1);
});

test('time stands still while nobody sleeps', async () => {
  const clock = createVirtualClock();
  const before = clock.nowNs();
  await new Promise((resolve) => setTimeout(resolve, 5));
  expect(clock.nowNs()).toBe(before);
});
