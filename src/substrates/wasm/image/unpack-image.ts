import { WorldError } from '../../../model/world-error.js';
import { BUNDLE_BYTES_MAX, type BundleFile, type ImageBundle } from '../executor/image-bundle.js';
import type { StoredPart } from './image-manifest.js';
import { LIBRARY_FOLDER, LIMITS, readArchive, readWheel, SITE_PACKAGES, type Wheel } from './wheel.js';

type Installed = Pick<Wheel, 'name' | 'files' | 'libraries' | 'requires'>;

/** Modules that every world has; packages may not replace them. */
const OUR_MODULES = new Set([
  'world.py',
  '_world_harness.py',
  '_world_loop.py',
  'world',
  '_world_harness',
  '_world_loop',
]);

/** Installed parts of an image, and what is missing. */
export interface UnpackedImage {
  readonly bundle: ImageBundle;
  readonly warnings: readonly string[];
}

/**
 * Unpacks and checks the parts of an image, in order.
 *
 * @throws WHEEL_INVALID (also when two parts bring different files to one place), WHEEL_UNSUPPORTED, IMAGE_TOO_LARGE
 */
export function unpackImage(
  parts: readonly {
    readonly part: Pick<StoredPart, 'fileName' | 'installDir'>;
    readonly bytes: Uint8Array;
  }[],
  preamble: string | null,
): UnpackedImage {
  const files = new Map<string, BundleFile & { readonly from: string }>();
  const libraries: string[] = [];
  const names = new Set<string>();
  const required: { readonly name: string; readonly by: string }[] = [];
  for (const { part, bytes } of parts) {
    const unpacked = readPart(part, bytes);
    for (const file of unpacked.files) place(files, file, part.fileName);
    libraries.push(...unpacked.libraries);
    names.add(unpacked.name);
    required.push(...unpacked.requires.map((name) => ({ name, by: part.fileName })));
  }
  const sizeBytes = [...files.values()].reduce((sum, { bytes }) => sum + bytes.length, 0);
  if (sizeBytes > BUNDLE_BYTES_MAX || files.size > LIMITS.filesMax) {
    const text =
      `The image has ${files.size} files of ${sizeBytes} bytes unpacked; ${LIMITS.filesMax} files and ${BUNDLE_BYTES_MAX} bytes ` +
      'are allowed, since every executor holds them. Leave packages out.';
    throw new WorldError('IMAGE_TOO_LARGE', text, { details: { files: files.size, sizeBytes } });
  }
  const missing = required.filter(({ name }) => !names.has(name));
  return {
    bundle: {
      files: [...files.values()].map(({ path, bytes }) => ({ path, bytes })),
      libraries: [...new Set(libraries)],
      preamble,
    },
    warnings: missing.map(
      ({ name, by }) => `${by} needs ${name}, which is not part of the image: imports of it will fail`,
    ),
  };
}

function readPart(part: Pick<StoredPart, 'fileName' | 'installDir'>, bytes: Uint8Array): Installed {
  const { fileName, installDir } = part;
  if (installDir === 'site' && fileName.endsWith('.whl')) return readWheel(fileName, bytes);
  const folder = installDir === 'site' ? SITE_PACKAGES : LIBRARY_FOLDER;
  return { name: fileName, requires: [], ...readArchive(fileName, bytes, folder) };
}

function place(
  files: Map<string, BundleFile & { readonly from: string }>,
  file: BundleFile,
  from: string,
): void {
  const refuse = (why: string): never => {
    const text = `The wheel ${from} cannot be used: ${why}. Leave it out, or give another version of it.`;
    throw new WorldError('WHEEL_INVALID', text, { details: { wheel: from, path: file.path } });
  };
  const top = file.path.startsWith(`${SITE_PACKAGES}/`)
    ? file.path.slice(SITE_PACKAGES.length + 1).split('/', 1)[0]
    : '';
  if (OUR_MODULES.has(top ?? '')) refuse(`${top} would replace a module that every world has`);
  const there = files.get(file.path);
  if (there !== undefined && !Buffer.from(there.bytes).equals(file.bytes)) {
    refuse(`${file.path} is already there from ${there.from}, with other content`);
  }
  if (there === undefined) files.set(file.path, { ...file, from });
}
