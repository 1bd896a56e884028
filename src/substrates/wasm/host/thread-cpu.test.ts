import { existsSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { ownThreadId, threadCpuMs, watchThreadCpu } from './thread-cpu.js';

const LINUX = existsSync('/proc/thread-self');

describe.runIf(LINUX)('processor time of a thread', () => {
  it('counts what the thread computes, not what it waits', async () => {
    const id = ownThreadId() ?? 0;
    const start = threadCpuMs(id) ?? 0;
    await new Promise((resolve) => setTimeout(resolve, 60));
    const waited = threadCpuMs(id) ?? 0;
    let x = 0;
    while ((threadCpuMs(id) ?? 0) - waited < 50) x += 1;
    expect(x).toBeGreaterThan(0);
    expect(waited - start).toBeLessThan(50);
  });

  it('says once when a thread went over its limit', async () => {
    const worker = new Worker('while (true);', { eval: true });
    // The thread that was started last has the greatest number.
    const { readdirSync } = await import('node:fs');
    await new Promise((resolve) => worker.once('online', resolve));
    const threads = readdirSync('/proc/self/task').map(Number);
    let over = 0;
    const stops = threads.map((id) => watchThreadCpu(id, { limitMs: 30, onOver: () => (over += 1) }));
    while (over === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    await new Promise((resolve) => setTimeout(resolve, 50));
    for (const stop of stops) stop();
    await worker.terminate();
    expect(over).toBeGreaterThanOrEqual(1);
    expect(over).toBeLessThanOrEqual(threads.length);
  });
});

it('watches nothing where there is no such thread', () => {
  expect(threadCpuMs(2 ** 30)).toBeNull();
  watchThreadCpu(null, { limitMs: 0, onOver: () => expect.unreachable() })();
});
