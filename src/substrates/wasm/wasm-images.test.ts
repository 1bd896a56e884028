import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildWheel, buildZip } from '../../../test/support/build-wheel.js';
import type { ImageInput, PreparedImage } from '../../ports/base-image.js';
import { openImageFiles } from '../../storage/image-files/image-files.js';
import { sideModule } from './testing/side-module.js';
import { identityOf, openSubstrate, SPEC, value } from './testing/wasm-fixture.js';
import type { WasmSubstrate } from './wasm-substrate.js';

let folder: string;
let substrate: WasmSubstrate;
const NOTHING: ImageInput = { preamble: null, wheels: [], packages: [], packageDir: null };

/** A distribution with a native package that needs a shared library, as the engine's own list describes them. */
async function distribution(): Promise<string> {
  const wheel = buildWheel({
    name: 'probe',
    tag: 'cp314-cp314-pyemscripten_2026_0_wasm32',
    files: { 'probe.cpython-314-wasm32-emscripten.so': sideModule() },
  });
  const archive = buildZip([{ path: 'libside.so', bytes: sideModule({ name: 'side' }) }]);
  const entries = [
    { name: 'Probe', fileName: wheel.fileName, bytes: wheel.bytes, dir: 'site', depends: ['libside'] },
    { name: 'libside', fileName: 'libside-1.0.zip', bytes: archive, dir: 'dynlib', depends: [] },
  ];
  const packages = Object.fromEntries(
    entries.map(({ name, fileName, bytes, dir, depends }) => [
      name.toLowerCase(),
      {
        name,
        version: '1.0',
        file_name: fileName,
        sha256: createHash('sha256').update(bytes).digest('hex'),
        install_dir: dir,
        depends,
      },
    ]),
  );
  for (const { fileName, bytes } of entries) await writeFile(join(folder, fileName), bytes);
  const file = join(folder, 'lock.json');
  await writeFile(file, JSON.stringify({ packages }));
  return file;
}

const prepare = (input: Partial<ImageInput>): Promise<PreparedImage> => {
  if (substrate.images === undefined) throw new Error('no images');
  return substrate.images.prepare({ ...NOTHING, ...input }, {});
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wasm-images-'));
  substrate = await openSubstrate({
    imageStore: await openImageFiles(join(folder, 'images')),
    cacheDir: join(folder, 'cache'),
    packageLock: await distribution(),
    imageHostsMax: 1,
    workers: 2,
    schedule: 'farthest',
  });
});
afterAll(async () => {
  await substrate[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

test("a package of the engine's distribution comes with what it needs, loaded before the base is taken", async () => {
  const image = await prepare({ packages: ['probe'], packageDir: folder });
  expect(image.parts.map(({ kind, name }) => [kind, name])).toEqual([
    ['package', 'libside'],
    ['package', 'Probe'],
  ]);
  const spec = { ...SPEC, image: image.hash };
  const machine = await substrate.boot(spec, identityOf(1), {});
  expect(await value(machine, 'import probe; probe.count(4), probe.triple(5)')).toBe('(4, 15)');
  const state = await machine.snapshot({});
  // More worlds than workers, each on whichever of them has most to load.
  const machines = await Promise.all(
    [2, 3, 4, 5, 6, 7].map((n) => substrate.restore(state, identityOf(n), {})),
  );
  const counts = await Promise.all(machines.map((one, i) => value(one, `probe.count(${i})`)));
  expect(counts).toEqual(['4', '5', '6', '7', '8', '9']);
  expect(await substrate.baseDigest({}, image.hash)).not.toBe(await substrate.baseDigest({}));
}, 120_000);

test('the hash of an image depends on content and order, not on names of files', async () => {
  const one = buildWheel({ name: 'one', files: { 'one.py': '' } });
  const two = buildWheel({ name: 'two', files: { 'two.py': '' } });
  const hashOf = async (...wheels: ImageInput['wheels']): Promise<string> => (await prepare({ wheels })).hash;
  const hash = await hashOf(one, two);
  expect(await hashOf({ ...one, fileName: 'one-1.0-1-py3-none-any.whl' }, two)).toBe(hash);
  expect(await hashOf(two, one)).not.toBe(hash);
  expect((await prepare({ wheels: [one, two], preamble: '' })).hash).not.toBe(hash);
});

test('the host of an image nobody uses makes room; its states come back from where they are durable', async () => {
  const first = await prepare({ preamble: 'who = "first"' });
  const second = await prepare({ preamble: 'who = "second"' });
  const machine = await substrate.boot({ ...SPEC, image: first.hash }, identityOf(1), {});
  expect(await value(machine, 'x = 41; who')).toBe("'first'");
  const state = await machine.snapshot({});
  const durable = await substrate.persist(state, {});
  const { pid } = await substrate.stats({}, first.hash);
  const own = await substrate.boot(SPEC, identityOf(2), {});
  expect(await value(own, 'y = 1; y')).toBe('1');

  const other = await substrate.boot({ ...SPEC, image: second.hash }, identityOf(3), {});
  expect(await value(other, 'who')).toBe("'second'");
  await expect(substrate.restore(state, identityOf(1), {})).rejects.toMatchObject({ code: 'STATE_LOST' });
  expect(await value(own, 'y + 1'), 'the standard library is no image and stays').toBe('2');

  const recalled = await substrate.recall(durable, {});
  expect(await value(await substrate.restore(recalled, identityOf(1), {}), 'x + 1, who')).toBe(
    "(42, 'first')",
  );
  expect((await substrate.stats({}, first.hash)).pid).not.toBe(pid);
  const crossed = { ...durable, data: { ...durable.data, image: second.hash } };
  await expect(substrate.recall(crossed, {})).rejects.toMatchObject({ code: 'IMAGE_MISMATCH' });
  const { image: _image, ...plain } = durable.data;
  await expect(substrate.recall({ ...durable, data: plain }, {})).rejects.toMatchObject({
    code: 'IMAGE_MISMATCH',
  });
}, 120_000);

test('files and memory do not cross between images', async () => {
  const image = await prepare({ preamble: 'open("/home/world/note", "w").write("of the image")' });
  const here = await (await substrate.boot({ ...SPEC, image: image.hash }, identityOf(1), {})).snapshot({});
  const there = await (await substrate.boot(SPEC, identityOf(2), {})).snapshot({});
  await expect(substrate.compare(here, there, {})).rejects.toMatchObject({ code: 'IMAGE_MISMATCH' });
  const copy = { kind: 'copy', path: '/home/world/note', to: '/home/world/copy', source: here } as const;
  const how = { clockNs: 0n, bounds: { fileBytes: 1_000_000, files: 1000 } };
  await expect(substrate.editFiles(there, [copy], how, {})).rejects.toMatchObject({ code: 'UNSUPPORTED' });
}, 120_000);
