import { Agent, type IncomingMessage, request } from 'node:http';
import { isErrorCode, WorldError } from '../../model/world-error.js';
import { ownPackage } from './own-package.js';
import { CLIENT_VERSION_HEADER, type RpcLine, SERVER_HEADER } from './rpc-protocol.js';
import type { CallOptions, Transport } from './transport.js';

/** Where a daemon listens, and what it wants to hear. */
export interface DaemonAddress {
  /** `http://127.0.0.1:PORT`. */
  readonly url: string;
  readonly token: string;
}

/** Calls of one client at a time; more wait here. */
const CONNECTIONS_MAX = 256;
/** How long a call that was told to stop may take to say how it ended, ms. */
const STOP_MS_MAX = 30_000;

/**
 * Reaches a runtime over the connection that its daemon serves.
 *
 * @throws (from `call`, besides what actions throw) DAEMON_UNREACHABLE when nobody of ours answers: nothing was
 *   done; DAEMON_LOST when the connection ended before the answer: whether the call was carried out is not known;
 *   DAEMON_VERSION, UNAUTHORIZED, RUNTIME_CLOSED, QUEUE_FULL when the daemon refuses: nothing was done.
 * @param version of this client; a daemon of another one refuses it
 */
export function daemonTransport(address: DaemonAddress, version = ownPackage().version): Transport {
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS_MAX });
  return {
    call: (action, input, options) => callDaemon({ address, agent, version }, action, input, options),
    close: async () => agent.destroy(),
  };
}

interface Connection {
  readonly address: DaemonAddress;
  readonly agent: Agent;
  readonly version: string;
}

function callDaemon(
  { address, agent, version }: Connection,
  action: string,
  input: object,
  options: CallOptions,
): Promise<unknown> {
  const { signal } = options;
  const body = Buffer.from(JSON.stringify(input));
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(stopped(action));
      return;
    }
    const call = request(new URL(`/rpc/${encodeURIComponent(action)}`, address.url), {
      method: 'POST',
      agent,
      headers: {
        authorization: `Bearer ${address.token}`,
        'content-type': 'application/json',
        'content-length': body.length,
        [CLIENT_VERSION_HEADER]: version,
      },
    });
    let answering = false;
    let bodySent = false;
    let late: NodeJS.Timeout | undefined;
    const stop = (): void => {
      // Half a connection is closed, so that the call can still say how it ended; see rpc-protocol.ts.
      if (bodySent) call.socket?.end();
      else call.destroy();
      late = setTimeout(() => call.destroy(), STOP_MS_MAX);
    };
    const settle = <T>(done: (value: T) => void): ((value: T) => void) => {
      return (value) => {
        clearTimeout(late);
        signal?.removeEventListener('abort', stop);
        done(value);
      };
    };
    const succeed = settle(resolve);
    const fail = settle(reject);
    signal?.addEventListener('abort', stop, { once: true });
    call.on('finish', () => {
      bodySent = true;
    });
    call.on('error', (error) => {
      if (answering) return;
      if (signal?.aborted) fail(stopped(action));
      else fail(bodySent && !isRefused(error) ? lost(address, action, error) : unreachable(address, error));
    });
    call.on('response', (response) => {
      answering = true;
      answerOf(response, address, action, options).then(succeed, (thrown: unknown) => {
        fail(signal?.aborted && isLost(thrown) ? stopped(action) : thrown);
      });
    });
    call.end(body);
  });
}

/** Reads the lines of an answer to the last. */
function answerOf(
  response: IncomingMessage,
  address: DaemonAddress,
  action: string,
  { onOutput, onProgress }: CallOptions,
): Promise<unknown> {
  if (response.headers[SERVER_HEADER] === undefined) {
    response.destroy();
    return Promise.reject(
      unreachable(address, new Error('what answers there is no daemon of world-runtime')),
    );
  }
  return new Promise((resolve, reject) => {
    const take = (line: RpcLine): void => {
      if ('output' in line) onOutput?.(line.output.stream, line.output.text);
      else if ('progress' in line) onProgress?.(line.progress);
      else if ('error' in line) reject(errorOf(line.error));
      else resolve(line.result);
    };
    const fail = (cause: unknown): void => reject(lost(address, action, cause));
    let rest = '';
    response.setEncoding('utf8');
    response.on('data', (part: string) => {
      const lines = `${rest}${part}`.split('\n');
      rest = lines.pop() ?? '';
      try {
        for (const text of lines) take(JSON.parse(text) as RpcLine);
      } catch (thrown) {
        response.destroy();
        // Not JSON; or what the caller does with output failed, which is the caller's to hear.
        if (thrown instanceof SyntaxError) fail(thrown);
        else reject(thrown);
      }
    });
    response.on('error', fail);
    // After an answer these say nothing new.
    response.on('end', () => fail(new Error('the answer ended early')));
    response.on('close', () => fail(new Error('the answer ended early')));
  });
}

function errorOf({ code, message, details }: { code: string; message: string; details: object }): WorldError {
  return new WorldError(isErrorCode(code) ? code : 'INTERNAL', message, { details: { ...details } });
}

/** Nothing was sent, or nobody took it. */
function isRefused(error: Error): boolean {
  const code = 'code' in error ? error.code : undefined;
  return code === 'ECONNREFUSED' || code === 'EHOSTUNREACH' || code === 'ENETUNREACH';
}

function isLost(thrown: unknown): boolean {
  return thrown instanceof WorldError && thrown.code === 'DAEMON_LOST';
}

function unreachable({ url }: DaemonAddress, cause: Error): WorldError {
  return new WorldError(
    'DAEMON_UNREACHABLE',
    `No daemon answers at ${url}: ${cause.message}. Nothing was done. Start one: wr up`,
    { details: { url }, cause },
  );
}

function lost({ url }: DaemonAddress, action: string, cause: unknown): WorldError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new WorldError(
    'DAEMON_LOST',
    `The daemon at ${url} went away before it answered ${action}: ${reason}. What it acknowledged is safe; whether this ` +
      'was carried out is not known: look (wr log, wr list --all) before you send it again.',
    { details: { url, action }, cause },
  );
}

function stopped(action: string): WorldError {
  return new WorldError('INTERRUPTED', `${action} was interrupted.`);
}
