import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { WorldRuntime } from '../../src/index.js';
import type { ImageView } from '../../src/model/image-api.js';
import { MIB } from '../../src/model/limits.js';
import { seededRandom } from '../simulation/random.js';
import { buildWheel } from '../support/build-wheel.js';
import { type Ended, type StartedWr, startWr, wr, wrJson } from './cli-process.js';
import { startDaemon, stopDaemon } from './daemon-process.js';

/** Base images and files of worlds, by the real `wr` and a connected program, while a daemon has the data directory. */

vi.setConfig({ testTimeout: 180_000 });

const GREETING = buildWheel({
  name: 'greeting',
  version: '1.0',
  files: { 'greeting.py': 'def greet(who):\n    return f"Hello, {who}"\n' },
});

const folder = mkdtempSync(join(tmpdir(), 'wr-daemon-files-'));
const data = join(folder, 'data');
const inFolder = (...names: string[]): string => join(folder, ...names);

beforeAll(async () => {
  mkdirSync(inFolder('wheels'));
  writeFileSync(inFolder('wheels', GREETING.fileName), GREETING.bytes);
  mkdirSync(inFolder('tree', 'sub'), { recursive: true });
  writeFileSync(inFolder('tree', 'a.txt'), 'alpha\n');
  writeFileSync(inFolder('tree', 'sub', 'empty'), '');
  writeFileSync(inFolder('large'), bytesOf(7 * MIB + 3));
  await startDaemon(data);
}, 120_000);
afterAll(async () => {
  await stopDaemon(data);
  rmSync(folder, { recursive: true, force: true });
}, 120_000);

/** Bytes that no compression makes smaller, the same in each run. */
function bytesOf(length: number): Buffer {
  const random = seededRandom(7n);
  const block = Buffer.from(Array.from({ length: 65_521 }, () => random.below(256)));
  return Buffer.alloc(length, block);
}

async function ok(...args: string[]): Promise<string> {
  const { code, out, err } = await wr(data, ...args);
  expect(code, err).toBe(0);
  return out;
}

const headOf = async (world: string): Promise<string> =>
  (await wrJson<{ head: string }>(data, 'show', world)).head;

describe('wr image, through the daemon', () => {
  test('makes an image of a folder of wheels and a preamble; worlds start from it', async () => {
    const made = await startWr(
      data,
      ['image', 'create', 'tools', '--wheel', inFolder('wheels'), '--preamble', '-', '--json'],
      { stdin: 'import greeting\nready = 1\n' },
    ).ended;
    expect(made.code, made.err).toBe(0);
    const image = JSON.parse(made.out) as ImageView;
    expect(image.parts).toMatchObject([{ kind: 'wheel', name: 'greeting', version: '1.0' }]);
    await ok('create', 'w', '--image', 'tools');
    expect(await ok('exec', 'w', 'ready, greeting.greet("daemon")')).toContain("(1, 'Hello, daemon')");
    expect(await ok('image', 'ls')).toMatch(/tools/);
    expect(await wrJson(data, 'image', 'show', 'tools')).toMatchObject({ hash: image.hash, worlds: 1 });
  });

  test('says what is wrong as it does without one, and makes nothing', async () => {
    writeFileSync(inFolder('x-1-py3-none-any.whl'), 'no zip');
    const failures: [string[], number, RegExp][] = [
      [['create', 'bad', '--wheel', inFolder('x-1-py3-none-any.whl')], 2, /WHEEL_INVALID.*not a zip/s],
      [['create', 'bad', '--preamble', inFolder('tree', 'a.txt')], 1, /IMAGE_BUILD_FAILED.*alpha/s],
      [['create', 'tools', '--preamble', inFolder('tree', 'sub', 'empty')], 4, /NAME_TAKEN/],
      [['rm', 'tools'], 4, /IMAGE_IN_USE.*1 worlds \(w\)/s],
      [['show', 'bad'], 3, /IMAGE_NOT_FOUND/],
    ];
    for (const [args, code, message] of failures) {
      const said = await wr(data, 'image', ...args);
      expect([said.code, said.out], said.err).toEqual([code, '']);
      expect(said.err).toMatch(message);
    }
    expect(await wrJson<ImageView[]>(data, 'image', 'ls')).toHaveLength(1);
  });

  test('tells a connected program how far it is, and stops when that says so', async () => {
    await using runtime = await WorldRuntime.connect({ dataDir: data });
    const steps: string[] = [];
    const onProgress = ({ what }: { what: string }): void => void steps.push(what);
    await runtime.images.create('told', { wheels: [GREETING], preamble: 'x = 1' }, { onProgress });
    expect(steps).toContain('building the base');
    await runtime.images.remove('told');
    const stop = new AbortController();
    const endless = runtime.images.create(
      'endless',
      { preamble: 'while True: pass' },
      { signal: stop.signal, onProgress: () => stop.abort() },
    );
    await expect(endless).rejects.toMatchObject({ code: 'INTERRUPTED' });
    expect((await runtime.images.list()).map(({ name }) => name)).toEqual(['tools']);
  });
});

describe('wr files, through the daemon, in a world of an image', () => {
  test('puts, lists, copies, gets and removes a folder and a file of some megabytes', async () => {
    await ok('files', 'put', inFolder('tree'), inFolder('large'), 'w:/data/');
    expect(await ok('files', 'ls', '-R', 'w:/data')).toBe(
      'large\ntree/\ntree/a.txt\ntree/sub/\ntree/sub/empty\n',
    );
    const code = "import hashlib; hashlib.sha256(open('/data/large', 'rb').read()).hexdigest()[:8], ready";
    expect(await ok('exec', 'w', code)).toMatch(/^\('[0-9a-f]{8}', 1\)/);
    await ok('files', 'cp', 'w:/data/tree', 'w:/data/copy');
    await ok('create', 'sibling', '--image', 'tools');
    await ok('files', 'cp', 'w:/data/large', 'sibling:/large');
    await ok('files', 'get', 'sibling:/large', inFolder('back'));
    expect(readFileSync(inFolder('back')).equals(readFileSync(inFolder('large')))).toBe(true);
    await ok('files', 'get', 'w:/data/copy', inFolder('copy'));
    expect(readFileSync(inFolder('copy', 'a.txt'), 'utf8')).toBe('alpha\n');
    await ok('create', 'standard');
    expect(await wr(data, 'files', 'cp', 'w:/data/large', 'standard:/')).toMatchObject({ code: 6 });
    await ok('files', 'rm', '-r', 'w:/data/tree', 'w:/data/large');
    expect(await ok('files', 'ls', 'w:/data')).toBe('copy/\n');
    const failures: [string[], number, RegExp][] = [
      [['ls', 'w:/data/tree'], 3, /FILE_NOT_FOUND/],
      [['rm', 'w:/data'], 4, /recursively/],
      [['get', 'w:/data/copy/a.txt', inFolder('back')], 4, /--force/],
      [['put', inFolder('nothing'), 'w:/data'], 3, /FILE_NOT_FOUND.*nothing/s],
      [['put', inFolder('tree'), 'w:/lib/'], 4, /FILE_PROTECTED/],
      [['get', 'w:/data/copy/a.txt', inFolder('large', 'x')], 4, /FILE_CONFLICT.*the local .*large/s],
    ];
    // A file that says it can be read, and cannot.
    if (process.platform === 'linux')
      failures.push([['put', '/proc/self/mem', 'w:/data/'], 1, /STORAGE_FAILED.*the local .proc.self.mem/s]);
    for (const [args, status, message] of failures) {
      const said = await wr(data, 'files', ...args);
      expect(said.code, said.err).toBe(status);
      expect(said.err).toMatch(message);
    }
  });

  test('a put that is interrupted puts nothing, also while it waits for its input, and the next one works', async () => {
    const head = await headOf('w');
    for (const sizeBytes of [24 * MIB, 5]) {
      const started = startWr(data, ['files', 'put', '-', 'w:/data/long'], { stdin: null });
      // Most of a large one has been sent to the daemon when the pipe has taken all of it. Of a small one, that it waits for
      // more cannot be seen from here; it has been started for that long then.
      await new Promise((done) => started.child.stdin?.write(bytesOf(sizeBytes), done));
      if (sizeBytes < MIB) await sleep(2000);
      expect(await interrupted(started)).toMatchObject({ code: 130, out: '' });
      started.child.stdin?.destroy();
      expect(await headOf('w')).toBe(head);
      expect((await wr(data, 'files', 'ls', 'w:/data/long')).err).toMatch(/FILE_NOT_FOUND/);
    }
    await ok('files', 'put', inFolder('large'), 'w:/data/long');
    expect(await ok('exec', 'w', "import os; os.path.getsize('/data/long')")).toBe(`${7 * MIB + 3}\n`);
  });

  test('a get that is interrupted leaves no part of a file', async () => {
    const target = inFolder('target');
    mkdirSync(target);
    const started = startWr(data, ['files', 'get', 'w:/data/long', join(target, 'long')]);
    const seen = vi.waitUntil(() => readdirSync(target).length > 0, { timeout: 60_000, interval: 1 });
    await Promise.race([seen, started.ended]);
    const { code } = await interrupted(started);
    // It was too fast for the signal, or it was stopped.
    expect(readdirSync(target)).toEqual(code === 0 ? ['long'] : []);
    expect([0, 130]).toContain(code);
  });
});

/** Ctrl-C: the signal goes to the process group. */
function interrupted(started: StartedWr): Promise<Ended> {
  process.kill(-(started.child.pid as number), 'SIGINT');
  return started.ended;
}
