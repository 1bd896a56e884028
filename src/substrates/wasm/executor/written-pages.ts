import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { createRequire } from 'node:module';
import { PAGE_BYTES } from '../../../ports/page-store.js';
import { WASM_PAGE_BYTES, ZERO_BLOCK } from './sizes.js';

/** `native/written-pages.c`: each function answers a number, negative for an errno. */
export interface WrittenPagesAddon {
  createImage(): number;
  address(memory: ArrayBuffer): number;
  map(memory: ArrayBuffer, startByte: number, bytes: number, image: number): number;
  unwrite(memory: ArrayBuffer, startByte: number, bytes: number): number;
  written(memory: ArrayBuffer, startByte: number, bytes: number, pagemap: number, out: ArrayBuffer): number;
}

/** Whole pages: the first byte, and the one behind the last. */
export type ByteRange = readonly [start: number, end: number];

/** Fewer pages than this are compared in no time; it is not worth writing them to the image. */
const SETTLE_PAGES_MIN = 256;
/** Writing a page to the image, and its next write by the guest, take about as long as comparing it this many times. */
const SETTLE_AFTER_COMPARISONS = 4;

/**
 * The kernel's record of the pages of a wasm memory that were written: of all others it is certain that they hold what the
 * *image* holds, a file in memory that was equal to the memory when each page was last settled. Linux 6.7 and later with the
 * compiled addon; without them there is no record, and whoever looks for changes has to compare everything.
 */
export class WrittenPages {
  readonly #addon: WrittenPagesAddon;
  readonly #memory: () => ArrayBuffer;
  readonly #image: number;
  readonly #pagemap: number;
  /** How much of the memory the image covers, and where the memory lay then. */
  #imageBytes = 0;
  #address = 0;
  #out = new Uint32Array(0);
  /** Pages that were listed and found unchanged, since the last settling. */
  #inVain = 0;

  private constructor(
    addon: WrittenPagesAddon,
    memory: () => ArrayBuffer,
    files: { image: number; pagemap: number },
  ) {
    this.#addon = addon;
    this.#memory = memory;
    this.#image = files.image;
    this.#pagemap = files.pagemap;
  }

  /** Begins a record of what `memory()` now answers, which may grow in place later. Null where the kernel keeps none. */
  static begin(memory: () => ArrayBuffer, addon: WrittenPagesAddon): WrittenPages | null {
    const files: number[] = [];
    try {
      const image = orThrow(addon.createImage(), 'memfd_create');
      files.push(image);
      const pagemap = openSync('/proc/self/pagemap', 'r');
      files.push(pagemap);
      const record = new WrittenPages(addon, memory, { image, pagemap });
      record.#cover();
      record.#probe();
      return record;
    } catch {
      for (const file of files) closeSync(file);
      return null;
    }
  }

  /** Numbers of the pages in a range that may differ from the image, ascending. The view holds until the next call. */
  list(startByte: number, endByte: number): Uint32Array {
    const memory = this.#memory();
    const bytes = endByte - startByte;
    if (this.#out.length < bytes / PAGE_BYTES) this.#out = new Uint32Array(memory.byteLength / PAGE_BYTES);
    const count = this.#addon.written(memory, startByte, bytes, this.#pagemap, this.#out.buffer);
    return this.#out.subarray(0, orThrow(count, 'PAGEMAP_SCAN'));
  }

  /**
   * Tells how many pages were compared, in these ranges, and which of them had changed. Once too many are compared in vain, again
   * and again, the image becomes what the memory holds now, except for the changed pages: those are written again most likely.
   * And except for all that was not compared: what is there has to be listed to whoever looks for it.
   */
  compared(pages: number, changed: readonly number[], ranges: readonly ByteRange[]): void {
    const inVain = pages - changed.length;
    this.#inVain += inVain;
    if (inVain < SETTLE_PAGES_MIN || this.#inVain < inVain * SETTLE_AFTER_COMPARISONS) return;
    this.#inVain = 0;
    for (const [start, end] of this.#cover()) this.#touch(start, end);
    for (const [start, end] of ranges) this.#settle(start, end, new Set(changed));
  }

  #settle(start: number, end: number, except: ReadonlySet<number>): void {
    const written = this.list(start, end).slice();
    for (const [first, count] of runsOf(written, except)) {
      this.#write(first * PAGE_BYTES, count * PAGE_BYTES);
      orThrow(this.#addon.unwrite(this.#memory(), first * PAGE_BYTES, count * PAGE_BYTES), 'madvise');
    }
  }

  /** Writes to each page what it holds, so that it is listed. */
  #touch(start: number, end: number): void {
    const memory = new Uint8Array(this.#memory());
    for (let at = start; at < end; at += PAGE_BYTES) memory[at] = memory[at] ?? 0;
  }

  /**
   * Extends the image over all of the memory. Until then what it does not cover counts as written.
   *
   * @returns what is not zero there, and has become the image's.
   */
  #cover(): ByteRange[] {
    const memory = this.#memory();
    const address = orThrow(this.#addon.address(memory), 'address');
    const start = address === this.#address ? this.#imageBytes : 0;
    const end = memory.byteLength;
    if (start === end) return [];
    const taken: ByteRange[] = [];
    // What follows `start` becomes zeros that take no memory, and zeros are not written.
    ftruncateSync(this.#image, start);
    ftruncateSync(this.#image, end);
    for (let at = start; at < end; at += WASM_PAGE_BYTES) {
      const block = new Uint8Array(memory, at, WASM_PAGE_BYTES);
      if (ZERO_BLOCK.compare(block) === 0) continue;
      this.#write(at, WASM_PAGE_BYTES);
      taken.push([at, at + WASM_PAGE_BYTES]);
    }
    orThrow(this.#addon.map(memory, start, end - start, this.#image), 'mmap');
    [this.#imageBytes, this.#address] = [end, address];
    return taken;
  }

  #write(start: number, bytes: number): void {
    const memory = new Uint8Array(this.#memory(), start, bytes);
    for (let done = 0; done < bytes; ) {
      done += writeSync(this.#image, memory, done, bytes - done, start + done);
    }
  }

  /** Tries it on the memory's last page, so that a kernel that means something else is found before it is believed. */
  #probe(): void {
    const end = this.#memory().byteLength;
    const page = end / PAGE_BYTES - 1;
    const last = new Uint8Array(this.#memory(), end - PAGE_BYTES, PAGE_BYTES);
    if (this.list(0, end).length !== 0) throw new Error('pages count as written before they are');
    const before = last[0] ?? 0;
    last[0] = before ^ 1;
    let listed: Uint32Array;
    try {
      listed = this.list(0, end).slice();
    } finally {
      last[0] = before;
    }
    if (listed.length !== 1 || listed[0] !== page) throw new Error('a written page is not listed');
    orThrow(this.#addon.unwrite(this.#memory(), end - PAGE_BYTES, PAGE_BYTES), 'madvise');
    if (last[0] !== before || this.list(0, end).length !== 0) throw new Error('a page cannot be settled');
  }
}

/** Consecutive pages of a list, without the excepted ones. */
export function* runsOf(
  pages: Uint32Array,
  except: ReadonlySet<number> = new Set(),
): Generator<readonly [first: number, count: number]> {
  let [first, count] = [0, 0];
  for (const page of pages) {
    if (except.has(page)) continue;
    if (page === first + count && count > 0) count++;
    else {
      if (count > 0) yield [first, count];
      [first, count] = [page, 1];
    }
  }
  if (count > 0) yield [first, count];
}

/** Null where it was not compiled, or cannot be loaded. */
export function loadWrittenPages(): WrittenPagesAddon | null {
  try {
    return createRequire(import.meta.url)('#native/written-pages.node') as WrittenPagesAddon;
  } catch {
    return null;
  }
}

function orThrow(number: number, call: string): number {
  if (number < 0) throw new Error(`${call} failed with errno ${-number}`);
  return number;
}
