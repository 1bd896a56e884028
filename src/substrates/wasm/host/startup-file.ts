import { createHash } from 'node:crypto';
import { fstatSync, readSync } from 'node:fs';

/**
 * The file in which the engine's startup snapshot is kept: `magic | version u32 | length u32 | SHA-256`, then
 * the snapshot, uncompressed, because the host reads it while the first reply waits. Stretches of zeros are
 * holes of the file and take no disk.
 */
const MAGIC = Buffer.from('WRSTART\0', 'latin1');
const VERSION = 2;
export const STARTUP_HEADER_BYTES = MAGIC.length + 8 + 32;
/** Longest startup snapshot that is read or accepted. */
export const STARTUP_BYTES_MAX = 256 * 1024 * 1024;

export function startupHeader(bytes: Uint8Array): Buffer {
  const header = Buffer.alloc(STARTUP_HEADER_BYTES);
  MAGIC.copy(header);
  header.writeUInt32LE(VERSION, MAGIC.length);
  header.writeUInt32LE(bytes.length, MAGIC.length + 4);
  createHash('sha256')
    .update(bytes)
    .digest()
    .copy(header, STARTUP_HEADER_BYTES - 32);
  return header;
}

/** The snapshot in shared memory, or null when the file is not a whole and undamaged one. */
export function readStartupFile(fd: number): Uint8Array | null {
  const { size } = fstatSync(fd);
  if (size < STARTUP_HEADER_BYTES || size > STARTUP_HEADER_BYTES + STARTUP_BYTES_MAX) return null;
  const header = Buffer.alloc(STARTUP_HEADER_BYTES);
  readSync(fd, header, 0, STARTUP_HEADER_BYTES, 0);
  if (!header.subarray(0, MAGIC.length).equals(MAGIC) || header.readUInt32LE(MAGIC.length) !== VERSION)
    return null;
  const length = header.readUInt32LE(MAGIC.length + 4);
  if (length !== size - STARTUP_HEADER_BYTES) return null;
  const bytes = new Uint8Array(new SharedArrayBuffer(length));
  for (let at = 0; at < length; ) {
    const read = readSync(fd, bytes, at, length - at, STARTUP_HEADER_BYTES + at);
    if (read === 0) return null;
    at += read;
  }
  const digest = createHash('sha256').update(bytes).digest();
  return digest.equals(header.subarray(STARTUP_HEADER_BYTES - 32)) ? bytes : null;
}
