import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { WorldError } from '../../model/world-error.js';
import type { ImageStore } from '../../ports/base-image.js';
import { atomicWrite, removeLeftovers } from '../atomic-write.js';
import { errnoOf, type FileOps, nodeFileOps, readSmallFile, storageFailed } from '../file-ops.js';

const MANIFEST_ENDING = '.json';
const MANIFEST_BYTES_MAX = 16 * 1024 * 1024;
const FILE_BYTES_MAX = 512 * 1024 * 1024;
const HASH = /^[0-9a-f]{64}$/;

/**
 * Inputs of images in a data directory: `files/` by their SHA-256, and one `<hash>.json` an image. Each is written
 * whole or not at all; the files of an image before its manifest.
 *
 * @throws STORAGE_FAILED
 */
export async function openImageFiles(folder: string, fileOps: FileOps = nodeFileOps): Promise<ImageStore> {
  const files = join(folder, 'files');
  const manifestPath = (hash: string): string => join(folder, `${hash}${MANIFEST_ENDING}`);
  try {
    await fileOps.makeDirectory(files);
    for (const directory of [folder, files]) await removeLeftovers(fileOps, directory);
  } catch (thrown) {
    throw storageFailed(thrown, `Cannot open ${folder}`);
  }
  return {
    async putFile(bytes) {
      const sha256 = hashOf(bytes);
      const path = join(files, sha256);
      const there = await read(fileOps, path, FILE_BYTES_MAX);
      // Also over a damaged one: creating an image again is how it is repaired.
      if (there === null || hashOf(there) !== sha256) await atomicWrite(fileOps, path, bytes);
      else await fileOps.syncDirectory(files);
      return sha256;
    },
    async readFile(sha256) {
      const bytes = await read(fileOps, join(files, sha256), FILE_BYTES_MAX);
      if (bytes !== null && hashOf(bytes) === sha256) return bytes;
      const text =
        `The file ${sha256.slice(0, 12)} of an image is ${bytes === null ? 'missing' : 'damaged'} in ${files}. ` +
        'Create the image again from the same inputs: that puts the file back.';
      throw new WorldError('IMAGE_DAMAGED', text, { details: { sha256 } });
    },
    putManifest: (hash, manifest) => atomicWrite(fileOps, manifestPath(hash), manifest),
    readManifest: (hash) => read(fileOps, manifestPath(hash), MANIFEST_BYTES_MAX),
    async list() {
      const names = await fileOps.list(folder);
      return names
        .filter((name) => name.endsWith(MANIFEST_ENDING))
        .map((name) => name.slice(0, -MANIFEST_ENDING.length))
        .filter((hash) => HASH.test(hash));
    },
    removeManifest: (hash) => fileOps.remove(manifestPath(hash)),
    async keepFiles(live) {
      for (const name of await fileOps.list(files)) {
        if (!live.has(name)) await fileOps.remove(join(files, name));
      }
    },
  };
}

function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

async function read(fileOps: FileOps, path: string, bytesMax: number): Promise<Uint8Array | null> {
  try {
    return await readSmallFile(fileOps, path, bytesMax);
  } catch (thrown) {
    if (errnoOf(thrown) === 'ENOENT') return null;
    throw storageFailed(thrown, `Cannot read ${path}`);
  }
}
