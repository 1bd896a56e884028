import { parentPort } from 'node:worker_threads';
import { answerOf, type OpenOrder } from './run-given-code.js';

/** The worker thread of the open host. */
parentPort?.on('message', (order: OpenOrder) => {
  void answerOf(order).then((answer) => parentPort?.postMessage(answer));
});
