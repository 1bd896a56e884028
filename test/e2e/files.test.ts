import { createHash, randomBytes } from 'node:crypto';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WorldRuntime } from '../../src/index.js';
import { startWr, wr, wrJson } from './cli-process.js';

/** Files of real worlds, from the local disk and back, by the real `wr`. */

const MIB = 1024 * 1024;
let folder: string;
let data: string;
let local: string;

async function ok(...args: string[]): Promise<string> {
  const { code, out, err } = await wr(data, ...args);
  expect(code, err).toBe(0);
  return out;
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'wr-files-'));
  data = join(folder, 'data');
  local = join(folder, 'local');
  mkdirSync(join(local, 'src/sub'), { recursive: true });
  writeFileSync(join(local, 'src/a.txt'), 'alpha\n');
  writeFileSync(join(local, 'src/run.sh'), '#!/bin/sh\n', { mode: 0o755 });
  writeFileSync(join(local, 'src/sub/empty'), '');
  symlinkSync('/etc/passwd', join(local, 'src/secret'));
  await ok('create', 'w');
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('wr files', () => {
  test('puts a folder in as one state, which the code sees, and gets it back', async () => {
    const put = await wrJson<{ state: string; files: number; skipped: string[] }>(
      data,
      'files',
      'put',
      join(local, 'src'),
      'w:/data/',
    );
    expect([put.files, put.skipped]).toEqual([3, [join(local, 'src/secret')]]);
    const code = "import os; sorted(os.listdir('/data/src')), open('/data/src/a.txt').read()";
    expect(await ok('exec', 'w', code)).toContain("(['a.txt', 'run.sh', 'sub'], 'alpha\\n')");
    expect(await ok('files', 'ls', '-R', 'w:/data')).toBe(
      'src/\nsrc/a.txt\nsrc/run.sh\nsrc/sub/\nsrc/sub/empty\n',
    );
    await ok('files', 'get', 'w:/data/src', join(folder, 'back'));
    expect(readFileSync(join(folder, 'back/a.txt'), 'utf8')).toBe('alpha\n');
    expect(lstatSync(join(folder, 'back/run.sh')).mode & 0o111).not.toBe(0);
    expect(readdirSync(join(folder, 'back/sub'))).toEqual(['empty']);
  }, 120_000);
});

// Dozens of commands each: a daemon answers them at once.
describe('wr files, with a daemon', () => {
  beforeAll(() => ok('up', '--detach'), 120_000);
  afterAll(() => ok('down'), 60_000);

  test('ends with one exit code for what is missing, and one for a file in the way, whichever command it is', async () => {
    await ok('exec', 'w', 'open("/tmp/file", "w").write("x")');
    const here = join(folder, 'a-file');
    writeFileSync(here, 'x');
    const code = async (...args: string[]) => {
      const said = await wr(data, 'files', ...args, '--json');
      return [said.code, (JSON.parse(said.err) as { error: { code: string } }).error.code];
    };
    for (const place of ['w:/none', 'w:/none/below']) {
      for (const args of [
        ['ls', place],
        ['get', place, join(folder, 'got')],
        ['get', place, '-'],
        ['rm', place],
        ['cp', place, 'w:/copy'],
      ]) {
        expect(await code(...args), args.join(' ')).toEqual([3, 'FILE_NOT_FOUND']);
      }
    }
    expect(await code('put', join(folder, 'none'), 'w:/put')).toEqual([3, 'FILE_NOT_FOUND']);
    const inTheWay = 'w:/tmp/file/below';
    for (const args of [
      ['ls', inTheWay],
      ['get', inTheWay, join(folder, 'got')],
      ['rm', inTheWay],
      ['cp', inTheWay, 'w:/copy'],
      ['put', join(here, 'below'), 'w:/put'],
    ]) {
      expect(await code(...args), args.join(' ')).toEqual([4, 'FILE_CONFLICT']);
    }
    expect(await code('ls', 'nobody:/x')).toEqual([3, 'WORLD_NOT_FOUND']);
  }, 180_000);

  test('goes by what is there, as cp does', async () => {
    await ok('files', 'put', join(local, 'src/a.txt'), 'w:renamed.txt');
    await ok('files', 'put', `${join(local, 'src')}/.`, 'w:/flat/');
    await ok('files', 'put', join(local, 'src/a.txt'), join(local, 'src/run.sh'), 'w:/flat');
    expect(await ok('files', 'ls', 'w:/flat')).toBe('a.txt\nrun.sh\nsub/\n');
    expect(await ok('files', 'ls', 'w')).toBe('renamed.txt\n');
    expect(
      (await wr(data, 'files', 'put', join(local, 'src/a.txt'), join(local, 'src/run.sh'), 'w:/none')).err,
    ).toMatch(/FILE_CONFLICT/);
    expect((await startWr(data, ['files', 'put', '-', 'w:typed.txt'], { stdin: 'typed' }).ended).code).toBe(
      0,
    );
    expect(await ok('files', 'get', 'w:typed.txt', '-')).toBe('typed');
    await ok('create', 'v');
    await ok('files', 'cp', 'w:/flat/sub', 'v:/x/');
    await ok('files', 'cp', 'w:typed.txt', 'v:/x/copy');
    expect(await ok('files', 'ls', '-R', 'v:/x')).toBe('copy\nsub/\nsub/empty\n');
    expect((await wr(data, 'files', 'rm', 'v:/x')).err).toMatch(/recursively/);
    await ok('files', 'rm', '-r', 'v:/x/sub', 'v:/x/copy');
    expect(await ok('files', 'ls', 'v:/x')).toBe('');
    const missing = await wr(data, 'files', 'ls', 'v:/nowhere');
    expect([missing.code, missing.err]).toEqual([3, expect.stringMatching(/FILE_NOT_FOUND/)]);
    expect((await wr(data, 'files', 'put', join(local, 'src'), 'v:/lib/')).err).toMatch(/FILE_PROTECTED/);
    expect((await wr(data, 'files', 'put', join(local, 'src'), 'v:/a\nb')).code, 'odd, and a name').toBe(0);
    expect((await wr(data, 'files', 'ls', 'no colon in a file')).code).not.toBe(0);
  }, 240_000);

  test('gets the past, and from a world that has collapsed', async () => {
    await ok('create', 'past');
    await ok('exec', 'past', "_ = open('/tmp/f', 'w').write('before')");
    await ok('snapshot', 'past', '--name', 'then');
    await ok('exec', 'past', "_ = open('/tmp/f', 'w').write('after')");
    expect(await ok('files', 'get', 'past@then:/tmp/f', '-')).toBe('before');
    expect(await ok('files', 'get', 'past:/tmp/f', '-')).toBe('after');
    await ok('push-down', 'past');
    await ok('exec', 'past/nash', "_ = open('/tmp/f', 'w').write('nash')");
    await ok('pull-up', 'past', '--outcome', 'optimal');
    expect(await ok('files', 'get', 'past/nash:/tmp/f', '-')).toBe('nash');
    expect((await wr(data, 'files', 'rm', 'past/nash:/tmp/f')).err).toMatch(/WORLD_COLLAPSED/);
  }, 240_000);
});

describe('wr files, without one again', () => {
  test('what the guest names and links leads nowhere outside, and local files are kept', async () => {
    await ok('create', 'evil');
    await ok(
      'exec',
      'evil',
      "import os\nos.makedirs('/t/d')\n" +
        "for n in ('...', '-rf', 'a\\nb', '\\x1b[31m', 'ünï', '__proto__', 'c:\\\\d', 'n' * 200): _ = open('/t/' + n, 'w').write('x')\n" +
        "os.symlink('../../../../../../outside', '/t/up'); os.symlink('/etc/passwd', '/t/abs'); os.symlink('d', '/t/fine')\n" +
        "os.symlink('.', '/t/here'); os.symlink('here/../..', '/t/twisted'); os.symlink('../..', '/t/d/up2')",
    );
    const target = join(folder, 'evil');
    const { err } = await wr(data, 'files', 'get', 'evil:/t', target);
    expect(err.match(/left away/g)?.length).toBe(4);
    expect(err.includes('\u001b'), 'no control character of the guest').toBe(false);
    expect(readlinkSync(join(target, 'fine'))).toBe('d');
    expect(readdirSync(target).sort((a, b) => (a < b ? -1 : 1))).toEqual(
      [
        '-rf',
        '...',
        '__proto__',
        'a\nb',
        'c:\\d',
        'd',
        'fine',
        'here',
        'n'.repeat(200),
        'ünï',
        '\u001b[31m',
      ].sort((a, b) => (a < b ? -1 : 1)),
    );
    // A link that lies in the way, from an earlier copy or planted, is not followed.
    await ok(
      'exec',
      'evil',
      "import os\nos.unlink('/t/fine'); os.makedirs('/t/fine'); _ = open('/t/fine/x', 'w').write('through')",
    );
    const again = await wr(data, 'files', 'get', '--force', 'evil:/t/.', target);
    expect([again.code, again.err]).toEqual([4, expect.stringMatching(/fine is no directory/)]);
    expect(existsSync(join(target, 'd/x'))).toBe(false);
    writeFileSync(join(folder, 'mine'), 'mine');
    expect((await wr(data, 'files', 'get', 'evil:/t/-rf', join(folder, 'mine'))).err).toMatch(/--force/);
    expect(readFileSync(join(folder, 'mine'), 'utf8')).toBe('mine');
    await ok('files', 'get', '-f', 'evil:/t/-rf', join(folder, 'mine'));
    expect(readFileSync(join(folder, 'mine'), 'utf8')).toBe('x');
    expect(readdirSync(folder).filter((name) => name.endsWith('.part'))).toEqual([]);
  }, 240_000);

  test('a file of 64 MiB comes back as it was; over the limit nothing is there', async () => {
    const big = randomBytes(64 * MIB);
    writeFileSync(join(local, 'big'), big);
    const peakOf = (stage: string): number => Number(/peak (\d+)/.exec(stage)?.[1]);
    const NODE_OPTIONS = `--import ${new URL('peak-memory.mjs', import.meta.url).href}`;
    const idle = await startWr(data, ['files', 'ls', 'w'], { env: { NODE_OPTIONS } }).ended;
    const put = await startWr(data, ['files', 'put', join(local, 'big'), 'w:/big'], { env: { NODE_OPTIONS } })
      .ended;
    expect(put.code, put.err).toBe(0);
    const get = await startWr(data, ['files', 'get', 'w:/big', join(folder, 'big')], {
      env: { NODE_OPTIONS },
    }).ended;
    expect(get.code, get.err).toBe(0);
    const sha = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
    expect(sha(readFileSync(join(folder, 'big')))).toBe(sha(big));
    const more = { put: peakOf(put.err) - peakOf(idle.err), get: peakOf(get.err) - peakOf(idle.err) };
    process.stderr.write(`memory above an idle command, MiB: ${JSON.stringify(more)}\n`);
    await ok('create', 'small', '--file-limit', '32MiB');
    const { head } = await wrJson<{ head: string }>(data, 'show', 'small');
    expect((await wr(data, 'files', 'put', join(local, 'big'), 'small:/big')).err).toMatch(/FILE_LIMIT/);
    expect((await wrJson<{ head: string }>(data, 'show', 'small')).head).toBe(head);
    expect(await ok('exec', 'small', "import os; os.path.exists('/big')")).toContain('False');
  }, 240_000);

  test('a put that is killed is there as a whole or not at all', async () => {
    await ok('create', 'killed');
    const small = join(local, 'many');
    mkdirSync(small);
    for (let n = 0; n < 300; n += 1) writeFileSync(join(small, `f${n}`), randomBytes(20_000));
    for (const delayMs of [1200, 2000, 3000]) {
      const started = startWr(data, ['files', 'put', small, 'killed:/many']);
      await sleep(delayMs);
      started.child.kill('SIGKILL');
      await started.ended;
      const list = await wr(data, 'files', 'ls', 'killed:/many');
      const found = list.code === 0 ? list.out.trim().split('\n').length : 0;
      expect([0, 300], `after ${delayMs} ms: ${list.err}`).toContain(found);
      if (found === 300) await ok('files', 'rm', '-r', 'killed:/many');
    }
  }, 240_000);
});

test('a program reads and writes files of any length, and many changes at once', async () => {
  await using runtime = await WorldRuntime.open({ dataDir: join(folder, 'client') });
  const world = await runtime.create();
  async function* numbers() {
    for (let n = 0; n < 3; n += 1) yield Buffer.alloc(3 * MIB, n);
  }
  await world.files.write('/d/long', numbers());
  expect((await world.files.read('/d/long')).length).toBe(9 * MIB);
  const { state } = await world.files.write('/d/empty', '');
  await world.files.edit([
    { kind: 'rename', path: '/d/empty', to: '/d/e' },
    { kind: 'copy', path: '/d/e', to: '/d/f' },
  ]);
  expect((await world.files.list('/d')).map(({ path }) => path)).toEqual(['/d/e', '/d/f', '/d/long']);
  expect((await world.files.list('/d', { state })).length).toBe(2);
  await expect(world.files.read('/d/none')).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' });
  await expect(world.files.write('/d/e', 'x', { expectHead: state })).rejects.toMatchObject({
    code: 'HEAD_MOVED',
  });
  await world.files.remove('/d', { recursive: true });
  expect((await world.execute("import os; os.path.exists('/d')")).value).toBe('False');
}, 120_000);
