import { PAGE_BYTES } from '../../ports/page-store.js';

/** Bytes of a line: what a processor writes back at once, and small objects share. */
const LINE_BYTES = 64;
const LINES = PAGE_BYTES / LINE_BYTES;
const BITMAP_BYTES = LINES / 8;

/** The lines in which `page` differs from `base`: a bitmap of them (8 bytes), then each of them XORed with the base's. */
export function changedLines(page: Uint8Array, base: Uint8Array): Buffer {
  const packed = Buffer.alloc(BITMAP_BYTES + PAGE_BYTES);
  let at = BITMAP_BYTES;
  for (let line = 0; line < LINES; line += 1) {
    const start = line * LINE_BYTES;
    let changed = 0;
    for (let byte = 0; byte < LINE_BYTES; byte += 1) {
      const xor = (page[start + byte] ?? 0) ^ (base[start + byte] ?? 0);
      packed[at + byte] = xor;
      changed |= xor;
    }
    if (changed === 0) continue;
    packed[line >> 3] = (packed[line >> 3] ?? 0) | (1 << (line & 7));
    at += LINE_BYTES;
  }
  // The last line looked at may have left its zeros behind the end, never anything else before it.
  return packed.subarray(0, at);
}

/** The page, or null when the bitmap and the lines do not fit together. */
export function applyLines(packed: Uint8Array, base: Uint8Array): Uint8Array | null {
  if (base.length !== PAGE_BYTES) return null;
  const page = Uint8Array.from(base);
  let at = BITMAP_BYTES;
  for (let line = 0; line < LINES; line += 1) {
    if (((packed[line >> 3] ?? 0) & (1 << (line & 7))) === 0) continue;
    const start = line * LINE_BYTES;
    for (let byte = 0; byte < LINE_BYTES; byte += 1) {
      page[start + byte] = (page[start + byte] ?? 0) ^ (packed[at + byte] ?? 0);
    }
    at += LINE_BYTES;
  }
  return at === packed.length ? page : null;
}
