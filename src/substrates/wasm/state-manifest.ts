import { createHash } from 'node:crypto';
import { z } from 'zod';
import { WorldError } from '../../model/world-error.js';
import type { PageHash } from '../../ports/page-store.js';
import type { WireFileNode, WireFileTree, WireRegisters } from './host/wire.js';
import { FileTreeSchema, RegistersSchema } from './host-messages.js';

/**
 * What a durable state is besides its pages, as bytes. The hashes of its pages are the manifest's references in the
 * page store; reference 0 is a page of zeros, reference k the k-th hash. Pages and file contents that are not listed
 * are those of the base image. Integers are u32, little-endian.
 *
 * `magic | version | m | m page numbers | m references | JSON length | JSON`, each number as its distance from the one
 * after the number before, so that stretches are zeros and pack to nothing. The JSON is last, where the page store
 * finds it as the dictionary for the next state's.
 *
 * Version 1 held the hashes too: `magic | version | JSON length | JSON | n | n SHA-256 | m | m (page, reference)`.
 */
export interface StateManifest {
  readonly baseDigest: string;
  readonly engineDigest: string;
  /** Identity under which the guest ran last. */
  readonly stamp: string | null;
  readonly registers: WireRegisters;
  /** Page lists of its nodes hold references. */
  readonly files: WireFileTree;
  readonly hashes: readonly PageHash[];
  readonly pages: readonly ManifestPage[];
}

export interface ManifestPage {
  readonly page: number;
  readonly reference: number;
}

const MAGIC = Buffer.from('WRSTATE\0', 'latin1');
const VERSION = 2;
const HASH_BYTES = 32;

const Head = z.strictObject({
  baseDigest: z.string(),
  engineDigest: z.string(),
  stamp: z.string().nullable(),
  registers: RegistersSchema,
  files: FileTreeSchema,
});

export function encodeManifest(manifest: Omit<StateManifest, 'hashes'>): Buffer {
  const { baseDigest, engineDigest, stamp, registers, files, pages } = manifest;
  // In this order always: equal states have equal bytes.
  const head = { baseDigest, engineDigest, stamp, registers, files };
  const json = Buffer.from(JSON.stringify(head), 'utf8');
  const bytes = Buffer.alloc(MAGIC.length + 12 + pages.length * 8 + json.length);
  let at = MAGIC.copy(bytes);
  at = bytes.writeUInt32LE(VERSION, at);
  at = bytes.writeUInt32LE(pages.length, at);
  const distances = (numbers: readonly number[]): void => {
    let expected = 0;
    for (const number of numbers) {
      at = bytes.writeInt32LE((number - expected) | 0, at);
      expected = number + 1;
    }
  };
  distances(pages.map(({ page }) => page));
  distances(pages.map(({ reference }) => reference));
  at = bytes.writeUInt32LE(json.length, at);
  json.copy(bytes, at);
  return bytes;
}

/** Names a state: what its manifest says, and the pages it refers to. */
export function rootOf(bytes: Uint8Array, hashes: readonly PageHash[]): string {
  const digest = createHash('sha256').update(bytes);
  // Version 1 has the hashes in it.
  if (versionOf(bytes) !== 1) for (const each of hashes) digest.update(each, 'hex');
  return digest.digest('hex');
}

function versionOf(bytes: Uint8Array): number {
  if (bytes.length < MAGIC.length + 4) return 0;
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).readUInt32LE(MAGIC.length);
}

function damaged(what: string, cause?: unknown): WorldError {
  return new WorldError('PAGE_CORRUPT', `the manifest of a state is damaged: ${what}`, { cause });
}

/** Reads on behind what was read, and never past the end. */
class Reader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  take(length: number): Buffer {
    const end = this.#at + length;
    if (end > this.#bytes.length) throw damaged('it ends too early');
    const part = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return part;
  }

  u32(): number {
    return this.take(4).readUInt32LE(0);
  }

  i32(): number {
    return this.take(4).readInt32LE(0);
  }

  /** A count of items of `itemBytes` each that must still fit. */
  count(itemBytes: number): number {
    const count = this.u32();
    if (count * itemBytes > this.#bytes.length - this.#at) throw damaged('a count is larger than the file');
    return count;
  }

  end(): void {
    if (this.#at !== this.#bytes.length) throw damaged('something follows its end');
  }
}

function assertReferences(manifest: StateManifest): void {
  const max = manifest.hashes.length;
  const inRange = (reference: number): boolean => reference >= 0 && reference <= max;
  const nodes: readonly WireFileNode[] = [...manifest.files.nodes, ...manifest.files.orphans];
  const fine =
    manifest.pages.every(({ page, reference }) => page >= 0 && inRange(reference)) &&
    nodes.every((node) => node.pages?.every(inRange) ?? true);
  if (!fine) throw damaged('it refers to a page that it does not list');
}

/** @throws PAGE_CORRUPT when it is not a whole manifest, IMAGE_MISMATCH when a newer version wrote it. */
export function decodeManifest(bytes: Buffer, references: readonly PageHash[]): StateManifest {
  const reader = new Reader(bytes);
  if (!reader.take(MAGIC.length).equals(MAGIC)) throw damaged('it is not one');
  const version = reader.u32();
  if (version !== VERSION && version !== 1) {
    throw new WorldError(
      'IMAGE_MISMATCH',
      `the state was written in format ${version}; this is format ${VERSION}`,
    );
  }
  const manifest = version === 1 ? decodeVersion1(reader) : decodeBody(reader, references);
  reader.end();
  assertReferences(manifest);
  return manifest;
}

function decodeBody(reader: Reader, hashes: readonly PageHash[]): StateManifest {
  const count = reader.count(8);
  const numbers = (): number[] => {
    let expected = 0;
    return Array.from({ length: count }, () => {
      const number = reader.i32() + expected;
      expected = number + 1;
      return number;
    });
  };
  const [indexes, references] = [numbers(), numbers()];
  const pages = indexes.map((page, i) => ({ page, reference: references[i] ?? 0 }));
  return { ...decodeHead(reader), hashes, pages };
}

function decodeVersion1(reader: Reader): StateManifest {
  const head = decodeHead(reader);
  const hashes = Array.from({ length: reader.count(HASH_BYTES) }, () =>
    reader.take(HASH_BYTES).toString('hex'),
  );
  const pages = Array.from({ length: reader.count(8) }, () => ({
    page: reader.u32(),
    reference: reader.u32(),
  }));
  return { ...head, hashes, pages };
}

function decodeHead(reader: Reader): z.infer<typeof Head> {
  try {
    return Head.parse(JSON.parse(reader.take(reader.count(1)).toString('utf8')));
  } catch (error) {
    throw error instanceof WorldError ? error : damaged('its header does not parse', error);
  }
}
