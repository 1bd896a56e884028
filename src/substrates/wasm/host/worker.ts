import { parentPort } from 'node:worker_threads';
import { bootExecutor } from '../executor/boot-executor.js';
import { loadWrittenPages } from '../executor/written-pages.js';
import { ownThreadId } from './thread-cpu.js';
import { createWorkerLoop } from './worker-loop.js';
import type { ToWorker } from './worker-messages.js';

/** Entry of a worker thread of the executor host. */
if (parentPort === null) throw new Error('this module runs in a worker thread of the executor host');
const port = parentPort;
// Taken before the executor pins the clocks that the guest's engine sees.
const writtenPages = loadWrittenPages();
const nowMs = performance.now.bind(performance);

const handle = createWorkerLoop({
  post: (message) => port.postMessage(message),
  boot: ({ engine, startup, interrupt }) =>
    bootExecutor({ module: engine, startupSnapshot: startup, interrupt, writtenPages }),
  nowMs,
  threadId: ownThreadId(),
});
port.on('message', (message: ToWorker) => handle(message));
