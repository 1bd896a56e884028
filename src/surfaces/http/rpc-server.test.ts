import { type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import { gate } from '../../../test/support/gate.js';
import { newDisk, openTestRuntime, type TestRuntime } from '../../../test/support/test-runtime.js';
import { refused } from '../../../test/support/verbs.js';
import { runAction } from '../../actions/table.js';
import { systemClock } from '../../system/system-clock.js';
import { daemonTransport } from '../client/daemon-transport.js';
import { type RpcServer, type RpcServerOptions, startRpcServer } from './rpc-server.js';

const TOKEN = 'the-token-of-the-test';
const VERSION = '9.9.9';

let opened: RpcServer[] = [];
afterEach(async () => {
  for (const server of opened) await server.close();
  opened = [];
});

interface Served {
  readonly t: TestRuntime;
  readonly server: RpcServer;
  readonly port: number;
}

async function serve(options: Partial<RpcServerOptions> = {}): Promise<Served> {
  // Real time, so that a guest that hangs does so until it is stopped.
  const t = await openTestRuntime({ disk: { ...newDisk(), clock: systemClock } });
  const server = await startRpcServer({ context: t.context, version: VERSION, token: TOKEN, ...options });
  opened.push(server);
  return { t, server, port: Number(new URL(server.url).port) };
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly lines: Record<string, unknown>[];
}

interface Ask {
  readonly path?: string;
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string | Buffer;
}

/** A request of whoever, with the right token unless said otherwise. */
function ask(
  { port }: Served,
  { path = '/rpc/list', method = 'POST', headers = {}, body = '{}' }: Ask,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request(
      { port, host: '127.0.0.1', method, path, headers: { authorization: `Bearer ${TOKEN}`, ...headers } },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (part: string) => {
          text += part;
        });
        response.on('end', () => {
          const lines = text.trim() === '' ? [] : text.trim().split('\n');
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            lines: lines.map((line) => JSON.parse(line) as Record<string, unknown>),
          });
        });
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
}

describe('a request', () => {
  it('runs an action and is answered with one line', async () => {
    const served = await serve();
    const { status, headers, lines } = await ask(served, { path: '/rpc/create', body: '{"name":"w"}' });
    expect({ status, lines }).toMatchObject({ status: 200, lines: [{ result: { name: 'w' } }] });
    expect(headers).toMatchObject({ 'content-type': 'application/x-ndjson', 'world-runtime': VERSION });
  });

  it.each<[string, Ask, number, string]>([
    ['without a token', { headers: { authorization: '' } }, 401, 'UNAUTHORIZED'],
    ['with a wrong token', { headers: { authorization: `Bearer ${TOKEN}x` } }, 401, 'UNAUTHORIZED'],
    [
      'with a prefix of the token',
      { headers: { authorization: `Bearer ${TOKEN.slice(0, -1)}` } },
      401,
      'UNAUTHORIZED',
    ],
    ['under a foreign name', { headers: { host: 'attacker.example' } }, 403, 'UNAUTHORIZED'],
    ['under the right name of another port', { headers: { host: '127.0.0.1:1' } }, 403, 'UNAUTHORIZED'],
    ['of a web page', { headers: { origin: 'http://localhost:3000' } }, 403, 'UNAUTHORIZED'],
    ['of a page of the same address', { headers: { 'sec-fetch-site': 'same-origin' } }, 403, 'UNAUTHORIZED'],
    [
      'of a client of another version',
      { headers: { 'world-runtime-client': '9.9.8' } },
      409,
      'DAEMON_VERSION',
    ],
    ['for no action', { path: '/rpc/frobnicate' }, 404, 'BAD_INPUT'],
    ['for a name every object has', { path: '/rpc/constructor' }, 404, 'BAD_INPUT'],
    ['for another route', { path: '/v1/sandboxes' }, 404, 'BAD_INPUT'],
    ['for the root', { path: '/', method: 'GET', body: '' }, 404, 'BAD_INPUT'],
    ['by another method', { method: 'GET', body: '' }, 404, 'BAD_INPUT'],
    ['that is not JSON', { body: '{' }, 400, 'BAD_INPUT'],
    ['that is not text', { body: Buffer.from([0xff, 0xfe]) }, 400, 'BAD_INPUT'],
  ])('%s is refused', async (_, what, expected, code) => {
    const served = await serve();
    const before = served.t.catalog.entries.length;
    const { status, lines } = await ask(served, what);
    expect({ status, lines }).toMatchObject({ status: expected, lines: [{ error: { code } }] });
    expect(served.t.catalog.entries).toHaveLength(before);
  });

  it('under the name localhost, or with the version of the daemon, is not', async () => {
    const served = await serve();
    const headers = { host: `localhost:${served.port}`, 'world-runtime-client': VERSION };
    expect((await ask(served, { headers })).status).toBe(200);
  });

  it('that fails says so in its line, as the action does', async () => {
    const { lines } = await ask(await serve(), { path: '/rpc/show', body: '{"world":"nobody"}' });
    expect(lines).toMatchObject([{ error: { code: 'WORLD_NOT_FOUND' } }]);
  });

  it('has an empty body for no input', async () => {
    expect((await ask(await serve(), { body: '' })).lines).toEqual([{ result: [] }]);
  });
});

describe('a body that is too long', () => {
  it('is refused before it is sent, when its length is announced', async () => {
    const served = await serve();
    const headers = { 'content-length': String(101 * 1024 * 1024), authorization: `Bearer ${TOKEN}` };
    const status = await new Promise((resolve, reject) => {
      const sent = request(
        { port: served.port, host: '127.0.0.1', method: 'POST', path: '/rpc/execute', headers },
        (response) => {
          resolve(response.statusCode);
          sent.destroy();
        },
      );
      sent.on('error', reject);
      // One byte of it: the answer comes without the rest.
      sent.write('{');
    });
    expect(status).toBe(413);
  });

  it('is refused where it becomes too long, when its length is not announced', async () => {
    const served = await serve({ limits: { bodyBytesMax: 1000 } });
    const headers = { 'transfer-encoding': 'chunked' };
    const { status, lines } = await ask(served, { headers, body: `{"a":"${'x'.repeat(2000)}"}` });
    expect({ status, lines }).toMatchObject({ status: 413, lines: [{ error: { code: 'BAD_INPUT' } }] });
    expect((await ask(served, { body: '{}' })).status).toBe(200);
  });

  it('is one when all that is being read is', async () => {
    const served = await serve({ limits: { bodiesBytesMax: 1000 } });
    const { status, lines } = await ask(served, { body: `{"a":"${'x'.repeat(2000)}"}` });
    expect({ status, lines }).toMatchObject({ status: 503, lines: [{ error: { code: 'QUEUE_FULL' } }] });
    expect((await ask(served, {})).status).toBe(200);
  });
});

/** A world in which something hangs until it is stopped. */
async function hanging(served: Served): Promise<void> {
  await runAction(served.t.context, 'create', { name: 'w' });
}

function client({ server }: Served): ReturnType<typeof daemonTransport> {
  const transport = daemonTransport({ url: server.url, token: TOKEN }, VERSION);
  onTestFinished(() => transport.close());
  return transport;
}

describe('a call', () => {
  it('streams what the guest prints before its result', async () => {
    const served = await serve();
    await hanging(served);
    const { lines } = await ask(served, {
      path: '/rpc/execute',
      body: '{"code":"print a\\nwarn b\\nset x 1\\nget x"}',
    });
    expect(lines.slice(0, -1)).toEqual([
      { output: { stream: 'stdout', text: 'a\n' } },
      { output: { stream: 'stderr', text: 'b\n' } },
    ]);
    expect(lines.at(-1)).toMatchObject({ result: { value: '1', stdout: 'a\n' } });
  });

  it('over many worlds says how far it is', async () => {
    const served = await serve();
    await hanging(served);
    await runAction(served.t.context, 'branch', { count: 2 });
    const { lines } = await ask(served, { path: '/rpc/execute-in-all', body: '{"code":"now"}' });
    const steps = lines.slice(0, -1) as { progress: { done: number; total: number } }[];
    expect(steps.map(({ progress }) => progress.done)).toEqual([0, 0, 1, 2]);
    expect(steps.every(({ progress }) => progress.total === 2)).toBe(true);
  });

  it('that a client stops is interrupted, and the client hears how it ended', async () => {
    const served = await serve();
    await hanging(served);
    const stop = new AbortController();
    const call = client(served).call(
      'execute',
      { code: 'print begun\nhang' },
      { signal: stop.signal, onOutput: () => stop.abort() },
    );
    // The words are the action's own: it was the runtime that answered.
    await refused(call, 'INTERRUPTED', /^(?!execute was interrupted\.$)/);
    expect(await runAction(served.t.context, 'execute', { code: 'get x' })).toMatchObject({ ok: false });
  });

  it('whose client dies is interrupted', async () => {
    const served = await serve();
    await hanging(served);
    const begun = gate();
    const socket = connect(served.port, '127.0.0.1');
    socket.on('error', () => {});
    socket.on('data', (part) => {
      if (String(part).includes('begun')) begun.open();
    });
    const body = '{"code":"print begun\\nhang"}';
    socket.write(
      `POST /rpc/execute HTTP/1.1\r\nHost: 127.0.0.1:${served.port}\r\nAuthorization: Bearer ${TOKEN}\r\n` +
        `Content-Length: ${body.length}\r\n\r\n${body}`,
    );
    await begun.passed;
    socket.resetAndDestroy();
    await served.server.drain();
    const record = served.t.catalog.entries.at(-1)?.record;
    expect(record).toMatchObject({ op: 'execution.failed', errorCode: 'INTERRUPTED' });
  });

  it('beyond the most there may be at a time is refused, until one has ended', async () => {
    const served = await serve({ limits: { callsMax: 1 } });
    await hanging(served);
    const transport = client(served);
    const begun = gate();
    const stop = new AbortController();
    const first = transport.call(
      'execute',
      { code: 'print a\nhang' },
      { signal: stop.signal, onOutput: begun.open },
    );
    await begun.passed;
    const { status, headers, lines } = await ask(served, {});
    expect({ status, lines }).toMatchObject({ status: 503, lines: [{ error: { code: 'QUEUE_FULL' } }] });
    expect(headers['retry-after']).toBe('1');
    stop.abort();
    await refused(first, 'INTERRUPTED');
    await expect.poll(async () => (await ask(served, {})).status).toBe(200);
  });
});

describe('a server that shuts down', () => {
  it('finishes what runs, and refuses what comes', async () => {
    const served = await serve();
    await hanging(served);
    const transport = client(served);
    const begun = gate();
    const stop = new AbortController();
    const call = transport.call(
      'execute',
      { code: 'print a\nhang' },
      { signal: stop.signal, onOutput: begun.open },
    );
    await begun.passed;
    let drained = false;
    const drain = served.server.drain().then(() => {
      drained = true;
    });
    const { status, lines } = await ask(served, {});
    expect({ status, lines }).toMatchObject({ status: 503, lines: [{ error: { code: 'RUNTIME_CLOSED' } }] });
    expect(drained).toBe(false);
    stop.abort();
    await refused(call, 'INTERRUPTED');
    await drain;
  });

  it('gives its port back', async () => {
    const { port, server } = await serve();
    await server.close();
    opened = [];
    const again = await serve({ port });
    expect(again.port).toBe(port);
  });

  it('whose port is taken says so', async () => {
    const { port } = await serve();
    await refused(serve({ port }), 'BAD_INPUT', /--port/);
  });
});
