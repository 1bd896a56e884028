import { describe, expect, test } from 'vitest';
import {
  buildWheel,
  buildZip,
  type WheelInput,
  type ZipInput,
} from '../../../../test/support/build-wheel.js';
import { WorldError } from '../../../model/world-error.js';
import { sideModule } from '../testing/side-module.js';
import { unpackImage } from './unpack-image.js';
import { parseFileName, readWheel, SITE_PACKAGES } from './wheel.js';

const SIMPLE = { name: 'thing', files: { 'thing/__init__.py': 'X = 1\n', 'thing/data.bin': '\0\u0001' } };
const LIBRARY = 'probe.cpython-314-wasm32-emscripten.so';
const NATIVE_TAG = 'cp314-cp314-pyemscripten_2026_0_wasm32';

function refusal(input: WheelInput, change: { fileName?: string; bytes?: Buffer } = {}): string {
  const wheel = { ...buildWheel(input), ...change };
  try {
    readWheel(wheel.fileName, wheel.bytes);
  } catch (error) {
    if (error instanceof WorldError) return `${error.code}: ${error.message}`;
    throw error;
  }
  throw new Error('it was accepted');
}

function unpack(...inputs: readonly WheelInput[]) {
  const parts = inputs.map((input) => {
    const { fileName, bytes } = buildWheel(input);
    return { part: { fileName, installDir: 'site' as const }, bytes };
  });
  return unpackImage(parts, null);
}

describe('a wheel', () => {
  test('is unpacked below site-packages, with its metadata', () => {
    const { fileName, bytes } = buildWheel(SIMPLE);
    const wheel = readWheel(fileName, bytes);
    expect(wheel).toMatchObject({ name: 'thing', version: '1.0', libraries: [], requires: [] });
    expect(wheel.files.map(({ path }) => path)).toEqual(
      [
        'thing/__init__.py',
        'thing/data.bin',
        ...['METADATA', 'WHEEL', 'RECORD'].map((file) => `thing-1.0.dist-info/${file}`),
      ].map((path) => `${SITE_PACKAGES}/${path}`),
    );
    expect(Buffer.from(wheel.files[0]!.bytes).toString()).toBe('X = 1\n');
  });

  test.each([
    ['thing-1.0-py3-none-any.whl', false],
    ['thing-1.0-py2.py3-none-any.whl', false],
    ['thing-1.0-1-py312-none-any.whl', false],
    [`thing-1.0-${NATIVE_TAG}.whl`, true],
    ['thing-1.0-cp38-abi3-pyemscripten_2026_0_wasm32.whl', true],
  ])('named %s runs here', (fileName, native) => {
    expect(parseFileName(fileName)).toEqual({ name: 'thing', version: '1.0', native });
  });

  test.each([
    ['thing-1.0-py2-none-any.whl'],
    ['thing-1.0-py315-none-any.whl'],
    ['thing-1.0-cp314-cp314-manylinux_2_28_x86_64.whl'],
    ['thing-1.0-cp313-cp313-pyemscripten_2026_0_wasm32.whl'],
    ['thing-1.0-cp312-cp312-pyodide_2024_0_wasm32.whl'],
  ])('named %s is for something else', (fileName) => {
    expect(() => parseFileName(fileName)).toThrow(/py3-none-any/);
  });

  test.each([['thing.whl'], ['../thing-1.0-py3-none-any.whl'], ['thing-1.0-py3-none-any.zip']])(
    'is not named %s',
    (fileName) => {
      expect(() => parseFileName(fileName)).toThrow(/its name is not/);
    },
  );

  test('says what it needs here, and not what extras and other platforms need', () => {
    const requires = [
      'Six>=1.16',
      'win-only; sys_platform == "win32"',
      'old-only; python_version < "3.9"',
      'new_enough (>=2) ; python_version >= "3.9" and os_name == "posix"',
      'either; sys_platform == "win32" or platform_system == "Emscripten"',
      'docs; extra == "docs"',
    ];
    expect(unpack({ ...SIMPLE, requires }).warnings.map((text) => /needs (\S+),/.exec(text)?.[1])).toEqual([
      'six',
      'new-enough',
      'either',
    ]);
    expect(
      unpack({ ...SIMPLE, requires: ['other.thing'] }, { name: 'Other_Thing', files: {} }).warnings,
    ).toEqual([]);
  });
});

describe('a damaged or dangerous wheel is refused', () => {
  const spoiled = (spoil: (files: ZipInput[]) => ZipInput[]): string => refusal({ ...SIMPLE, spoil });
  const extra = (path: string, mode?: number) =>
    spoiled((files) => [
      ...files,
      { path, bytes: Buffer.from('x'), ...(mode === undefined ? {} : { mode }) },
    ]);

  test.each([
    ['../evil.py'],
    ['/etc/evil.py'],
    ['thing/../../evil.py'],
    ['thing\\evil.py'],
    ['C:/evil.py'],
    ['thing//x.py'],
    ['./x.py'],
  ])('for a file at %s', (path) => {
    expect(extra(path)).toMatch(/WHEEL_INVALID.*unsafe path/);
  });

  test('for a symbolic link, a file that is there twice, and one that RECORD does not know', () => {
    expect(extra('thing/link', 0o120777)).toMatch(/symbolic link/);
    expect(extra('thing/__init__.py')).toMatch(/twice/);
    expect(extra('thing/more.py')).toMatch(/not in its RECORD/);
  });

  test('for a file that is not the one in RECORD, or missing', () => {
    const changed = (files: ZipInput[]): ZipInput[] =>
      files.map((file) => (file.path.endsWith('.py') ? { ...file, bytes: Buffer.from('X = 2\n') } : file));
    expect(spoiled(changed)).toMatch(/not the file that its RECORD names/);
    expect(spoiled((files) => files.slice(1))).toMatch(/in its RECORD but missing/);
    expect(spoiled((files) => files.filter(({ path }) => !path.endsWith('METADATA')))).toMatch(
      /missing|METADATA/,
    );
    const unhashed = (files: ZipInput[]): ZipInput[] =>
      files.map((file) =>
        file.path.endsWith('RECORD')
          ? { ...file, bytes: Buffer.from(file.bytes.toString().replace(/sha256=[^,]*/, 'md5=abc')) }
          : file,
      );
    expect(spoiled(unhashed)).toMatch(/no usable hash/);
  });

  test('for metadata of another package', () => {
    expect(refusal(SIMPLE, { fileName: 'other-1.0-py3-none-any.whl' })).toMatch(/another package/);
  });

  test('wherever a byte of the archive is missing, and at flipped bits', () => {
    const { bytes } = buildWheel(SIMPLE);
    for (let length = 0; length < bytes.length; length += 37) {
      expect(refusal(SIMPLE, { bytes: bytes.subarray(0, length) })).toMatch(/^WHEEL_INVALID/);
    }
    let refused = 0;
    for (let at = 0; at < bytes.length; at++) {
      const flipped = Buffer.from(bytes);
      flipped.writeUInt8(flipped.readUInt8(at) ^ 0x10, at);
      try {
        readWheel('thing-1.0-py3-none-any.whl', flipped);
      } catch (error) {
        expect((error as WorldError).code).toMatch(/^WHEEL_/);
        refused++;
      }
    }
    // What is left are bits that say nothing here: times, versions, the local copies of the directory.
    expect(refused).toBeGreaterThan(bytes.length / 2);
  });

  test('that unpacks to more than it says or than is allowed', () => {
    const bomb = buildZip([{ path: 'thing/zeros', bytes: Buffer.alloc(1_000_000) }]);
    const lying = Buffer.from(bomb);
    const directory = lying.indexOf(Buffer.from([0x50, 0x4b, 1, 2]));
    lying.writeUInt32LE(10, directory + 24);
    expect(refusal(SIMPLE, { bytes: lying })).toMatch(/is damaged/);
    lying.writeUInt32LE(0xfffffff0, directory + 24);
    expect(refusal(SIMPLE, { bytes: lying })).toMatch(/larger than what is left of the limit/);
  });

  test('that has native libraries and says it has none', () => {
    expect(refusal({ name: 'probe', files: { [LIBRARY]: sideModule() } })).toMatch(/only Python files/);
  });
});

describe('a native library', () => {
  const wheelOf = (library: Uint8Array): WheelInput => ({
    name: 'probe',
    tag: NATIVE_TAG,
    files: { [LIBRARY]: library },
  });

  test('is found in its wheel', () => {
    expect(unpack(wheelOf(sideModule())).bundle.libraries).toEqual([`${SITE_PACKAGES}/${LIBRARY}`]);
  });

  test('is refused when it brings JavaScript, or has state that memory does not hold', () => {
    expect(refusal(wheelOf(sideModule({ javascript: true })))).toMatch(/WHEEL_UNSUPPORTED.*JavaScript/);
    expect(refusal(wheelOf(sideModule({ hiddenState: true })))).toMatch(/WHEEL_UNSUPPORTED.*outside memory/);
    expect(refusal(wheelOf(sideModule().subarray(0, 100)))).toMatch(/WHEEL_UNSUPPORTED.*damaged/);
    expect(refusal(wheelOf(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 1, 0)))).toMatch(
      /not a dynamic library/,
    );
  });
});

describe('wheels together', () => {
  test('may share equal files, and not different ones', () => {
    const other = (content: string): WheelInput => ({
      name: 'other',
      files: { 'space/__init__.py': content },
    });
    const thing = { name: 'thing', files: { 'space/__init__.py': '' } };
    expect(unpack(thing, other('')).bundle.files.length).toBe(7);
    expect(() => unpack(thing, other('X = 1'))).toThrow(/already there from thing-1.0/);
  });

  test('may have so many files and no more', () => {
    const many = (name: string): WheelInput => ({
      name,
      files: Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`${name}/${i}.txt`, ''])),
    });
    expect(() => unpack(many('left'), many('right'))).toThrow(
      expect.objectContaining({ code: 'IMAGE_TOO_LARGE', message: expect.stringContaining('20006 files') }),
    );
  });

  test.each([['world.py'], ['_world_harness.py'], ['world/__init__.py']])('may not bring %s', (path) => {
    expect(() => unpack({ name: 'evil', files: { [path]: '' } })).toThrow(/every world has/);
  });
});
