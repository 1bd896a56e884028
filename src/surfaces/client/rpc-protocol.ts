import type { CallProgress } from './transport.js';

/**
 * What client and daemon agree on. One call is `POST /rpc/{action}` with the action's input as JSON. The answer is
 * newline-delimited JSON: any number of `output` and `progress` lines, then one `result` or `error`.
 *
 * A client that wants to stop a call closes its half of the connection and goes on reading: the call is interrupted
 * and still says how it ended.
 */
export type RpcLine =
  | { readonly output: { readonly stream: 'stdout' | 'stderr'; readonly text: string } }
  | { readonly progress: CallProgress }
  | { readonly result: unknown }
  | { readonly error: { readonly code: string; readonly message: string; readonly details: object } };

/** Every answer has it, with the daemon's version: how a client knows that it talks to a daemon at all. */
export const SERVER_HEADER = 'world-runtime';

/** A client says its version here; a daemon of another one refuses. */
export const CLIENT_VERSION_HEADER = 'world-runtime-client';

/** `{"result":...}` and the others, on one line. Whole numbers beyond 2^53 are text, as in the rest of the API. */
export function rpcLine(line: RpcLine): string {
  const safe = (_key: string, one: unknown): unknown => (typeof one === 'bigint' ? one.toString() : one);
  return `${JSON.stringify(line, safe)}\n`;
}
