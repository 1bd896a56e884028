import { createHash } from 'node:crypto';
import { deserialize, serialize } from 'node:v8';
import { WorldError } from '../../../model/world-error.js';
import { PAGE_BYTES } from '../../../ports/page-store.js';
import type { CommitDelta, PageSink, PageSlots } from './executor-contract.js';
import type { LinkedLibraries } from './link-libraries.js';
import type { HarnessAddresses } from './python-calls.js';
import { roundUp } from './sizes.js';

const MAGIC = 'WRLDBASE';
const VERSION = 2;
const HEADER_BYTES = 24;

/** What an executor starts from. */
export interface StartupSnapshot {
  /** The base state; its page ids are positions in `pages`, from 1. */
  readonly base: CommitDelta;
  readonly pages: Uint8Array;
  readonly addresses: HarnessAddresses;
  /** Native libraries that must be loaded before the base state is. */
  readonly libraries: LinkedLibraries;
  /** SHA-256 over the base state. */
  readonly baseDigest: string;
  /** The engine's own snapshot of an interpreter that has just started: it sets up the JavaScript side. */
  readonly engineSnapshot: Uint8Array;
}

/** magic, u32 version, u32 header length, u64 length of the pages; header; from the next page on, pages, engine snapshot. */
export function encodeStartup(snapshot: StartupSnapshot): Uint8Array<ArrayBuffer> {
  const { base, addresses, libraries, baseDigest, pages, engineSnapshot } = snapshot;
  const header = serialize({ base, addresses, libraries, baseDigest });
  const start = Buffer.alloc(HEADER_BYTES);
  start.write(MAGIC, 0, 'latin1');
  start.writeUInt32LE(VERSION, 8);
  start.writeUInt32LE(header.length, 12);
  start.writeBigUInt64LE(BigInt(pages.length), 16);
  const padding = new Uint8Array(
    roundUp(HEADER_BYTES + header.length, PAGE_BYTES) - HEADER_BYTES - header.length,
  );
  const parts = [start, header, padding, pages, engineSnapshot];
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** `bytes` may be shared memory; the result refers to it. */
export function decodeStartup(bytes: Uint8Array): StartupSnapshot {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (
    view.length < HEADER_BYTES ||
    view.toString('latin1', 0, 8) !== MAGIC ||
    view.readUInt32LE(8) !== VERSION
  ) {
    throw new WorldError(
      'IMAGE_MISMATCH',
      'The startup snapshot is damaged or of another version. Delete it.',
    );
  }
  const headerEnd = HEADER_BYTES + view.readUInt32LE(12);
  const pagesStart = roundUp(headerEnd, PAGE_BYTES);
  const pagesEnd = pagesStart + Number(view.readBigUInt64LE(16));
  // Copied: v8 does not read from shared memory.
  const header = deserialize(Buffer.from(view.subarray(HEADER_BYTES, headerEnd))) as Omit<
    StartupSnapshot,
    'pages' | 'engineSnapshot'
  >;
  const engine = bytes.subarray(pagesEnd);
  return {
    ...header,
    pages: bytes.subarray(pagesStart, pagesEnd),
    // The engine reads it as words.
    engineSnapshot: engine.byteOffset % 4 === 0 ? engine : engine.slice(),
  };
}

/** Slots in a plain array: id 0 is zero, id `i` is the page at `(i - 1) * PAGE_BYTES`. */
export class PackedSlots implements PageSlots {
  readonly pages: Uint8Array;

  constructor(pages: Uint8Array) {
    this.pages = pages;
  }

  read(id: number, target: Uint8Array, offset: number): void {
    if (id === 0) target.fill(0, offset, offset + PAGE_BYTES);
    else target.set(this.pages.subarray((id - 1) * PAGE_BYTES, id * PAGE_BYTES), offset);
  }

  write(id: number, source: Uint8Array, offset: number): void {
    this.pages.set(source.subarray(offset, offset + PAGE_BYTES), (id - 1) * PAGE_BYTES);
  }
}

/** Puts whole pages into packed slots, from the slot `first` on. */
export class PackedSink implements PageSink {
  readonly #slots: PackedSlots;
  readonly #first: number;
  slotsUsed = 0;

  constructor(slots: PackedSlots, first = 1) {
    this.#slots = slots;
    this.#first = first;
  }

  get bytes(): number {
    return this.slotsUsed * PAGE_BYTES;
  }

  store(source: Uint8Array, offset: number): number {
    const id = this.#first + this.slotsUsed++;
    this.#slots.write(id, source, offset);
    return id;
  }

  storeChanged(source: Uint8Array, offset: number): number {
    return this.store(source, offset);
  }
}

/** Content hash of a state whose page ids count from 1 in order: those are then part of the content. */
export function digestBase(base: CommitDelta, pages: Uint8Array): string {
  const { indexes, ids, registers, files } = base;
  const text = JSON.stringify({ registers, files }, (_key, value: unknown) =>
    typeof value === 'bigint' ? String(value) : value,
  );
  const hash = createHash('sha256').update(text);
  hash.update(Buffer.from(indexes.buffer, indexes.byteOffset, indexes.byteLength));
  hash.update(Buffer.from(ids.buffer, ids.byteOffset, ids.byteLength));
  return hash.update(pages).digest('hex');
}
