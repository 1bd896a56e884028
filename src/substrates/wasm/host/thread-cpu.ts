import { readFileSync, readlinkSync } from 'node:fs';

/** How often a running thread is looked at. */
const LOOK_EVERY_MS = 10;

/** The calling thread's number in the kernel, or null where the kernel does not tell (anything but Linux). */
export function ownThreadId(): number | null {
  try {
    const number = Number(readlinkSync('/proc/thread-self').split('/').at(-1));
    return Number.isSafeInteger(number) ? number : null;
  } catch {
    return null;
  }
}

/** Processor time that a thread of this process has used, ms; null where the kernel does not tell. */
export function threadCpuMs(threadId: number): number | null {
  try {
    // Nanoseconds on a processor, nanoseconds waiting for one, time slices.
    const [ran] = readFileSync(`/proc/self/task/${threadId}/schedstat`, 'utf8').split(' ');
    return Number(ran) / 1e6;
  } catch {
    return null;
  }
}

/**
 * Calls `onOver` once when the thread has used `limitMs` of processor time from now on. Answers how to stop watching.
 * Where the kernel does not tell, nothing is watched: the wall clock bounds the run all the same.
 */
export function watchThreadCpu(
  threadId: number | null,
  limit: { readonly limitMs: number; onOver(): void },
): () => void {
  const startMs = threadId === null ? null : threadCpuMs(threadId);
  if (threadId === null || startMs === null) return () => undefined;
  const timer = setInterval(() => {
    const nowMs = threadCpuMs(threadId);
    if (nowMs !== null && nowMs - startMs <= limit.limitMs) return;
    clearInterval(timer);
    if (nowMs !== null) limit.onOver();
  }, LOOK_EVERY_MS);
  return () => clearInterval(timer);
}
