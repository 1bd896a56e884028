import { join } from 'node:path';
import { WorldError } from '../../model/world-error.js';
import type { PageHash, StoredManifest } from '../../ports/page-store.js';
import { draftFile, replaceAtomically } from '../atomic-write.js';
import { errnoOf, type FileOps, readFully, readSmallFile, storageFailed } from '../file-ops.js';
import { sideBySide } from '../side-by-side.js';
import {
  type BaseName,
  contentDigest,
  decodeManifest,
  depthAtStart,
  encodeManifest,
  MANIFEST_BYTES_MAX,
  MANIFEST_DEPTH_BYTES,
  MANIFEST_DEPTH_MAX,
  MANIFEST_ENDING,
  MANIFEST_HEADER_BYTES,
  MANIFEST_VERSION,
  type ManifestBase,
} from './manifest-format.js';
import { version1References } from './version-1-references.js';

/** A manifest that is gone but to which others are differences, under its content's digest. */
export const BASE_ENDING = '.wrb';
const KEY = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;
/** Manifests kept in memory as bases for the next ones. */
const CACHED_MAX = 4;
/** Bases kept in memory while many manifests are read. */
const READ_BASES_MAX = 16;
/** Files looked at at the same time. */
export const MANIFESTS_AT_ONCE_MAX = 16;

export interface ReadManifest {
  readonly manifest: Uint8Array;
  /** Null for one of version 1 that does not say. */
  readonly references: readonly PageHash[] | null;
  readonly depth: number;
  /** The manifests it is a difference to, nearest first. */
  readonly bases: readonly BaseName[];
}

/** A manifest that is written and not there yet. */
export interface ManifestDraft {
  readonly key: string;
  readonly references: readonly PageHash[];
  /** What it is a difference to. */
  readonly bases: readonly BaseName[];
  /** Gives the file its name; the directory's fsync is the caller's. */
  publish(): Promise<void>;
  abandon(): Promise<void>;
}

interface BaseContent {
  readonly content: StoredManifest;
  readonly bases: readonly BaseName[];
}

/** Bases read lately, by their digest, for whoever reads many manifests: most are differences to a few others. */
export class ReadBases {
  readonly #latest = new Map<string, Promise<BaseContent>>();

  get(digest: string, read: () => Promise<BaseContent>): Promise<BaseContent> {
    const known = this.#latest.get(digest);
    const base = known ?? read();
    this.#latest.delete(digest);
    this.#latest.set(digest, base);
    const [oldest] = this.#latest.keys();
    if (this.#latest.size > READ_BASES_MAX && oldest !== undefined) this.#latest.delete(oldest);
    return base;
  }
}

/** The manifests of a data directory, a file each, some of them as differences to others. */
export class ManifestFiles {
  readonly #fileOps: FileOps;
  readonly #directory: string;
  /** The latest ones, by key: what is written next is probably a difference to one of them. */
  readonly #cached = new Map<string, ManifestBase>();

  constructor(fileOps: FileOps, directory: string) {
    this.#fileOps = fileOps;
    this.#directory = directory;
  }

  async keys(): Promise<string[]> {
    const names = await this.#fileOps.list(this.#directory);
    return names.flatMap((name) =>
      name.endsWith(MANIFEST_ENDING) ? [name.slice(0, -MANIFEST_ENDING.length)] : [],
    );
  }

  /** Digests of the manifests that are there only as bases. */
  async bases(): Promise<string[]> {
    const names = await this.#fileOps.list(this.#directory);
    return names.flatMap((name) => (name.endsWith(BASE_ENDING) ? [name.slice(0, -BASE_ENDING.length)] : []));
  }

  /**
   * Writes a manifest that is there once it is published. Of one key there is one draft at a time. Others of the same
   * time are no bases for it, since they may never be published.
   */
  async draft(key: string, content: StoredManifest, basedOn: string | undefined): Promise<ManifestDraft> {
    requireKey(key);
    const digest = contentDigest(content);
    await this.#keepReplaced(key, digest);
    const base = basedOn === undefined || basedOn === key ? null : await this.#baseOf(basedOn);
    const { bytes, depth } = encodeManifest(content, base);
    if (bytes.length > MANIFEST_BYTES_MAX) {
      const limit = `${bytes.length} bytes; at most ${MANIFEST_BYTES_MAX} can be stored`;
      throw new WorldError('STORAGE_FAILED', `The manifest ${key} has ${limit}.`, { details: { key } });
    }
    const file = await draftFile(this.#fileOps, this.path(key), bytes);
    const bases = depth > 0 && base ? [{ key: base.key, digest: base.digest }, ...base.bases] : [];
    const publish = async (): Promise<void> => {
      await file.publish();
      this.#cache({ key, depth, digest, content, bases });
    };
    return { key, references: content.references, bases, publish, abandon: file.abandon };
  }

  /** @throws STATE_LOST, PAGE_CORRUPT, DATA_DIR_VERSION, STORAGE_FAILED. */
  async read(key: string, readBases?: ReadBases): Promise<ReadManifest> {
    requireKey(key);
    const path = this.path(key);
    const file = await this.#readFile(path);
    if (file !== null) return this.#decode(file, { path, key, readBases });
    throw new WorldError('STATE_LOST', `There is no manifest ${key} in ${this.#directory}.`, {
      details: { key, path },
    });
  }

  /**
   * What is to be known of a manifest that goes: its bytes, and how deep it says it is. Whatever is wrong with it, it
   * has some answer, and its content is not read.
   */
  async glance(key: string): Promise<{ readonly depth: number; readonly fileBytes: number }> {
    return this.#glance(this.path(key));
  }

  path(key: string): string {
    return join(this.#directory, `${key}${MANIFEST_ENDING}`);
  }

  /** Takes a manifest away; one that others are differences to stays as their base. False when it stays so. */
  async remove(key: string, isBase: boolean): Promise<boolean> {
    this.#cached.delete(key);
    if (isBase) {
      const digest = await this.digest(key);
      if (digest !== null) {
        await this.#fileOps.rename(this.path(key), this.#basePath(digest));
        return false;
      }
    }
    await this.#fileOps.remove(this.path(key));
    return true;
  }

  /** Answers the bytes freed. */
  async removeBase(digest: string): Promise<number> {
    const { fileBytes } = await this.#glance(this.#basePath(digest));
    await this.#fileOps.remove(this.#basePath(digest));
    return fileBytes;
  }

  /** Digest of a manifest's content, null when it cannot be read. */
  async digest(key: string): Promise<string | null> {
    const cached = this.#cached.get(key);
    if (cached) return cached.digest;
    try {
      const { manifest, references } = await this.read(key);
      return references === null ? null : contentDigest({ manifest, references });
    } catch (thrown) {
      if (thrown instanceof WorldError && thrown.code !== 'STORAGE_FAILED') return null;
      throw thrown;
    }
  }

  /** Bytes of the files, those of bases included. */
  async bytes(): Promise<number> {
    const names = await this.#fileOps.list(this.#directory);
    const wanted = names.filter((name) => name.endsWith(MANIFEST_ENDING) || name.endsWith(BASE_ENDING));
    let bytes = 0;
    await sideBySide(wanted, MANIFESTS_AT_ONCE_MAX, async (name) => {
      const { fileBytes } = await this.#glance(join(this.#directory, name));
      bytes += fileBytes;
    });
    return bytes;
  }

  async #glance(path: string): Promise<{ readonly depth: number; readonly fileBytes: number }> {
    try {
      const file = await this.#fileOps.open(path, 'read');
      try {
        const fileBytes = await file.sizeBytes();
        const start = new Uint8Array(MANIFEST_DEPTH_BYTES);
        return { fileBytes, depth: depthAtStart(start.subarray(0, await readFully(file, start, 0))) };
      } finally {
        await file.close();
      }
    } catch (thrown) {
      if (errnoOf(thrown) === 'ENOENT') return { fileBytes: 0, depth: 0 };
      throw storageFailed(thrown, `Cannot read the manifest ${path}`);
    }
  }

  #basePath(digest: string): string {
    return join(this.#directory, `${digest}${BASE_ENDING}`);
  }

  #cache(entry: ManifestBase): void {
    this.#cached.delete(entry.key);
    this.#cached.set(entry.key, entry);
    const [oldest] = this.#cached.keys();
    if (this.#cached.size > CACHED_MAX && oldest !== undefined) this.#cached.delete(oldest);
  }

  /** A manifest that is replaced by another one may be a base of others: it stays as such. */
  async #keepReplaced(key: string, digest: string): Promise<void> {
    if (!(await this.#fileOps.exists(this.path(key)))) return;
    const before = await this.digest(key);
    if (before === null || before === digest) return;
    const file = await this.#readFile(this.path(key));
    if (file !== null) await replaceAtomically(this.#fileOps, this.#basePath(before), file);
  }

  /** A manifest as a base, or null when it is none to build on. */
  async #baseOf(key: string): Promise<ManifestBase | null> {
    const cached = this.#cached.get(key);
    if (cached) return cached;
    try {
      const { manifest, references, depth, bases } = await this.read(key);
      if (references === null || depth >= MANIFEST_DEPTH_MAX) return null;
      const content = { manifest, references };
      const base = { key, depth, content, bases, digest: contentDigest(content) };
      this.#cache(base);
      return base;
    } catch (thrown) {
      // Without a base the manifest is stored whole; what is wrong with the base, its own reader will be told.
      if (thrown instanceof WorldError) return null;
      throw thrown;
    }
  }

  async #readFile(path: string): Promise<Uint8Array | null> {
    try {
      return await readSmallFile(this.#fileOps, path, MANIFEST_BYTES_MAX + MANIFEST_HEADER_BYTES);
    } catch (thrown) {
      if (errnoOf(thrown) === 'ENOENT') return null;
      throw storageFailed(thrown, `Cannot read the manifest ${path}`);
    }
  }

  async #decode(
    file: Uint8Array,
    { path, key, depthMax = Infinity, readBases }: ManifestPlace,
  ): Promise<ReadManifest> {
    const decoded = decodeManifest(file);
    if ('newer' in decoded) {
      const text = `version ${decoded.newer}; this program reads versions 1 to ${MANIFEST_VERSION}`;
      throw new WorldError(
        'DATA_DIR_VERSION',
        `The manifest ${path} has ${text}. Use the program that wrote it.`,
        { details: { key, path } },
      );
    }
    if ('reason' in decoded) throw damaged(key, path, decoded.reason);
    const { base, depth } = decoded;
    if (depth >= depthMax) throw damaged(key, path, 'its chain of differences does not end');
    try {
      if (base === null) {
        const { manifest, references } = decoded.resolve(null);
        return { manifest, references: references ?? version1References(manifest), depth, bases: [] };
      }
      const readBelow = (): Promise<BaseContent> => this.#readBase(key, base, depth, readBases);
      const below = await (readBases ? readBases.get(base.digest, readBelow) : readBelow());
      const { manifest, references } = decoded.resolve(below.content);
      return { manifest, references, depth, bases: [base, ...below.bases] };
    } catch (thrown) {
      if (thrown instanceof WorldError) throw thrown;
      throw damaged(key, path, thrown instanceof Error ? thrown.message : String(thrown));
    }
  }

  /** The content with this digest: under its key, or, when that is gone or another one by now, kept as a base. */
  async #readBase(
    of: string,
    { key, digest }: BaseName,
    depthMax: number,
    readBases: ReadBases | undefined,
  ): Promise<BaseContent> {
    let reason = 'it is gone';
    for (const path of [this.path(key), this.#basePath(digest)]) {
      const file = await this.#readFile(path);
      if (file === null) continue;
      try {
        const { manifest, references, bases } = await this.#decode(file, {
          path,
          key,
          depthMax,
          readBases,
        });
        if (references !== null && contentDigest({ manifest, references }) === digest)
          return { content: { manifest, references }, bases };
      } catch (thrown) {
        if (!(thrown instanceof WorldError) || thrown.code !== 'PAGE_CORRUPT') throw thrown;
        reason = thrown.message;
      }
    }
    throw damaged(
      of,
      this.path(of),
      `the manifest ${key}, to which it is a difference, cannot be read: ${reason}`,
    );
  }
}

interface ManifestPlace {
  readonly path: string;
  readonly key: string;
  /** It must be less deep than this. */
  readonly depthMax?: number;
  readonly readBases: ReadBases | undefined;
}

function damaged(key: string, path: string, reason: string): WorldError {
  return new WorldError(
    'PAGE_CORRUPT',
    `The manifest ${path} is damaged: ${reason}. Other states are not affected; restore this file from a backup.`,
    { details: { key, path, manifests: [key] } },
  );
}

export function requireKey(key: string): void {
  if (!KEY.test(key)) throw new WorldError('INTERNAL', `"${key}" cannot be the name of a manifest file.`);
}
