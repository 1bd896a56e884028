import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { WorldRuntime } from '../../src/index.js';
import { daemonFilePath, readDaemonFile } from '../../src/surfaces/client/daemon-file.js';
import { daemonTransport } from '../../src/surfaces/client/daemon-transport.js';
import { isRunning } from '../support/processes.js';
import { startWr, wr, wrJson } from './cli-process.js';
import { startDaemon, stopDaemon } from './daemon-process.js';

/** The real daemon, the real `wr` and the real engine. */

// Each daemon starts an engine: on a busy machine that takes its time.
vi.setConfig({ testTimeout: 180_000 });

let folder: string;
let data: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'wr-daemon-'));
  data = join(folder, 'data');
});
afterAll(async () => {
  await stopDaemon(data);
  rmSync(folder, { recursive: true, force: true });
}, 120_000);

interface Failure {
  readonly error: { readonly code: string; readonly message: string };
}

async function failure(...args: string[]): Promise<{ exit: unknown; code: string; message: string }> {
  const { code, err } = await wr(data, ...args, '--json');
  const { error } = JSON.parse(err) as Failure;
  return { exit: code, code: error.code, message: error.message };
}

describe('without a daemon', () => {
  test('status says so with exit code 3, and down has nothing to do', async () => {
    expect(await wr(data, 'status')).toMatchObject({ code: 3, err: '' });
    expect(JSON.parse((await wr(data, 'status', '--json')).out)).toEqual({ running: false, dataDir: data });
    expect(await wr(data, 'down')).toMatchObject({ code: 0, out: `No daemon runs for ${data}.\n` });
    await expect(WorldRuntime.connect({ dataDir: data })).rejects.toMatchObject({ code: 'NO_DAEMON' });
  });

  test('a start that fails says why, and leaves a foreign folder as it was', async () => {
    const foreign = mkdtempSync(join(folder, 'foreign-'));
    writeFileSync(join(foreign, 'letters.txt'), 'mine');
    const said = await wr(foreign, 'up', '--detach');
    expect(said).toMatchObject({ code: 1, out: '' });
    expect(said.err).toMatch(/^error DATA_DIR_VERSION: The daemon did not start: .*letters\.txt/);
    expect(readDaemonFile(foreign)).toBeNull();
    expect(() => statSync(join(foreign, 'daemon.log'))).toThrow();
    const { port } = await takenPort();
    const taken = await wr(join(folder, 'other'), 'up', '--detach', '--port', String(port));
    expect(taken.err).toMatch(/error BAD_INPUT: The daemon did not start: Cannot listen on .*--port/);
    expect(taken.code).toBe(2);
  });
});

async function takenPort(): Promise<{ port: number }> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  server.unref();
  return { port: (server.address() as AddressInfo).port };
}

describe('a daemon in the background', () => {
  test('answers when its start returns, and only its owner can read its file', async () => {
    const said = await wr(data, 'up', '--detach');
    expect(said).toMatchObject({ code: 0, err: '' });
    const file = readDaemonFile(data);
    expect(said.out).toContain(`process ${file?.pid}, answers at ${file?.url}`);
    expect(statSync(daemonFilePath(data)).mode & 0o777).toBe(0o600);
    expect(statSync(join(data, 'daemon.log')).mode & 0o777).toBe(0o600);
    const status = await wrJson<{ running: boolean; pid: number; dataDir: string }>(data, 'status');
    expect(status).toMatchObject({ running: true, pid: file?.pid, dataDir: data, worlds: { running: 0 } });
    expect((await wr(data, 'status')).out).toMatch(/^daemon +process \d+ at http/);
  });

  test('is not started twice', async () => {
    const { pid } = readDaemonFile(data) ?? {};
    for (const args of [['up'], ['up', '--detach']]) {
      const refused = await failure(...args);
      expect(refused).toMatchObject({ exit: 4, code: 'DAEMON_RUNNING' });
      expect(refused.message).toContain(`process ${pid}`);
    }
  });

  test('serves commands as they are without it, current world included', async () => {
    expect(await wr(data, 'create', 'market')).toMatchObject({ code: 0, err: '' });
    expect(await wr(data, 'exec', 'x = 6 * 7\nprint("hello")\nx')).toEqual({
      code: 0,
      out: 'hello\n42\n',
      err: '',
    });
    const raised = await wr(data, 'exec', 'market', '1 / 0');
    expect(raised).toMatchObject({ code: 1, out: '' });
    expect(raised.err).toMatch(/^Traceback[\s\S]*ZeroDivisionError: division by zero\n$/);
    expect(await wr(data, 'branch', '--child', 'copy=0')).toMatchObject({ code: 0 });
    expect(await wr(data, 'exec', 'copy', 'x += 1; x')).toMatchObject({ code: 0, out: '43\n' });
    // Naming another world made that the current one, in the daemon as without it.
    expect(await wr(data, 'exec', 'x')).toMatchObject({ out: '43\n' });
    expect(await wr(data, 'exec', 'market', 'x')).toMatchObject({ out: '42\n' });
    expect(await failure('show', 'nobody')).toMatchObject({ exit: 3, code: 'WORLD_NOT_FOUND' });
    expect(await failure('exec', 'market', 'while True: pass', '--timeout', '200ms')).toMatchObject({
      exit: 5,
      code: 'EXECUTION_TIMEOUT',
    });
  });

  test('leaves its data directory to nobody else, and says so', async () => {
    const doctor = await wr(data, 'doctor');
    expect(doctor.code).toBe(0);
    expect(doctor.out).toMatch(/ok +daemon +process \d+ answers/);
    expect((await wr(data, 'doctor', '--rebuild')).out).toMatch(
      /fail +data directory +DAEMON_RUNNING: .*wr down/,
    );
    await expect(WorldRuntime.open({ dataDir: data, lockWaitMs: 0 })).rejects.toMatchObject({
      code: 'DATA_DIR_LOCKED',
    });
  });

  test('says what it cannot honour', async () => {
    const said = await wr(data, 'exec', 'market', 'x', '--workers', '7');
    expect(said).toMatchObject({ code: 0, out: '42\n' });
    expect(said.err).toMatch(/^note: --workers 7 has no effect.*wr up --workers 7/);
    expect((await wr(data, 'exec', 'market', 'x', '--workers', '7', '--json')).err).toBe('');
  });

  test('is stopped by Ctrl-C of a command only in what that command runs', async () => {
    const started = startWr(data, [
      'exec',
      'market',
      'x = 666\nprint("begun", flush=True)\nwhile True: pass',
    ]);
    await started.said('begun');
    process.kill(-(started.child.pid as number), 'SIGINT');
    const { code, out, err } = await started.ended;
    expect({ code, out }).toEqual({ code: 130, out: 'begun\n' });
    // The daemon's own words: the command waited until the execution was rolled back.
    expect(err).toMatch(/^error INTERRUPTED: (?!execute was interrupted\.\n)/);
    expect(await wr(data, 'exec', 'market', 'x')).toEqual({ code: 0, out: '42\n', err: '' });
  });

  test('rolls back what a command ran that was killed', async () => {
    const started = startWr(data, [
      'exec',
      'market',
      'x = 666\nprint("begun", flush=True)\nwhile True: pass',
    ]);
    await started.said('begun');
    process.kill(started.child.pid as number, 'SIGKILL');
    await started.ended;
    expect(await wr(data, 'exec', 'market', 'x')).toMatchObject({ code: 0, out: '42\n' });
  });

  test('is reached by programs, with the same methods, errors, output and interruption', async () => {
    const runtime = await WorldRuntime.connect({ dataDir: data });
    const world = await runtime.world('market');
    const heard: string[] = [];
    const told = await world.execute('print("a"); x', { onOutput: (_, text) => heard.push(text) });
    expect(told).toMatchObject({ ok: true, value: '42', stdout: 'a\n' });
    expect(heard.join('')).toBe('a\n');
    await expect(runtime.world('nobody')).rejects.toMatchObject({
      name: 'WorldError',
      code: 'WORLD_NOT_FOUND',
      details: { world: 'nobody' },
    });
    const stop = new AbortController();
    const call = world.execute('print("begun", flush=True)\nwhile True: pass', {
      signal: stop.signal,
      onOutput: () => stop.abort(),
    });
    await expect(call).rejects.toMatchObject({ code: 'INTERRUPTED' });
    const results = await Promise.all(Array.from({ length: 20 }, (_, i) => world.execute(`${i}`)));
    expect(results.map(({ value }) => value)).toEqual(Array.from({ length: 20 }, (_, i) => `${i}`));
    await runtime.close();
    // Only the connection was closed.
    expect(await wr(data, 'status')).toMatchObject({ code: 0 });
  });

  test('of another version is not talked to, but can be stopped', async () => {
    const file = readDaemonFile(data);
    const other = daemonTransport(file as NonNullable<typeof file>, '0.0.0');
    await expect(other.call('create', {}, {})).rejects.toMatchObject({ code: 'DAEMON_VERSION' });
    await other.close();
  });

  test('finishes what runs when it is told to end, and refuses what comes meanwhile', async () => {
    const { pid } = readDaemonFile(data) as { pid: number };
    const started = startWr(data, [
      'exec',
      'market',
      'print("begun", flush=True)\nfor _ in range(30_000_000): pass\ny = "finished"',
    ]);
    await started.said('begun');
    const down = startWr(data, ['down']);
    expect(await started.ended).toMatchObject({ code: 0, out: 'begun\n', err: '' });
    expect(await down.ended).toMatchObject({
      code: 0,
      out: `The daemon of ${data}, process ${pid}, has ended.\n`,
    });
    expect(readDaemonFile(data)).toBeNull();
    await expect.poll(() => isRunning(pid)).toBe(false);
    // And without it the worlds are as it left them.
    expect(await wr(data, 'exec', 'market', 'x, y')).toMatchObject({ code: 0, out: "(42, 'finished')\n" });
    expect(readFileSync(join(data, 'daemon.log'), 'utf8')).toContain('The daemon has ended.');
  });
});

describe('a daemon that is still finishing', () => {
  test('is waited for as long as it is said, and ended at once by force', async () => {
    await startDaemon(data);
    const started = startWr(data, [
      'exec',
      'market',
      'print("begun", flush=True)\nwhile True: pass',
      '--timeout',
      '1h',
    ]);
    await started.said('begun');
    expect(await failure('down', '--timeout', '300ms')).toMatchObject({ exit: 5, code: 'WAIT_TIMEOUT' });
    expect(await failure('status')).toMatchObject({ exit: 4, code: 'RUNTIME_CLOSED' });
    // A second, patient `down` is no second signal.
    expect(await failure('down', '--timeout', '300ms')).toMatchObject({ code: 'WAIT_TIMEOUT' });
    expect(await wr(data, 'down', '--timeout', '100ms', '--force')).toMatchObject({ code: 0 });
    const lost = await started.ended;
    expect(lost.code).toBe(1);
    expect(lost.err).toContain('error DAEMON_LOST');
    expect(await wr(data, 'exec', 'market', 'x')).toMatchObject({ code: 0, out: '42\n' });
  });
});

describe('the file of a daemon that was killed', () => {
  test('is in nobody’s way: commands work without it, and another daemon starts', async () => {
    const daemon = await startDaemon(data);
    await daemon.kill();
    expect(readDaemonFile(data)?.pid).toBe(daemon.file.pid);
    expect(await wr(data, 'status')).toMatchObject({ code: 3 });
    expect(await wr(data, 'down')).toMatchObject({ code: 0 });
    expect(await wr(data, 'exec', 'market', 'x')).toMatchObject({ code: 0, out: '42\n', err: '' });
    expect(readDaemonFile(data)).toBeNull();
    const second = await startDaemon(data);
    await second.kill();
    const third = await startDaemon(data);
    expect(third.file.token).not.toBe(second.file.token);
    expect(await wr(data, 'exec', 'market', 'x')).toMatchObject({ code: 0, out: '42\n' });
    await stopDaemon(data);
  });

  test('is not believed when somebody else has its port', async () => {
    const daemon = await startDaemon(data);
    await daemon.kill();
    const server = createServer((_, response) => response.end('{"result":"lies"}\n'));
    await new Promise<void>((done) =>
      server.listen(Number(new URL(daemon.file.url).port), '127.0.0.1', done),
    );
    expect(await wr(data, 'exec', 'market', 'x')).toMatchObject({ code: 0, out: '42\n' });
    await new Promise((done) => server.close(done));
  });
});

describe('configuration', () => {
  test('reaches worlds made by commands and by the daemon, flags before all', async () => {
    const other = join(folder, 'configured');
    const config = join(folder, 'xdg', 'world-runtime');
    mkdirSync(config, { recursive: true });
    writeFileSync(join(config, 'config.json'), '{ "limits": { "timeoutMs": "7s", "files": 500 } }');
    const env = { XDG_CONFIG_HOME: join(folder, 'xdg'), WORLD_LIMITS_FILES: '600' };
    const say = async (...args: string[]) => startWr(other, args, { env }).ended;
    const limitsOf = async (name: string) =>
      (JSON.parse((await say('create', name, '--json')).out) as { limits: object }).limits;
    expect(await limitsOf('embedded')).toMatchObject({ timeoutMs: 7000, files: 600, outputBytes: 1_048_576 });
    expect(await say('up', '--detach')).toMatchObject({ code: 0 });
    expect(await limitsOf('served')).toMatchObject({ timeoutMs: 7000, files: 600 });
    const own = JSON.parse((await say('create', 'own', '--timeout', '9s', '--json')).out) as {
      limits: object;
    };
    expect(own.limits).toMatchObject({ timeoutMs: 9000, files: 600 });
    const { settings } = JSON.parse((await say('config', '--json')).out) as {
      settings: Record<string, { value: unknown; from: string }>;
    };
    expect(settings['limits.timeoutMs']).toEqual({ value: 7000, from: join(config, 'config.json') });
    expect(settings['limits.files']).toEqual({ value: 600, from: 'WORLD_LIMITS_FILES' });
    expect(settings['workers']).toEqual({ value: 2, from: 'WORLD_WORKERS' });
    expect(await say('down')).toMatchObject({ code: 0 });
    writeFileSync(join(config, 'config.json'), '{ "limits": { "timeoutMs": 0 } }');
    const refused = await say('list');
    expect(refused).toMatchObject({ code: 2, out: '' });
    expect(refused.err).toContain(`error BAD_INPUT: ${join(config, 'config.json')}: limits.timeoutMs: `);
  });
});
