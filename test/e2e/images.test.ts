import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WorldRuntime } from '../../src/index.js';
import { sideModule } from '../../src/substrates/wasm/testing/side-module.js';
import type { ImageCreateOptions } from '../../src/surfaces/client/images-client.js';
import type { RuntimeClient, World } from '../../src/surfaces/client/runtime-client.js';
import { buildWheel } from '../support/build-wheel.js';

const NATIVE_TAG = 'cp314-cp314-pyemscripten_2026_0_wasm32';
const GREETING = buildWheel({
  name: 'greeting',
  version: '2.1',
  requires: ['six>=1', 'pytest; extra == "test"', 'colorama; sys_platform == "win32"', 'numbers-lib'],
  files: {
    'greeting/__init__.py': 'from .words import HELLO\ndef greet(who):\n    return f"{HELLO}, {who}"\n',
    'greeting/words.py': 'HELLO = "Hello"\n',
    'greeting/data, with a comma.txt': 'text',
    'greeting-2.1.data/purelib/extra_greeting.py': 'EXTRA = 1\n',
    'greeting-2.1.data/scripts/greet': '#!python\n',
  },
});
const PROBE = buildWheel({
  name: 'probe',
  tag: NATIVE_TAG,
  files: { 'probe.cpython-314-wasm32-emscripten.so': sideModule() },
});

let folder: string;
let runtime: RuntimeClient;
const open = (): Promise<RuntimeClient> => WorldRuntime.open({ dataDir: join(folder, 'data'), workers: 2 });

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'wr-images-'));
  runtime = await open();
});
afterAll(async () => {
  await runtime.close();
  rmSync(folder, { recursive: true, force: true });
});

async function value(world: World, code: string): Promise<string | null> {
  const result = await world.execute(code);
  if (!result.ok) throw new Error(result.error?.traceback);
  return result.value;
}

describe('an image of wheels', () => {
  test('installs them for every world of it, with their metadata', async () => {
    const image = await runtime.images.create('greetings', { wheels: [GREETING] });
    expect(image.parts).toMatchObject([{ kind: 'wheel', name: 'greeting', version: '2.1' }]);
    expect(image.warnings.map((warning) => /needs ([\w-]+)/.exec(warning)?.[1])).toEqual([
      'six',
      'numbers-lib',
    ]);
    const world = await runtime.create({ name: 'polite', image: 'greetings' });
    expect(await value(world, 'import greeting; greeting.greet("world")')).toBe("'Hello, world'");
    expect(await value(world, 'import extra_greeting; extra_greeting.EXTRA')).toBe('1');
    const metadata = 'import importlib.metadata as m; (m.version("greeting"), len(m.files("greeting")))';
    expect(await value(world, metadata)).toBe("('2.1', 6)");
    expect(await world.show()).toMatchObject({ image: 'greetings', baseDigest: image.baseDigest });
    expect(image.worlds).toBe(0);
    expect((await runtime.images.show('greetings')).worlds).toBe(1);
  }, 120_000);

  test('has nothing to do with worlds of other images', async () => {
    const plain = await runtime.create({ name: 'plain' });
    expect((await plain.execute('import greeting')).error?.type).toBe('ModuleNotFoundError');
    expect(await plain.show()).toMatchObject({ image: 'standard' });
  });

  test('is the same for equal inputs, and another for others', async () => {
    const again = await runtime.images.create('greetings-again', { wheels: [GREETING] });
    const { hash, baseDigest } = await runtime.images.show('greetings');
    expect(again).toMatchObject({ hash, baseDigest });
    const changed = await runtime.images.create('greetings-plus', { wheels: [GREETING], preamble: 'x = 1' });
    expect(changed.hash).not.toBe(hash);
    expect(changed.baseDigest).not.toBe(baseDigest);
    expect((await runtime.images.list()).map(({ name }) => name)).toEqual([
      'greetings',
      'greetings-again',
      'greetings-plus',
    ]);
    await runtime.images.remove('greetings-again');
    await runtime.images.remove('greetings-plus');
  }, 120_000);
});

describe('an image with a native library and a preamble', () => {
  test('works in branches, push-downs and snapshots, and after the process', async () => {
    const preamble = 'import probe\nprobe.count(100)\ntable = {i: i * i for i in range(1000)}\n';
    const image = await runtime.images.create('native', { wheels: [PROBE, GREETING], preamble });
    const world = await runtime.create({ name: 'n', image: 'native' });
    expect(await value(world, 'probe.triple(14), table[30]')).toBe('(42, 900)');
    expect(await value(world, 'probe.count(1)')).toBe('101');
    const children = await world.branch({ count: 6 });
    const counted = await Promise.all(children.map((child, i) => value(child, `probe.count(${i})`)));
    expect(counted).toEqual(['101', '102', '103', '104', '105', '106']);
    const snapshot = await world.snapshot('counted');
    const { verses } = await world.pushDown();
    expect(await value(verses['nash']!, 'probe.count(9)')).toBe('110');
    await world.pullUp({ outcome: 'nash' });
    expect(await value(world, 'probe.count(0)')).toBe('110');

    await runtime.close();
    runtime = await open();
    const later = await runtime.world('n');
    expect(await later.show()).toMatchObject({ image: 'native', baseDigest: image.baseDigest });
    expect(await value(later, 'probe.count(0), probe.triple(2)')).toBe('(110, 6)');
    const restored = await runtime.create({ snapshotId: snapshot.id });
    expect(await restored.show()).toMatchObject({ image: 'native' });
    expect(await value(restored, 'probe.count(0), table[2]')).toBe('(101, 4)');
  }, 180_000);

  test('cannot be imported elsewhere, and no library can be loaded after the lock', async () => {
    const plain = await runtime.world('plain');
    expect((await plain.execute('import probe')).error?.type).toBe('ModuleNotFoundError');
    const smuggled = Buffer.from(sideModule({ name: 'other' })).toString('base64');
    const attempt = `
import base64, sys
open("/home/world/other.so", "wb").write(base64.b64decode("${smuggled}"))
sys.path.insert(0, "/home/world")
import other`;
    for (const name of ['plain', 'n']) {
      const result = await (await runtime.world(name)).execute(attempt);
      expect(result.error?.type, name).toBe('ImportError');
    }
  });

  test('no state crosses images', async () => {
    await expect(runtime.create({ snapshotId: 'counted', image: 'greetings' })).rejects.toMatchObject({
      code: 'IMAGE_MISMATCH',
      message: expect.stringMatching(/image native.*image greetings/s),
    });
    await expect(runtime.create({ snapshotId: 'counted', image: 'standard' })).rejects.toMatchObject({
      code: 'IMAGE_MISMATCH',
    });
    const same = await runtime.create({ snapshotId: 'counted', image: 'native' });
    expect(await value(same, 'probe.count(0)')).toBe('101');
  });

  test('is built again from what is stored when its startup snapshot is gone', async () => {
    await runtime.close();
    rmSync(join(folder, 'data', 'cache'), { recursive: true });
    runtime = await open();
    expect(await value(await runtime.world('n'), 'probe.count(0)')).toBe('110');
    expect(readdirSync(join(folder, 'data', 'cache')).length).toBeGreaterThan(0);
  }, 120_000);

  test('says which stored file is damaged, and is repaired by the same inputs', async () => {
    await runtime.close();
    rmSync(join(folder, 'data', 'cache'), { recursive: true });
    const file = join(
      folder,
      'data',
      'images',
      'files',
      createHash('sha256').update(PROBE.bytes).digest('hex'),
    );
    const bytes = readFileSync(file);
    bytes.writeUInt8(bytes.readUInt8(100) ^ 1, 100);
    writeFileSync(file, bytes);
    runtime = await open();
    const world = await runtime.world('n');
    await expect(world.execute('1')).rejects.toMatchObject({ code: 'IMAGE_DAMAGED' });
    const preamble = 'import probe\nprobe.count(100)\ntable = {i: i * i for i in range(1000)}\n';
    await runtime.images.create('repaired', { wheels: [PROBE, GREETING], preamble });
    expect(await value(world, 'probe.count(0)')).toBe('110');
    await runtime.images.remove('repaired');
  }, 120_000);
});

describe('an image that cannot be made', () => {
  test.each([
    [
      'a preamble that raises',
      { preamble: 'print("so far")\nimport nothing_here' },
      'IMAGE_BUILD_FAILED',
      /No module named/,
    ],
    [
      'a wheel for another Python',
      { wheels: [{ ...GREETING, fileName: 'greeting-2.1-cp312-cp312-linux_x86_64.whl' }] },
      'WHEEL_UNSUPPORTED',
      /cp312/,
    ],
    [
      'a file that is no wheel',
      { wheels: [{ fileName: 'x-1-py3-none-any.whl', bytes: Buffer.from('hello') }] },
      'WHEEL_INVALID',
      /not a zip/,
    ],
    ['a package that is not there', { packages: ['nunpy'] }, 'PACKAGE_NOT_FOUND', /nunpy/],
    [
      'the package without its file',
      { packages: ['numpy'], packageDir: '/nonexistent' },
      'PACKAGE_UNAVAILABLE',
      /numpy-2.*--package-dir/s,
    ],
    ['an image with the standard name', { preamble: 'x = 1' }, 'NAME_TAKEN', /standard/],
  ] as [string, ImageCreateOptions, string, RegExp][])(
    '%s: a named error, and nothing is left',
    async (what, options, code, message) => {
      const name = what.includes('standard') ? 'standard' : 'broken';
      await expect(runtime.images.create(name, options)).rejects.toMatchObject({
        code,
        message: expect.stringMatching(message),
      });
      await expect(runtime.images.show('broken')).rejects.toMatchObject({ code: 'IMAGE_NOT_FOUND' });
      await expect(runtime.create({ image: 'broken' })).rejects.toMatchObject({ code: 'IMAGE_NOT_FOUND' });
      const files = readdirSync(join(folder, 'data', 'images')).filter((file) => file.endsWith('.json'));
      expect(files.length).toBe(2);
    },
  );

  test('a build that is interrupted ends', async () => {
    const stop = new AbortController();
    const made = runtime.images.create('endless', { preamble: 'while True: pass' }, { signal: stop.signal });
    setTimeout(() => stop.abort(), 500);
    await expect(made).rejects.toMatchObject({ code: 'INTERRUPTED' });
    expect((await runtime.images.list()).map(({ name }) => name)).toEqual(['greetings', 'native']);
  });
});

describe('removing an image', () => {
  test('is refused while worlds or snapshots need it', async () => {
    await expect(runtime.images.remove('greetings')).rejects.toMatchObject({
      code: 'IMAGE_IN_USE',
      message: expect.stringContaining('polite'),
    });
    await (await runtime.world('polite')).delete();
    await runtime.images.remove('greetings');
    await expect(runtime.images.remove('native')).rejects.toMatchObject({ code: 'IMAGE_IN_USE' });
    expect(
      (await runtime.query('SELECT name, removed_at IS NULL FROM images ORDER BY name, 2')).rows,
    ).toContainEqual(['native', true]);
    expect(
      (await runtime.query("SELECT count(*) FROM images WHERE name = 'greetings' AND removed_at IS NOT NULL"))
        .rows,
    ).toEqual([['1']]);
  });

  test('takes the files that no other image needs', async () => {
    const sums = readdirSync(join(folder, 'data', 'images', 'files'));
    const needed = [PROBE, GREETING].map(({ bytes }) => createHash('sha256').update(bytes).digest('hex'));
    expect(sums.length).toBe(3);
    expect(sums).toEqual(expect.arrayContaining(needed));
  });
});
