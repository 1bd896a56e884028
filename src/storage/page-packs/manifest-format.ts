import { createHash } from 'node:crypto';

/**
 * A manifest file, version 1: magic (8), version u32, length u32, SHA-256 of the 16 bytes before and the manifest
 * (32), the manifest. Integers are little-endian.
 */
export const MANIFEST_MAGIC = Buffer.from('WRSTATE\n', 'latin1');
export const MANIFEST_VERSION = 1;
export const MANIFEST_ENDING = '.wrs';
export const MANIFEST_BYTES_MAX = 256 * 1024 * 1024;
export const MANIFEST_HEADER_BYTES = 48;

export function encodeManifest(manifest: Uint8Array): Buffer {
  const file = Buffer.alloc(MANIFEST_HEADER_BYTES + manifest.length);
  MANIFEST_MAGIC.copy(file);
  file.writeUInt32LE(MANIFEST_VERSION, 8);
  file.writeUInt32LE(manifest.length, 12);
  file.set(manifest, MANIFEST_HEADER_BYTES);
  digestOf(file).copy(file, 16);
  return file;
}

/** The manifest, or why it cannot be read. */
export function decodeManifest(
  file: Uint8Array,
): { readonly manifest: Uint8Array } | { readonly version: number } | { readonly reason: string } {
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.byteLength);
  if (bytes.length < MANIFEST_HEADER_BYTES || !bytes.subarray(0, 8).equals(MANIFEST_MAGIC)) {
    return { reason: 'its header is damaged' };
  }
  if (!digestOf(bytes).equals(bytes.subarray(16, MANIFEST_HEADER_BYTES))) {
    return { reason: 'its checksum does not match' };
  }
  const version = bytes.readUInt32LE(8);
  if (version !== MANIFEST_VERSION) return { version };
  if (bytes.readUInt32LE(12) !== bytes.length - MANIFEST_HEADER_BYTES)
    return { reason: 'its length is wrong' };
  return { manifest: bytes.subarray(MANIFEST_HEADER_BYTES) };
}

function digestOf(file: Buffer): Buffer {
  return createHash('sha256')
    .update(file.subarray(0, 16))
    .update(file.subarray(MANIFEST_HEADER_BYTES))
    .digest();
}
