import { Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { Worker } from 'node:worker_threads';
import { answerOf, type OpenAnswer, type OpenOrder } from './run-given-code.js';

/**
 * An executor host whose first wall is open: it runs the JavaScript that it is sent, in its main thread or in a worker, with
 * all that Node has. What it cannot do is the second wall's doing.
 */
const CONTROL_FD = 3;

const control = new Socket({ fd: CONTROL_FD, readable: true, writable: true });
const worker = new Worker(new URL('./open-worker.js', import.meta.url), { env: {}, execArgv: [] });
const say = (answer: OpenAnswer): void => {
  control.write(`${JSON.stringify(answer)}\n`);
};
worker.on('message', say);
control.on('close', () => process.exit());
createInterface({ input: control }).on('line', (line) => {
  const order = JSON.parse(line) as OpenOrder;
  if (order.where === 'worker') worker.postMessage(order);
  else void answerOf(order).then(say);
});
