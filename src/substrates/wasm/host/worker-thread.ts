import { Worker } from 'node:worker_threads';
import { EXECUTOR_STACK_MIB } from '../executor/boot-executor.js';
import type { FromWorker, ToWorker } from './worker-messages.js';

export interface ThreadEvents {
  message(message: FromWorker): void;
  /** It ended, for whatever reason; called once. */
  gone(reason: string): void;
}

/** One worker thread as its pool sees it. */
export interface Thread {
  post(message: ToWorker): void;
  /** Resolves when no code of it runs any more. */
  terminate(): Promise<void>;
}

export type SpawnThread = (events: ThreadEvents) => Thread;

/** A real worker thread. Its stack is fixed and large so that Python's own recursion limits fire first. */
export const spawnWorkerThread: SpawnThread = (events) => {
  const worker = new Worker(new URL('./worker.js', import.meta.url), {
    env: {},
    execArgv: [],
    resourceLimits: { stackSizeMb: EXECUTOR_STACK_MIB },
  });
  let reason = 'it exited';
  worker.on('message', (message: FromWorker) => events.message(message));
  worker.on('messageerror', (error) => {
    reason = `a message could not be read: ${error.message}`;
    void worker.terminate();
  });
  worker.on('error', (error) => {
    reason = error.message;
  });
  worker.on('exit', (code) => events.gone(`${reason} (code ${code})`));
  return {
    post: (message) => worker.postMessage(message),
    terminate: async () => {
      await worker.terminate();
    },
  };
};

/** Like `spawn`, but the first thread is started now, so that it loads its code while the engine compiles. */
export function spawnAhead(spawn: SpawnThread): SpawnThread {
  let taker: ThreadEvents | null = null;
  let usable = true;
  const first = spawn({
    message: (message) => taker?.message(message),
    gone: (reason) => {
      usable = false;
      taker?.gone(reason);
    },
  });
  return (events) => {
    if (!usable) return spawn(events);
    usable = false;
    taker = events;
    return first;
  };
}
