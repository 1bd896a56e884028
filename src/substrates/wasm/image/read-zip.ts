import { crc32, inflateRawSync } from 'node:zlib';

/** One file of an archive, unpacked. */
export interface ZipEntry {
  /** As the archive has it: relative, with forward slashes. */
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** What is wrong with an archive. */
export class ZipDamaged extends Error {
  override readonly name = 'ZipDamaged';
}

export interface ZipLimits {
  /** Of all files together, unpacked, bytes. */
  readonly bytesMax: number;
  readonly filesMax: number;
}

const END = 0x06054b50;
const CENTRAL = 0x02014b50;
const LOCAL = 0x04034b50;
const END_BYTES = 22;
const CENTRAL_BYTES = 46;
const LOCAL_BYTES = 30;
const COMMENT_MAX = 65_535;
const ENCRYPTED = 1;
const STORED = 0;
const DEFLATED = 8;
const UNIX_FORMAT_MASK = 0o170000;
const UNIX_LINK = 0o120000;

/**
 * Unpacks a zip archive in memory: strictly, since it decides what all worlds of an image run. Nothing is unpacked
 * beyond the limits, whatever the archive says about itself.
 *
 * @throws ZipDamaged
 */
export function readZip(archive: Uint8Array, limits: ZipLimits): ZipEntry[] {
  const zip = Buffer.from(archive.buffer, archive.byteOffset, archive.length);
  const end = findEnd(zip);
  const count = zip.readUInt16LE(end + 10);
  if (count === 0xffff)
    throw new ZipDamaged('it is in the Zip64 format, for archives of more than 65,534 files');
  if (count > limits.filesMax) throw new ZipDamaged(`it has ${count} files; ${limits.filesMax} are allowed`);
  const entries: ZipEntry[] = [];
  const seen = new Set<string>();
  let at = zip.readUInt32LE(end + 16);
  let left = limits.bytesMax;
  for (let i = 0; i < count; i++) {
    const { next, path, entry } = readEntry(zip, at, left);
    at = next;
    if (seen.has(path)) throw new ZipDamaged(`it has ${path} twice`);
    seen.add(path);
    if (entry === null) continue;
    left -= entry.bytes.length;
    entries.push(entry);
  }
  if (at !== end) throw new ZipDamaged('its directory does not end where it should');
  return entries;
}

function findEnd(zip: Buffer): number {
  const first = Math.max(0, zip.length - END_BYTES - COMMENT_MAX);
  for (let at = zip.length - END_BYTES; at >= first; at--) {
    if (zip.readUInt32LE(at) === END && at + END_BYTES + zip.readUInt16LE(at + 20) === zip.length) return at;
  }
  throw new ZipDamaged('it is not a zip archive, or its end is missing');
}

/** `entry` is null for a directory. */
function readEntry(
  zip: Buffer,
  at: number,
  bytesMax: number,
): { next: number; path: string; entry: ZipEntry | null } {
  if (at + CENTRAL_BYTES > zip.length || zip.readUInt32LE(at) !== CENTRAL) {
    throw new ZipDamaged('its directory is damaged');
  }
  const nameEnd = at + CENTRAL_BYTES + zip.readUInt16LE(at + 28);
  const next = nameEnd + zip.readUInt16LE(at + 30) + zip.readUInt16LE(at + 32);
  if (next > zip.length) throw new ZipDamaged('its directory is damaged');
  const path = zip.toString('utf8', at + CENTRAL_BYTES, nameEnd);
  requireSafePath(path);
  const mode = zip.readUInt32LE(at + 38) >>> 16;
  if ((mode & UNIX_FORMAT_MASK) === UNIX_LINK) throw new ZipDamaged(`${path} is a symbolic link`);
  if (path.endsWith('/')) return { next, path, entry: null };
  if ((zip.readUInt16LE(at + 8) & ENCRYPTED) !== 0) throw new ZipDamaged(`${path} is encrypted`);
  const packed = {
    path,
    method: zip.readUInt16LE(at + 10),
    crc: zip.readUInt32LE(at + 16),
    packedBytes: zip.readUInt32LE(at + 20),
    sizeBytes: zip.readUInt32LE(at + 24),
    at: zip.readUInt32LE(at + 42),
  };
  if (packed.sizeBytes > bytesMax) throw new ZipDamaged(`${path} is larger than what is left of the limit`);
  return { next, path, entry: { path, bytes: unpack(zip, packed) } };
}

/** An archive may only write below the folder it is unpacked into. */
function requireSafePath(path: string): void {
  const parts = path.replace(/\/$/, '').split('/');
  const bad = parts.some((part) => part === '' || part === '.' || part === '..');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  if (bad || /[\\\0-\x1f]|^[A-Za-z]:/.test(path) || path.length > 1000) {
    throw new ZipDamaged(`it has a file with the unsafe path ${JSON.stringify(path.slice(0, 200))}`);
  }
}

interface Packed {
  readonly path: string;
  readonly method: number;
  readonly crc: number;
  readonly packedBytes: number;
  readonly sizeBytes: number;
  readonly at: number;
}

function unpack(zip: Buffer, { path, method, crc, packedBytes, sizeBytes, at }: Packed): Uint8Array {
  if (at + LOCAL_BYTES > zip.length || zip.readUInt32LE(at) !== LOCAL) {
    throw new ZipDamaged(`${path} is not where the directory says`);
  }
  const start = at + LOCAL_BYTES + zip.readUInt16LE(at + 26) + zip.readUInt16LE(at + 28);
  if (start + packedBytes > zip.length) throw new ZipDamaged(`${path} is cut off`);
  const packed = zip.subarray(start, start + packedBytes);
  const bytes = method === STORED ? Buffer.from(packed) : inflate(path, method, packed, sizeBytes);
  if (bytes.length !== sizeBytes || crc32(bytes) !== crc) throw new ZipDamaged(`${path} is damaged`);
  return bytes;
}

function inflate(path: string, method: number, packed: Buffer, sizeBytes: number): Buffer {
  if (method !== DEFLATED)
    throw new ZipDamaged(`${path} is packed by method ${method}; only deflate is known`);
  try {
    return inflateRawSync(packed, { maxOutputLength: Math.max(1, sizeBytes) });
  } catch (error) {
    throw new ZipDamaged(`${path} is damaged (${String(error)})`);
  }
}
