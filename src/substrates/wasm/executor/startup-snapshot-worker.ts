import { parentPort } from 'node:worker_threads';
import { buildStartupSnapshot } from './build-startup-snapshot.js';

/** Entry of the throw-away thread of `makeStartupSnapshot`. */

export interface StartupOrder {
  readonly module: WebAssembly.Module;
}

export type StartupAnswer = { readonly snapshot: Uint8Array } | { readonly error: string };

const port = parentPort;
port?.once('message', (order: StartupOrder) => {
  buildStartupSnapshot(order.module).then(
    (snapshot) => port.postMessage({ snapshot } satisfies StartupAnswer, [snapshot.buffer]),
    (error: unknown) => {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      port.postMessage({ error: text } satisfies StartupAnswer);
    },
  );
});
