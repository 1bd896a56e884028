import { hash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { WorldError } from '../../model/world-error.js';
import { decodeManifest, encodeManifest, rootOf, type StateManifest } from './state-manifest.js';

const MANIFEST: StateManifest = {
  baseDigest: 'b'.repeat(64),
  engineDigest: 'e'.repeat(64),
  stamp: 'wld_00000000000000000000000001:0',
  registers: {
    stackPointer: 5_242_880,
    heapTop: 27_000_000,
    clockNs: '1767225600000000000',
    entropySeed: '18446744073709551615',
    entropyDrawn: '12',
    cwd: '/home/world',
    umask: 18,
    openFiles: [{ fd: 3, ino: 40, path: '/tmp/log', flags: 1026, position: 7, group: 0 }],
  },
  files: {
    nodes: [
      { path: '/', ino: 1, mode: 16_895, atimeMs: 0, mtimeMs: 0, ctimeMs: 0, rdev: 0 },
      {
        path: '/a',
        ino: 40,
        mode: 33_188,
        atimeMs: 1,
        mtimeMs: 2,
        ctimeMs: 3,
        rdev: 0,
        sizeBytes: 5000,
        pages: [2, 0],
      },
      { path: '/b', ino: 41, mode: 33_188, atimeMs: 1, mtimeMs: 2, ctimeMs: 3, rdev: 0, baseIno: 12 },
      { path: '/l', ino: 42, mode: 41_471, atimeMs: 1, mtimeMs: 2, ctimeMs: 3, rdev: 0, link: '/a' },
    ],
    orphans: [],
    nextIno: 43,
  },
  hashes: ['1'.repeat(64), '2'.repeat(64)],
  pages: [
    { page: 0, reference: 1 },
    { page: 900, reference: 0 },
    { page: 1_048_575, reference: 2 },
  ],
};

/** Of the bytes that each version writes for MANIFEST. A change of format must change the version, not this. */
const GOLDEN = 'e02a5d1f21bb047b4f5a63a44c3278691b17f41a097841cb178889823e19ea2e';
const GOLDEN_1 = '839e962770a832faf98b0c89724cd09985bb2a6b3405abb74c48ddbbeec251b8';

/** As version 1 wrote it. */
function version1(): Buffer {
  const { hashes, pages, ...head } = MANIFEST;
  const json = Buffer.from(JSON.stringify(head));
  const words = (...numbers: number[]): Buffer => Buffer.from(Uint32Array.from(numbers).buffer);
  return Buffer.concat([
    Buffer.from('WRSTATE\0'),
    words(1, json.length),
    json,
    words(hashes.length),
    Buffer.from(hashes.join(''), 'hex'),
    words(pages.length, ...pages.flatMap(({ page, reference }) => [page, reference])),
  ]);
}

function codeOf(bytes: Buffer): string {
  try {
    decodeManifest(bytes, MANIFEST.hashes);
    return 'accepted';
  } catch (error) {
    if (error instanceof WorldError) return error.code;
    throw error;
  }
}

describe('the manifest of a state', () => {
  test('comes back as it was, from the bytes that this version has always written', () => {
    const bytes = encodeManifest(MANIFEST);
    expect(decodeManifest(bytes, MANIFEST.hashes)).toEqual(MANIFEST);
    expect(hash('sha256', bytes, 'hex')).toBe(GOLDEN);
  });

  test('of version 1 is read, and names the state as it did', () => {
    const bytes = version1();
    expect(hash('sha256', bytes, 'hex')).toBe(GOLDEN_1);
    expect(decodeManifest(bytes, [])).toEqual(MANIFEST);
    expect(rootOf(bytes, MANIFEST.hashes)).toBe(GOLDEN_1);
  });

  test('names the state by its pages too', () => {
    const bytes = encodeManifest(MANIFEST);
    expect(rootOf(bytes, MANIFEST.hashes)).not.toBe(rootOf(bytes, MANIFEST.hashes.toReversed()));
  });

  test('a missing end, a foreign start and something behind the end are damage', () => {
    const bytes = encodeManifest(MANIFEST);
    for (let length = 0; length < bytes.length; length += 13) {
      expect(codeOf(bytes.subarray(0, length)), `length ${length}`).toBe('PAGE_CORRUPT');
    }
    expect(codeOf(Buffer.concat([bytes, Buffer.alloc(1)]))).toBe('PAGE_CORRUPT');
    expect(codeOf(Buffer.concat([Buffer.from('X'), bytes.subarray(1)]))).toBe('PAGE_CORRUPT');
  });

  test('any damaged byte is refused or read as something well-formed, never a crash', () => {
    const bytes = encodeManifest(MANIFEST);
    for (let at = 0; at < bytes.length; at++) {
      const damaged = Buffer.from(bytes);
      damaged.writeUInt8(damaged.readUInt8(at) ^ 0x81, at);
      expect(['accepted', 'PAGE_CORRUPT', 'IMAGE_MISMATCH']).toContain(codeOf(damaged));
    }
  });

  test('a later format is told apart from damage', () => {
    const bytes = encodeManifest(MANIFEST);
    bytes.writeUInt32LE(3, 8);
    expect(codeOf(bytes)).toBe('IMAGE_MISMATCH');
  });

  test('a reference to a page that is not listed is damage', () => {
    const page = { ...MANIFEST, pages: [{ page: 1, reference: 3 }] };
    expect(codeOf(encodeManifest(page))).toBe('PAGE_CORRUPT');
    const node = { ...MANIFEST.files.nodes[1]!, pages: [9] };
    const file = { ...MANIFEST, files: { ...MANIFEST.files, nodes: [node] } };
    expect(codeOf(encodeManifest(file))).toBe('PAGE_CORRUPT');
  });
});
