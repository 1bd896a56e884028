import { createHash } from 'node:crypto';
import { WorldError } from '../../../model/world-error.js';
import type { BundleFile } from '../executor/image-bundle.js';
import { requireLinkable } from './native-library.js';
import { readZip, ZipDamaged, type ZipEntry } from './read-zip.js';

/** Where packages are installed in every world. */
export const SITE_PACKAGES = '/lib/python3.14/site-packages';
/** Where shared libraries that several packages use are. */
export const LIBRARY_FOLDER = '/usr/lib';
const PYTHON_MINOR = 14;
/** Platforms whose binaries this engine loads. */
const PLATFORMS = new Set(['pyemscripten_2026_0_wasm32', 'pyodide_2026_0_wasm32', 'emscripten_5_0_3_wasm32']);
export const LIMITS = { bytesMax: 160 * 1024 * 1024, filesMax: 20_000 } as const;

/** A wheel, checked and unpacked. */
export interface Wheel {
  readonly fileName: string;
  /** As PEP 503 normalises it. */
  readonly name: string;
  readonly version: string;
  readonly files: readonly BundleFile[];
  /** Paths of its native libraries among `files`, sorted. */
  readonly libraries: readonly string[];
  /** Normalised names of what its metadata says it needs here. */
  readonly requires: readonly string[];
}

/** `Foo.Bar_baz` and `foo-bar-baz` are the same project (PEP 503). */
export function normaliseName(name: string): string {
  return name.replace(/[-_.]+/g, '-').toLowerCase();
}

function invalid(fileName: string, why: string, cause?: unknown): WorldError {
  const text = `The wheel ${fileName} cannot be used: ${why}. Get it again, or build it anew.`;
  return new WorldError('WHEEL_INVALID', text, { details: { wheel: fileName }, cause });
}

/**
 * Unpacks a wheel: tags, paths, and every file against the hash in its RECORD.
 *
 * @throws WHEEL_INVALID damaged, dangerous or no wheel; WHEEL_UNSUPPORTED for another Python or platform
 */
export function readWheel(fileName: string, archive: Uint8Array): Wheel {
  const { name, version, native } = parseFileName(fileName);
  const entries = unzip(fileName, archive);
  const info = infoFolder(fileName, entries, name);
  const read = (file: string): string => {
    const bytes = entries.get(`${info}/${file}`);
    if (bytes === undefined) throw invalid(fileName, `it has no ${info}/${file}`);
    return Buffer.from(bytes).toString('utf8');
  };
  if (!/^Wheel-Version: 1\./m.test(read('WHEEL'))) throw invalid(fileName, 'its format is not version 1');
  requireRecorded(fileName, entries, info, read('RECORD'));
  const files = [...entries].flatMap(([path, bytes]) => {
    const target = installPath(path);
    return target === null ? [] : [{ path: target, bytes }];
  });
  const libraries = files.filter(({ path, bytes }) => isLibrary(path, bytes)).map(({ path }) => path);
  if (!native && libraries.length > 0) {
    throw invalid(fileName, `it says that it has only Python files, but has ${libraries[0]}`);
  }
  for (const { path, bytes } of files) if (libraries.includes(path)) requireLinkable(path, bytes);
  return {
    fileName,
    name,
    version,
    files,
    libraries: libraries.sort(byText),
    requires: requiresOf(read('METADATA')),
  };
}

/** The files of an archive that is no wheel: shared libraries, a package's tests. @throws WHEEL_INVALID */
export function readArchive(
  fileName: string,
  archive: Uint8Array,
  folder: string,
): Pick<Wheel, 'files' | 'libraries'> {
  const files = [...unzip(fileName, archive)].map(([path, bytes]) => ({
    path: `${folder}/${path}`,
    bytes,
  }));
  const libraries = files.filter(({ path, bytes }) => isLibrary(path, bytes)).map(({ path }) => path);
  for (const { path, bytes } of files) if (libraries.includes(path)) requireLinkable(path, bytes);
  return { files, libraries: libraries.sort(byText) };
}

function unzip(fileName: string, archive: Uint8Array): Map<string, Uint8Array> {
  try {
    return new Map(readZip(archive, LIMITS).map(({ path, bytes }: ZipEntry) => [path, bytes]));
  } catch (error) {
    if (error instanceof ZipDamaged) throw invalid(fileName, error.message, error);
    throw error;
  }
}

/** `name-version(-build)?-python-abi-platform.whl` (PEP 427); only what this engine can run. */
export function parseFileName(fileName: string): { name: string; version: string; native: boolean } {
  const parts = /^[A-Za-z0-9._+!-]+\.whl$/.test(fileName) ? fileName.slice(0, -4).split('-') : [];
  const [name, version] = parts;
  if (name === undefined || version === undefined || (parts.length !== 5 && parts.length !== 6)) {
    throw invalid(fileName, 'its name is not name-version-python-abi-platform.whl');
  }
  const [pythons = [], abis = [], platforms = []] = parts.slice(-3).map((tags) => tags.split('.'));
  const pure = abis.includes('none') && platforms.includes('any') && pythons.some(runsHere);
  const built =
    platforms.some((platform) => PLATFORMS.has(platform)) &&
    ((abis.includes(`cp3${PYTHON_MINOR}`) && pythons.includes(`cp3${PYTHON_MINOR}`)) ||
      (abis.includes('abi3') && pythons.some(runsHere)) ||
      (abis.includes('none') && pythons.some(runsHere)));
  if (!pure && !built) {
    const tags = parts.slice(-3).join('-');
    const text =
      `The wheel ${fileName} is for ${tags}; worlds are CPython 3.${PYTHON_MINOR} on WebAssembly. Use a wheel that ends in ` +
      `py3-none-any, or one that was built for cp3${PYTHON_MINOR}-cp3${PYTHON_MINOR}-${[...PLATFORMS][0]}.`;
    throw new WorldError('WHEEL_UNSUPPORTED', text, { details: { wheel: fileName, tags } });
  }
  return { name: normaliseName(name), version, native: built };
}

/** `py3`, `py310`, `cp38` with the stable ABI: every Python 3 up to ours. */
function runsHere(python: string): boolean {
  const minor = /^(?:py|cp)3(\d*)$/.exec(python)?.[1];
  return minor !== undefined && Number(minor) <= PYTHON_MINOR;
}

function infoFolder(fileName: string, entries: ReadonlyMap<string, Uint8Array>, name: string): string {
  const folders = new Set(
    [...entries.keys()].flatMap((path) => {
      const top = path.split('/', 1)[0] ?? '';
      return top.endsWith('.dist-info') && path.includes('/') ? [top] : [];
    }),
  );
  const [folder] = folders;
  if (folder === undefined || folders.size > 1)
    throw invalid(fileName, 'it has not exactly one .dist-info folder');
  if (normaliseName(folder.slice(0, -'.dist-info'.length).split('-')[0] ?? '') !== name) {
    throw invalid(fileName, `its metadata are of another package (${folder})`);
  }
  return folder;
}

/** Every file is in RECORD with its hash, and nothing else is in RECORD. */
function requireRecorded(
  fileName: string,
  entries: ReadonlyMap<string, Uint8Array>,
  info: string,
  record: string,
): void {
  const recorded = new Map(
    record
      .split(/\r?\n/)
      .filter((line) => line !== '')
      .map((line) => {
        const [path = '', hash = '', size = ''] = csvFields(line);
        return [path, { hash, size }] as const;
      }),
  );
  const own = new Set(['RECORD', 'RECORD.jws', 'RECORD.p7s'].map((file) => `${info}/${file}`));
  for (const [path, bytes] of entries) {
    if (own.has(path)) continue;
    const expected = recorded.get(path);
    if (expected === undefined) throw invalid(fileName, `${path} is not in its RECORD`);
    const [algorithm = '', digest = ''] = expected.hash.split('=', 2);
    if (!['sha256', 'sha384', 'sha512'].includes(algorithm)) {
      throw invalid(fileName, `its RECORD has no usable hash of ${path}`);
    }
    const found = createHash(algorithm).update(bytes).digest('base64url');
    if (
      found !== digest.replace(/=+$/, '') ||
      (expected.size !== '' && Number(expected.size) !== bytes.length)
    ) {
      throw invalid(fileName, `${path} is not the file that its RECORD names`);
    }
  }
  for (const path of recorded.keys()) {
    if (!entries.has(path) && !own.has(path)) throw invalid(fileName, `${path} is in its RECORD but missing`);
  }
}

function csvFields(line: string): string[] {
  return [...line.matchAll(/("(?:[^"]|"")*"|[^,]*)(?:,|$)/g)].map(([, field = '']) =>
    field.startsWith('"') ? field.slice(1, -1).replaceAll('""', '"') : field,
  );
}

/** Place in a world, or null for what only an installation outside of a sandbox needs: scripts, headers, data. */
function installPath(path: string): string | null {
  const [top = '', scheme = '', ...rest] = path.split('/');
  if (!top.endsWith('.data')) return `${SITE_PACKAGES}/${path}`;
  return scheme === 'purelib' || scheme === 'platlib' ? `${SITE_PACKAGES}/${rest.join('/')}` : null;
}

function isLibrary(path: string, bytes: Uint8Array): boolean {
  return (
    /\.so(\.\d+)*$/.test(path) &&
    bytes[0] === 0 &&
    bytes[1] === 0x61 &&
    bytes[2] === 0x73 &&
    bytes[3] === 0x6d
  );
}

/** Requirements that hold here: those of extras and of other platforms are left out. */
function requiresOf(metadata: string): string[] {
  const head = metadata.split(/\r?\n\r?\n/, 1)[0] ?? '';
  return [
    ...head.matchAll(/^Requires-Dist:\s*([A-Za-z0-9][A-Za-z0-9._-]*)([^;\r\n]*)(?:;([^\r\n]*))?/gm),
  ].flatMap(([, name = '', , marker]) =>
    marker === undefined || holds(marker) ? [normaliseName(name)] : [],
  );
}

const HERE: Readonly<Record<string, string>> = {
  python_version: `3.${PYTHON_MINOR}`,
  python_full_version: `3.${PYTHON_MINOR}.2`,
  sys_platform: 'emscripten',
  platform_system: 'Emscripten',
  os_name: 'posix',
  implementation_name: 'cpython',
  platform_python_implementation: 'CPython',
};

/** Whether an environment marker (PEP 508) without parentheses holds. One that is not understood does not. */
function holds(marker: string): boolean {
  return marker
    .split(/\s+or\s+/)
    .some((either) => either.split(/\s+and\s+/).every((clause) => clauseHolds(clause)));
}

function clauseHolds(clause: string): boolean {
  const match = /^\s*([a-z_]+)\s*(==|!=|<=|>=|<|>)\s*['"]([^'"]*)['"]\s*$/.exec(clause);
  const [, variable = '', operator = '', wanted = ''] = match ?? [];
  const here = HERE[variable];
  if (here === undefined) return false;
  const order = variable.startsWith('python') ? compareVersions(here, wanted) : Number(here !== wanted);
  if (operator === '==') return order === 0;
  if (operator === '!=') return order !== 0;
  if (operator === '<') return order < 0;
  if (operator === '<=') return order <= 0;
  return operator === '>' ? order > 0 : order >= 0;
}

function compareVersions(a: string, b: string): number {
  const [left, right] = [a, b].map((version) => version.split('.').map(Number));
  for (let i = 0; i < Math.max(left?.length ?? 0, right?.length ?? 0); i++) {
    const difference = (left?.[i] ?? 0) - (right?.[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Not by any language's rules: the order must be the same on every machine. */
function byText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
