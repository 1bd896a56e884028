import type { HttpBindings } from '@hono/node-server';
import { Hono } from 'hono';
import type { RuntimeContext } from '../../actions/maintenance.js';
import { type ActionName, isActionName, runAction } from '../../actions/table.js';
import { toWorldError, WorldError } from '../../model/world-error.js';
import { type RpcLine, rpcLine, SERVER_HEADER } from '../client/rpc-protocol.js';
import { BodyBudget, readBody } from './read-body.js';
import { type GuardOptions, guard, type Refusal } from './request-guard.js';

/** What one daemon bears at a time. */
export interface RpcLimits {
  /** Longest body, bytes. The longest code (16 MiB), each character escaped, still fits. */
  readonly bodyBytesMax: number;
  /** Bodies being read, bytes together. */
  readonly bodiesBytesMax: number;
  readonly callsMax: number;
}

export const RPC_LIMITS: RpcLimits = {
  bodyBytesMax: 100 * 1024 * 1024,
  bodiesBytesMax: 256 * 1024 * 1024,
  callsMax: 1024,
};

export interface RpcAppOptions {
  readonly context: RuntimeContext;
  /** Asked at each request: the port is known only when the server listens. */
  readonly guard: () => GuardOptions;
  readonly limits: RpcLimits;
}

/** The routes of the daemon, and the calls that run. */
export interface RpcApp {
  readonly app: Hono<{ Bindings: HttpBindings }>;
  /** From now on every request is refused with RUNTIME_CLOSED. */
  refuseNew(): void;
  /** Resolves when no call runs. */
  idle(): Promise<void>;
}

/** `POST /rpc/{action}` for every action of the table, and nothing else. */
export function createRpcApp({ context, guard: guardOptions, limits }: RpcAppOptions): RpcApp {
  const app = new Hono<{ Bindings: HttpBindings }>();
  const budget = new BodyBudget(limits.bodiesBytesMax);
  const running = new Set<Promise<void>>();
  let pending = 0;
  let closing = false;
  const answer = (status: number, body: ReadableStream | string): Response =>
    new Response(body, {
      status,
      headers: {
        'content-type': 'application/x-ndjson',
        'cache-control': 'no-store',
        [SERVER_HEADER]: guardOptions().version,
        // A refused body is not read to its end, so the connection cannot be used again.
        ...(status === 413 || status === 503 ? { connection: 'close' } : {}),
        ...(status === 503 ? { 'retry-after': '1' } : {}),
      },
    });
  const refuse = ({ status, error }: Refusal): Response => answer(status, rpcLine({ error: error.toJSON() }));

  app.post('/rpc/:action', async ({ req, env }) => {
    const refused = guard(req.raw.headers, guardOptions());
    if (refused) return refuse(refused);
    const action = req.param('action');
    if (!isActionName(action)) return refuse(unknownAction(action));
    if (closing) return refuse(closed());
    if (pending >= limits.callsMax) return refuse(full(limits.callsMax));
    pending += 1;
    try {
      const body = await readBody(req.raw, { bytesMax: limits.bodyBytesMax, budget });
      if ('error' in body) return refuse(body);
      if (closing) return refuse(closed());
      const call = startCall(context, { action, input: body.input, env, hasGone: req.raw.signal });
      pending += 1;
      const tracked: Promise<void> = call.ended.then(() => {
        running.delete(tracked);
        pending -= 1;
      });
      running.add(tracked);
      return answer(200, call.body);
    } finally {
      pending -= 1;
    }
  });
  app.notFound(({ req }) => refuse(noRoute(req.method, req.path)));
  app.onError((thrown) => {
    const error = toWorldError(thrown, 'INTERNAL', 'the daemon failed at this request');
    return answer(500, rpcLine({ error: error.toJSON() }));
  });
  return {
    app,
    refuseNew: () => {
      closing = true;
    },
    idle: async () => {
      while (running.size > 0) await Promise.all(running);
    },
  };
}

interface CallRequest {
  readonly action: ActionName;
  readonly input: unknown;
  readonly env: HttpBindings;
  /** Aborts when the connection is gone. */
  readonly hasGone: AbortSignal;
}

/** Runs one action; its lines come out of `body` as they appear. `ended` never rejects. */
function startCall(
  context: RuntimeContext,
  { action, input, env, hasGone }: CallRequest,
): { readonly body: ReadableStream; readonly ended: Promise<void> } {
  const stop = new AbortController();
  const interrupt = (): void => stop.abort();
  const { socket } = env.incoming;
  // The client closed its half: it wants the call to end and is still listening.
  socket.once('end', interrupt);
  hasGone.addEventListener('abort', interrupt, { once: true });
  const encoder = new TextEncoder();
  let lines: ReadableStreamDefaultController | null = null;
  const body = new ReadableStream({
    start: (controller) => {
      lines = controller;
    },
    cancel: () => {
      lines = null;
      interrupt();
    },
  });
  const say = (line: RpcLine): void => lines?.enqueue(encoder.encode(rpcLine(line)));
  const run = async (): Promise<void> => {
    try {
      const result = await runAction(context, action, input, {
        signal: stop.signal,
        sink: { write: (stream, text) => say({ output: { stream, text } }) },
        onProgress: (progress) => say({ progress }),
      });
      say({ result });
    } catch (thrown) {
      const error = toWorldError(thrown, 'INTERNAL', `${action} failed in the daemon`);
      say({ error: error.toJSON() });
    } finally {
      socket.off('end', interrupt);
      hasGone.removeEventListener('abort', interrupt);
      lines?.close();
      lines = null;
    }
  };
  // What a stream that closed meanwhile has to say is of no interest: its reader is gone.
  return { body, ended: run().catch(() => {}) };
}

function unknownAction(action: string): Refusal {
  return { status: 404, error: new WorldError('BAD_INPUT', `There is no action ${JSON.stringify(action)}.`) };
}

function noRoute(method: string, path: string): Refusal {
  const message = `The daemon has no ${method} ${path}. It serves POST /rpc/{action} and nothing else.`;
  return { status: 404, error: new WorldError('BAD_INPUT', message) };
}

function closed(): Refusal {
  const message =
    'The daemon is shutting down and takes no new work. Nothing was done; send it again in a moment.';
  return { status: 503, error: new WorldError('RUNTIME_CLOSED', message) };
}

function full(max: number): Refusal {
  const message = `The daemon is busy with ${max} calls, the most there may be. Nothing was done; wait for answers first.`;
  return { status: 503, error: new WorldError('QUEUE_FULL', message) };
}
