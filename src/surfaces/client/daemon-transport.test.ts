import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { refused } from '../../../test/support/verbs.js';
import { WorldRuntime } from '../../index.js';
import { readDaemonFile } from './daemon-file.js';
import { daemonTransport } from './daemon-transport.js';
import type { Transport } from './transport.js';

let cleanups: (() => void)[] = [];
afterEach(() => {
  for (const clean of cleanups) clean();
  cleanups = [];
});

/** Answers every connection as the test says. */
async function stranger(answer: (socket: Socket) => void): Promise<Transport> {
  const server: Server = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', () => answer(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const transport = daemonTransport({ url: `http://127.0.0.1:${port}`, token: 't' });
  cleanups.push(
    () => server.close(),
    () => {
      transport.close().catch(() => {});
    },
  );
  return transport;
}

const HEAD = 'HTTP/1.1 200 OK\r\nworld-runtime: 1\r\nconnection: close\r\n';

describe('a daemon', () => {
  it('that is not there did nothing', async () => {
    const gone = await stranger(() => {});
    for (const clean of cleanups) clean();
    cleanups = [];
    await refused(gone.call('list', {}, {}), 'DAEMON_UNREACHABLE', /Nothing was done.*wr up/);
  });

  it('that turns out to be somebody else did nothing', async () => {
    const other = await stranger((socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}'));
    await refused(other.call('list', {}, {}), 'DAEMON_UNREACHABLE', /no daemon of world-runtime/);
  });

  it.each<[string, (socket: Socket) => void]>([
    ['before it answered', (socket) => socket.resetAndDestroy()],
    [
      'with its answer begun',
      (socket) => socket.end(`${HEAD}\r\n{"output":{"stream":"stdout","text":"a"}}\n`),
    ],
    ['in the middle of a line', (socket) => socket.end(`${HEAD}\r\n{"resu`)],
    ['saying nonsense', (socket) => socket.end(`${HEAD}\r\nnonsense\n`)],
    ['before the length it announced', (socket) => socket.end(`${HEAD}content-length: 900\r\n\r\n`)],
  ])('that goes away %s may have done it', async (_, answer) => {
    await refused((await stranger(answer)).call('create', {}, {}), 'DAEMON_LOST', /not known/);
  });

  it('that has codes of a later version is still understood', async () => {
    const later = await stranger((socket) =>
      socket.end(`${HEAD}\r\n{"error":{"code":"FROM_THE_FUTURE","message":"m","details":{"a":1}}}\n`),
    );
    const error = await refused(later.call('list', {}, {}), 'INTERNAL', /^m$/);
    expect(error.details).toEqual({ a: 1 });
  });
});

describe('connecting', () => {
  function folder(): string {
    const path = mkdtempSync(join(tmpdir(), 'wr-connect-'));
    cleanups.push(() => rmSync(path, { recursive: true }));
    return path;
  }

  it('to a data directory without a daemon says how to start one', async () => {
    await refused(WorldRuntime.connect({ dataDir: folder() }), 'NO_DAEMON', /wr up/);
  });

  it.each([
    [{ url: 'http://127.0.0.1:1' }],
    [{ token: 't' }],
    [{ url: 'http://127.0.0.1:1', token: 't', dataDir: '.' }],
    [{ url: 'nonsense', token: 't' }],
    [{ url: 'https://127.0.0.1:1', token: 't' }],
  ])('by %j is refused', async (options) => {
    await refused(WorldRuntime.connect(options), 'BAD_INPUT');
  });

  const WHOLE = {
    pid: 1,
    url: 'http://127.0.0.1:1',
    token: 't',
    version: '1',
    startedAt: 'now',
    workers: null,
    isolate: 'none',
  };

  it.each<[string, string]>([
    ['nothing', ''],
    ['half of it', JSON.stringify(WHOLE).slice(0, -9)],
    ['another thing', '[]'],
    ['no token', JSON.stringify({ ...WHOLE, token: '' })],
    ['a strange process', JSON.stringify({ ...WHOLE, pid: 'x' })],
  ])('by a file that holds %s is as if there was none', (_, text) => {
    const path = folder();
    writeFileSync(join(path, 'daemon.json'), text);
    expect(readDaemonFile(path)).toBeNull();
    writeFileSync(join(path, 'daemon.json'), JSON.stringify(WHOLE));
    expect(readDaemonFile(path)).toEqual(WHOLE);
  });
});
