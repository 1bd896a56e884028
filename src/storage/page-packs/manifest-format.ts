import { createHash } from 'node:crypto';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { PageHash, StoredManifest } from '../../ports/page-store.js';

/**
 * A manifest file: magic (8), version u32, length u32, SHA-256 of the 16 bytes before and the body (32), the body.
 * Integers are little-endian.
 *
 * Body in version 1: the manifest. What pages it needs, the store does not know.
 *
 * Body in version 2: depth u8; when it is not 0, the base: length of its key u8, key, its content's digest (32). Then
 * the number of stretches of the references u32, and each stretch: references copied from the base, from u32 and
 * count u32, then count u32 of new ones and their hashes. Then the manifest: length u32, codec u8, stored bytes.
 */
export const MANIFEST_MAGIC = Buffer.from('WRSTATE\n', 'latin1');
export const MANIFEST_VERSION = 2;
export const MANIFEST_ENDING = '.wrs';
export const MANIFEST_BYTES_MAX = 256 * 1024 * 1024;
export const MANIFEST_HEADER_BYTES = 48;
/** A manifest is at most so many differences away from one that is stored whole. */
export const MANIFEST_DEPTH_MAX = 8;

const HASH_BYTES = 32;
const PLAIN = 0;
const DEFLATED = 1;
/** Deflated with the last of the base's manifest as dictionary. */
const DEFLATED_ON_BASE = 2;
const DICTIONARY_BYTES = 32 * 1024;
/** A copied stretch shorter than this costs more than the hashes it saves. */
const COPY_MIN = 2;

/** The manifest that a difference is to. */
export interface ManifestBase {
  readonly key: string;
  readonly depth: number;
  /** `contentDigest` of it. */
  readonly digest: string;
  readonly content: StoredManifest;
  /** What it is itself a difference to, nearest first. */
  readonly bases: readonly BaseName[];
}

export interface BaseName {
  readonly key: string;
  readonly digest: string;
}

export interface DecodedManifest {
  readonly version: number;
  readonly depth: number;
  /** What `resolve` needs; null for a whole one. */
  readonly base: BaseName | null;
  /** Null in version 1, in which the store was not told of them. */
  resolve(base: StoredManifest | null): { manifest: Uint8Array; references: readonly PageHash[] | null };
}

/** Names what a manifest says, however it is stored. */
export function contentDigest({ manifest, references }: StoredManifest): string {
  const digest = createHash('sha256');
  for (const reference of references) digest.update(reference, 'hex');
  const length = Buffer.alloc(4);
  length.writeUInt32LE(references.length);
  return digest.update(length).update(manifest).digest('hex');
}

/** The file of a manifest: the difference to `base` where that is smaller by a quarter, else all of it. */
export function encodeManifest(
  content: StoredManifest,
  base: ManifestBase | null,
): { readonly bytes: Buffer; readonly depth: number } {
  const whole = fileOf(encodeBody(content, null));
  if (base === null || base.depth >= MANIFEST_DEPTH_MAX) return { bytes: whole, depth: 0 };
  const difference = fileOf(encodeBody(content, base));
  if (difference.length > whole.length * 0.75) return { bytes: whole, depth: 0 };
  return { bytes: difference, depth: base.depth + 1 };
}

function fileOf(body: Buffer): Buffer {
  const file = Buffer.alloc(MANIFEST_HEADER_BYTES + body.length);
  MANIFEST_MAGIC.copy(file);
  file.writeUInt32LE(MANIFEST_VERSION, 8);
  file.writeUInt32LE(body.length, 12);
  body.copy(file, MANIFEST_HEADER_BYTES);
  digestOf(file).copy(file, 16);
  return file;
}

function encodeBody({ manifest, references }: StoredManifest, base: ManifestBase | null): Buffer {
  const parts: Uint8Array[] = [Buffer.from([base === null ? 0 : base.depth + 1])];
  if (base !== null) {
    parts.push(Buffer.from([base.key.length]), Buffer.from(base.key, 'latin1'));
    parts.push(Buffer.from(base.digest, 'hex'));
  }
  const stretches = stretchesOf(references, base?.content.references ?? []);
  parts.push(u32(stretches.length));
  for (const { from, count, fresh } of stretches) {
    parts.push(u32(from), u32(count), u32(fresh.length), ...fresh.map((each) => Buffer.from(each, 'hex')));
  }
  parts.push(u32(manifest.length), ...packed(manifest, base?.content.manifest ?? null));
  return Buffer.concat(parts);
}

interface Stretch {
  from: number;
  count: number;
  fresh: PageHash[];
}

/** The references as stretches of the base's and new ones between them. */
function stretchesOf(references: readonly PageHash[], base: readonly PageHash[]): Stretch[] {
  const places = new Map(base.map((each, index) => [each, index]));
  const stretches: Stretch[] = [];
  let last: Stretch = { from: 0, count: 0, fresh: [] };
  for (let at = 0; at < references.length; ) {
    const from = places.get(references[at] ?? '') ?? -1;
    let count = 0;
    while (from >= 0 && at + count < references.length && base[from + count] === references[at + count])
      count += 1;
    if (count >= COPY_MIN) {
      if (last.count + last.fresh.length > 0) stretches.push(last);
      last = { from, count, fresh: [] };
      at += count;
    } else {
      last.fresh.push(references[at] ?? '');
      at += 1;
    }
  }
  if (last.count + last.fresh.length > 0) stretches.push(last);
  return stretches;
}

function packed(manifest: Uint8Array, base: Uint8Array | null): [Buffer, Uint8Array] {
  const dictionary = base?.subarray(-DICTIONARY_BYTES);
  const deflated = deflateRawSync(manifest, dictionary?.length ? { dictionary } : {});
  if (deflated.length >= manifest.length) return [Buffer.from([PLAIN]), manifest];
  return [Buffer.from([dictionary?.length ? DEFLATED_ON_BASE : DEFLATED]), deflated];
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

/** How much of a file's beginning says how deep it is. */
export const MANIFEST_DEPTH_BYTES = MANIFEST_HEADER_BYTES + 1;

/** The depth that a file's beginning tells, unchecked; 0 when it tells none. */
export function depthAtStart(start: Uint8Array): number {
  const bytes = Buffer.from(start.buffer, start.byteOffset, start.byteLength);
  if (bytes.length < MANIFEST_DEPTH_BYTES || !bytes.subarray(0, 8).equals(MANIFEST_MAGIC)) return 0;
  return bytes.readUInt32LE(8) === 1 ? 0 : bytes.readUInt8(MANIFEST_HEADER_BYTES);
}

/** What a file holds, or why it cannot be read. */
export function decodeManifest(
  file: Uint8Array,
): DecodedManifest | { readonly newer: number } | { readonly reason: string } {
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.byteLength);
  if (bytes.length < MANIFEST_HEADER_BYTES || !bytes.subarray(0, 8).equals(MANIFEST_MAGIC)) {
    return { reason: 'its header is damaged' };
  }
  if (!digestOf(bytes).equals(bytes.subarray(16, MANIFEST_HEADER_BYTES))) {
    return { reason: 'its checksum does not match' };
  }
  const version = bytes.readUInt32LE(8);
  if (version < 1 || version > MANIFEST_VERSION) return { newer: version };
  const body = bytes.subarray(MANIFEST_HEADER_BYTES);
  if (bytes.readUInt32LE(12) !== body.length) return { reason: 'its length is wrong' };
  if (version === 1)
    return { version, depth: 0, base: null, resolve: () => ({ manifest: body, references: null }) };
  return decodeBody(body);
}

/** The checksum was right: what does not parse here was written wrongly, and throws. */
function decodeBody(body: Buffer): DecodedManifest {
  const depth = body.readUInt8(0);
  let at = 1;
  let base: BaseName | null = null;
  if (depth > 0) {
    const keyEnd = at + 1 + body.readUInt8(at);
    base = {
      key: body.toString('latin1', at + 1, keyEnd),
      digest: body.toString('hex', keyEnd, keyEnd + HASH_BYTES),
    };
    at = keyEnd + HASH_BYTES;
  }
  return { version: MANIFEST_VERSION, depth, base, resolve: (content) => resolveBody(body, at, content) };
}

function resolveBody(body: Buffer, start: number, base: StoredManifest | null): StoredManifest {
  let at = start;
  const next = (): number => {
    at += 4;
    return body.readUInt32LE(at - 4);
  };
  const references: PageHash[] = [];
  for (let left = next(); left > 0; left -= 1) {
    const from = next();
    const count = next();
    for (let index = from; index < from + count; index += 1) {
      const copied = base?.references[index];
      if (copied === undefined) throw new RangeError('a manifest copies references that its base lacks');
      references.push(copied);
    }
    for (let fresh = next(); fresh > 0; fresh -= 1) {
      references.push(body.toString('hex', at, at + HASH_BYTES));
      at += HASH_BYTES;
    }
  }
  const length = next();
  const codec = body.readUInt8(at);
  const stored = body.subarray(at + 1);
  if (codec === PLAIN) return { manifest: stored, references };
  const dictionary = base?.manifest.subarray(-DICTIONARY_BYTES);
  const manifest = inflateRawSync(stored, {
    maxOutputLength: Math.max(1, length),
    ...(codec === DEFLATED_ON_BASE && dictionary ? { dictionary } : {}),
  });
  if (manifest.length !== length) throw new RangeError('a manifest unpacks to another length');
  return { manifest, references };
}

function digestOf(file: Buffer): Buffer {
  return createHash('sha256')
    .update(file.subarray(0, 16))
    .update(file.subarray(MANIFEST_HEADER_BYTES))
    .digest();
}
