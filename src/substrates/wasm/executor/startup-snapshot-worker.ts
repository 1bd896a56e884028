import { parentPort } from 'node:worker_threads';
import { buildStartupSnapshot } from './build-startup-snapshot.js';
import { decodeBundle, ImageFault } from './image-bundle.js';

/** Entry of the throw-away thread of `makeStartupSnapshot`. */

export interface StartupOrder {
  readonly module: WebAssembly.Module;
  /** From `encodeBundle`; null: the standard library alone. */
  readonly image: Uint8Array | null;
}

/** `image`: the fault is the image's, not the engine's. */
export type StartupAnswer =
  | { readonly snapshot: Uint8Array }
  | { readonly error: string; readonly image: boolean };

const port = parentPort;
port?.once('message', (order: StartupOrder) => {
  const image = order.image === null ? undefined : decodeBundle(order.image);
  buildStartupSnapshot(order.module, image).then(
    (snapshot) => port.postMessage({ snapshot } satisfies StartupAnswer, [snapshot.buffer]),
    (error: unknown) => {
      if (error instanceof ImageFault) {
        port.postMessage({ error: error.message, image: true } satisfies StartupAnswer);
        return;
      }
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      port.postMessage({ error: text, image: false } satisfies StartupAnswer);
    },
  );
});
