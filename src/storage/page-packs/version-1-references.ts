import type { PageHash } from '../../ports/page-store.js';

const MAGIC = Buffer.from('WRSTATE\0', 'latin1');
const HASH_BYTES = 32;

/**
 * The pages that a manifest of version 1 needs. The store was not told of them then, but the only program that wrote
 * such manifests put them there in one way, which is frozen: magic (8), version u32, length of a JSON part u32, the
 * part, the number of pages u32, their hashes. Null for anything else.
 */
export function version1References(manifest: Uint8Array): readonly PageHash[] | null {
  const bytes = Buffer.from(manifest.buffer, manifest.byteOffset, manifest.byteLength);
  if (bytes.length < 20 || !bytes.subarray(0, 8).equals(MAGIC) || bytes.readUInt32LE(8) !== 1) return null;
  const counted = 16 + bytes.readUInt32LE(12);
  if (counted + 4 > bytes.length) return null;
  const start = counted + 4;
  const count = bytes.readUInt32LE(counted);
  if (start + count * HASH_BYTES > bytes.length) return null;
  return Array.from({ length: count }, (_, index) =>
    bytes.toString('hex', start + index * HASH_BYTES, start + (index + 1) * HASH_BYTES),
  );
}
