import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import type { RuntimeContext } from '../../actions/maintenance.js';
import { WorldError } from '../../model/world-error.js';
import { createRpcApp, RPC_LIMITS, type RpcLimits } from './rpc-app.js';

export interface RpcServerOptions {
  readonly context: RuntimeContext;
  /** Of world-runtime. */
  readonly version: string;
  /** What every request has to show. */
  readonly token: string;
  /** Default: one that is free. */
  readonly port?: number;
  readonly limits?: Partial<RpcLimits>;
}

/** A runtime that answers on the loopback interface. */
export interface RpcServer {
  readonly url: string;
  /** Refuses new calls and resolves when those that run have ended. The port stays open, to say so. */
  drain(): Promise<void>;
  /** Closes the port and every connection. */
  close(): Promise<void>;
}

const LOOPBACK = '127.0.0.1';

/** @throws BAD_INPUT when the port is taken or not allowed. */
export async function startRpcServer(options: RpcServerOptions): Promise<RpcServer> {
  const { context, version, token, port = 0 } = options;
  let hosts: string[] = [];
  const { app, refuseNew, idle } = createRpcApp({
    context,
    guard: () => ({ hosts, version, token }),
    limits: { ...RPC_LIMITS, ...options.limits },
  });
  const server = createAdaptorServer({ fetch: app.fetch, hostname: LOOPBACK });
  // A client that closed its half of the connection still gets the answer; see client/rpc-protocol.ts.
  Object.assign(server, { httpAllowHalfOpen: true });
  server.listen(port, LOOPBACK);
  try {
    await once(server, 'listening');
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    throw new WorldError(
      'BAD_INPUT',
      `Cannot listen on ${LOOPBACK}:${port}: ${reason}. Choose another --port.`,
      {
        details: { port },
        cause: thrown,
      },
    );
  }
  const { port: bound } = server.address() as AddressInfo;
  hosts = [`${LOOPBACK}:${bound}`, `localhost:${bound}`];
  return {
    url: `http://${LOOPBACK}:${bound}`,
    async drain() {
      refuseNew();
      await idle();
    },
    async close() {
      const closed = once(server, 'close');
      server.close();
      if ('closeAllConnections' in server) server.closeAllConnections();
      await closed;
    },
  };
}
