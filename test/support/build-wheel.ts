import { createHash } from 'node:crypto';
import { crc32, deflateRawSync } from 'node:zlib';

/** A file in an archive that a test builds. */
export interface ZipInput {
  readonly path: string;
  readonly bytes: Uint8Array;
  /** Unix mode with its file type; for archives that hold more than files. */
  readonly mode?: number;
}

const LOCAL = 0x04034b50;
const CENTRAL = 0x02014b50;
const END = 0x06054b50;

/** A zip archive; every second file is stored, the others are deflated. */
export function buildZip(files: readonly ZipInput[]): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let at = 0;
  for (const [index, { path, bytes, mode = 0o100644 }] of files.entries()) {
    const name = Buffer.from(path);
    const deflated = index % 2 === 0;
    const packed = deflated ? deflateRawSync(bytes) : Buffer.from(bytes);
    const local = Buffer.alloc(30);
    local.writeUInt32LE(LOCAL, 0);
    const central = Buffer.alloc(46);
    central.writeUInt32LE(CENTRAL, 0);
    for (const [header, shift] of [
      [local, 0],
      [central, 2],
    ] as const) {
      header.writeUInt16LE(20, 4 + shift);
      header.writeUInt16LE(0x0800, 6 + shift);
      header.writeUInt16LE(deflated ? 8 : 0, 8 + shift);
      header.writeUInt32LE(crc32(bytes), 14 + shift);
      header.writeUInt32LE(packed.length, 18 + shift);
      header.writeUInt32LE(bytes.length, 22 + shift);
      header.writeUInt16LE(name.length, 26 + shift);
    }
    central.writeUInt32LE((mode << 16) >>> 0, 38);
    central.writeUInt32LE(at, 42);
    parts.push(local, name, packed);
    directory.push(central, name);
    at += local.length + name.length + packed.length;
  }
  const size = directory.reduce((sum, part) => sum + part.length, 0);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(END, 0);
  end.writeUInt16LE(files.length, 8);
  end.writeUInt16LE(files.length, 10);
  end.writeUInt32LE(size, 12);
  end.writeUInt32LE(at, 16);
  return Buffer.concat([...parts, ...directory, end]);
}

export interface WheelInput {
  readonly name: string;
  readonly version?: string;
  readonly tag?: string;
  readonly requires?: readonly string[];
  /** Content by path; text or bytes. */
  readonly files: Readonly<Record<string, string | Uint8Array>>;
  /** Changes the archive's files after their hashes were recorded. */
  readonly spoil?: (files: ZipInput[]) => ZipInput[];
}

export interface BuiltWheel {
  readonly fileName: string;
  readonly bytes: Buffer;
}

/** A wheel as any build tool makes it. */
export function buildWheel(input: WheelInput): BuiltWheel {
  const { name, version = '1.0', tag = 'py3-none-any', requires = [], files, spoil = (same) => same } = input;
  const info = `${name}-${version}.dist-info`;
  const needs = requires.map((line) => `Requires-Dist: ${line}\n`).join('');
  const all: ZipInput[] = [
    ...Object.entries(files).map(([path, content]) => ({ path, bytes: Buffer.from(content) })),
    {
      path: `${info}/METADATA`,
      bytes: Buffer.from(`Metadata-Version: 2.1\nName: ${name}\nVersion: ${version}\n${needs}\nA test.\n`),
    },
    {
      path: `${info}/WHEEL`,
      bytes: Buffer.from(`Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: ${tag}\n`),
    },
  ];
  const lines = all.map(({ path, bytes }) => {
    const field = path.includes(',') ? `"${path}"` : path;
    return `${field},sha256=${createHash('sha256').update(bytes).digest('base64url')},${bytes.length}`;
  });
  const record = {
    path: `${info}/RECORD`,
    bytes: Buffer.from(`${[...lines, `${info}/RECORD,,`].join('\n')}\n`),
  };
  return { fileName: `${name}-${version}-${tag}.whl`, bytes: buildZip(spoil([...all, record])) };
}
