import { z } from 'zod';
import { WorldError } from '../../model/world-error.js';
import type { PageHash } from '../../ports/page-store.js';
import type { WireFileNode, WireFileTree, WireRegisters } from './host/wire.js';
import { FileTreeSchema, RegistersSchema } from './host-messages.js';

/**
 * What a durable state is besides its pages, as bytes:
 * `magic | version u32 | JSON length u32 | JSON | n u32 | n SHA-256 | m u32 | m (page u32, reference u32)`.
 * Reference 0 is a page of zeros, reference k the k-th hash. Pages and file contents that are not listed are
 * those of the base image.
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
const VERSION = 1;
const HASH_BYTES = 32;

const Head = z.strictObject({
  baseDigest: z.string(),
  engineDigest: z.string(),
  stamp: z.string().nullable(),
  registers: RegistersSchema,
  files: FileTreeSchema,
});

export function encodeManifest(manifest: StateManifest): Buffer {
  const { baseDigest, engineDigest, stamp, registers, files, hashes, pages } = manifest;
  // In this order always: equal states have equal bytes.
  const head = { baseDigest, engineDigest, stamp, registers, files };
  const json = Buffer.from(JSON.stringify(head), 'utf8');
  const bytes = Buffer.alloc(
    MAGIC.length + 8 + json.length + 4 + hashes.length * HASH_BYTES + 4 + pages.length * 8,
  );
  let at = MAGIC.copy(bytes);
  at = bytes.writeUInt32LE(VERSION, at);
  at = bytes.writeUInt32LE(json.length, at);
  at += json.copy(bytes, at);
  at = bytes.writeUInt32LE(hashes.length, at);
  for (const hash of hashes) at += bytes.write(hash, at, 'hex');
  at = bytes.writeUInt32LE(pages.length, at);
  for (const { page, reference } of pages) {
    at = bytes.writeUInt32LE(page, at);
    at = bytes.writeUInt32LE(reference, at);
  }
  return bytes;
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
  const inRange = (reference: number): boolean => reference <= max;
  const nodes: readonly WireFileNode[] = [...manifest.files.nodes, ...manifest.files.orphans];
  const fine =
    manifest.pages.every(({ reference }) => inRange(reference)) &&
    nodes.every((node) => node.pages?.every(inRange) ?? true);
  if (!fine) throw damaged('it refers to a page that it does not list');
}

/** @throws PAGE_CORRUPT when it is not a whole manifest, IMAGE_MISMATCH when a newer version wrote it. */
export function decodeManifest(bytes: Buffer): StateManifest {
  const reader = new Reader(bytes);
  if (!reader.take(MAGIC.length).equals(MAGIC)) throw damaged('it is not one');
  const version = reader.u32();
  if (version !== VERSION) {
    throw new WorldError(
      'IMAGE_MISMATCH',
      `the state was written in format ${version}; this is format ${VERSION}`,
    );
  }
  let head: z.infer<typeof Head>;
  try {
    head = Head.parse(JSON.parse(reader.take(reader.count(1)).toString('utf8')));
  } catch (error) {
    throw error instanceof WorldError ? error : damaged('its header does not parse', error);
  }
  const hashes = Array.from({ length: reader.count(HASH_BYTES) }, () =>
    reader.take(HASH_BYTES).toString('hex'),
  );
  const pages = Array.from({ length: reader.count(8) }, () => ({
    page: reader.u32(),
    reference: reader.u32(),
  }));
  reader.end();
  const manifest = { ...head, hashes, pages };
  assertReferences(manifest);
  return manifest;
}
