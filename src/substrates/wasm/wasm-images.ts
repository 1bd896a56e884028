import { createHash } from 'node:crypto';
import { WorldError } from '../../model/world-error.js';
import type {
  BaseImages,
  ImageHash,
  ImageInput,
  ImageProgress,
  ImageStore,
  PreparedImage,
} from '../../ports/base-image.js';
import type { Wait } from '../../ports/substrate.js';
import { digestEngine } from './executor/engine-files.js';
import { encodeBundle } from './executor/image-bundle.js';
import {
  decodeImageManifest,
  encodeImageManifest,
  hashImage,
  type ImageManifest,
  type StoredPart,
} from './image/image-manifest.js';
import {
  type FetchOptions,
  fetchPackage,
  readPackageLock,
  resolvePackages,
} from './image/pyodide-packages.js';
import { unpackImage } from './image/unpack-image.js';
import { parseFileName } from './image/wheel.js';
import type { ImageHosts } from './image-hosts.js';
import type { openStartupCache } from './startup-cache.js';

export interface WasmImagesOptions {
  readonly store: ImageStore;
  readonly hosts: () => ImageHosts;
  readonly cacheOf: (image: ImageHash) => ReturnType<typeof openStartupCache>;
  /** List of the distribution's packages; default: the pinned engine's. For tests. */
  readonly packageLock?: string;
  readonly download?: FetchOptions['download'];
}

/** Base images of the wasm substrate: their inputs on disk, and the hosts that run them. */
export class WasmImages implements BaseImages {
  readonly #options: WasmImagesOptions;

  constructor(options: WasmImagesOptions) {
    this.#options = options;
  }

  async prepare(input: ImageInput, wait: Wait, onProgress?: ImageProgress): Promise<PreparedImage> {
    const { store } = this.#options;
    const parts = await this.#collect(input, wait, onProgress);
    const { bundle, warnings } = unpackImage(parts, input.preamble);
    for (const { bytes } of parts) {
      wait.signal?.throwIfAborted();
      await store.putFile(bytes);
    }
    const preamble =
      input.preamble === null ? null : await store.putFile(Buffer.from(input.preamble, 'utf8'));
    const stored = parts.map(({ part }) => part);
    const manifest: ImageManifest = { engineDigest: await digestEngine(), parts: stored, preamble };
    const hash = hashImage(manifest);
    await store.putManifest(hash, encodeImageManifest(manifest));
    return {
      hash,
      engineDigest: manifest.engineDigest,
      parts: stored.map(({ installDir: _installDir, ...part }) => part),
      preamble,
      preambleBytes: Buffer.byteLength(input.preamble ?? ''),
      sizeBytes: bundle.files.reduce((sum, { bytes }) => sum + bytes.length, 0),
      warnings,
    };
  }

  async build(hash: ImageHash, wait: Wait): Promise<string> {
    try {
      return (await this.#options.hosts().live(hash, wait)).baseDigest;
    } catch (error) {
      // Nobody else waits for it: it is not an image yet.
      if (wait.signal?.aborted) await this.#options.hosts().end(hash);
      throw error;
    }
  }

  async keepOnly(live: ReadonlySet<ImageHash>): Promise<void> {
    const { store, hosts, cacheOf } = this.#options;
    await hosts().keepOnly(live);
    const files = new Set<string>();
    for (const hash of await store.list()) {
      if (!live.has(hash)) {
        await store.removeManifest(hash);
        await cacheOf(hash).removeAll();
        continue;
      }
      // What a damaged description needs is unknown: then no file goes.
      const manifest = await this.#manifest(hash).catch(() => null);
      if (manifest === null) return;
      for (const { sha256 } of manifest.parts) files.add(sha256);
      if (manifest.preamble !== null) files.add(manifest.preamble);
    }
    await store.keepFiles(files);
  }

  /** What a host builds the image from. @throws IMAGE_NOT_FOUND, IMAGE_DAMAGED, IMAGE_MISMATCH */
  async bundle(hash: ImageHash): Promise<Uint8Array> {
    const { store } = this.#options;
    const manifest = await this.#manifest(hash);
    const engineDigest = await digestEngine();
    if (manifest.engineDigest !== engineDigest) {
      const text =
        `Image ${hash.slice(0, 12)} was made for engine ${manifest.engineDigest.slice(0, 12)}, but this installation has ` +
        `${engineDigest.slice(0, 12)}. Use the version of world-runtime that made it, or create the image again under another name.`;
      throw new WorldError('IMAGE_MISMATCH', text, {
        details: { image: hash, expected: manifest.engineDigest, found: engineDigest },
      });
    }
    const parts = [];
    for (const part of manifest.parts) parts.push({ part, bytes: await store.readFile(part.sha256) });
    const preamble = manifest.preamble === null ? null : await store.readFile(manifest.preamble);
    const text = preamble === null ? null : Buffer.from(preamble).toString('utf8');
    return encodeBundle(unpackImage(parts, text).bundle);
  }

  async #manifest(hash: ImageHash): Promise<ImageManifest> {
    const bytes = await this.#options.store.readManifest(hash);
    if (bytes !== null) return decodeImageManifest(hash, bytes);
    const text = `There is no image ${hash.slice(0, 12)} in this data directory. Create it from the same inputs: wr image create.`;
    throw new WorldError('IMAGE_NOT_FOUND', text, { details: { image: hash } });
  }

  async #collect(
    input: ImageInput,
    wait: Wait,
    onProgress?: ImageProgress,
  ): Promise<{ part: StoredPart; bytes: Uint8Array }[]> {
    const { packageLock, download } = this.#options;
    const wanted =
      input.packages.length === 0 ? [] : resolvePackages(await readPackageLock(packageLock), input.packages);
    const collected: { part: StoredPart; bytes: Uint8Array }[] = [];
    for (const [done, one] of wanted.entries()) {
      onProgress?.({ done, total: wanted.length, what: one.fileName });
      const how = { packageDir: input.packageDir, wait, ...(download === undefined ? {} : { download }) };
      const bytes = await fetchPackage(one, how);
      const { name, version, fileName, sha256, installDir } = one;
      collected.push({
        part: { kind: 'package', name, version, fileName, sha256, sizeBytes: bytes.length, installDir },
        bytes,
      });
    }
    for (const { fileName, bytes } of input.wheels) {
      const { name, version } = parseFileName(fileName);
      const sha256 = createHash('sha256').update(bytes).digest('hex');
      collected.push({
        part: { kind: 'wheel', name, version, fileName, sha256, sizeBytes: bytes.length, installDir: 'site' },
        bytes,
      });
    }
    return collected;
  }
}
